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
from naps.models.wav2letter import ConvolutionBlock
from naps.profiles.layers import INPUT
from naps.profiles.trace import Trace, TracedLayer


class ConvolutionalTrace(Trace):
    """An utterance's way through a `Wav2Letter`.

    Parameters
    ----------
    network : Wav2Letter
        Without batch norm.
    spectrogram : Tensor, shape (frames, n_mels)
    windows : mapping of str to Window
        The layers wanted; their windows are those of the receptive field.

    Raises
    ------
    ValueError
        If the network has batch norm.
    """

    def __init__(
        self, network: Wav2Letter, spectrogram: Tensor, windows: Mapping[str, Window]
    ) -> None:
        if network.config.batch_norm:
            raise ValueError("trace needs a fused network")
        names = [INPUT, *(layer.name for layer in network.layers[:-1])]
        self._blocks = network.blocks
        self._stack: dict[str, TracedLayer] = {}
        outputs = network.output_length(len(spectrogram))
        with torch.no_grad():
            x = spectrogram[None]
            for name, block, window in zip(names, self._blocks, network.windows, strict=False):
                self._stack[name] = TracedLayer.padded(x[0], window, outputs)
                x = block(x)
        self.layers = {name: layer for name, layer in self._stack.items() if name in windows}
        self.logits = x[0]

    @torch.no_grad()
    def gradients(
        self, frames: Tensor, units: Tensor, wanted: Collection[str]
    ) -> Iterator[tuple[str, Tensor, Tensor]]:
        """Give activations and gradients over the events' windows, from the top layer down.

        Gradients at steps outside the utterance are what a longer input would feel.
        """
        names = list(self._stack)
        lowest = min((names.index(name) for name in wanted), default=len(names))
        gradient = self._blocks[-1].weight[units].transpose(1, 2)
        for index in range(len(names) - 1, lowest - 1, -1):
            activation = self._stack[names[index]].windows(frames)
            if names[index] in wanted:
                yield names[index], activation, gradient
            if index > lowest:
                passed = gradient * (activation > 0)
                gradient = transposed(self._blocks[index - 1], passed)


def transposed(block: ConvolutionBlock, gradient: Tensor) -> Tensor:
    """Take a gradient back through a block's convolution, padding left out.

    Parameters
    ----------
    block : ConvolutionBlock
        From ``inputs`` to ``outputs`` channels.
    gradient : Tensor, shape (events, width, outputs)
        With respect to what the convolution gave.

    Returns
    -------
    Tensor, shape (events, (width - 1) * stride + kernel, inputs)
    """
    outputs, inputs, kernel = block.weight.shape
    if gradient.shape[1] == 1:
        matrix = block.weight.transpose(1, 2).reshape(outputs, kernel * inputs)
        return (gradient[:, 0] @ matrix).view(len(gradient), kernel, inputs)
    image = gradient.transpose(1, 2).unsqueeze(2).contiguous(memory_format=torch.channels_last)
    back = functional.conv_transpose2d(
        image, block.weight.unsqueeze(2), stride=(1, block.geometry.stride)
    )
    return back.squeeze(2).transpose(1, 2).contiguous()
