"""One recording with its text and what is known about its speaker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from naps.corpus.interval import Interval

Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Utterance:
    """One recording, its text and its speaker.

    Attributes
    ----------
    id : str
        Unique in its manifest.
    audio : Path
        The sound file.
    text : str
        What was said, as the corpus spells it. May be empty when unknown.
    speaker, sex, language, split : str or None
        As in the manifest; ``language`` is a two-letter code, ``split`` train, dev or test.
    duration_s : float or None
        Length in seconds, where the manifest says.
    tiers : mapping of str to tuple of Interval
        Known times, such as ``"phones"`` and ``"words"``.
    columns : mapping
        Every further column of the manifest; any of them can group events.
    """

    id: str
    audio: Path
    text: str = ""
    speaker: str | None = None
    sex: str | None = None
    language: str | None = None
    split: str | None = None
    duration_s: float | None = None
    tiers: Mapping[str, tuple[Interval, ...]] = field(default_factory=lambda: MappingProxyType({}))
    columns: Mapping[str, Scalar] = field(default_factory=lambda: MappingProxyType({}))
