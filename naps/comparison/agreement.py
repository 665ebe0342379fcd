"""Whether two recognizers write the same letters at the same time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from naps.comparison.estimate import Estimate, estimate
from naps.comparison.frames import Heard, HeardByBoth, Ints, nearest
from naps.errors import InputError
from naps.models import Recognizer
from naps.similarity.distance import Floats

WINDOW_S = 0.06
# Eighths of an utterance by which the other's predictions are rotated.
_TURNS = range(1, 8)
_COLUMNS = 3


@dataclass(frozen=True)
class Share:
    """How often two recognizers say the same.

    Attributes
    ----------
    count : int
        Cases.
    same : Estimate
        Share of them in which both say the same; its interval is of blocks of utterances drawn
        with replacement.
    chance : float
        The same with the other's predictions rotated within each utterance by one to seven
        eighths of its length.
    """

    count: int
    same: Estimate
    chance: float


@dataclass(frozen=True)
class LetterAgreement:
    """One letter that a recognizer writes.

    Attributes
    ----------
    letter : str
    events : int
    same : float
        Share of them at which the other writes it too.
    """

    letter: str
    events: int
    same: float


@dataclass(frozen=True)
class Agreement:
    """What two recognizers predict at the same moments.

    Attributes
    ----------
    frames : Share
        Of output frames; the best unit of both is the same letter, or the blank.
    events : Share or None
        Of a's letters: b writes the same one nearby. None where no events were given.
    events_b : Share or None
        Of b's letters: a writes the same one nearby.
    by_letter : tuple of LetterAgreement
        Of ``events``, by letter.
    window_s : float
        How near is nearby.
    """

    frames: Share
    events: Share | None
    events_b: Share | None
    by_letter: tuple[LetterAgreement, ...]
    window_s: float

    @property
    def predictions(self) -> Estimate | None:
        """The share of a's letters that b writes too."""
        return None if self.events is None else self.events.same


class AgreementCounts:
    """Counts of equal predictions, block by block, while utterances come in.

    Parameters
    ----------
    a, b : Recognizer
    blocks : int
    events_a, events_b : DataFrame, optional
        Letters of each: columns ``utterance``, ``frame`` (of its output) and ``letter``. Copies of
        one letter count once.
    window_s : float
        A letter is the same if the other has it as its best one at most so many seconds away.
    """

    def __init__(
        self,
        a: Recognizer,
        b: Recognizer,
        blocks: int,
        events_a: pd.DataFrame | None = None,
        events_b: pd.DataFrame | None = None,
        window_s: float = WINDOW_S,
    ) -> None:
        self._codes = _codes(a), _codes(b)
        self._events = _letters(events_a), _letters(events_b)
        self._window_s = window_s
        # Cases, the same, and the same by chance.
        self._frames = np.zeros((blocks, _COLUMNS))
        self._found = np.zeros((2, blocks, _COLUMNS))
        self._letters: Counter[str] = Counter()
        self._same: Counter[str] = Counter()

    def add(self, block: int, both: HeardByBoth) -> None:
        """Count an utterance.

        Raises
        ------
        InputError
            If an event lies outside the utterance.
        """
        first, second = (
            codes[heard.best[nearest(heard.frames, both.times)]]
            for codes, heard in zip(self._codes, (both.a, both.b), strict=True)
        )
        chance = [np.mean(first == _turned(second, turn)) for turn in _TURNS]
        self._frames[block] += (
            len(first), (first == second).sum(), len(first) * float(np.mean(chance))
        )  # fmt: skip
        for side, (here, there) in enumerate(((both.a, both.b), (both.b, both.a))):
            events = self._events[side]
            if events is not None and both.utterance.id in events:
                rows = events[both.utterance.id]
                self._add_events(side, block, both.utterance.id, rows, here, there)

    def _add_events(
        self, side: int, block: int, name: str, rows: pd.DataFrame, here: Heard, there: Heard
    ) -> None:
        frames, letters = rows["frame"].to_numpy(np.int64), rows["letter"].astype(str).tolist()
        if frames.min() < 0 or frames.max() >= len(here.best):
            raise InputError(
                f"{name}: events lie outside its {len(here.best)} output frames; compare a run "
                f"with the model that made it"
            )
        codes = np.array([ord(letter) for letter in letters])
        said = self._codes[1 - side][there.best]
        near = _near(here.frames[frames], there.frames, self._window_s)
        same = _met(codes, said, near)
        chance = np.mean([_met(codes, _turned(said, turn), near).mean() for turn in _TURNS])
        self._found[side, block] += (len(codes), same.sum(), len(codes) * float(chance))
        if side == 0:
            self._letters.update(letters)
            self._same.update(x for x, met in zip(letters, same, strict=True) if met)

    def shares(self, used: Ints, weights: Floats) -> Agreement:
        """Return what was counted.

        Parameters
        ----------
        used : array of int, shape (blocks,)
            Blocks that hold anything.
        weights : array, shape (replicates, blocks)
            How often each of these was drawn.
        """
        events = [
            None if self._events[side] is None else _share(self._found[side, used], weights)
            for side in (0, 1)
        ]
        by_letter = (
            LetterAgreement(letter, count, self._same[letter] / count)
            for letter, count in sorted(self._letters.items())
        )
        return Agreement(
            _share(self._frames[used], weights), events[0], events[1], tuple(by_letter),
            self._window_s,
        )  # fmt: skip


def _codes(model: Recognizer) -> Ints:
    """Return what each output unit writes, as a number that is the same for all alphabets."""
    return np.array([*(ord(symbol) for symbol in model.alphabet.symbols), -1], np.int64)


def _letters(events: pd.DataFrame | None) -> dict[str, pd.DataFrame] | None:
    """Return the letters of every utterance."""
    if events is None:
        return None
    known = events.dropna(subset=["letter"]).drop_duplicates(["utterance", "frame"])
    return {str(name): rows for name, rows in known.groupby("utterance", sort=False)}


def _turned(codes: Ints, eighths: int) -> Ints:
    return np.roll(codes, len(codes) * eighths // 8)


def _near(times: Floats, frames: Floats, window_s: float) -> tuple[Ints, Ints]:
    """Return the first frame near to each moment, and one past the last."""
    # A frame exactly at the end of a window counts whatever the last bit says.
    reach = window_s + 1e-9
    first = np.searchsorted(frames, times - reach)
    return first, np.searchsorted(frames, times + reach, side="right")


def _met(codes: Ints, said: Ints, near: tuple[Ints, Ints]) -> npt.NDArray[np.bool_]:
    """Say for each letter whether some frame near to it says the same."""
    first, last = near
    places = first[:, None] + np.arange(max(int((last - first).max()), 1))
    inside = places < last[:, None]
    equal = said[np.minimum(places, len(said) - 1)] == codes[:, None]
    return np.asarray((equal & inside).any(1))


def _share(counts: Floats, weights: Floats) -> Share:
    """Make a share of counts by block, shape (blocks, 3)."""
    total, same, chance = counts.sum(0)
    if not total:
        return Share(0, Estimate(np.nan), np.nan)
    drawn = weights @ counts
    replicates = drawn[:, 1] / np.where(drawn[:, 0] > 0, drawn[:, 0], np.nan)
    value = estimate(float(same / total), replicates, len(counts), (0.0, 1.0))
    return Share(int(total), value, float(chance / total))
