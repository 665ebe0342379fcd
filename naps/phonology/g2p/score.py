"""Phone and word error rates of guessed pronunciations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein


@dataclass(frozen=True, slots=True)
class PronunciationErrors:
    """Error rates over words, as shares.

    Attributes
    ----------
    words : int
        How many were scored.
    per : float
        Edits over phones of the closest reference, pooled.
    wer : float
        Words whose guess is none of the references.
    """

    words: int
    per: float
    wer: float


def pronunciation_errors(
    references: Sequence[Sequence[Sequence[str]]], guesses: Sequence[Sequence[str]]
) -> PronunciationErrors:
    """Compare guesses with dictionary entries.

    Parameters
    ----------
    references : sequence of sequences of pronunciations
        One or more for each word; the closest counts, the first of them on a tie.
    guesses : sequence of pronunciations
        One for each word.

    Raises
    ------
    ValueError
        If the lengths differ, there is no word, or a word has no reference.
    """
    if not references:
        raise ValueError("no words to score")
    edits = phones = wrong = 0
    for known, guess in zip(references, guesses, strict=True):
        distances = [Levenshtein.distance(reference, guess) for reference in known]
        closest = min(range(len(known)), key=distances.__getitem__)
        edits += distances[closest]
        phones += len(known[closest])
        wrong += distances[closest] > 0
    return PronunciationErrors(len(references), edits / phones, wrong / len(references))
