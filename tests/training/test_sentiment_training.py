"""Training a sentiment LSTM: it learns, goes on where it stopped, and says what is wrong."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from naps.corpus.sentences import Sentence, write_sentences
from naps.errors import InputError
from naps.models import load_sentiment_model
from naps.models.sentiment_score import sentiment_accuracy
from naps.training import TrainSentimentConfig, train_sentiment
from naps.training.sentiment import vocabulary_of
from naps.training.word_vectors import read_word_vectors

SIDES = {"good": 1, "great": 2, "bad": -1, "awful": -2, "long": 0}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Sentences of one adjective, whose side ``not`` turns round."""
    phrases = [
        Sentence(f"{start}-{adverb}-{word}", tuple(f"{start} {adverb} {word} .".split()),
                 2 + (-side if adverb == "not" else side))
        for start in ("it is", "films are", "all was", "this seems", "that became", "we were")
        for adverb in ("not", "so", "rather", "")
        for word, side in SIDES.items()
    ]  # fmt: skip
    write_sentences(tmp_path / "train-phrases.jsonl", phrases)
    write_sentences(tmp_path / "dev.jsonl", phrases[::3])
    write_sentences(tmp_path / "test.jsonl", phrases[1::3])
    return tmp_path


def config(path: Path | None, **changes: object) -> TrainSentimentConfig:
    given = {
        "name": "toy", "path": path, "epochs": 40, "batch": 16, "eval_every": 100,
        "learning_rate": 0.01, "averaging": 0.9, "weight_decay": 0.0, "unknown": 0.0,
        "network": {"embedding": 8, "hidden": 8, "word_dropout": 0.0, "dropout": 0.0},
    }  # fmt: skip
    return TrainSentimentConfig.model_validate(given | changes)


def test_it_learns_what_not_does(corpus: Path, tmp_path: Path) -> None:
    said: list[str] = []
    path = train_sentiment(config(corpus), tmp_path / "out", say=said.append)
    model = load_sentiment_model(path)
    figures = json.loads((tmp_path / "out" / "figures.json").read_text())
    assert model.facts == figures
    assert figures["test"]["fine"] > 0.95
    assert figures["test"]["sentences"] == 40
    awful = model.scores([model.words("It is awful."), model.words("It is not awful.")])
    assert awful.argmax(1).tolist() == [0, 4]
    assert {t.dtype for t in load_file(path).values() if t.ndim > 1} == {torch.float16}
    assert said[0].startswith("120 phrases of ")


def test_an_interrupted_run_ends_as_the_other(corpus: Path, tmp_path: Path) -> None:
    network = {"embedding": 6, "hidden": 5, "word_dropout": 0.3, "dropout": 0.2}
    short = config(corpus, epochs=3, eval_every=4, unknown=0.5, network=network)
    train_sentiment(short, tmp_path / "whole", say=lambda _: None)
    state = train_sentiment(short, tmp_path / "parts", say=lambda _: None, stop_after=7)
    assert state.name == "state.safetensors"
    train_sentiment(short, tmp_path / "parts", say=lambda _: None)
    for name in ("state", "toy"):
        whole, parts = (load_file(tmp_path / f / f"{name}.safetensors") for f in ("whole", "parts"))
        assert whole.keys() == parts.keys()
        for key, value in whole.items():
            assert torch.equal(value, parts[key]), key


def test_another_recipe_does_not_go_on(corpus: Path, tmp_path: Path) -> None:
    train_sentiment(config(corpus), tmp_path / "out", say=lambda _: None, stop_after=2)
    with pytest.raises(InputError, match=r"its learning_rate is 0\.01, the recipe's 0\.02"):
        train_sentiment(config(corpus, learning_rate=0.02), tmp_path / "out", say=lambda _: None)


def test_vectors_to_begin_with(corpus: Path, tmp_path: Path) -> None:
    vectors = tmp_path / "glove.txt"
    vectors.write_text("good 1 2 3 4 5 6 7 8\nunheard 1 1 1 1 1 1 1 1\nbad 8 7 6 5 4 3 2 1\n")
    said: list[str] = []
    train_sentiment(
        config(corpus, vectors=vectors, epochs=1, learning_rate=1e-9, eval_every=1),
        tmp_path / "out", say=said.append, stop_after=1,
    )  # fmt: skip
    assert said[1] == "2 of 21 words have a vector to begin with"
    model = load_sentiment_model(tmp_path / "out" / "best.safetensors")
    row = model.network.embedding.weight[model.encode(["good"]).ids[0]]
    torch.testing.assert_close(row, torch.arange(1.0, 9.0), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("good 1 2 3\n", "line 1: 3 numbers behind the word"),
        ("bad 1 2 3 4 5 6 7 8\ngood 1 2 3 4 5 6 7 x\n", "line 2: could not convert"),
        ("good 1 2 3 4 5 6 7 nan\n", "line 1: a number is not finite"),
        ("unheard 1 2 3 4 5 6 7 8\n", "none of its words"),
    ],
)
def test_vectors_that_are_wrong(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        read_word_vectors(path, 8, {"good", "bad"})


def test_brackets_and_a_header_in_vectors(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_text("2 2\n( 1 2\n( 3 4\n")
    (found,) = read_word_vectors(path, 2, {"-lrb-"}).items()
    assert found[0] == "-lrb-"
    np.testing.assert_array_equal(found[1], [1, 2])


@pytest.mark.parametrize(
    ("missing", "said"), [(None, "names no sentences"), ("dev.jsonl", "no such file; 'naps prep")]
)
def test_files_that_are_missing(missing: str | None, said: str, corpus: Path) -> None:
    if missing is not None:
        (corpus / missing).unlink()
    with pytest.raises(InputError, match=said):
        train_sentiment(config(None if missing is None else corpus), corpus / "out")


def test_accuracy_of_classes_and_sides() -> None:
    scores = torch.tensor([
        [3.0, 0, 0, 0, 0],  # right
        [0, 0, 0, 1.0, 1.1],  # wrong class, right side
        [0, 0, 5.0, 0.1, 0],  # neutral is most likely, but positive more than negative
        [0, 0, 0, 0, 9.0],  # wrong, and no side to be right about
    ])  # fmt: skip
    found = sentiment_accuracy(scores, [0, 3, 1, 2])
    assert (found.fine, found.sentences, found.sided) == (0.25, 4, 3)
    assert found.binary == pytest.approx(2 / 3)


def test_vocabulary_by_frequency() -> None:
    sentences = [Sentence("a", ("x", "y", "x"), 0), Sentence("b", ("x", "y", "z"), 0)]
    numbers, counts = vocabulary_of(sentences, 2)
    assert numbers == {"<unknown>": 0, "x": 1, "y": 2}
    assert counts.tolist() == [0, 3, 2]
