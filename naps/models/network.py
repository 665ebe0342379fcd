"""What a recognizer needs of its network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Self

from torch import Tensor, nn

from naps.models.geometry import Layer, Window


class Network(nn.Module, ABC):
    """A spectrogram in, logits of letters out, with named layers between.

    Networks of this package and adapters of other people's have this in common; training,
    events and profiles ask for nothing else.
    """

    @property
    @abstractmethod
    def layers(self) -> tuple[Layer, ...]:
        """The layers from the input up; the last gives the logits."""

    @property
    def taps(self) -> tuple[Layer, ...]:
        """Further places to look at, such as gates, named ``layer.place``."""
        return ()

    @property
    def windows(self) -> tuple[Window, ...] | None:
        """Steps of the input and of each layer that one output frame depends on.

        None where it depends on the whole utterance.
        """
        return None

    @property
    def spectrogram_input(self) -> bool:
        """Whether the input is a spectrogram, and so worth a profile of its own."""
        return True

    @abstractmethod
    def output_length(self, frames: int) -> int:
        """Return the number of output frames for so many input frames."""

    @abstractmethod
    def forward(self, features: Tensor, lengths: Sequence[int] | None = None) -> Tensor:
        """Map spectrograms to logits.

        Parameters
        ----------
        features : Tensor, shape (batch, frames, n_mels)
            Zeros after the end of the shorter ones.
        lengths : sequence of int, optional
            Real frames of each; all by default.

        Returns
        -------
        Tensor, shape (batch, frames', n_outputs)
        """

    def watched(self, features: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """Run forward and keep what every layer gave, tied together by autograd.

        Parameters
        ----------
        features : Tensor, shape (batch, frames, n_mels)

        Returns
        -------
        activations : dict of str to Tensor, shape (batch, steps, channels)
            Of every layer but the last, by name.
        logits : Tensor, shape (batch, frames', n_outputs)
        """
        found: dict[str, Tensor] = {}

        def keep(name: str) -> Callable[[nn.Module, object, Tensor], None]:
            def hook(_module: nn.Module, _inputs: object, output: Tensor) -> None:
                found[name] = output

            return hook

        hooks = [
            self.get_submodule(layer.name).register_forward_hook(keep(layer.name))
            for layer in self.layers[:-1]
        ]
        try:
            logits = self(features)
        finally:
            for hook in hooks:
                hook.remove()
        return found, logits

    @abstractmethod
    def fused(self) -> Self:
        """Return a copy for use: batch norm folded into the weights, no dropout, eval mode."""
