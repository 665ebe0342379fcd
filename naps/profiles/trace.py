"""What a network did over an utterance, kept so that the windows of events are slices."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from naps.models import Window


@dataclass(frozen=True)
class TracedLayer:
    """What a layer did over an utterance.

    Attributes
    ----------
    activation : Tensor, shape (left + steps + right, channels)
        Zeros added in front and behind so that the window of every output frame lies inside.
    left : int
        Zeros in front.
    steps : int
        Real steps.
    window : Window
        Steps that belong to one output frame.
    """

    activation: Tensor
    left: int
    steps: int
    window: Window

    @classmethod
    def padded(cls, activation: Tensor, window: Window, outputs: int) -> TracedLayer:
        """Add the zeros that the windows of ``outputs`` output frames need.

        Parameters
        ----------
        activation : Tensor, shape (steps, channels)
        window : Window
        outputs : int
        """
        steps = len(activation)
        left = max(0, -window.offset)
        right = max(0, window.start(outputs - 1) + window.width - steps)
        if not left and not right:
            return cls(activation.contiguous(), 0, steps, window)
        padded = activation.new_zeros((left + steps + right, activation.shape[1]))
        padded[left : left + steps] = activation
        return cls(padded, left, steps, window)

    def seen_through(self, window: Window, outputs: int) -> TracedLayer:
        """Return the same steps with another window around each output frame."""
        if window == self.window:
            return self
        real = self.activation[self.left : self.left + self.steps]
        return TracedLayer.padded(real, window, outputs)

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

    def places(self, frames: Tensor) -> Tensor:
        """Return the steps of each output frame's window, shape (frames, width).

        Some may lie outside the utterance.
        """
        steps = self.rows(frames)[:, None] - self.left
        return steps + torch.arange(self.window.width, device=frames.device)

    def valid(self, frames: Tensor) -> Tensor:
        """Say which window steps lie inside the utterance, shape (frames, width)."""
        steps = self.places(frames)
        return (steps >= 0) & (steps < self.steps)


class GradientsNotFiniteError(Exception):
    """Some events have gradients that are not finite.

    Attributes
    ----------
    good : Tensor of bool, shape (events,)
        The others.
    """

    def __init__(self, good: Tensor) -> None:
        super().__init__()
        self.good = good


class Trace(ABC):
    """An utterance's way through a network.

    Attributes
    ----------
    layers : mapping of str to TracedLayer
        By name.
    logits : Tensor, shape (frames, units)
        What the network says.
    """

    layers: Mapping[str, TracedLayer]
    logits: Tensor

    def aim(self, frames: Tensor, units: Tensor) -> None:  # noqa: B027  exact ones need no aim
        """Hear of all events of the utterance, of some of which gradients will be asked for.

        Parameters
        ----------
        frames, units : Tensor of int, shape (events,)
        """

    @abstractmethod
    def gradients(
        self, frames: Tensor, units: Tensor, wanted: Collection[str]
    ) -> Iterator[tuple[str, Tensor, Tensor]]:
        """Give activations and exact gradients over the events' windows, in no set order.

        Parameters
        ----------
        frames, units : Tensor of int, shape (events,)
            Output frame and output unit of each event.
        wanted : collection of str
            Names of traced layers.

        Yields
        ------
        name : str
        activation : Tensor, shape (events, width, channels)
            Zero outside the utterance.
        gradient : Tensor, shape (events, width, channels)
            Of the events' logits with respect to ``activation``. What stands at steps outside
            the utterance means nothing; mask it with ``TracedLayer.valid``.

        Raises
        ------
        GradientsNotFiniteError
            Before anything is given, if some gradient is not finite.
        """


def refuse_not_finite(gradients: Iterable[Tensor]) -> None:
    """See that gradients are numbers.

    Parameters
    ----------
    gradients : iterable of Tensor, shape (events, width, channels)

    Raises
    ------
    GradientsNotFiniteError
        If some are not.
    """
    good = torch.stack([gradient.isfinite().all(2).all(1) for gradient in gradients]).all(0)
    if not good.all():
        raise GradientsNotFiniteError(good)
