"""Letter and word error rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """Error rates of a set of utterances, as shares.

    Attributes
    ----------
    utterances : int
        How many were scored.
    cer, wer : float
        Edits over reference letters or words, pooled (micro).
    cer_macro, wer_macro : float
        The mean of the utterances' own rates, as in Kunze et al. (2017).
    """

    utterances: int
    cer: float
    wer: float
    cer_macro: float
    wer_macro: float


def error_rates(references: Sequence[str], hypotheses: Sequence[str]) -> ErrorRates:
    """Compare texts letter by letter and word by word.

    Parameters
    ----------
    references, hypotheses : sequence of str
        Normalised texts, pair by pair. Pairs with an empty reference are not scored.

    Raises
    ------
    ValueError
        If the lengths differ.
    """
    pairs = [(r, h) for r, h in zip(references, hypotheses, strict=True) if r.split()]
    if not pairs:
        nan = float("nan")
        return ErrorRates(0, nan, nan, nan, nan)
    letters = [(Levenshtein.distance(r, h), len(r)) for r, h in pairs]
    words = [(Levenshtein.distance(r.split(), h.split()), len(r.split())) for r, h in pairs]
    return ErrorRates(
        utterances=len(pairs),
        cer=sum(e for e, _ in letters) / sum(n for _, n in letters),
        wer=sum(e for e, _ in words) / sum(n for _, n in words),
        cer_macro=sum(e / n for e, n in letters) / len(letters),
        wer_macro=sum(e / n for e, n in words) / len(words),
    )
