"""What is summed over which events: everything about profiles but the sound."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from naps.corpus.utterance import Utterance
from naps.errors import InputError
from naps.models import Layer, Recognizer, Window
from naps.profiles.grouping import grouping, split_name
from naps.profiles.kinds import RULES, Rule, rule_of
from naps.profiles.layers import INPUT, choose_layers, input_layer
from naps.profiles.moments import Moments
from naps.profiles.options import Kind, ProfileOptions, Target
from naps.profiles.shards import Shard, plan_shards
from naps.profiles.time_reduction import reduced_axis
from naps.profiles.tracing import refuse_hook
from naps.profiles.windows import EventWindows, event_windows

Key = tuple[str, Kind, str]
MIB = 2**20
# More at a time are no faster: products are as large as caches like them.
_BATCH = 128


@dataclass(frozen=True)
class EventsHere:
    """The events of one utterance.

    Attributes
    ----------
    utterance : Utterance
    rows : array of int, shape (events,)
        Of the events in their table.
    frames, units : array of int, shape (events,)
        Output frame and target unit.
    codes : mapping of str to array of int, shape (events,)
        By grouping; −1 for an event that is in no group.
    """

    utterance: Utterance
    rows: npt.NDArray[np.int64]
    frames: npt.NDArray[np.int64]
    units: npt.NDArray[np.int64]
    codes: Mapping[str, npt.NDArray[np.int64]]

    def only(self, keep: npt.NDArray[np.bool_]) -> EventsHere:
        """Return some of the events."""
        codes = {name: found[keep] for name, found in self.codes.items()}
        return EventsHere(
            self.utterance, self.rows[keep], self.frames[keep], self.units[keep], codes
        )


@dataclass(frozen=True)
class ProfilePlan:
    """What is summed over which events.

    Attributes
    ----------
    layers : tuple of Layer
        From the input up.
    beneath : Layer
        The input, whether it is among them or not.
    windows : EventWindows
        Of every kind but those of epochs.
    epochs : EventWindows or None
        Of kinds that look at a stretch of time whatever an output frame sees.
    frame_ms : float
        Milliseconds between input frames.
    labels : mapping of str to list of str
        Groups of each grouping.
    kinds : tuple of Kind
    options : ProfileOptions
    shards : list of Shard
    work : list of EventsHere
        Utterances with events, in the order of the manifest; shards are stretches of it.
    digest : str
        Of the model and all of the above; sums of another digest are of something else.
    """

    layers: tuple[Layer, ...]
    beneath: Layer
    windows: EventWindows
    epochs: EventWindows | None
    frame_ms: float
    labels: Mapping[str, list[str]]
    kinds: tuple[Kind, ...]
    options: ProfileOptions
    shards: list[Shard]
    work: list[EventsHere]
    digest: str

    @property
    def rules(self) -> dict[Kind, Rule]:
        """What is done for each kind."""
        return {kind: rule_of(kind, self.options) for kind in self.kinds}

    @property
    def adjusted(self) -> bool:
        """Whether gradients are needed."""
        return any(rule.adjusted for rule in self.rules.values())

    @property
    def shown(self) -> dict[str, Window]:
        """The window of every layer that is looked at."""
        names = [layer.name for layer in self.layers]
        if any(rule.input_only or rule.align == "input" for rule in self.rules.values()):
            names.append(INPUT)
        return {name: self.windows.by_layer[name] for name in names}

    def windows_of(self, kind: Kind) -> EventWindows:
        """Return the windows that a kind averages."""
        return self.epochs if self.epochs and self.rules[kind].epoch else self.windows

    def layers_of(self, kind: Kind) -> tuple[Layer, ...]:
        """Return the layers that a kind is made of."""
        return (self.beneath,) if self.rules[kind].input_only else self.layers

    @property
    def blocks(self) -> int:
        """How many blocks there are."""
        return self.shards[-1].block + 1

    def work_of(self, number: int) -> list[EventsHere]:
        """Return the utterances of a shard."""
        shard = self.shards[number]
        return self.work[shard.start : shard.stop]

    def wanted(self) -> Iterator[Key]:
        """Give (grouping, kind, layer) of all sums, in a fixed order."""
        for group in self.labels:
            for kind in self.kinds:
                for layer in self.layers_of(kind):
                    yield group, kind, layer.name

    def layer(self, name: str) -> Layer:
        """Return a layer by its name."""
        return next(layer for layer in (*self.layers, self.beneath) if layer.name == name)

    def shape(self, key: Key) -> tuple[int, int, int]:
        """Return groups, width and channels of sums."""
        group, kind, name = key
        layer, width = self.layer(name), self.windows_of(kind).by_layer[name].width
        reduction = self.rules[kind].reduction
        if reduction is not None:
            width = len(reduced_axis(reduction, width, layer.stride * self.frame_ms).values)
        return len(self.labels[group]), width, layer.channels

    def zeros(self, key: Key, folder: Path | None = None) -> Moments:
        """Return empty sums.

        Parameters
        ----------
        key : tuple of str
        folder : Path, optional
            Gets files to hold them in place of memory.
        """
        return Moments.zeros(*self.shape(key), masked=self.rules[key[1]].adjusted, folder=folder)

    def sums_mib(self) -> float:
        """Return the size of one set of sums, in MiB: what a worker holds, or spills."""
        arrays = {kind: 3 if rule.adjusted else 2 for kind, rule in self.rules.items()}
        return sum(8 * arrays[key[1]] * math.prod(self.shape(key)) for key in self.wanted()) / MIB

    @property
    def spills(self) -> bool:
        """Whether sums lie in files, as memory has no room for them."""
        return self.sums_mib() > self.options.memory_mib

    def event_mib(self) -> float:
        """Return the memory for the windows of one event, in MiB: what a batch multiplies."""
        layers = [*self.layers, self.beneath]
        cells = [self.windows.by_layer[layer.name].width * layer.channels for layer in layers]
        held = sum(cells) if any(r.align == "input" for r in self.rules.values()) else 0
        # Activation, gradient, both masked, and spectra or the convolution's own copies.
        return 4 * (12 * max(cells) + 2 * held) / MIB

    @property
    def batch(self) -> int:
        """Events whose gradients are computed at a time."""
        if self.options.batch is not None:
            return self.options.batch
        return max(1, min(_BATCH, int(self.options.memory_mib / self.event_mib())))


def make_plan(
    model: Recognizer,
    utterances: Sequence[Utterance],
    events: pd.DataFrame,
    *,
    groups: Sequence[str],
    kinds: Sequence[Kind],
    options: ProfileOptions,
) -> ProfilePlan:
    """Decide what is summed, and how the corpus is cut for it.

    Parameters
    ----------
    model : Recognizer
    utterances : sequence of Utterance
        What the events occur in.
    events : DataFrame
        With columns ``utterance``, ``frame``, ``unit`` and those to group by.
    groups, kinds, options
        As of `profile_events`.

    Raises
    ------
    InputError
        If a layer or column does not exist, there is no event, or an event names an unknown
        utterance.
    """
    layers, beneath = choose_layers(model, options.layers), input_layer(model)
    windows, epochs = plan_windows(model, layers, kinds, options)
    groupings = {name: grouping(events, name) for name in groups}
    places = {
        str(k): np.asarray(v, np.int64)
        for k, v in events.groupby("utterance", sort=False).indices.items()
    }
    unknown = set(places) - {u.id for u in utterances}
    if unknown:
        raise InputError(f"events name utterances that are not there, such as {min(unknown)!r}")
    frames = events["frame"].to_numpy(np.int64)
    units = target_units(model, events, options.target)
    work = [
        EventsHere(
            utterance,
            rows := places[utterance.id],
            frames[rows],
            units[rows],
            {name: found.codes[rows] for name, found in groupings.items()},
        )
        for utterance in utterances
        if utterance.id in places
    ]
    if not work:
        raise InputError("there are no events to average over")
    shards = plan_shards([len(here.rows) for here in work], options.blocks)
    labels = {name: found.labels for name, found in groupings.items()}
    described = {
        "model": model.sha256,
        "layers": [layer.name for layer in layers],
        "labels": labels,
        "kinds": list(kinds),
        "options": asdict(options),
        "shards": [asdict(shard) for shard in shards],
        "events": _digest(here for here in work),
    }
    text = json.dumps(described, sort_keys=True, default=str)
    return ProfilePlan(
        layers=layers,
        beneath=beneath,
        windows=windows,
        epochs=epochs,
        frame_ms=1000 * model.features.frame_s,
        labels=labels,
        kinds=tuple(kinds),
        options=options,
        shards=shards,
        work=work,
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )


def needed_columns(groups: Sequence[str]) -> set[str]:
    """Return the columns of events that `make_plan` looks at."""
    by = {part for group in groups for part in (group, split_name(group)[0])}
    return {"utterance", "frame", "unit", "letter", "reference", "correct", *by}


def plan_windows(
    model: Recognizer, layers: Sequence[Layer], kinds: Sequence[Kind], options: ProfileOptions
) -> tuple[EventWindows, EventWindows | None]:
    """Give the windows of epochs, where kinds have any, behind those of all other kinds.

    Raises
    ------
    InputError
        If a kind, hook or window is not to be had of this network.
    """
    for kind in kinds:
        if kind not in RULES:
            raise InputError(f"no kind of profile {kind!r}; there are: {', '.join(RULES)}")
    rules = [rule_of(kind, options) for kind in kinds]
    refuse_hook(model.network, options.hook, options.gradients)
    if any(rule.input_only for rule in rules) and not model.network.spectrogram_input:
        raise InputError(f"kind navai averages spectrograms, and {model.name} hears none")
    epochs = None
    if any(rule.epoch for rule in rules):
        epochs = event_windows(model, layers, options.lags_ms, "sequence")
    # Lags that are used for epochs do no harm to crops.
    alone = epochs is not None and options.view != "sequence" and model.network.windows is not None
    lags = None if alone else options.lags_ms
    return event_windows(model, layers, lags, options.view), epochs


def target_units(model: Recognizer, events: pd.DataFrame, target: Target) -> npt.NDArray[np.int64]:
    """Return the unit whose logit each event's gradient is of; −1 where there is none.

    Raises
    ------
    InputError
        If the events do not say which letter was given.
    """
    if target == "predicted":
        return events["unit"].to_numpy(np.int64)
    if "reference" not in events:
        raise InputError("profiles.target=given needs events with a column 'reference'")
    known = {letter: unit for unit, letter in enumerate(model.alphabet.symbols)}
    given = events["reference"].astype("object")
    return np.array([known.get(letter, -1) for letter in given], np.int64)


def _digest(work: Iterator[EventsHere]) -> str:
    digest = hashlib.sha256()
    for here in work:
        digest.update(f"{here.utterance.id}\n{here.utterance.audio}\n".encode())
        arrays: list[npt.NDArray[Any]] = [here.frames, here.units, *here.codes.values()]
        for values in arrays:
            digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()
