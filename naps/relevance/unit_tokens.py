"""Which words the units of an LSTM or GRU are relevant for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from naps.errors import InputError
from naps.relevance.interval import Floats
from naps.relevance.row import UnitRelevance

# What of a unit is looked at, in the words of `UnitRelevance`.
PARTS: Mapping[str, str] = MappingProxyType(
    {"word": "through", "input": "added", "forget": "kept", "output": "output"}
)


def unit_part(units: UnitRelevance, part: str) -> Floats:
    """Return the relevance of one part of all units.

    Parameters
    ----------
    units : UnitRelevance
        Of a result, the batch first.
    part : {"word", "input", "forget", "output"}
        ``word``: of what was read, through the unit; over all units of a layer that is the
        relevance of the word. ``input``, ``forget``, ``output``: of what the gate of that name let
        in at a step, kept of the state, or showed of it. In a GRU ``input`` and ``forget`` are
        the two sides of the update gate.

    Returns
    -------
    array, shape (batch, steps, units)

    Raises
    ------
    InputError
        If there is no such part.
    """
    if part not in PARTS:
        raise InputError(f"no part {part!r} of a unit; there are: {', '.join(PARTS)}")
    return np.asarray(getattr(units, PARTS[part]).double().cpu().numpy())


@dataclass(frozen=True)
class UnitTokens:
    """Relevance of each word for each unit, over a corpus.

    Attributes
    ----------
    tokens : tuple of str
        In alphabetical order.
    counts : array of int, shape (tokens,)
        How often each occurs.
    sums : array, shape (units, tokens)
        Relevance over all occurrences.
    """

    tokens: tuple[str, ...]
    counts: npt.NDArray[np.int64]
    sums: Floats

    @property
    def means(self) -> Floats:
        """Mean relevance of an occurrence, shape (units, tokens)."""
        return self.sums / self.counts

    def top(self, unit: int, count: int = 10, *, least: int = 1) -> list[tuple[str, float]]:
        """Return the words that a unit is most relevant for, by size, the strongest first.

        Parameters
        ----------
        unit : int
        count : int
        least : int
            Occurrences that a word needs.

        Returns
        -------
        list of (str, float)
            Words and their mean relevance, positive or negative.
        """
        means = self.means[unit]
        often = np.flatnonzero(self.counts >= least)
        order = often[np.argsort(-np.abs(means[often]), kind="stable")]
        return [(self.tokens[place], float(means[place])) for place in order[:count]]


def unit_tokens(
    found: Iterable[tuple[Sequence[Sequence[str]], UnitRelevance]], part: str = "word"
) -> UnitTokens:
    """Sum up relevance by unit and word.

    Parameters
    ----------
    found : iterable of (sequences of words, UnitRelevance)
        Batch by batch: the words of every item, and what LRP with ``units=True`` gave for the row.
    part : {"word", "input", "forget", "output"}
        See `unit_part`.

    Returns
    -------
    UnitTokens

    Raises
    ------
    InputError
        If there is nothing, or an item has more words than steps.
    """
    sums: dict[str, Floats] = {}
    counts: dict[str, int] = {}
    for sentences, units in found:
        values = unit_part(units, part)
        if len(sentences) != len(values) or any(len(s) > values.shape[1] for s in sentences):
            raise InputError(
                f"{len(sentences)} items of words for relevance of shape {values.shape}"
            )
        for sentence, rows in zip(sentences, values, strict=True):
            for token, row in zip(sentence, rows, strict=False):
                sums[token] = sums[token] + row if token in sums else row.copy()
                counts[token] = counts.get(token, 0) + 1
    if not sums:
        raise InputError("no words: there is nothing to sum up")
    tokens = tuple(sorted(sums))
    return UnitTokens(
        tokens, np.array([counts[t] for t in tokens]), np.stack([sums[t] for t in tokens], 1)
    )
