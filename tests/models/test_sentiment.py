"""The sentiment LSTM: words to numbers to scores, and its file."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

import naps.models
from data_prep.sst import read_split
from naps.errors import InputError
from naps.models import load_sentiment_model, shipped_models, shipped_sentiment_models
from naps.models.sentiment import (
    UNKNOWN,
    SentimentConfig,
    SentimentLSTM,
    SentimentModel,
    save_sentiment_model,
)
from naps.models.sentiment_score import sentiment_accuracy
from naps.relevance import METHODS, explain

WORDS = (UNKNOWN, "a", "good", "bad", "film", ".")


def small(**sizes: object) -> SentimentModel:
    torch.manual_seed(1)
    config = SentimentConfig(n_words=len(WORDS), embedding=6, hidden=5, **sizes)
    return SentimentModel("small", SentimentLSTM(config).double().eval(), WORDS)


@pytest.mark.parametrize("sizes", [{}, {"layers": 2}, {"bidirectional": False}])
def test_scores_do_not_depend_on_the_batch(sizes: dict[str, object]) -> None:
    model = small(**sizes)
    sentences = [["a", "film"], ["bad"], ["a", "good", "film", "."], ["never", "seen", "."]]
    together = model.scores(sentences)
    for sentence, row in zip(sentences, together, strict=True):
        alone = model.network(model.encode(sentence).ids[None])[0].float()
        torch.testing.assert_close(row, alone, rtol=0, atol=1e-7)


def test_unknown_words_are_one_word_and_named() -> None:
    model = small()
    found = model.encode(["a", "dire", "film", "dire", UNKNOWN])
    assert found.ids.tolist() == [1, 0, 4, 0, 0]
    assert found.unknown == ("dire", UNKNOWN)
    assert torch.equal(model.scores([["dire"]]), model.scores([["splendid"]]))


def test_dropout_is_only_for_training() -> None:
    model = small(word_dropout=0.9, dropout=0.9)
    words = torch.tensor([[1, 2, 4, 5]])
    assert torch.equal(model.network(words), model.network(words))
    model.network.train()
    assert not torch.equal(model.network(words), model.network(words))


@pytest.mark.parametrize(
    ("method", "layers"),
    # Guided backpropagation needs ReLUs, contextual decomposition a single layer.
    [(method, 1) for method in METHODS if method != "guided_backprop"]
    + [("lrp", 2), ("occlusion", 2), ("gradient_times_input", 2)],
)
def test_methods_explain_it(method: str, layers: int) -> None:
    model = small(layers=layers)
    words = torch.tensor([[1, 2, 4, 5], [3, 4, 0, 0]])
    found = explain(model.network, words, 3, method, lengths=[4, 2])
    alone = explain(model.network, words[1:, :2], 3, method)
    assert bool(found.tokens[:, :2].abs().sum() > 0)
    assert not found.tokens[1, 2:].any()
    if method not in ("random", "smoothgrad"):
        torch.testing.assert_close(found.tokens[1, :2], alone.tokens[0])


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    model = replace(small(), facts={"seed": 1})
    save_sentiment_model(tmp_path / "m.safetensors", model, torch.float16)
    found = load_sentiment_model(tmp_path / "m.safetensors")
    assert (found.name, found.vocabulary, found.facts) == ("small", WORDS, {"seed": 1})
    assert len(found.sha256) == 64
    assert not found.network.training
    for name, value in found.network.state_dict().items():
        torch.testing.assert_close(
            value.double(), model.network.state_dict()[name], rtol=1e-3, atol=1e-4
        )


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such model file, and the shipped"):
        load_sentiment_model(tmp_path / "none.safetensors")
    (tmp_path / "half.safetensors").write_bytes(b"\x10")
    with pytest.raises(InputError, match="not a complete safetensors file"):
        load_sentiment_model(tmp_path / "half.safetensors")
    with pytest.raises(InputError, match="format 'naps-recognizer-1'"):
        load_sentiment_model(Path("naps/models/weights") / f"{shipped_models()[0]}.safetensors")


def test_a_vocabulary_that_does_not_fit() -> None:
    model = small()
    with pytest.raises(InputError, match="5 words, but the network has 6"):
        replace(model, vocabulary=WORDS[:-1])
    with pytest.raises(InputError, match="5 different words"):
        replace(model, vocabulary=(*WORDS[:-1], "a"))
    with pytest.raises(InputError, match="2 classes, but the network has 5"):
        replace(model, classes=("bad", "good"))
    with pytest.raises(InputError, match="the first word"):
        replace(model, vocabulary=WORDS[::-1])


def test_classes_by_name_and_number() -> None:
    model = small()
    assert model.class_number("very positive") == 4
    assert model.class_number("0") == model.class_number(0) == 0
    for wrong in ("5", "-1", "splendid"):
        with pytest.raises(InputError, match=r"no class .*; there are: 0 very negative, 1 "):
            model.class_number(wrong)


@pytest.mark.parametrize("empty", ["", "  \n "])
def test_nothing_to_read(empty: str) -> None:
    model = small()
    with pytest.raises(InputError, match="the sentence is empty"):
        model.words(empty)
    with pytest.raises(InputError, match="the sentence is empty"):
        model.encode([])


def test_the_shipped_model_has_a_card_and_reads() -> None:
    (name,) = shipped_sentiment_models()
    folder = Path(naps.models.__file__).parent / "weights"
    assert (folder / f"{name}.safetensors").stat().st_size <= 10e6
    card = (folder / f"{name}.md").read_text("utf-8")
    assert card.startswith(f"# {name}\n")
    assert name not in shipped_models()
    model = load_sentiment_model(name)
    assert model.name == name
    texts = [
        "This is a terrible, boring waste of time.", "It is not a good film.",
        "It is a good film.", "A wonderful, moving masterpiece!",
    ]  # fmt: skip
    found = model.scores([model.words(text) for text in texts]).argmax(1).tolist()
    assert found == [0, 1, 4, 4]


@pytest.mark.data
def test_accuracy_of_the_shipped_model(data: Path) -> None:
    model = load_sentiment_model(shipped_sentiment_models()[0])
    sentences = read_split(data / "text" / "sst", "test")
    scores = model.scores([sentence.words for sentence in sentences])
    found = sentiment_accuracy(scores, [sentence.label for sentence in sentences])
    assert model.facts is not None
    assert found.fine == pytest.approx(model.facts["test"]["fine"], abs=0.002)
    assert found.fine >= 0.45
    assert found.binary >= 0.83
