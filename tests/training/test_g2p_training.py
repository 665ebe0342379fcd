import json
import random
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from naps.errors import InputError
from naps.phonology import Lexicon
from naps.phonology.g2p import load_g2p
from naps.training import TrainG2PConfig, train_g2p
from naps.training.g2p import collate, place_of, split_words

SAID = {"b": "B", "c": "K", "d": "D", "x": "K S", "a": "AE", "o": "AA", "e": ""}


@pytest.fixture
def dictionary(tmp_path: Path) -> Path:
    """An orderly language: every letter is said in one way, e is silent, x is two phones."""
    draw = random.Random(1)
    words = {"".join(draw.choices("bcdxaoe", k=draw.randint(3, 6))) for _ in range(700)}
    lines = [f"{w} {' '.join(SAID[c] for c in w if SAID[c])}" for w in sorted(words)]
    path = tmp_path / "words.dict"
    path.write_text("\n".join(line for line in lines if " " in line.strip()), encoding="utf-8")
    return path


def config(dictionary: Path, **changes: object) -> TrainG2PConfig:
    given = {
        "name": "toy", "lexicon": dictionary, "steps": 300, "batch": 64, "eval_every": 100,
        "learning_rate": 0.01, "dev_share": 0.1, "test_share": 0.1, "smoothing": 0.0,
        "network": {"embedding": 12, "encoder": 16, "decoder": 24, "dropout": 0.0},
        "precision": "float32",
    }  # fmt: skip
    return TrainG2PConfig.model_validate(given | changes)


def test_it_learns_an_orderly_spelling(dictionary: Path, tmp_path: Path) -> None:
    said: list[str] = []
    path = train_g2p(config(dictionary), tmp_path / "out", say=said.append)
    model = load_g2p(path)
    figures = json.loads((tmp_path / "out" / "figures.json").read_text())
    assert model.facts == figures
    assert figures["error_rates"]["test beam 5"]["per"] < 0.05
    assert figures["error_rates"]["test beam 5"]["words"] > 40
    assert model.pronounce(["boxed"])[0].phones == ("B", "AA", "K", "S", "D")
    assert {t.dtype for t in load_file(path).values()} == {torch.float16}
    assert len((tmp_path / "out" / "log.csv").read_text().splitlines()) == 4


def test_an_interrupted_run_ends_as_the_other(dictionary: Path, tmp_path: Path) -> None:
    short = config(dictionary, steps=12, eval_every=4, network={"decoder": 8, "dropout": 0.3})
    train_g2p(short, tmp_path / "whole", say=lambda _: None)
    state = train_g2p(short, tmp_path / "parts", say=lambda _: None, stop_after=7)
    assert state.name == "state.safetensors"
    train_g2p(short, tmp_path / "parts", say=lambda _: None)
    whole, parts = (load_file(tmp_path / f / "state.safetensors") for f in ("whole", "parts"))
    assert whole.keys() == parts.keys()
    for name, value in whole.items():
        torch.testing.assert_close(parts[name], value, rtol=0, atol=0)


def test_held_out_words_depend_on_the_word_alone() -> None:
    entries = dict.fromkeys(["cat", "dog", "émigré", "bird", "ax", "ay", "az"], (("K",),))
    lexicon = Lexicon("test", entries)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = split_words(lexicon, None, 0.3, 0.3, letters)
    assert words.left_out == ("émigré",)
    for word in set(entries) - {"émigré"}:
        place = place_of(word)
        assert (word in words.test) == (place < 0.3)
        assert (word in words.dev) == (0.3 <= place < 0.6)
        assert (word in words.train) == (place >= 0.6)
    given = split_words(lexicon, Lexicon("held", {"cat": (("K",),)}), 0.0, 0.3, letters)
    assert set(given.test) == {"cat"}
    assert set(given.train) == set(entries) - {"émigré", "cat"}


def test_collate_ends_with_the_boundary() -> None:
    letters, before, target = collate([[1, 2], [3, 4]], [[5], [6, 7]])
    assert letters.tolist() == [[1, 2], [3, 4]]
    assert before.tolist() == [[0, 5, 0], [0, 6, 7]]
    assert target.tolist() == [[5, 0, -1], [6, 7, 0]]


def test_no_dictionary_or_too_small_a_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="names no dictionary; --set lexicon=FILE"):
        train_g2p(TrainG2PConfig(name="x"), tmp_path / "out")
    (tmp_path / "one.dict").write_text("cat K AE T\n")
    with pytest.raises(InputError, match="too few words"):
        train_g2p(config(tmp_path / "one.dict"), tmp_path / "out")
