"""From events to profiles in one pass over the audio; nothing but sums is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor

from naps.corpus.audio import read_audio
from naps.corpus.utterance import Utterance
from naps.errors import InputError, UtteranceError
from naps.events import Drop
from naps.models import Recognizer
from naps.profiles.collect import Collector, shard_file
from naps.profiles.event_sums import EventSums
from naps.profiles.file import Profiles
from naps.profiles.layers import INPUT
from naps.profiles.options import KINDS, Kind, ProfileOptions
from naps.profiles.plan import EventsHere, ProfilePlan, make_plan
from naps.profiles.precision import products_of
from naps.profiles.shard_sums import ShardSums, save_sums
from naps.profiles.trace import Trace
from naps.profiles.tracing import trace, way_back

Progress = Callable[[Iterable[Utterance]], Iterable[Utterance]]


@dataclass(frozen=True)
class ProfileRun:
    """What a pass over the audio gave.

    Attributes
    ----------
    profiles : mapping of (group, kind) to Profiles
    drops : list of Drop
    events : int
        Events used, whether in one grouping or several.
    """

    profiles: Mapping[tuple[str, Kind], Profiles]
    drops: list[Drop]
    events: int


def profile_events(
    model: Recognizer,
    utterances: Sequence[Utterance],
    events: pd.DataFrame,
    *,
    groups: Sequence[str] = ("phoneme",),
    kinds: Sequence[Kind] = KINDS,
    options: ProfileOptions | None = None,
    progress: Progress = iter,
    attributes: Mapping[str, Any] | None = None,
) -> ProfileRun:
    """Average the activations around events, for several groupings and kinds in one pass.

    Parameters
    ----------
    model : Recognizer
        Fused, as from `naps.load_model`.
    utterances : sequence of Utterance
        What the events occur in.
    events : DataFrame
        With columns ``utterance``, ``frame``, ``unit`` and those to group by.
    groups : sequence of str
        ``letter``, ``phoneme`` or any other column.
    kinds : sequence of {"erp", "nap", "tinap", "grad", "snap", "navai"}
        See `naps.profiles.kinds`: plain averages (``nap``) and gradient-adjusted ones (``grad``)
        among others.
    options : ProfileOptions, optional
        The rest.
    progress : callable
        Wraps the utterances, to show how far it is.
    attributes : mapping, optional
        Written into every layer's attributes.

    Raises
    ------
    InputError
        If a layer or column does not exist, an event names an unknown utterance or lies outside
        it, no event is left, or too many utterances cannot be used.
    """
    plan = make_plan(
        model, utterances, events, groups=groups, kinds=kinds, options=options or ProfileOptions()
    )
    by_utterance = {here.utterance.id: here for here in plan.work}
    waiting = (by_utterance[u.id] for u in progress([here.utterance for here in plan.work]))
    with TemporaryDirectory(prefix="naps-sums-") as folder:
        collector = Collector(plan, Path(folder))
        for shard in plan.shards:
            work = (next(waiting) for _ in plan.work_of(shard.number))
            sums = sum_events(model, plan, work, collector.folder)
            save_sums(shard_file(collector.folder, shard.number), sums, plan.digest)
            del sums
            collector.advance()
        common = {"model": model.name, "model_sha256": model.sha256, **(attributes or {})}
        results = {(group, kind): profiles for group, kind, profiles in collector.profiles(common)}
        # What shows the progress may wait to hear that there is nothing more.
        next(waiting, None)
        return ProfileRun(results, collector.drops, len(collector.used))


def sum_events(
    model: Recognizer, plan: ProfilePlan, work: Iterable[EventsHere], folder: Path | None = None
) -> ShardSums:
    """Add up the activations around the events of some utterances.

    Parameters
    ----------
    model : Recognizer
        The plan's.
    plan : ProfilePlan
    work : iterable of EventsHere
        Of a shard.
    folder : Path, optional
        Gets the sums, should memory have no room for them.

    Raises
    ------
    InputError
        If an event lies outside its utterance.
    """
    found = ShardSums.empty(plan, folder)
    used = [found.used]
    options = plan.options
    back = way_back(model.network, options.precision) if plan.adjusted else None
    with products_of(options.precision):
        for here in work:
            try:
                spectrogram = model.spectrogram(read_audio(here.utterance.audio))
                traced = trace(
                    model.network, spectrogram, plan.shown,
                    gradients=options.gradients if plan.adjusted else None,
                    hook=options.hook, back=back,
                )  # fmt: skip
                _refuse_not_finite(traced)
            except UtteranceError as error:
                name = here.utterance.id
                found.drops.append(Drop("profiles", name, error.reason, str(error)))
                found.lost += 1
                continue
            kept = _usable(here, plan, len(spectrogram), traced, found.drops)
            if len(kept.rows):
                added = EventSums(found.sums, plan, traced).add(kept)
                used.append(added.rows)
                if lost := len(kept.rows) - len(added.rows):
                    detail = "gradients are not finite"
                    found.drops.append(
                        Drop("profiles", here.utterance.id, "not_finite", detail, lost)
                    )
    found.used = np.concatenate(used)
    return found


def _refuse_not_finite(traced: Trace) -> None:
    if not _all_finite(traced.logits):
        raise UtteranceError("not_finite", "the recognizer's output is not finite")
    for name, layer in traced.layers.items():
        if not _all_finite(layer.activation):
            raise UtteranceError("not_finite", f"the activations of {name} are not finite")


def _all_finite(values: Tensor) -> bool:
    # What is not finite makes its sum so, and a sum is quickly made; it may also overflow.
    return bool(values.sum().isfinite()) or bool(values.isfinite().all())


def _usable(
    here: EventsHere, plan: ProfilePlan, steps: int, traced: Trace, drops: list[Drop]
) -> EventsHere:
    """Return the events of an utterance that can be averaged, and note the others."""
    name, frames, outputs = here.utterance.id, here.frames, len(traced.logits)
    if frames.min() < 0 or frames.max() >= outputs:
        raise InputError(
            f"{name}: events lie outside its {outputs} output frames; "
            f"make the events with the same model"
        )
    outside = here.units[(here.units < 0) | (here.units >= traced.logits.shape[1])]
    if plan.adjusted and plan.options.target == "predicted" and len(outside):
        raise InputError(
            f"{name}: events name unit {outside[0]}, and the output has {traced.logits.shape[1]} "
            f"units; make the events with the same model"
        )
    keep = np.ones(len(frames), bool)
    if plan.options.edges == "drop":
        for windows in map(plan.windows_of, plan.kinds):
            seen = windows.by_layer[INPUT]
            first = seen.stride * frames + seen.offset
            keep &= (first >= 0) & (first + seen.width <= steps)
        if not keep.all():
            drops.append(Drop("profiles", name, "edge", "", int((~keep).sum())))
    if plan.adjusted and plan.options.target == "given":
        without = keep & (here.units < 0)
        if without.any():
            drops.append(Drop("profiles", name, "no_target", "", int(without.sum())))
        keep &= ~without
    return here.only(keep)
