"""Exact gradients of single outputs of a stack of convolutions, by hand.

One shared forward pass serves all events of an utterance. For an event with output unit c at
frame t, the gradient behind the last block is row c of its weights; at each block below it is
masked by where the ReLU let through and taken back through the transposed convolution, for many
events at a time. Nothing is recomputed, no graph is built and no weight has a gradient.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import torch
from torch import Tensor
from torch.nn import functional

from naps.models import Wav2Letter, Window
from naps.profiles.layers import INPUT
from naps.profiles.options import Hook
from naps.profiles.trace import Trace, TracedLayer
from naps.profiles.way_back import WayBack


class ConvolutionalTrace(Trace):
    """An utterance's way through a `Wav2Letter`.

    Parameters
    ----------
    network : Wav2Letter
        Without batch norm.
    spectrogram : Tensor, shape (frames, n_mels)
    windows : mapping of str to Window
        Of the layers wanted: those of the receptive field, or any others.
    hook : {"post", "pre"}
        Show activations behind or before each ReLU.
    back : WayBack, optional
        Of the network; made here if not given.

    Raises
    ------
    ValueError
        If the network has batch norm.
    """

    def __init__(
        self,
        network: Wav2Letter,
        spectrogram: Tensor,
        windows: Mapping[str, Window],
        *,
        hook: Hook = "post",
        back: WayBack | None = None,
    ) -> None:
        if network.config.batch_norm:
            raise ValueError("trace needs a fused network")
        names = [INPUT, *(layer.name for layer in network.layers[:-1])]
        self._pre = hook == "pre"
        self._network, self._back = network, back
        # What every output frame sees of a layer, whatever windows are wanted of it.
        self._fields: dict[str, TracedLayer] = {}
        outputs = network.output_length(len(spectrogram))
        with torch.no_grad():
            x = shown = spectrogram[None]
            for name, block, window in zip(names, network.blocks, network.windows, strict=False):
                self._fields[name] = TracedLayer.padded(shown[0], window, outputs)
                shown = block.before_relu(x) if self._pre else block(x)
                x = functional.relu(shown) if self._pre and block.relu else shown
        self.layers = {
            name: layer.seen_through(windows[name], outputs)
            for name, layer in self._fields.items()
            if name in windows
        }
        self.logits = x[0]

    @torch.no_grad()
    def gradients(
        self, frames: Tensor, units: Tensor, wanted: Collection[str]
    ) -> Iterator[tuple[str, Tensor, Tensor]]:
        """Give activations and gradients over the events' windows, from the top layer down.

        Gradients at steps outside the utterance are what a longer input would feel.
        """
        if self._back is None:
            self._back = WayBack(self._network)
        names = list(self._fields)
        lowest = min((names.index(name) for name in wanted), default=len(names))
        gradient = self._back.output[units].transpose(1, 2)
        for index in range(len(names) - 1, lowest - 1, -1):
            name = names[index]
            field = self._fields[name]
            activation = field.windows(frames)
            used = index > lowest or (self._pre and index > 0)
            passed = gradient * (activation > 0) if used else gradient
            if name in wanted:
                layer = self.layers[name]
                found = passed if self._pre else gradient
                if layer is field:
                    yield name, activation, found
                else:
                    moved = _placed(found, field.window, layer.window)
                    yield name, layer.windows(frames), moved
            if index > lowest:
                gradient = self._back.steps[index - 1](passed)


def _placed(gradient: Tensor, field: Window, window: Window) -> Tensor:
    """Put gradients where they belong in windows that are longer or shorter; elsewhere zeros.

    Parameters
    ----------
    gradient : Tensor, shape (events, field.width, channels)
    field, window : Window
        Of the same stride.
    """
    placed = gradient.new_zeros(len(gradient), window.width, gradient.shape[2])
    first = max(field.offset, window.offset)
    last = min(field.offset + field.width, window.offset + window.width)
    if first < last:
        part = gradient[:, first - field.offset : last - field.offset]
        placed[:, first - window.offset : last - window.offset] = part
    return placed
