"""From events to profiles in one pass over the audio; nothing but sums is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from naps.corpus.audio import read_audio
from naps.corpus.utterance import Utterance
from naps.errors import InputError, UtteranceError
from naps.events import Drop
from naps.models import Recognizer
from naps.profiles.accumulation import add_adjusted, add_plain
from naps.profiles.collect import Collector
from naps.profiles.file import Profiles
from naps.profiles.layers import INPUT
from naps.profiles.moments import Moments
from naps.profiles.options import KINDS, Kind, ProfileOptions
from naps.profiles.plan import EventsHere, ProfilePlan, make_plan
from naps.profiles.shard_sums import ShardSums
from naps.profiles.trace import Trace
from naps.profiles.tracing import trace
from naps.profiles.windows import EventWindows

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
    kinds : sequence of {"nap", "grad"}
        Plain means (Krug et al. 2018) and gradient-adjusted ones (Krug & Stober 2020).
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
            collector.advance(sum_events(model, plan, work))
        common = {"model": model.name, "model_sha256": model.sha256, **(attributes or {})}
        results = {
            (group, kind): profiles for group, kind, profiles in collector.profiles(model, common)
        }
        # What shows the progress may wait to hear that there is nothing more.
        next(waiting, None)
        return ProfileRun(results, collector.drops, len(collector.used))


def sum_events(model: Recognizer, plan: ProfilePlan, work: Iterable[EventsHere]) -> ShardSums:
    """Add up the activations around the events of some utterances.

    Parameters
    ----------
    model : Recognizer
        The plan's.
    plan : ProfilePlan
    work : iterable of EventsHere
        Of a shard.

    Raises
    ------
    InputError
        If an event lies outside its utterance.
    """
    found = ShardSums.empty(plan)
    options, windows = plan.options, plan.windows
    for here in work:
        name = here.utterance.id
        try:
            spectrogram = model.spectrogram(read_audio(here.utterance.audio))
            traced = trace(model.network, spectrogram, plan.shown, gradients="grad" in plan.kinds)
            _refuse_not_finite(traced)
        except UtteranceError as error:
            found.drops.append(Drop("profiles", name, error.reason, str(error)))
            found.lost += 1
            continue
        if here.frames.min() < 0 or here.frames.max() >= len(traced.logits):
            raise InputError(
                f"{name}: events lie outside its {len(traced.logits)} output frames; "
                f"make the events with the same model"
            )
        keep = np.ones(len(here.frames), bool)
        if options.edges == "drop":
            seen = windows.by_layer[INPUT]
            first = seen.stride * here.frames + seen.offset
            keep = (first >= 0) & (first + seen.width <= len(spectrogram))
            if not keep.all():
                found.drops.append(Drop("profiles", name, "edge", "", int((~keep).sum())))
        if not keep.any():
            continue
        found.used += here.rows[keep].tolist()
        frames = torch.from_numpy(here.frames[keep])
        codes = {group: torch.from_numpy(code[keep]) for group, code in here.codes.items()}
        if "nap" in plan.kinds:
            _add_plain(found.sums, traced, frames, codes)
        if "grad" in plan.kinds:
            units = torch.from_numpy(here.units[keep])
            for start in range(0, len(frames), options.batch):
                part = slice(start, start + options.batch)
                _add_gradient_adjusted(
                    found.sums, traced, frames[part], units[part],
                    {group: code[part] for group, code in codes.items()}, options, windows,
                )  # fmt: skip
    return found


def _refuse_not_finite(traced: Trace) -> None:
    if not torch.isfinite(traced.logits).all():
        raise UtteranceError("not_finite", "the recognizer's output is not finite")
    for name, layer in traced.layers.items():
        if not torch.isfinite(layer.activation).all():
            raise UtteranceError("not_finite", f"the activations of {name} are not finite")


def _add_plain(
    sums: Mapping[tuple[str, Kind, str], Moments],
    traced: Trace,
    frames: Tensor,
    codes: Mapping[str, Tensor],
) -> None:
    for name, layer in traced.layers.items():
        add_plain({group: sums[group, "nap", name] for group in codes}, codes, layer, frames)


def _add_gradient_adjusted(
    sums: Mapping[tuple[str, Kind, str], Moments],
    traced: Trace,
    frames: Tensor,
    units: Tensor,
    codes: Mapping[str, Tensor],
    options: ProfileOptions,
    windows: EventWindows,
) -> None:
    device = traced.logits.device
    at, of = frames.to(device), units.to(device)
    for name, _, gradient in traced.gradients(at, of, traced.layers.keys()):
        add_adjusted(
            {group: sums[group, "grad", name] for group in codes}, codes,
            traced.layers[name], frames, gradient,
            align=options.align, mask=options.mask, quantile=options.quantile,
            complete=windows.complete,
        )  # fmt: skip
