"""Training a sentiment LSTM on the phrases of a treebank; resumable to the step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from naps.corpus.sentences import Sentence, read_sentences
from naps.errors import InputError
from naps.files import write_json
from naps.models.sentiment import (
    CLASSES,
    UNKNOWN,
    SentimentConfig,
    SentimentLSTM,
    SentimentModel,
    load_sentiment_model,
    save_sentiment_model,
    scores_of,
)
from naps.models.sentiment_score import sentiment_accuracy
from naps.training.batches import batches_from, same_length_batches
from naps.training.config import Strict
from naps.training.course import Course, follow
from naps.training.schedule import learning_rate
from naps.training.word_vectors import read_word_vectors

Say = Callable[[str], None]


class SentimentNetworkSizes(Strict):
    """Sizes that the recipe decides; see `naps.models.sentiment.SentimentConfig`."""

    embedding: int = Field(128, ge=1)
    hidden: int = Field(128, ge=1)
    layers: int = Field(1, ge=1, le=8)
    bidirectional: bool = True
    word_dropout: float = Field(0.5, ge=0.0, lt=1.0)
    dropout: float = Field(0.3, ge=0.0, lt=1.0)


class TrainSentimentConfig(Strict):
    """A recipe that trains a sentiment LSTM.

    Attributes
    ----------
    path : Path or None
        Folder with ``train-phrases.jsonl``, ``dev.jsonl`` and ``test.jsonl``, as
        ``naps prepare sst`` writes them; set it with ``--set path=FOLDER``.
    vectors : Path or None
        Word vectors to begin with: a word and its numbers a line, as GloVe's are published; as
        many numbers as ``network.embedding``.
    min_count : int
        Words of fewer sentences of the training phrases are unknown words.
    unknown : float
        How often known words are read as unknown ones while training: a word that was seen n
        times with a probability of ``unknown / (unknown + n)``.
    epochs : int
    batch : int
        Phrases, all of the same length.
    averaging : float
        Decay a step of the moving average of the weights, which is what is watched and kept.
    eval_every : int
        Steps between looks at dev.
    """

    kind: Literal["sentiment"] = "sentiment"
    name: str
    path: Path | None = None
    vectors: Path | None = None
    min_count: int = Field(1, ge=1)
    unknown: float = Field(0.25, ge=0.0)
    network: SentimentNetworkSizes = SentimentNetworkSizes()
    seed: int = Field(1, ge=0)
    epochs: int = Field(8, ge=1)
    batch: int = Field(128, ge=1)
    learning_rate: float = Field(2e-3, gt=0.0)
    weight_decay: float = Field(0.02, ge=0.0)
    warmup: float = Field(0.04, ge=0.0, lt=1.0)
    averaging: float = Field(0.999, ge=0.0, lt=1.0)
    clip: float = Field(1.0, gt=0.0)
    eval_every: int = Field(500, ge=1)


@dataclass(frozen=True)
class SentimentData:
    """What is learned from, watched and tested."""

    phrases: list[Sentence]
    dev: list[Sentence]
    test: list[Sentence]


def read_sentiment_data(config: TrainSentimentConfig) -> SentimentData:
    """Read the three files of a recipe.

    Raises
    ------
    InputError
        If the recipe names no folder, or a file is missing or wrong.
    """
    if config.path is None:
        raise InputError("the recipe names no sentences; --set path=FOLDER of 'naps prepare sst'")
    names = ("train-phrases", "dev", "test")
    for name in names:
        if not (config.path / f"{name}.jsonl").is_file():
            raise InputError(
                f"{config.path / f'{name}.jsonl'}: no such file; 'naps prepare sst' makes it"
            )
    parts = (read_sentences(config.path / f"{name}.jsonl", len(CLASSES)) for name in names)
    return SentimentData(*parts)


def vocabulary_of(sentences: Sequence[Sentence], min_count: int) -> tuple[dict[str, int], Tensor]:
    """Return a number for each word, by frequency; 0 is the unknown word.

    Returns
    -------
    numbers : dict of str to int
    counts : Tensor, shape (words,)
        How often each occurs; none of the unknown one.
    """
    counts = Counter(word for sentence in sentences for word in sentence.words)
    kept = sorted((-n, word) for word, n in counts.items() if n >= min_count)
    numbers = {UNKNOWN: 0} | {word: place for place, (_, word) in enumerate(kept, 1)}
    return numbers, torch.tensor([0.0, *(-n for n, _ in kept)])


class Learner:
    """A network, its moving average, and how it is updated.

    Parameters
    ----------
    config : TrainSentimentConfig
    network : SentimentLSTM
    counts : Tensor, shape (words,)
    steps : int
        Of the whole training.
    """

    def __init__(
        self, config: TrainSentimentConfig, network: SentimentLSTM, counts: Tensor, steps: int
    ) -> None:
        average = SentimentLSTM(network.config)
        average.load_state_dict(network.state_dict())
        self.network, self.average = network, average.eval().requires_grad_(False)
        self.both = nn.ModuleDict({"network": self.network, "average": self.average})
        # Most weights are words: one pass over them instead of ten.
        self.optimiser = torch.optim.AdamW(
            network.parameters(),
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
            fused=True,
        )
        self._config, self._steps = config, steps
        self._unknown = config.unknown / (config.unknown + counts) if config.unknown else None

    def update(self, words: Tensor, labels: Tensor, step: int) -> float:
        """Make one update and return the loss.

        Raises
        ------
        InputError
            If the loss is not finite.
        """
        config = self._config
        torch.manual_seed(config.seed * 1_000_003 + step)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(step, self._steps, config.learning_rate, config.warmup)
        if self._unknown is not None:
            words = words.masked_fill(torch.rand(words.shape) < self._unknown[words], 0)
        self.network.train()
        self.optimiser.zero_grad(set_to_none=True)
        loss = functional.cross_entropy(self.network(words), labels)
        if not torch.isfinite(loss):
            raise InputError(f"the loss is not finite at step {step}; lower learning_rate")
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), config.clip)
        self.optimiser.step()
        # At first the average forgets faster, so that it does not keep the random beginning.
        kept = min(config.averaging, (step + 1) / (step + 10))
        with torch.no_grad():
            for mean, now in zip(self.average.parameters(), self.network.parameters(), strict=True):
                mean.lerp_(now, 1 - kept)
        return float(loss.detach())


def train_sentiment(
    config: TrainSentimentConfig, out: Path, *, say: Say = print, stop_after: int | None = None
) -> Path:
    """Train or continue a sentiment LSTM.

    Parameters
    ----------
    config : TrainSentimentConfig
        The recipe.
    out : Path
        Gets ``state.safetensors`` (to continue from), ``best.safetensors`` (most dev sentences
        right), ``log.csv`` and, when all epochs are done, NAME.safetensors, the best in half
        precision with its accuracies, and ``figures.json``, the same for people.
    say : callable
        Gets lines for people.
    stop_after : int, optional
        Leave after so many steps, as if interrupted.

    Returns
    -------
    Path
        NAME.safetensors, or ``state.safetensors`` if it was left before the end.

    Raises
    ------
    InputError
        If a file is missing or wrong.
    """
    data = read_sentiment_data(config)
    numbers, counts = vocabulary_of(data.phrases, config.min_count)
    phrases = [numbered(sentence, numbers) for sentence in data.phrases]
    labels = torch.tensor([sentence.label for sentence in data.phrases])
    lengths = [len(phrase) for phrase in phrases]

    def epoch_of(epoch: int) -> list[list[int]]:
        return same_length_batches(lengths, config.batch, config.seed, epoch)

    steps = len(epoch_of(0)) * config.epochs
    say(
        f"{len(phrases)} phrases of {len(numbers) - 1} words to learn from, {len(data.dev)} "
        f"sentences to watch, {len(data.test)} to test on; {steps} steps"
    )
    torch.manual_seed(config.seed)
    network = SentimentLSTM(SentimentConfig(n_words=len(numbers), **config.network.model_dump()))
    begin(network, config, numbers, say)
    learner = Learner(config, network, counts, steps)
    model = SentimentModel(config.name, learner.average, tuple(numbers))
    dev = [numbered(sentence, numbers) for sentence in data.dev]
    dev_labels = [sentence.label for sentence in data.dev]

    def update(places: list[int], step: int) -> float:
        words = torch.stack([phrases[place] for place in places])
        return learner.update(words, labels[places], step)

    def look() -> dict[str, float]:
        found = sentiment_accuracy(scores_of(learner.average, dev), dev_labels)
        return {"dev_loss": found.loss, "dev_fine": found.fine, "dev_binary": found.binary}

    course = Course(
        network=learner.both,
        optimiser=learner.optimiser,
        batches=partial(batches_from, epoch_of=epoch_of),
        update=update,
        look=look,
        merit=lambda row: row["dev_fine"],
        keep=lambda path: save_sentiment_model(path, model),
        steps=steps,
        eval_every=config.eval_every,
        identity=config.model_dump(mode="json", exclude={"path"}),
    )
    rows = follow(course, out, say=say, stop_after=stop_after)
    return out / "state.safetensors" if rows is None else _finish(config, out, data, rows)


def begin(
    network: SentimentLSTM, config: TrainSentimentConfig, numbers: dict[str, int], say: Say
) -> None:
    """Give a fresh network its first weights.

    Raises
    ------
    InputError
        If the word vectors cannot be read or have another width.
    """
    hidden = config.network.hidden
    with torch.no_grad():
        for name, weight in network.lstm.named_parameters():
            if name.startswith("weight_hh"):
                for gate in torch.split(weight, hidden):
                    nn.init.orthogonal_(gate)
            elif name.startswith("bias"):
                nn.init.zeros_(weight)
                if name.startswith("bias_ih"):
                    # An open forget gate lets gradients through (Jozefowicz et al. 2015).
                    weight[hidden : 2 * hidden] = 1
        network.embedding.weight.uniform_(-0.25, 0.25)
        if config.vectors is not None:
            vectors = read_word_vectors(config.vectors, config.network.embedding, numbers)
            for word, vector in vectors.items():
                network.embedding.weight[numbers[word]] = torch.from_numpy(vector)
            say(f"{len(vectors)} of {len(numbers) - 1} words have a vector to begin with")


def numbered(sentence: Sentence, numbers: dict[str, int]) -> Tensor:
    """Return the numbers of a sentence's words, 0 for unknown ones."""
    return torch.tensor([numbers.get(word, 0) for word in sentence.words])


def _finish(
    config: TrainSentimentConfig,
    out: Path,
    data: SentimentData,
    rows: Sequence[dict[str, float]],
) -> Path:
    """Write the best model in half precision and score it, as it is now."""
    target = out / f"{config.name}.safetensors"
    save_sentiment_model(target, load_sentiment_model(out / "best.safetensors"), torch.float16)
    model = load_sentiment_model(target)
    chosen = max(rows, key=lambda row: row["dev_fine"])
    facts = {
        "phrases": len(data.phrases),
        "vectors": None if config.vectors is None else config.vectors.name,
        "seed": config.seed,
        "steps": int(rows[-1]["step"]),
        "chosen_at": int(chosen["step"]),
    } | {
        name: vars(
            sentiment_accuracy(model.scores([s.words for s in part]), [s.label for s in part])
        )
        for name, part in (("dev", data.dev), ("test", data.test))
    }
    save_sentiment_model(target, replace(model, facts=facts), torch.float16)
    write_json(out / "figures.json", facts)
    return target
