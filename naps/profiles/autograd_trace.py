"""Exact gradients of single outputs of any network, by autograd."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from weakref import WeakSet

import torch
from torch import Tensor, nn

from naps.errors import InputError, UtteranceError
from naps.models import Network, Window
from naps.profiles.layers import INPUT
from naps.profiles.trace import Trace, TracedLayer, refuse_not_finite

# Values of whole-utterance gradients that are computed before they are cut into windows.
_VALUES = 2**25
# Networks with an operation that torch cannot take many gradients through at once.
_ONE_BY_ONE: WeakSet[nn.Module] = WeakSet()


class AutogradTrace(Trace):
    """An utterance's way through a network, with the graph that leads back.

    Parameters
    ----------
    network : Network
        In eval mode. Its parameters get no gradients.
    spectrogram : Tensor, shape (frames, n_mels)
    windows : mapping of str to Window
        Of the layers and taps wanted.
    gradients : bool
        Whether to keep the graph.

    Raises
    ------
    InputError
        If the network does not show a layer, or shows it in another shape than it says.
    UtteranceError
        If what a layer gave is not finite.
    """

    def __init__(
        self,
        network: Network,
        spectrogram: Tensor,
        windows: Mapping[str, Window],
        *,
        gradients: bool = True,
    ) -> None:
        self._network = network
        features = spectrogram.detach()[None].clone().requires_grad_(gradients)
        # cuDNN refuses the backward of recurrent modules that are not training.
        self._avoid_cudnn = spectrogram.is_cuda and any(
            isinstance(module, nn.RNNBase) for module in network.modules()
        )
        with torch.set_grad_enabled(gradients), self._allowed():
            found, logits = network.watched(features)
        self._logits = logits
        self._sources = {INPUT: features, **found}
        self.logits = logits.detach()[0]
        channels = {layer.name: layer.channels for layer in (*network.layers, *network.taps)}
        for name in windows:
            self._check(name, channels.get(name))
        self.layers = {
            name: TracedLayer.padded(self._sources[name].detach()[0], window, len(self.logits))
            for name, window in windows.items()
        }

    def _check(self, name: str, channels: int | None) -> None:
        source: object = self._sources.get(name)
        if not isinstance(source, Tensor):
            what = "nothing" if source is None else f"a {type(source).__name__}"
            raise InputError(
                f"layer {name!r} gives {what}, not a tensor; leave it out with profiles.layers"
            )
        if source.ndim != 3 or len(source) != 1 or channels not in (None, source.shape[2]):
            raise InputError(
                f"layer {name!r} gives a tensor of shape {tuple(source.shape)} where (1, steps, "
                f"{channels}) was expected; leave it out with profiles.layers"
            )
        if not torch.isfinite(source).all():
            raise UtteranceError("not_finite", f"what layer {name!r} gives is not finite")

    def gradients(
        self, frames: Tensor, units: Tensor, wanted: Collection[str]
    ) -> Iterator[tuple[str, Tensor, Tensor]]:
        """Give activations and gradients over the events' windows.

        Raises
        ------
        InputError
            If the output does not depend on a layer.
        GradientsNotFiniteError
            Before anything is given, if some gradient is not finite.
        """
        sources = {name: self.source(name) for name in self.layers if name in wanted}
        if not sources:
            return
        values = sum(source.numel() for source in sources.values())
        size = max(1, _VALUES // values)
        parts: dict[str, list[Tensor]] = {name: [] for name in sources}
        for start in range(0, len(frames), size):
            here = frames[start : start + size]
            whole = self._whole(here, units[start : start + size], list(sources.values()))
            for (name, found), gradient in zip(parts.items(), whole, strict=True):
                if gradient is None:
                    raise unconnected(name)
                layer = self.layers[name]
                places = layer.places(here).clamp(0, layer.steps - 1)
                event = torch.arange(len(here), device=here.device)[:, None]
                found.append(gradient[event, places])
        gradients = {name: torch.cat(found) for name, found in parts.items()}
        refuse_not_finite(gradients.values())
        for name, gradient in gradients.items():
            yield name, self.layers[name].windows(frames), gradient

    def source(self, name: str) -> Tensor:
        """Return what a layer gave, shape (1, steps, channels), with the graph behind it.

        Raises
        ------
        InputError
            If the output does not depend on it.
        """
        found = self._sources[name]
        if not found.requires_grad:
            raise unconnected(name)
        return found

    def _whole(self, frames: Tensor, units: Tensor, sources: list[Tensor]) -> list[Tensor | None]:
        """Return gradients of shape (events, steps, channels) for each source."""
        seeds = self._logits.new_zeros(len(frames), *self._logits.shape)
        seeds[torch.arange(len(frames), device=frames.device), 0, frames, units] = 1
        with self._allowed():
            if self._network not in _ONE_BY_ONE:
                try:
                    found = self._backward(sources, seeds, batched=True)
                except torch.OutOfMemoryError:
                    raise
                except RuntimeError:
                    _ONE_BY_ONE.add(self._network)
                else:
                    return [None if g is None else g[:, 0] for g in found]
            try:
                rows = [self._backward(sources, seed, batched=False) for seed in seeds]
            except torch.OutOfMemoryError:
                raise
            except RuntimeError as error:
                first = str(error).splitlines()[0]
                raise InputError(
                    f"the network cannot be differentiated ({first}); take profiles.kinds=[nap]"
                ) from None
        columns = (
            [g for g in (row[i] for row in rows) if g is not None] for i in range(len(sources))
        )
        return [torch.cat(column) if column else None for column in columns]

    @contextmanager
    def _allowed(self) -> Iterator[None]:
        before = torch.backends.cudnn.enabled
        torch.backends.cudnn.enabled = before and not self._avoid_cudnn
        try:
            yield
        finally:
            torch.backends.cudnn.enabled = before

    def _backward(
        self, sources: list[Tensor], seeds: Tensor, *, batched: bool
    ) -> tuple[Tensor | None, ...]:
        return torch.autograd.grad(
            self._logits,
            sources,
            seeds,
            retain_graph=True,
            allow_unused=True,
            is_grads_batched=batched,
        )


def unconnected(layer: str) -> InputError:
    """Say that the output does not depend on a layer."""
    return InputError(
        f"the output does not depend on layer {layer!r}, so it has no gradient; leave it out with "
        f"profiles.layers or take profiles.kinds=[nap]"
    )
