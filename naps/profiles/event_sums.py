"""The events of one utterance, added to the sums of every kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

import torch
from torch import Tensor

from naps.errors import InputError
from naps.profiles.accumulation import Weights, add_adjusted, add_plain
from naps.profiles.alignment import carried_shifts
from naps.profiles.kinds import Rule
from naps.profiles.layers import INPUT
from naps.profiles.moments import Moments
from naps.profiles.options import Kind
from naps.profiles.plan import EventsHere, Key, ProfilePlan
from naps.profiles.saliency import find_saliency
from naps.profiles.time_reduction import reduce_time
from naps.profiles.trace import GradientsNotFiniteError, Trace, TracedLayer

Codes = Mapping[str, Tensor]
Shifts = Mapping[Kind, Tensor]


class EventSums:
    """Adds what layers did around the events of an utterance to sums.

    Parameters
    ----------
    sums : mapping
        (grouping, kind, layer) → Moments; they grow.
    plan : ProfilePlan
    traced : Trace
        Of the utterance.
    """

    def __init__(self, sums: Mapping[Key, Moments], plan: ProfilePlan, traced: Trace) -> None:
        self._sums, self._plan, self._traced = sums, plan, traced
        self._batch = plan.batch

    def add(self, here: EventsHere) -> EventsHere:
        """Add events, kind by kind; gradients once for all kinds that need them.

        Returns
        -------
        EventsHere
            Those that were added: all but such with gradients that are not finite.
        """
        if self._plan.adjusted:
            good = self._add_in_batches(
                torch.from_numpy(here.frames), torch.from_numpy(here.units), _codes(here)
            )
            if not good.all():
                here = here.only(good.numpy())
        self._add_plain(here)
        return here

    def _add_plain(self, here: EventsHere) -> None:
        frames, codes = torch.from_numpy(here.frames), _codes(here)
        for kind, rule in self._plan.rules.items():
            if rule.adjusted:
                continue
            for layer in self._plan.layers_of(kind):
                into = self._of(kind, layer.name)
                shown = self._shown(kind, layer.name)
                if rule.reduction is None:
                    add_plain(into, codes, shown, frames)
                else:
                    self._add_reduced(into, codes, shown, frames, rule)

    def _of(self, kind: Kind, layer: str) -> dict[str, Moments]:
        """Return the sums of a layer by grouping."""
        return {group: self._sums[group, kind, layer] for group in self._plan.labels}

    def _shown(self, kind: Kind, name: str) -> TracedLayer:
        if not self._plan.rules[kind].epoch:
            return self._traced.layers[name]
        window = self._plan.windows_of(kind).by_layer[name]
        return self._traced.layers[name].seen_through(window, len(self._traced.logits))

    def _add_reduced(
        self, into: Mapping[str, Moments], codes: Codes, layer: TracedLayer, frames: Tensor,
        rule: Rule,
    ) -> None:  # fmt: skip
        assert rule.reduction is not None
        for start in range(0, len(frames), self._batch):
            part = slice(start, start + self._batch)
            here = frames[part].to(layer.activation.device)
            values, valid = reduce_time(layer.windows(here), layer.valid(here), rule.reduction)
            for group, moments in into.items():
                moments.add(codes[group][part], values, valid)

    def _add_in_batches(self, frames: Tensor, units: Tensor, codes: Codes) -> Tensor:
        """Add the gradients of all events; return which of them are finite."""
        device = self._traced.logits.device
        self._traced.aim(frames.to(device), units.to(device))
        names = {
            layer.name
            for kind, rule in self._plan.rules.items()
            if rule.adjusted
            for layer in self._plan.layers_of(kind)
        }
        good: list[Tensor] = []
        start = 0
        while start < len(frames):
            part = slice(start, start + self._batch)
            start = min(part.stop, len(frames))
            good.append(self._add_part(frames[part], units[part], _cut(codes, part), names))
        return torch.cat(good)

    def _add_part(self, frames: Tensor, units: Tensor, codes: Codes, names: Set[str]) -> Tensor:
        """Add some events in some layers; if a GPU is full, one half after the other."""
        left = set(names)
        if not len(frames):
            return torch.zeros(0, dtype=torch.bool)
        try:
            for name, gradient, shifts in self._gradients(frames, units, names):
                if name in left:
                    self._add_layer(name, frames, codes, gradient, shifts)
                    left.discard(name)
            # What is not finite stays so on its way down: the last layer tells of all.
            if not gradient.isfinite().all():
                raise InputError(f"gradients of {name} are not finite; are the network's weights?")
        except GradientsNotFiniteError as error:
            good = error.good.cpu()
            self._add_part(frames[good], units[good], _cut(codes, good), left)
            return good
        except torch.OutOfMemoryError:
            if len(frames) == 1:
                raise InputError(
                    "the GPU's memory is too small for the gradients of one event; look at fewer "
                    "layers at a time (profiles.layers)"
                ) from None
            # What was added is not added again: layers are left out, or whole.
            self._batch = half = len(frames) // 2
            torch.cuda.empty_cache()
            parts = (slice(0, half), slice(half, None))
            return torch.cat(
                [self._add_part(frames[p], units[p], _cut(codes, p), left) for p in parts]
            )
        return torch.ones(len(frames), dtype=torch.bool)

    def _gradients(
        self, frames: Tensor, units: Tensor, names: Set[str]
    ) -> Iterator[tuple[str, Tensor, Shifts]]:
        """Give the gradients of layers, and by how much the input says that they are moved."""
        rules = {kind: r for kind, r in self._plan.rules.items() if r.align == "input"}
        wanted = names | {INPUT} if rules else names
        device = self._traced.logits.device
        waiting: list[tuple[str, Tensor]] = []
        shifts: dict[Kind, Tensor] = {}
        found = self._traced.gradients(frames.to(device), units.to(device), wanted)
        for name, _, gradient in found:
            waiting.append((name, gradient))
            if rules and name == INPUT:
                layer = self._traced.layers[INPUT]
                for kind, rule in rules.items():
                    weights, saliency = self._weights(rule, layer, frames, gradient)
                    shifts[kind] = add_adjusted({}, {}, layer, frames, weights, saliency=saliency)
            # Gradients come from the top down: those above the input wait for it.
            if shifts or not rules:
                yield from ((name, gradient, shifts) for name, gradient in waiting)
                waiting = []

    def _add_layer(
        self, name: str, frames: Tensor, codes: Codes, gradient: Tensor, shifts: Shifts
    ) -> None:
        plan, layer = self._plan, self._traced.layers[name]
        for kind, rule in plan.rules.items():
            if not rule.adjusted or name not in {layer.name for layer in plan.layers_of(kind)}:
                continue
            moved = None
            if kind in shifts:
                moved = carried_shifts(shifts[kind], plan.beneath, plan.layer(name), layer.window)
            weights, saliency = self._weights(rule, layer, frames, gradient)
            add_adjusted(
                self._of(kind, name), codes, layer, frames, weights,
                saliency=saliency, align="none" if rule.align == "none" else "layer",
                mask=rule.mask, quantile=plan.options.quantile,
                complete=plan.windows.complete, shifts=moved,
            )  # fmt: skip

    def _weights(
        self, rule: Rule, layer: TracedLayer, frames: Tensor, gradient: Tensor
    ) -> tuple[Tensor, Weights]:
        """Return what windows are moved and masked by, and how it is to be read."""
        assert rule.saliency is not None
        if isinstance(rule.saliency, str):
            return gradient, rule.saliency
        windows = layer.windows(frames.to(gradient.device))
        return find_saliency(rule.saliency)(windows, gradient), "given"


def _codes(here: EventsHere) -> Codes:
    return {group: torch.from_numpy(code) for group, code in here.codes.items()}


def _cut(codes: Codes, part: slice | Tensor) -> Codes:
    return {group: code[part] for group, code in codes.items()}
