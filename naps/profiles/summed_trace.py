"""Gradients of the sum of many outputs: one backward pass, and an approximation."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import torch
from torch import Tensor

from naps.models import Network, Window
from naps.profiles.autograd_trace import AutogradTrace, unconnected
from naps.profiles.trace import TracedLayer, refuse_not_finite


class SummedTrace(AutogradTrace):
    """An utterance's way through a network, and back from all of its events at once.

    An event's window of these gradients holds what other events feel there too: they are exact
    only for events that share nothing of what they depend on.

    Parameters
    ----------
    network, spectrogram, windows
        As of `AutogradTrace`.
    """

    def __init__(
        self, network: Network, spectrogram: Tensor, windows: Mapping[str, Window]
    ) -> None:
        super().__init__(network, spectrogram, windows)
        self._shared: dict[str, TracedLayer] = {}

    def aim(self, frames: Tensor, units: Tensor) -> None:
        """Go back once from the logits of all events.

        Raises
        ------
        InputError
            If the output does not depend on a layer.
        """
        seed = torch.zeros_like(self._logits)
        places = (torch.zeros_like(frames), frames, units)
        seed.index_put_(places, seed.new_ones(len(frames)), accumulate=True)
        sources = {name: self.source(name) for name in self.layers}
        with self._allowed():
            found = self._backward(list(sources.values()), seed, batched=False)
        for name, gradient in zip(sources, found, strict=True):
            if gradient is None:
                raise unconnected(name)
            layer = self.layers[name]
            self._shared[name] = TracedLayer.padded(gradient[0], layer.window, len(self.logits))

    def gradients(
        self, frames: Tensor, units: Tensor, wanted: Collection[str]
    ) -> Iterator[tuple[str, Tensor, Tensor]]:
        """Give activations and the shared gradients over the events' windows."""
        shown = {name: layer for name, layer in self.layers.items() if name in wanted}
        refuse_not_finite(self._shared[name].windows(frames) for name in shown)
        for name, layer in shown.items():
            yield name, layer.windows(frames), self._shared[name].windows(frames)
