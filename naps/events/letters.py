"""Letter events: the most confident frame of every run of a greedy CTC path."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from naps.decoding import Letter
from naps.models.alphabet import Alphabet
from naps.phonology import align_letters

Row = dict[str, Any]


def letter_events(
    letters: Sequence[Letter], alphabet: Alphabet, reference: str | None
) -> list[Row]:
    """Make one event for each predicted letter; spaces part words and are no events.

    A letter is correct when it equals the letter of the reference that it is aligned with
    (+1 for equal letters, −1 for others and for gaps).

    Parameters
    ----------
    letters : sequence of Letter
        A greedy path.
    alphabet : Alphabet
        Of the recognizer.
    reference : str or None
        The normalised true text, or None where there is none to compare with.

    Returns
    -------
    list of dict
        ``frame``, ``run_start``, ``run_end``, ``unit``, ``letter``, ``probability``,
        ``reference``, ``reference_index``, ``correct``, ``word``, ``word_index``, ``position``,
        ``word_length``.
    """
    hypothesis = alphabet.decode([letter.unit for letter in letters])
    opposite: dict[int, int | None] = {}
    if reference is not None:
        opposite = {i: j for i, j in align_letters(hypothesis, reference) if i is not None}
    rows: list[Row] = []
    words = hypothesis.split(" ")
    word_index = position = index = 0
    # Leading and doubled spaces make empty words; words are numbered without them.
    number = -1
    for letter, character in zip(letters, hypothesis, strict=True):
        if character == " ":
            word_index, position, index = word_index + 1, 0, index + 1
            continue
        if position == 0:
            number += 1
        j = opposite.get(index)
        spoken = None if reference is None or j is None else reference[j]
        rows.append(
            {
                "frame": letter.frame,
                "run_start": letter.start,
                "run_end": letter.end,
                "unit": letter.unit,
                "letter": character,
                "probability": letter.probability,
                "reference": spoken,
                "reference_index": j,
                "correct": None if reference is None else spoken == character,
                "word": words[word_index],
                "word_index": number,
                "position": position,
                "word_length": len(words[word_index]),
            }
        )
        position, index = position + 1, index + 1
    return rows
