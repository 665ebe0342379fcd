"""The page of sentences explained: heat maps of words (after Arras et al. 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from naps.files import write_text
from naps.relevance.heat import heat_colors
from naps.report.element import Element, facts, render
from naps.report.explained import ExplainedSentences, Sentence
from naps.report.explained_speech import RELEVANCE_REFERENCES
from naps.report.words import decimal, listed, percent, shown

# Characters of sentences on one page, each of which takes some twenty bytes of it.
_ROOM = 60_000
# Sizes of all relevance by the score, beyond which it is but noise.
_NOISE = 10.0


def words_page(content: ExplainedSentences, folder: Path, units: Sequence[Element] = ()) -> Path:
    """Write ``index.html`` about sentences.

    Parameters
    ----------
    content : ExplainedSentences
    folder : Path
    units : sequence of Element
        Of a section about single units.

    Returns
    -------
    Path
        The page.
    """
    shown_here: list[dict[str, object]] = []
    room = _ROOM
    for sentence in content.sentences:
        room -= sum(len(word) + 8 for word in sentence.words)
        if room < 0 and shown_here:
            break
        shown_here.append(_sentence(content, sentence))
    count = len(content.sentences)
    page = folder / "index.html"
    html = render(
        "explained_words.html",
        version=shown(content.provenance.get("naps")),
        title=f"What {content.model} reads",
        lead=f"{count} sentence{'s' * (count > 1)}. {content.method}.",
        sentences=shown_here,
        left_out=count - len(shown_here),
        units=units,
        provenance=facts("Explanation", content.provenance),
        references=RELEVANCE_REFERENCES[:2],
    )
    write_text(page, html)
    return page


def about(content: ExplainedSentences, sentence: Sentence) -> str:
    """Say what was predicted and explained, and how much of the score the words account for."""
    predicted, target = sentence.predicted, sentence.target
    text = (
        f"Predicted: {content.classes[predicted]} "
        f"({percent(sentence.probabilities[predicted])}); explained: {content.classes[target]}, "
        f"score {decimal(sentence.score, 2)}"
    )
    if content.shared:
        rest = abs(sentence.score - sentence.total) / max(abs(sentence.score), 1e-12)
        text += (
            f", of which the words have {decimal(sentence.total, 2)} (off by {percent(rest)}: "
            f"biases and the stabilizer)"
        )
        # Against one at least: a score may be near zero and its explanation sound.
        ratio = sum(map(abs, sentence.relevance)) / max(abs(sentence.score), 1.0)
        if ratio > _NOISE:
            text += (
                f". Relevance for and against has {ratio:,.0f} times the size of the score and "
                f"cancels: no single word should be believed"
            )
    if sentence.unknown:
        text += f". Not in the vocabulary: {listed(sentence.unknown, 10)}"
    return f"{text}."


def _sentence(content: ExplainedSentences, sentence: Sentence) -> dict[str, object]:
    words = [
        {"text": word, "value": f"{decimal(value, 2)}", "colour": colour, "ink": ink(colour)}
        for word, value, colour in zip(
            sentence.words, sentence.relevance, heat_colors(sentence.relevance), strict=True
        )
    ]
    title = f"{content.classes[sentence.target].capitalize()}?"
    if sentence.target == sentence.predicted:
        title = content.classes[sentence.target].capitalize()
    return {"title": title, "words": words, "about": about(content, sentence)}


def ink(colour: str) -> str:
    """Return black or white, whichever is easier to read on a colour such as ``#ff1111``."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    # Contrast with black is (L + .05) / .05, with white 1.05 / (L + .05).
    return "#000000" if (light + 0.05) ** 2 > 1.05 * 0.05 else "#ffffff"
