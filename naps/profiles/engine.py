"""From events to profiles in one pass over the audio; nothing but sums is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from naps.corpus.audio import read_audio
from naps.corpus.utterance import Utterance
from naps.errors import InputError, UtteranceError
from naps.events import Drop, DropLog
from naps.models import Recognizer
from naps.profiles.alignment import align_time, importance, peak_shifts
from naps.profiles.dataset import layer_dataset
from naps.profiles.file import Profiles
from naps.profiles.grouping import Grouping
from naps.profiles.layers import INPUT, choose_layers
from naps.profiles.mask import event_mask
from naps.profiles.moments import Moments
from naps.profiles.options import KINDS, Kind, ProfileOptions
from naps.profiles.trace import Trace
from naps.profiles.tracing import trace
from naps.profiles.windows import EventWindows, event_windows

Progress = Callable[[Iterable[Utterance]], Iterable[Utterance]]

# Most values of one layer's windows at a time, whatever the batch: a layer of a waveform model may
# have thousands of steps in a window.
_VALUES = 2**25


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
    options = options or ProfileOptions()
    layers = choose_layers(model, options.layers)
    windows = event_windows(model, layers, options.lags_ms)
    shown = {layer.name: windows.by_layer[layer.name] for layer in layers}
    groupings = {name: Grouping(events, name) for name in groups}
    sums = {
        (group, kind, layer.name): Moments.zeros(
            len(grouping.labels),
            shown[layer.name].width,
            layer.channels,
            masked=kind == "grad",
        )
        for group, grouping in groupings.items()
        for kind in kinds
        for layer in layers
    }
    widest = max((shown[layer.name].width * layer.channels for layer in layers), default=1)
    batch = max(1, min(options.batch, _VALUES // widest))
    log = DropLog(options.max_bad_share, len(utterances))
    places = {
        str(k): np.asarray(v, np.int64)
        for k, v in events.groupby("utterance", sort=False).indices.items()
    }
    unknown = set(places) - {u.id for u in utterances}
    if unknown:
        raise InputError(f"events name utterances that are not there, such as {min(unknown)!r}")
    frame_column = events["frame"].to_numpy(np.int64)
    unit_column = events["unit"].to_numpy(np.int64)
    used = 0
    for utterance in progress([u for u in utterances if u.id in places]):
        places_here = places[utterance.id]
        try:
            spectrogram = model.spectrogram(read_audio(utterance.audio))
            traced = trace(model.network, spectrogram, shown, gradients="grad" in kinds)
            if not torch.isfinite(traced.logits).all():
                raise UtteranceError("not_finite", "the recognizer's output is not finite")
        except UtteranceError as error:
            log.add_utterance(Drop("profiles", utterance.id, error.reason, str(error)))
            continue
        frames = frame_column[places_here]
        if frames.min() < 0 or frames.max() >= len(traced.logits):
            raise InputError(
                f"{utterance.id}: events lie outside its {len(traced.logits)} output frames; "
                f"make the events with the same model"
            )
        keep = np.ones(len(frames), bool)
        if options.edges == "drop":
            seen = windows.by_layer[INPUT]
            first = seen.stride * frames + seen.offset
            keep = (first >= 0) & (first + seen.width <= len(spectrogram))
            if not keep.all():
                log.add(Drop("profiles", utterance.id, "edge", "", int((~keep).sum())))
        chosen = places_here[keep]
        if len(chosen) == 0:
            continue
        used += len(chosen)
        codes = {name: torch.from_numpy(g.codes[chosen]) for name, g in groupings.items()}
        here = torch.from_numpy(frames[keep])
        if "nap" in kinds:
            _add_plain(sums, traced, here, codes)
        if "grad" in kinds:
            units = torch.from_numpy(unit_column[chosen])
            for start in range(0, len(here), batch):
                part = slice(start, start + batch)
                _add_gradient_adjusted(
                    sums, traced, here[part], units[part],
                    {name: c[part] for name, c in codes.items()}, options, windows,
                )  # fmt: skip
    if used == 0:
        raise InputError(
            "no event is left to average; with short utterances, try profiles.edges=keep"
        )
    frame_ms = 1000 * model.features.frame_s
    common = {"model": model.name, "model_sha256": model.sha256, **(attributes or {})}
    results = {
        (group, kind): Profiles(
            {
                layer.name: layer_dataset(
                    sums[group, kind, layer.name], layer, frame_ms, grouping.labels,
                    windows, common | options.describe(group, kind, windows.lags_ms),
                )
                for layer in layers
            }
        )
        for group, grouping in groupings.items()
        for kind in kinds
    }  # fmt: skip
    return ProfileRun(results, log.drops, used)


def _add_plain(
    sums: Mapping[tuple[str, Kind, str], Moments],
    traced: Trace,
    frames: Tensor,
    codes: Mapping[str, Tensor],
) -> None:
    for name, layer in traced.layers.items():
        source = layer.activation.to("cpu", torch.float64)
        for group, code in codes.items():
            known = code >= 0
            if known.any():
                sums[group, "nap", name].add_slices(
                    code[known], layer.rows(frames[known]), source, layer.valid(frames[known])
                )


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
    for name, activation, gradient in traced.gradients(at, of, traced.layers.keys()):
        valid = traced.layers[name].valid(at)
        saliency = importance(activation, gradient) * valid[:, :, None]
        if options.align == "layer":
            shifts = peak_shifts(saliency)
            activation = align_time(activation, shifts)
            saliency = align_time(saliency, shifts)
            valid = align_time(valid, shifts)
        else:
            shifts = torch.zeros_like(at)
        mask = event_mask(saliency, options.mask, options.quantile) * valid[:, :, None]
        if windows.complete and options.mask in ("soft", "quantile"):
            # Outside the receptive field nothing matters for the prediction: masked values are
            # zero there, not unknown.
            valid = torch.ones_like(valid)
        values = activation if options.mask == "group" else activation * mask
        exact, exact_mask = values.to("cpu", torch.float64), mask.to("cpu", torch.float64)
        columns = (exact, exact.square(), valid.cpu(), exact_mask, shifts.to("cpu", torch.float64))
        for group, code in codes.items():
            known = code >= 0
            chosen = columns if known.all() else tuple(column[known] for column in columns)
            sums[group, "grad", name].add_windows(code[known], *chosen)
