"""Events from given intervals, such as a hand-made segmentation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal

from torch import Tensor

from naps.corpus import Interval
from naps.errors import InputError
from naps.events.letters import Row
from naps.models.alphabet import Alphabet

Anchor = Literal["centre", "start", "peak"]
OUTSIDE = "beyond the recording"


def interval_events(
    phones: Sequence[Interval],
    words: Sequence[Interval],
    logits: Tensor,
    alphabet: Alphabet | None,
    *,
    frame_s: float,
    delay_s: float,
    read: Callable[[str], tuple[str, ...]],
    anchor: Anchor,
) -> tuple[list[Row], Counter[str]]:
    """Make one event for each phone interval.

    The frame of an event is the output frame at the interval's anchor, moved by the recognizer's
    delay. Letter, unit and probability are the recognizer's own best letter there (neither blank
    nor space), so that a gradient has a target. An interval whose label stands for several
    phones is cut into equal parts; silence makes no event.

    Parameters
    ----------
    phones, words : sequence of Interval
        ``words`` may be empty.
    logits : Tensor, shape (frames, units)
    alphabet : Alphabet or None
        None where the units are no letters: every unit counts then, and ``letter`` is empty.
    frame_s, delay_s : float
        Seconds between output frames, and by which letters are predicted late.
    read : callable
        From a label to phones of the inventory; empty for silence. Raises InputError for a label
        that it does not know.
    anchor : {"centre", "start", "peak"}
        ``peak`` is the frame within the interval where a letter is most probable.

    Returns
    -------
    rows : list of dict
        Columns as of `letter_events` and `attach_phonemes`, and ``start_s``, ``end_s``.
        ``position`` and ``word_length`` count phones.
    lost : Counter
        Intervals without an event, by reason.
    """
    letters = logits.double().softmax(1)
    if alphabet is not None:
        letters[:, alphabet.blank] = -1.0
        space = alphabet.symbols.find(" ")
        if space >= 0:
            letters[:, space] = -1.0
    best, units = (value.tolist() for value in letters.max(1))
    lost: Counter[str] = Counter()
    parts: list[Interval | None] = []
    for interval in phones:
        try:
            symbols = read(interval.label)
        except InputError:
            lost[f"label {interval.label!r} outside the inventory"] += 1
            parts.append(None)
            continue
        if not symbols:
            parts.append(None)
            continue
        length = interval.end - interval.start
        edges = [interval.start + length * k // len(symbols) for k in range(len(symbols) + 1)]
        parts += [
            Interval(edges[k], edges[k + 1], symbol, interval.rate)
            for k, symbol in enumerate(symbols)
        ]
    rows: list[Row] = []
    counts: Counter[int] = Counter()
    for number, part in enumerate(parts):
        if part is None:
            continue
        first = round((part.start_s + delay_s) / frame_s)
        last = max(first + 1, round((part.end_s + delay_s) / frame_s))
        frame = first
        if anchor == "centre":
            frame = round(((part.start_s + part.end_s) / 2 + delay_s) / frame_s)
        elif anchor == "peak" and first >= 0 and last <= len(best):
            frame = max(range(first, last), key=best.__getitem__)
        if not 0 <= frame < len(best):
            lost[OUTSIDE] += 1
            continue
        word_index = _containing(words, part)
        previous = parts[number - 1] if number else None
        following = parts[number + 1] if number + 1 < len(parts) else None
        rows.append(
            {
                "frame": frame,
                "run_start": max(0, first),
                "run_end": min(len(best), last),
                "unit": units[frame],
                "letter": None if alphabet is None else alphabet.symbols[units[frame]],
                "probability": best[frame],
                "reference": None,
                "correct": None,
                "word": None if word_index is None else words[word_index].label,
                "word_index": -1 if word_index is None else word_index,
                "position": -1 if word_index is None else counts[word_index],
                "true_word": None if word_index is None else words[word_index].label,
                "phoneme": part.label,
                "previous_phone": previous.label if previous else None,
                "next_phone": following.label if following else None,
                "phone_source": "given",
                "phone_reason": None,
                "pronunciation": None,
                "variant": None,
                "confidence": None,
                "inserted": False,
                "start_s": part.start_s,
                "end_s": part.end_s,
            }
        )
        if word_index is not None:
            counts[word_index] += 1
    for row in rows:
        row["word_length"] = counts[row["word_index"]] if row["word_index"] >= 0 else -1
    return rows, lost


def _containing(words: Sequence[Interval], part: Interval) -> int | None:
    """Return the number of the word in which the middle of an interval lies."""
    middle = (part.start_s + part.end_s) / 2
    return next((i for i, w in enumerate(words) if w.start_s <= middle < w.end_s), None)
