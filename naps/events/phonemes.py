"""The phoneme that each letter stands for, and its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from naps.events.letters import Row
from naps.phonology import SpokenWord

SILENT = "silent letter"
UNKNOWN = "word cannot be said"
UNSAID = "no letter of the text opposite"

Pronounce = Callable[[str], SpokenWord | None]
Basis = Literal["said", "predicted"]
_Words = list[tuple[str, SpokenWord | None]]


def attach_phonemes(
    rows: Sequence[Row],
    reference: str | None,
    pronounce: Pronounce,
    *,
    basis: Basis = "said",
    attach_inserted: bool = False,
) -> list[Row]:
    """Give every letter event its phoneme.

    1. On the basis ``said``, where there is a true text, a letter takes the phone of the true
       letter that it is aligned with, right or wrong, from the true word's pronunciation. A
       letter opposite nothing, or a space, has none.
    2. On the basis ``predicted``, or without a text, it takes its phone from the pronunciation of
       the predicted word.
    3. A letter with no phone opposite is silent, and a letter of a word that nobody can say has
       none; they keep their event, without a phoneme and with the reason.
    4. A phone that no letter stands for (the second of x → K S) has no event; with
       `attach_inserted` it gets a copy of the event of the letter in front of it.

    Parameters
    ----------
    rows : sequence of dict
        From `letter_events`.
    reference : str or None
        The normalised true text.
    pronounce : callable
        Such as a `Pronouncer`.
    basis : {"said", "predicted"}
        See rules 1 and 2.
    attach_inserted : bool
        See rule 4.

    Returns
    -------
    list of dict
        The rows with ``true_word``, ``phoneme``, ``previous_phone``, ``next_phone``,
        ``phone_source``, ``phone_reason``, ``pronunciation``, ``variant``, ``confidence`` and
        ``inserted``, without ``reference_index``.
    """
    heard: dict[int, str] = {row["word_index"]: row["word"] for row in rows}
    predicted: _Words = [(word, pronounce(word)) for _, word in sorted(heard.items())]
    spoken: _Words = []
    # Of every character of the text: its word's number and its place there; None for a space.
    places: list[tuple[int, int] | None] = []
    for number, word in enumerate((reference or "").split()):
        spoken.append((word, pronounce(word)))
        places += [(number, place) for place in range(len(word))]
        places.append(None)
    result = []
    for row in rows:
        j = row["reference_index"]
        opposite = None if j is None else places[j]
        plain = {k: v for k, v in row.items() if k != "reference_index"}
        plain["true_word"] = None if opposite is None else spoken[opposite[0]][0]
        if basis == "said" and reference is not None:
            if opposite is None:
                result.append(plain | _nothing(UNSAID))
                continue
            words, (number, place) = spoken, opposite
        else:
            words, number, place = predicted, row["word_index"], row["position"]
        said = words[number][1]
        if said is None:
            result.append(plain | _nothing(UNKNOWN))
            continue
        common = {
            "phone_source": said.source,
            "pronunciation": " ".join(said.phones),
            "variant": said.variant if said.source == "lexicon" else None,
            "confidence": said.confidence,
        }
        phone = said.letters[place]
        if phone is None:
            result.append(plain | _nothing(SILENT) | common)
        else:
            result.append(plain | common | _phone(words, number, phone, False))
        if attach_inserted:
            result += [
                plain | common | _phone(words, number, extra, True)
                for extra, letter in said.inserted().items()
                if letter == place
            ]
    return result


def _nothing(reason: str) -> dict[str, Any]:
    return {
        "phoneme": None, "previous_phone": None, "next_phone": None, "phone_source": None,
        "phone_reason": reason, "pronunciation": None, "variant": None, "confidence": None,
        "inserted": False,
    }  # fmt: skip


def _phone(words: _Words, number: int, index: int, inserted: bool) -> dict[str, Any]:
    """Describe a phone of a word and what stands beside it, across the edges of words too."""
    said = words[number][1]
    assert said is not None
    before = words[number - 1][1] if number > 0 else None
    after = words[number + 1][1] if number + 1 < len(words) else None
    phones = said.phones
    previous = phones[index - 1] if index > 0 else before.phones[-1] if before else None
    following = phones[index + 1] if index + 1 < len(phones) else after.phones[0] if after else None
    return {
        "phoneme": phones[index],
        "previous_phone": previous,
        "next_phone": following,
        "phone_reason": None,
        "inserted": inserted,
    }
