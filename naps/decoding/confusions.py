"""Which letters and words are taken for which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein


@dataclass(frozen=True, slots=True)
class Confusion:
    """One kind of mistake and how often it was made.

    Attributes
    ----------
    said : str
        Letter or word of the reference; empty where something was heard that was not said.
    heard : str
        What stands in its place; empty where nothing does.
    count : int
        How often.
    share : float
        ``count`` over how often ``said`` was said; where nothing was said, over all letters or
        words of the references.
    """

    said: str
    heard: str
    count: int
    share: float


def confusions(references: Sequence[str], hypotheses: Sequence[str]) -> list[Confusion]:
    """Count what letters were taken for, spaces being letters, too.

    Mistakes are those of a shortest way from reference to hypothesis by replacing, leaving out
    and putting in, as the error rates count them; where several ways are equally short, one of
    them is taken.

    Parameters
    ----------
    references, hypotheses : sequence of str
        Normalised texts, pair by pair. Pairs with an empty reference are not counted, as in
        `error_rates`.

    Returns
    -------
    list of Confusion
        Commonest first; on a tie in alphabetical order of what was said, then heard.

    Raises
    ------
    ValueError
        If the lengths differ.
    """
    return _count([(r, h) for r, h in zip(references, hypotheses, strict=True) if r.split()])


def word_confusions(references: Sequence[str], hypotheses: Sequence[str]) -> list[Confusion]:
    """Count what words were taken for; like `confusions`, word by word."""
    pairs = [(r.split(), h.split()) for r, h in zip(references, hypotheses, strict=True)]
    return _count([(r, h) for r, h in pairs if r])


def _count(pairs: Sequence[tuple[Sequence[str], Sequence[str]]]) -> list[Confusion]:
    said: Counter[str] = Counter()
    mistakes: Counter[tuple[str, str]] = Counter()
    for reference, hypothesis in pairs:
        said.update(reference)
        for edit in Levenshtein.editops(reference, hypothesis):
            mistakes[
                reference[edit.src_pos] if edit.tag != "insert" else "",
                hypothesis[edit.dest_pos] if edit.tag != "delete" else "",
            ] += 1
    everything = said.total()
    return [
        Confusion(here, there, count, count / (said[here] if here else everything))
        for (here, there), count in sorted(mistakes.items(), key=lambda m: (-m[1], m[0]))
    ]
