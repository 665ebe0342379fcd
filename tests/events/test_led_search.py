from pathlib import Path

import pytest
import torch

from naps.corpus import read_manifest
from naps.decoding import read_language_model, write_arpa
from naps.errors import InputError
from naps.events import EventOptions, find_events
from naps.events.finder import decode
from naps.models import ENGLISH, Recognizer
from naps.pipeline.listening import search_options
from naps.pipeline.recipe import EventsConfig


@pytest.fixture
def arpa(tmp_path: Path) -> Path:
    sentences = [["the", "cat", "sat"], ["the", "cat", "ran"], ["a", "hat"]]
    write_arpa(tmp_path / "words.arpa", sentences, order=2)
    return tmp_path / "words.arpa"


def doubtful(text: str, other: str) -> torch.Tensor:
    """Logits that hold two texts of equal length for nearly equally probable."""
    logits = torch.full((2 * len(text), len(ENGLISH)), -9.0)
    for i, (first, second) in enumerate(zip(text, other, strict=True)):
        logits[2 * i, ENGLISH.symbols.index(second)] = 0.9
        logits[2 * i, ENGLISH.symbols.index(first)] = 1.0
        logits[2 * i + 1, ENGLISH.blank] = 1.0
    return logits


def test_words_that_are_usual_win_a_close_race(arpa: Path) -> None:
    logits = doubtful("the cad sat", "the cat sat")
    alone = decode(logits, ENGLISH, EventOptions())
    led = decode(logits, ENGLISH, EventOptions(language_model=read_language_model(arpa)))
    assert ENGLISH.decode([letter.unit for letter in alone]) == "the cad sat"
    assert ENGLISH.decode([letter.unit for letter in led]) == "the cat sat"
    assert [letter.frame for letter in led] == [2 * i for i in range(11)]


def test_events_and_transcripts_are_those_of_the_search(
    recognizer: Recognizer, corpus: Path, arpa: Path
) -> None:
    utterances = read_manifest(corpus / "manifest.jsonl")
    options = search_options(EventsConfig(language_model=arpa, word_bonus=4.0, language_weight=1.0))
    found = find_events(recognizer, utterances, options=options)
    for _, row in found.transcripts.iterrows():
        letters = found.table[found.table["utterance"] == row["id"]]["letter"]
        assert "".join(letters) == row["hypothesis"].replace(" ", "")


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.arpa"):
        search_options(EventsConfig(language_model=tmp_path / "none.arpa"))
