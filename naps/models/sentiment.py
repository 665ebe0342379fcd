"""A sentiment LSTM: words in, scores of classes from very negative to very positive out.

The bidirectional LSTM that layer-wise relevance propagation for LSTMs was first shown on (Arras et
al. 2017, after Li et al. 2016): embedded words, one or more layers, a linear head on the last state
of each direction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

from naps.errors import InputError
from naps.files import sha256
from naps.models.treebank import treebank_words
from naps.weights import described, read_weights, write_weights

FORMAT = "naps-sentiment-1"
CLASSES = ("very negative", "negative", "neutral", "positive", "very positive")
UNKNOWN = "<unknown>"
_SHIPPED = Path(__file__).parent / "weights"
_PREFIX = "sentiment-"
_BATCH = 256


class SentimentConfig(BaseModel):
    """Sizes of a sentiment LSTM.

    Attributes
    ----------
    n_words : int
        Of the vocabulary, the unknown word included.
    n_classes : int
    embedding : int
        Values of a word.
    hidden : int
        Cells of every layer, in each direction.
    layers : int
    bidirectional : bool
    word_dropout : float
        Share of values of the embedded words dropped while training.
    dropout : float
        The same of what each layer hands on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    n_words: int = Field(ge=2)
    n_classes: int = Field(5, ge=2)
    embedding: int = Field(128, ge=1)
    hidden: int = Field(128, ge=1)
    layers: int = Field(1, ge=1, le=8)
    bidirectional: bool = True
    word_dropout: float = Field(0.0, ge=0.0, lt=1.0)
    dropout: float = Field(0.0, ge=0.0, lt=1.0)


class SentimentLSTM(nn.Module):
    """Numbers of words to scores of classes.

    Parameters
    ----------
    config : SentimentConfig
    """

    def __init__(self, config: SentimentConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.n_words, config.embedding)
        self.lstm = nn.LSTM(
            config.embedding,
            config.hidden,
            config.layers,
            batch_first=True,
            bidirectional=config.bidirectional,
            dropout=config.dropout if config.layers > 1 else 0.0,
        )
        self.rows = 2 if config.bidirectional else 1
        self.output = nn.Linear(self.rows * config.hidden, config.n_classes)

    def forward(self, words: Tensor, lengths: Sequence[int] | Tensor | None = None) -> Tensor:
        """Map numbers of words (batch, steps) to scores (batch, classes).

        ``lengths`` says how many words of each item are real; all by default.
        """
        x: Any = functional.dropout(self.embedding(words), self.config.word_dropout, self.training)
        if lengths is not None:
            ends = torch.as_tensor(lengths)
            if bool((ends != x.shape[1]).any()):
                x = pack_padded_sequence(x, ends.cpu(), batch_first=True, enforce_sorted=False)
        hidden = self.lstm(x)[1][0]
        last = torch.cat(list(hidden[-self.rows :]), 1)
        scores: Tensor = self.output(functional.dropout(last, self.config.dropout, self.training))
        return scores


@dataclass(frozen=True)
class Encoded:
    """A sentence as the network reads it.

    Attributes
    ----------
    words : tuple of str
    ids : Tensor of int, shape (words,)
    unknown : tuple of str
        Words that the vocabulary has not, each once; they all are read as one.
    """

    words: tuple[str, ...]
    ids: Tensor
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class SentimentModel:
    """What is needed to turn words into scores of classes.

    Attributes
    ----------
    name : str
    network : SentimentLSTM
        In eval mode; its scores are those before a softmax.
    vocabulary : tuple of str
        The word of each number; number 0 stands for all unknown ones.
    classes : tuple of str
        From the most negative to the most positive.
    sha256 : str
        Of the file it came from; empty if it came from none.
    facts : mapping
        What the trainer wrote down.

    Raises
    ------
    InputError
        If vocabulary or classes do not fit the network, or a word is there twice.
    """

    name: str
    network: SentimentLSTM
    vocabulary: tuple[str, ...]
    classes: tuple[str, ...] = CLASSES
    sha256: str = ""
    facts: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        sizes = self.network.config
        for what, found, needed in (
            ("words", len(self.vocabulary), sizes.n_words),
            ("different words", len(set(self.vocabulary)), sizes.n_words),
            ("classes", len(self.classes), sizes.n_classes),
        ):
            if found != needed:
                raise InputError(f"{self.name}: {found} {what}, but the network has {needed}")
        if self.vocabulary[0] != UNKNOWN:
            raise InputError(f"{self.name}: the first word must be {UNKNOWN}")

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.vocabulary) if number}

    def words(self, text: str) -> list[str]:
        """Part a text into words as this model knows them.

        Raises
        ------
        InputError
            If there are none.
        """
        found = treebank_words(text)
        if not found:
            raise InputError("the sentence is empty: there is no word to read")
        return found

    def encode(self, words: Sequence[str]) -> Encoded:
        """Return the numbers of words; those that are not known get 0.

        Raises
        ------
        InputError
            If there are none.
        """
        if not words:
            raise InputError("the sentence is empty: there is no word to read")
        numbers = [self._numbers.get(word, 0) for word in words]
        unknown = dict.fromkeys(w for w, number in zip(words, numbers, strict=True) if not number)
        return Encoded(tuple(words), torch.tensor(numbers), tuple(unknown))

    def class_number(self, name: str | int) -> int:
        """Return the number of a class, given its name or its number.

        Raises
        ------
        InputError
            If there is none; the message lists those there are.
        """
        if str(name) in self.classes:
            return self.classes.index(str(name))
        if str(name) in map(str, range(len(self.classes))):
            return int(name)
        listed = ", ".join(f"{number} {one}" for number, one in enumerate(self.classes))
        raise InputError(f"no class {name!r}; there are: {listed}")

    def scores(self, sentences: Sequence[Sequence[str]]) -> Tensor:
        """Return the scores of sentences of words, shape (sentences, classes).

        Raises
        ------
        InputError
            If one is empty.
        """
        return scores_of(self.network, [self.encode(words).ids for words in sentences])


@torch.no_grad()
def scores_of(network: SentimentLSTM, sentences: Sequence[Tensor]) -> Tensor:
    """Return the scores of numbered sentences, in batches of like lengths.

    Parameters
    ----------
    network : SentimentLSTM
        In eval mode.
    sentences : sequence of Tensor of int, each of shape (words,)

    Returns
    -------
    Tensor, shape (sentences, classes)
    """
    order = sorted(range(len(sentences)), key=lambda place: len(sentences[place]))
    device = network.output.weight.device
    found = torch.empty(len(sentences), network.config.n_classes)
    for start in range(0, len(order), _BATCH):
        places = order[start : start + _BATCH]
        batch = [sentences[place] for place in places]
        padded = pad_sequence(batch, batch_first=True).to(device)
        found[places] = network(padded, [len(item) for item in batch]).float().cpu()
    return found


def save_sentiment_model(
    path: Path, model: SentimentModel, dtype: torch.dtype = torch.float32
) -> None:
    """Write weights and description to one safetensors file, replaced in one step.

    Parameters
    ----------
    path : Path
    model : SentimentModel
    dtype : torch.dtype
        Type of the stored matrices; biases stay float32.
    """
    state = {
        key: value.detach().cpu().to(dtype if value.ndim > 1 else None)
        for key, value in model.network.state_dict().items()
    }
    description = {
        "format": FORMAT,
        "name": model.name,
        "network": model.network.config.model_dump(),
        "vocabulary": list(model.vocabulary),
        "classes": list(model.classes),
        "facts": dict(model.facts or {}),
    }
    write_weights(path, state, description)


def shipped_sentiment_models() -> list[str]:
    """Name the sentiment models that come with the package."""
    return sorted(path.stem for path in _SHIPPED.glob(f"{_PREFIX}*.safetensors"))


def load_sentiment_model(name: str | Path, *, device: torch.device | str = "cpu") -> SentimentModel:
    """Load a sentiment model by the name of a shipped one or by path.

    Parameters
    ----------
    name : str or Path
        Such as ``"sentiment-lstm-en"`` or ``"runs/sentiment_lstm/best.safetensors"``.
    device : torch.device or str

    Raises
    ------
    InputError
        If the file is missing, truncated, not one of ours, or does not fit its description.
    """
    shipped = shipped_sentiment_models()
    path = _SHIPPED / f"{name}.safetensors" if str(name) in shipped else Path(name)
    if not path.is_file():
        raise InputError(
            f"{name}: no such model file, and the shipped sentiment models are: "
            f"{', '.join(shipped) or 'none'}"
        )
    description, state = read_weights(path)
    with described(path, description, "sentiment model", FORMAT):
        network = SentimentLSTM(SentimentConfig(**description["network"]))
        network.load_state_dict(state)
        return SentimentModel(
            name=str(description["name"]),
            network=network.to(device).eval(),
            vocabulary=tuple(str(word) for word in description["vocabulary"]),
            classes=tuple(str(one) for one in description["classes"]),
            sha256=sha256(path),
            facts=dict(description.get("facts", {})),
        )
