"""One pass of an utterance through a convolutional stack, kept so that windows are slices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from naps.errors import InputError
from naps.models import Layer, Wav2Letter, Window
from naps.models.recognizer import Recognizer

INPUT = "input"


def traceable_layers(model: Recognizer) -> tuple[Layer, ...]:
    """Return the layers that have profiles: the input and all but the output layer."""
    spectrogram = Layer(INPUT, model.features.n_mels, 1, 0, 1)
    return (spectrogram, *model.layers[:-1])


def choose_layers(model: Recognizer, names: Sequence[str] | None) -> tuple[Layer, ...]:
    """Pick layers by name, in the order of the network; all for None.

    Raises
    ------
    InputError
        If a name does not exist; the message lists those that do.
    """
    layers = traceable_layers(model)
    if names is None:
        return layers
    known = [layer.name for layer in layers]
    for name in names:
        if name not in known:
            raise InputError(f"no layer {name!r} in {model.name}; there are: {', '.join(known)}")
    return tuple(layer for layer in layers if layer.name in names)


@dataclass(frozen=True)
class TracedLayer:
    """What a layer did over an utterance.

    Attributes
    ----------
    activation : Tensor, shape (left + steps + right, channels)
        After the ReLU, zeros added in front and behind so that the window of every output frame
        lies inside.
    left : int
        Zeros in front.
    steps : int
        Real steps.
    window : Window
        Steps that one output frame depends on.
    """

    activation: Tensor
    left: int
    steps: int
    window: Window

    def rows(self, frames: Tensor) -> Tensor:
        """Return the first row of each output frame's window in the padded activation."""
        return frames * self.window.stride + self.window.offset + self.left

    def windows(self, frames: Tensor) -> Tensor:
        """Return the windows of output frames, shape (frames, width, channels)."""
        activation, width = self.activation, self.window.width
        channels = activation.shape[1]
        count = activation.shape[0] - width + 1
        view = activation.as_strided((count, width, channels), (channels, channels, 1))
        return view[self.rows(frames)]

    def valid(self, frames: Tensor) -> Tensor:
        """Say which window steps lie inside the utterance, shape (frames, width)."""
        steps = self.rows(frames)[:, None] - self.left
        steps = steps + torch.arange(self.window.width, device=frames.device)
        return (steps >= 0) & (steps < self.steps)


@dataclass(frozen=True)
class Trace:
    """An utterance's way through the network.

    Attributes
    ----------
    layers : tuple of TracedLayer
        The input first, then every block but the last.
    logits : Tensor, shape (frames, units)
        What the network says.
    """

    layers: tuple[TracedLayer, ...]
    logits: Tensor


@torch.no_grad()
def trace(network: Wav2Letter, spectrogram: Tensor) -> Trace:
    """Run a fused network once and keep what every layer did.

    Parameters
    ----------
    network : Wav2Letter
        Without batch norm (see `Wav2Letter.fused`).
    spectrogram : Tensor, shape (frames, n_mels)
        Of one utterance.
    """
    if network.config.batch_norm:
        raise ValueError("trace needs a fused network")
    outputs = network.output_length(len(spectrogram))
    x = spectrogram[None]
    layers = []
    for block, window in zip(network.blocks, network.windows, strict=False):
        layers.append(_pad(x[0], window, outputs))
        x = block(x)
    return Trace(tuple(layers), x[0])


def _pad(activation: Tensor, window: Window, outputs: int) -> TracedLayer:
    left = max(0, -window.offset)
    last = window.start(outputs - 1) + window.width
    right = max(0, last - len(activation))
    padded = activation.new_zeros((left + len(activation) + right, activation.shape[1]))
    padded[left : left + len(activation)] = activation
    return TracedLayer(padded, left, len(activation), window)
