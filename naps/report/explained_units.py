"""The section about single units: words they are relevant for, and how far back all look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from naps.plots.attention_span import attention_span_curve
from naps.relevance import AttentionSpan
from naps.report.data import DataFolder
from naps.report.element import Element, table
from naps.report.report_folder import ReportFolder, Words
from naps.report.words import decimal, probability

PART_NAMES = {
    "word": "words read through it",
    "input": "let in",
    "forget": "kept",
    "output": "shown",
}
# The strongest; all are in the file of numbers.
_MOST = 40
_POSITIONS = 30


@dataclass(frozen=True)
class UnitRow:
    """A unit as the table shows it.

    Attributes
    ----------
    layer, direction : str
    unit : int
    size : float
        Mean size of its relevance for a sentence.
    sign : str
        ``positive``, ``negative``, ``neutral``, ``silent``; empty where not known.
    p : float
        Of the sign.
    words : mapping of str to sequence of (str, float)
        By part: words and their mean relevance, the strongest first.
    """

    layer: str
    direction: str
    unit: int
    size: float
    sign: str
    p: float
    words: Mapping[str, Sequence[tuple[str, float]]]


def unit_table(units: Sequence[UnitRow], data: DataFolder) -> Element:
    """Make the table of the strongest units; all of them are in its file."""
    header = ["unit", "size", "sign", "p", *PART_NAMES.values()]
    rows = [
        [
            f"{one.layer} {one.direction} {one.unit}",
            decimal(one.size),
            one.sign or "not known",
            probability(one.p),
            *(
                ", ".join(f"{word} {decimal(mean, 2)}" for word, mean in one.words[part])
                for part in PART_NAMES
            ),
        ]
        for one in units[:_MOST]
    ]
    link = data.table(
        "units",
        ["layer", "direction", "unit", "size", "sign", "p", "part", "rank", "word", "mean"],
        (
            [one.layer, one.direction, one.unit, one.size, one.sign, one.p, part, rank, word, mean]
            for one in units
            for part, words in one.words.items()
            for rank, (word, mean) in enumerate(words, 1)
        ),
    )
    caption = (
        "The units with the most relevance by size. Positive ones are among the five strongest of "
        "sentences predicted positive and of none predicted negative, neutral ones of both; p, "
        "corrected for all units of a row, is that of so unequal a division if the class meant "
        "nothing to the unit. Words with their mean relevance: of what is read through the unit, "
        "and of what its gates let in, kept and showed at the word."
    )
    return table("Units", header, rows, numeric=(1, 3), caption=caption, data=link)


def span_element(span: AttentionSpan, out: ReportFolder) -> Element:
    """Draw how far back the network looks."""
    count = min(_POSITIONS, len(span.even))
    figure = attention_span_curve(
        span.shares.mean[:count], span.shares.low[:count], span.shares.high[:count],
        span.even[:count],
    )  # fmt: skip
    rows = zip(
        range(len(span.even)), span.shares.mean.tolist(), span.shares.low.tolist(),
        span.shares.high.tolist(), span.even.tolist(), span.items.tolist(), strict=True,
    )  # fmt: skip
    half = span.half
    words = Words(
        "Attention span",
        "A curve of the share of relevance by distance from the end of a sentence, beside what an "
        "even spread would give.",
        "Share of a sentence's relevance, by size, at each word counted from its end, with 95 % "
        "intervals; dashed: if all words had the same. Half of a sentence's relevance lies in the "
        f"last {decimal(float(half.mean), 1)} words [{decimal(float(half.low), 1)}, "
        f"{decimal(float(half.high), 1)}]. A peak at 0 is a short span.",
        out.data.table("span", ["from the end", "share", "low", "high", "even", "sentences"], rows),
    )
    return out.drawing("span", figure, words)
