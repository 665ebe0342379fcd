"""The phoneme that each predicted letter stands for."""

from __future__ import annotations

from collections.abc import Sequence

from naps.events.letters import Row
from naps.phonology import Lexicon, Scores

SILENT = "silent letter"
UNKNOWN = "out of lexicon"

_Phones = tuple[str | None, ...]


class LetterPhones:
    """Which phone each letter of a word stands for, remembered word by word.

    Of several pronunciations the one that aligns best is taken, the first of them on a tie. A
    phone that no letter stands for (the second of x → K S) has no event; a letter with no phone
    opposite is silent.

    Parameters
    ----------
    lexicon : Lexicon
        Pronunciations.
    scores : Scores
        Of letters with phones.
    """

    def __init__(self, lexicon: Lexicon, scores: Scores) -> None:
        self._lexicon = lexicon
        self._scores = scores
        self._known: dict[str, _Phones | None] = {}

    def __call__(self, word: str) -> _Phones | None:
        """Return one phone or None (silent) a letter, or None for a word not in the lexicon."""
        if word not in self._known:
            self._known[word] = self._align(word)
        return self._known[word]

    def _align(self, word: str) -> _Phones | None:
        if word not in self._lexicon or any(c not in self._scores.letters for c in word):
            return None
        best_score, best = float("-inf"), None
        for pronunciation in self._lexicon[word]:
            score, columns = self._scores.align(word, pronunciation)
            if score > best_score:
                best_score, best = score, (pronunciation, columns)
        assert best is not None
        pronunciation, columns = best
        phones: list[str | None] = [None] * len(word)
        for i, j in columns:
            if i is not None and j is not None:
                phones[i] = pronunciation[j]
        return tuple(phones)


def attach_phonemes(
    rows: Sequence[Row], reference: str | None, letter_phones: LetterPhones
) -> list[Row]:
    """Give every letter event its phoneme.

    A predicted word that is in the lexicon lends its letters its phones, right or wrong. In any
    other word, a letter that is correct takes the phone of the true letter it is aligned with,
    from the true word's pronunciation. The rest has no phoneme, and says why.

    Parameters
    ----------
    rows : sequence of dict
        From `letter_events`.
    reference : str or None
        The normalised true text.
    letter_phones : LetterPhones
        The lexicon at work.

    Returns
    -------
    list of dict
        The rows with ``phoneme``, ``phone_source`` and ``phone_reason``, without
        ``reference_index``.
    """
    spoken: list[str | bool | None] = []
    for word in (reference or "").split(" "):
        phones = letter_phones(word) if word else ()
        # True marks letters of words that the lexicon lacks; None marks silent ones.
        spoken += [True] * len(word) if phones is None else list(phones)
        spoken.append(True)
    result = []
    for row in rows:
        phones = letter_phones(row["word"])
        j = row["reference_index"]
        found: str | bool | None
        if phones is not None:
            found, source = phones[row["position"]], "lexicon"
        elif row["correct"] and j is not None:
            found, source = spoken[j], "reference"
        else:
            found, source = True, ""
        unknown = found is True
        result.append(
            {k: v for k, v in row.items() if k != "reference_index"}
            | {
                "phoneme": found if isinstance(found, str) else None,
                "phone_source": None if unknown else source,
                "phone_reason": UNKNOWN if unknown else SILENT if found is None else None,
            }
        )
    return result
