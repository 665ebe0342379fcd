"""What is summed over which events: everything about profiles but the sound."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from naps.corpus.utterance import Utterance
from naps.errors import InputError
from naps.models import Layer, Recognizer, Window
from naps.profiles.grouping import Grouping
from naps.profiles.layers import choose_layers
from naps.profiles.moments import Moments
from naps.profiles.options import Kind, ProfileOptions
from naps.profiles.shards import Shard, plan_shards
from naps.profiles.windows import EventWindows, event_windows

Key = tuple[str, Kind, str]


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


@dataclass(frozen=True)
class ProfilePlan:
    """What is summed over which events.

    Attributes
    ----------
    layers : tuple of Layer
        From the input up.
    windows : EventWindows
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
    windows: EventWindows
    labels: Mapping[str, list[str]]
    kinds: tuple[Kind, ...]
    options: ProfileOptions
    shards: list[Shard]
    work: list[EventsHere]
    digest: str

    @property
    def shown(self) -> dict[str, Window]:
        """The window of every layer wanted."""
        return {layer.name: self.windows.by_layer[layer.name] for layer in self.layers}

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
                for layer in self.layers:
                    yield group, kind, layer.name

    def zeros(self, key: Key) -> Moments:
        """Return empty sums."""
        group, kind, name = key
        layer = next(layer for layer in self.layers if layer.name == name)
        return Moments.zeros(
            len(self.labels[group]),
            self.windows.by_layer[name].width,
            layer.channels,
            masked=kind == "grad",
        )

    def sums_mib(self) -> float:
        """Return the memory of one set of sums, in MiB: what a worker holds."""
        cells = sum(
            len(labels)
            * (3 if kind == "grad" else 2)
            * sum(self.windows.by_layer[layer.name].width * layer.channels for layer in self.layers)
            for labels in self.labels.values()
            for kind in self.kinds
        )
        return 8 * cells / 2**20


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
    layers = choose_layers(model, options.layers)
    windows = event_windows(model, layers, options.lags_ms)
    groupings = {name: Grouping(events, name) for name in groups}
    places = {
        str(k): np.asarray(v, np.int64)
        for k, v in events.groupby("utterance", sort=False).indices.items()
    }
    unknown = set(places) - {u.id for u in utterances}
    if unknown:
        raise InputError(f"events name utterances that are not there, such as {min(unknown)!r}")
    frames = events["frame"].to_numpy(np.int64)
    units = events["unit"].to_numpy(np.int64)
    work = [
        EventsHere(
            utterance,
            rows := places[utterance.id],
            frames[rows],
            units[rows],
            {name: grouping.codes[rows] for name, grouping in groupings.items()},
        )
        for utterance in utterances
        if utterance.id in places
    ]
    if not work:
        raise InputError("there are no events to average over")
    shards = plan_shards([len(here.rows) for here in work], options.blocks)
    labels = {name: grouping.labels for name, grouping in groupings.items()}
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
        layers, windows, labels, tuple(kinds), options, shards, work,
        hashlib.sha256(text.encode()).hexdigest(),
    )  # fmt: skip


def _digest(work: Iterator[EventsHere]) -> str:
    digest = hashlib.sha256()
    for here in work:
        digest.update(f"{here.utterance.id}\n{here.utterance.audio}\n".encode())
        arrays: list[npt.NDArray[Any]] = [here.frames, here.units, *here.codes.values()]
        for values in arrays:
            digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()
