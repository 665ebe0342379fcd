"""Pages of explanations: what they say of their own worth, and that they can be read."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from naps.errors import InputError
from naps.report.explained import (
    Explained,
    ExplainedSentences,
    ExplainedSpeech,
    Judged,
    Sentence,
)
from naps.report.explained_speech import findings, speech_page
from naps.report.explained_words import about, ink, words_page
from tests.report.test_report import HOSTILE, Reader


def judged(fall: float = 5.0, low: float = 4.0, chance: float = 0.5) -> Judged:
    curve = np.linspace(6, 0, 11)
    return Judged(curve, np.linspace(6, 5, 11), fall, low, fall + 1, chance, 8, 0.03, (5, 8))


def speech(letters: int = 9, frames: int = 120, *, label: str = "a") -> ExplainedSpeech:
    random = np.random.default_rng(0)
    relevance = random.normal(size=(letters, frames, 16)).astype(np.float32) / 500
    places = np.linspace(5, frames - 6, letters).astype(int)
    for row, place in zip(relevance, places, strict=True):
        row[place - 4 : place + 5] += 0.05
    items = tuple(
        Explained(
            frame=int(place), time_s=0.01 * float(place), label=label, target=label,
            probability=0.9, score=8.0, total=float(row.sum()), cancellation=1.5,
            near=0.6, near_even=0.1,
        )
        for row, place in zip(relevance, places, strict=True)
    )  # fmt: skip
    return ExplainedSpeech(
        model="some", utterance="one", heard=label * letters, method="LRP", shared=True,
        spectrogram=random.normal(size=(frames, 16)).astype(np.float32), frame_s=0.01,
        mel_hz=np.geomspace(100, 7000, 16), items=items, relevance=relevance, judged=judged(),
        provenance={"naps": "0"},
    )  # fmt: skip


def accessible(page: Path) -> Reader:
    """Check what every page of ours has."""
    reader = Reader(page.read_text("utf-8"))
    assert page.stat().st_size < 3_000_000
    assert len(reader.all("script")) == len(reader.all("h1")) == len(reader.all("main")) == 1
    headings = [int(name[1]) for name, _ in reader.tags if re.fullmatch("h[1-6]", name)]
    assert all(after - before <= 1 for before, after in pairwise(headings))
    assert all(image["alt"] for image in reader.all("img"))
    assert all(x["aria-label"] for _, x in reader.tags if x.get("role") in ("img", "region"))
    assert len(reader.all("caption")) == len(reader.all("table"))
    ids = [entry["id"] for _, entry in reader.tags if "id" in entry]
    assert len(ids) == len(set(ids))
    assert not [k for _, entry in reader.tags for k in entry if k.startswith("on")]
    return reader


def test_a_page_of_speech(tmp_path: Path) -> None:
    content = speech()
    page = accessible(speech_page(content, tmp_path))
    for sentence in findings(content):
        assert sentence in page.text
    rows = (tmp_path / "data" / "letters.csv").read_text("utf-8").splitlines()
    assert len(rows) == 1 + len(content.items)
    by_time = (tmp_path / "data" / "relevance-by-time.csv").read_text("utf-8").splitlines()
    first = [float(v) for v in by_time[1].split(",")[1:]]
    np.testing.assert_allclose(first, content.relevance[0].sum(1)[: len(first)] / 8, rtol=2e-3)


def test_a_page_of_many_letters_is_small(tmp_path: Path) -> None:
    accessible(speech_page(speech(80, 1500), tmp_path))


def test_names_from_files_are_escaped(tmp_path: Path) -> None:
    content = replace(speech(label=HOSTILE), utterance=HOSTILE, heard=HOSTILE)
    page = speech_page(content, tmp_path)
    accessible(page)
    assert "<script>alert" not in page.read_text("utf-8")


def test_findings_are_those_of_the_numbers() -> None:
    content = speech()
    good = findings(content)
    assert good[0].endswith("what is called relevant is, for 8 letters tried.")
    poor = findings(replace(content, judged=judged(fall=1.0, low=0.2, chance=0.5)))
    assert poor[0].endswith("no better than chance.")
    assert not any("cancels" in line for line in good)
    for ratio, words in ((5.0, "read regions"), (50.0, "no single spot")):
        items = tuple(replace(item, cancellation=ratio) for item in content.items)
        assert any(words in line for line in findings(replace(content, items=items)))
    # A gradient shares nothing out, so there is nothing to be missing.
    gradient = findings(replace(content, shared=False, judged=None, left_out=3))
    assert len(gradient) == 2
    assert gradient[-1].startswith("3 more letters")


def test_no_such_format(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="bmp"):
        speech_page(speech(), tmp_path, ["bmp"])


def test_a_page_of_words(tmp_path: Path) -> None:
    words = ("not", "funny", HOSTILE)
    sentence = Sentence(words, (-1.0, 2.0, 0.0), (0.2, 0.8), 1, 0, 2.0, (HOSTILE,))
    content = ExplainedSentences("some", ("bad", "good"), "LRP", True, (sentence,))
    page = accessible(words_page(content, tmp_path))
    assert "Bad?" in page.text
    assert "−1.00" in page.text
    said = about(content, sentence)
    assert "Predicted: good (80.0%); explained: bad, score 2.00" in said
    assert "the words have 1.00 (off by 50.0%" in said
    assert HOSTILE in said
    assert "cancels" not in said
    wild = replace(sentence, relevance=(-1000.0, 1001.0, 1.0))
    assert "has 1,001 times the size of the score and cancels" in about(content, wild)


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ("#ffffff", "#000000"),
        ("#ff0000", "#000000"),
        ("#0000ff", "#ffffff"),
        ("#6a6aff", "#000000"),
    ],
)  # fmt: skip
def test_ink_can_be_read(colour: str, expected: str) -> None:
    assert ink(colour) == expected
