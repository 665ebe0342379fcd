"""Typical events of each group, to be listened to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

import pandas as pd

from naps.corpus.manifest import read_manifest
from naps.errors import InputError
from naps.files import replacing
from naps.plots import label_names
from naps.report.clip import AROUND_S, ogg, read_moment
from naps.report.element import Element, render
from naps.report.folder import RunContent
from naps.report.words import file_name, notation, plural

_CLIPS = 3
_MOST_LABELS = 100


@dataclass(frozen=True)
class _Event:
    label: str
    rank: int
    utterance: str
    time_s: float
    word: str
    speaker: str

    @property
    def said(self) -> str:
        return f"in “{self.word}”" if self.word else "outside words"

    @property
    def where(self) -> str:
        who = f", {self.speaker}" if self.speaker else ""
        return f"{self.utterance} at {self.time_s:.2f} s{who}"


@dataclass
class _Clips:
    """Files of clips, as long as they find room, and the link to each."""

    folder: Path
    room: int
    links: dict[_Event, str] = field(default_factory=dict)
    full: bool = False

    def add(self, event: _Event, name: str, recording: Path | None) -> None:
        samples = None if recording is None else read_moment(recording, event.time_s)
        if samples is None:
            return
        data = ogg(samples)
        if len(data) > self.room:
            self.full = True
            return
        self.room -= len(data)
        with replacing(self.folder / name) as temporary:
            temporary.write_bytes(data)
        self.links[event] = f"{self.folder.name}/{name}"


def listen_elements(run: RunContent, folder: Path, limit: int) -> list[Element]:
    """Cut up to three clips of each label of each group, and list them.

    Parameters
    ----------
    run : RunContent
    folder : Path
        Where the clips go.
    limit : int
        Bytes of all clips together. First comes the first clip of every label, then the second.

    Returns
    -------
    list of Element
        One a group that has exemplars.
    """
    groups = {group: _events(table) for group, table in run.exemplars.items()}
    recordings = _recordings(run)
    clips = _Clips(folder, limit)
    for rank in range(1, _CLIPS + 1):
        for group, labels in groups.items():
            for number, events in enumerate(labels.values()):
                for event in events:
                    if event.rank == rank:
                        # Labels may differ in characters that no file name has.
                        name = f"{file_name(group)}-{number:03}-{rank}.ogg"
                        clips.add(event, name, recordings.get(event.utterance))
    return [_element(run, group, labels, clips) for group, labels in groups.items() if labels]


def _events(table: pd.DataFrame) -> dict[str, list[_Event]]:
    """Give the first events of the first labels."""
    names = list(dict.fromkeys(table["label"]))[:_MOST_LABELS]
    labels: dict[str, list[_Event]] = {name: [] for name in names}
    kept = table[(table["rank"] <= _CLIPS) & table["time_s"].notna()]
    for label, rank, time_s, *texts in kept[
        ["label", "rank", "time_s", "utterance", "word", "speaker"]
    ].itertuples(index=False, name=None):
        if label in labels:
            utterance, word, speaker = map(str, texts)
            event = _Event(label, int(rank), utterance, float(time_s), word, speaker)
            labels[label].append(event)
    return {label: events for label, events in labels.items() if events}


def _recordings(run: RunContent) -> Mapping[str, Path]:
    """Find the recordings by utterance, all inside the folder of the corpus."""
    corpus = run.settings.get("corpus")
    corpus = corpus if isinstance(corpus, Mapping) else {}
    if corpus.get("layout") == "embedded":
        root = Path(str(resources.files("naps.corpus").joinpath("embedded")))
    elif corpus.get("path"):
        root = Path(str(corpus["path"]))
    else:
        return {}
    try:
        return {u.id: u.audio for u in read_manifest(run.path / "manifest.jsonl", root)}
    except InputError:
        # A report can do without recordings.
        return {}


def _element(
    run: RunContent, group: str, labels: Mapping[str, Sequence[_Event]], clips: _Clips
) -> Element:
    names = label_names(list(labels), notation(group))
    title = f"{plural(group).capitalize()} to listen to"
    data = f"../profiles/exemplars/{group}.csv"
    html = render(
        "listen.html",
        title=title,
        rows=list(zip(names, labels.values(), strict=True)),
        links=clips.links,
        around=round(1000 * AROUND_S),
        found=any(event in clips.links for events in labels.values() for event in events),
        full=clips.full,
        more=run.exemplars[group]["label"].nunique() - len(labels),
        data=data,
    )
    return Element(title, html, data)
