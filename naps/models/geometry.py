"""Where the steps of a convolutional layer lie in its input, and which steps an output sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Convolution:
    """One convolution over time: kernel, stride and zeros added at either end."""

    kernel: int
    stride: int = 1
    left: int = 0
    right: int = 0

    def output_length(self, length: int) -> int:
        """Return the number of steps made from ``length`` steps."""
        return max(0, (length + self.left + self.right - self.kernel) // self.stride + 1)


@dataclass(frozen=True, slots=True)
class Layer:
    """A named layer and where its steps lie in the input.

    Attributes
    ----------
    name : str
        As in the model, such as ``"conv9"``.
    channels : int
        Units at every step.
    stride : int
        Input frames from one step to the next.
    offset : int
        First input frame that step 0 sees, negative where the input is padded; where the field
        is unlimited, the frame that step 0 stands for.
    receptive_field : int or None
        Input frames that one step sees; None if it may see the whole utterance.
    """

    name: str
    channels: int
    stride: int
    offset: int
    receptive_field: int | None

    def start(self, step: int) -> int:
        """Return the first input frame that a step sees, or the one that it stands for."""
        return self.stride * step + self.offset

    def centre(self, step: int) -> float:
        """Return the middle, in input frames, of what a step sees, or the one it stands for."""
        return self.start(step) + ((self.receptive_field or 1) - 1) / 2


@dataclass(frozen=True, slots=True)
class Window:
    """The steps of a layer that one output frame depends on.

    For output frame ``t`` they are ``stride * t + offset`` and the ``width - 1`` after it.
    """

    stride: int
    offset: int
    width: int

    def start(self, frame: int) -> int:
        """Return the first step that an output frame depends on."""
        return self.stride * frame + self.offset


def layers_of(
    names: Sequence[str], channels: Sequence[int], convolutions: Sequence[Convolution]
) -> tuple[Layer, ...]:
    """Describe each layer of a stack of convolutions, from the input up."""
    layers = []
    stride, offset, field = 1, 0, 1
    for name, width, convolution in zip(names, channels, convolutions, strict=True):
        offset -= convolution.left * stride
        field += (convolution.kernel - 1) * stride
        stride *= convolution.stride
        layers.append(Layer(name, width, stride, offset, field))
    return tuple(layers)


def windows_of(convolutions: Sequence[Convolution]) -> tuple[Window, ...]:
    """Give the window of one output frame in the input and behind every convolution.

    Returns
    -------
    tuple of Window
        One more than there are convolutions: the input's first, the output's (one step) last.
    """
    windows = [Window(1, 0, 1)]
    for convolution in reversed(convolutions):
        above = windows[-1]
        windows.append(
            Window(
                stride=above.stride * convolution.stride,
                offset=above.offset * convolution.stride - convolution.left,
                width=(above.width - 1) * convolution.stride + convolution.kernel,
            )
        )
    return tuple(reversed(windows))
