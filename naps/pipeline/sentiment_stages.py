"""Tests of relevance for a sentiment model, each giving rows of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from naps.corpus.sentences import Sentence
from naps.models import SentimentModel
from naps.pipeline.explainers import CHANCE, explainer
from naps.pipeline.sentiment_recipe import SentimentRecipe
from naps.relevance import explain, explain_each
from naps.relevance.evaluation import (
    Deletion,
    Interval,
    agreement,
    cascade,
    conservation,
    context_share,
    random_deletion,
    toy_networks,
    toy_scores,
    toy_task,
    word_deletion,
)

Row = dict[str, object]
# Of one method: the relevance of the words of each sentence, shape (words,).
Tokens = Mapping[str, Sequence[Tensor]]

# The layers of a sentiment LSTM, from the output down.
_LAYERS = ("output", "lstm", "embedding")
_LOWEST = 10
# Sequences that toy networks have not learned from begin with another seed.
_TOY_SEED = 2_000_000


@dataclass(frozen=True)
class Subjects:
    """A model and the sentences it is asked about.

    Attributes
    ----------
    model : SentimentModel
    sentences : list of Sentence
    """

    model: SentimentModel
    sentences: list[Sentence]

    @property
    def ids(self) -> list[Tensor]:
        """Numbers of the words of each sentence."""
        return [self.model.encode(sentence.words).ids for sentence in self.sentences]

    @property
    def padded(self) -> Tensor:
        """The same as one batch, shape (sentences, words of the longest)."""
        return pad_sequence(self.ids, batch_first=True)

    @property
    def lengths(self) -> list[int]:
        """Words of each sentence."""
        return [len(sentence.words) for sentence in self.sentences]

    @property
    def labels(self) -> list[int]:
        """True class of each sentence."""
        return [sentence.label for sentence in self.sentences]

    def some(self, count: int) -> Subjects:
        """Return so many of the sentences, evenly chosen."""
        places = np.linspace(0, len(self.sentences) - 1, min(count, len(self.sentences)))
        return Subjects(self.model, [self.sentences[round(place)] for place in places])


def relevance_of(recipe: SentimentRecipe, subjects: Subjects, method: str) -> list[Tensor]:
    """Return the relevance of each sentence's words for its true class."""
    found = explain_each(
        subjects.model.network, subjects.ids, subjects.labels,
        explainer(method, recipe.epsilon, recipe.samples), batch=recipe.batch,
    )  # fmt: skip
    return [row.detach().double().cpu() for row in found]


def deletion_rows(recipe: SentimentRecipe, subjects: Subjects, tokens: Tokens) -> list[Row]:
    """Delete words in the order of each method, and in random order."""
    network, ids, labels, lengths = (
        subjects.model.network, subjects.padded, subjects.labels, subjects.lengths,
    )  # fmt: skip
    options = recipe.deletion
    rows = []
    for method in (*tokens, CHANCE):
        if method == CHANCE:
            found = random_deletion(
                network, ids, labels, lengths=lengths, deletions=options.deletions,
                runs=options.random_runs, seed=recipe.seed,
            )  # fmt: skip
        else:
            relevance = pad_sequence(list(tokens[method]), batch_first=True)
            found = word_deletion(
                network, ids, labels, relevance, lengths=lengths, deletions=options.deletions
            )
        rows += _deletion_rows(method, found)
    return rows


def _deletion_rows(method: str, found: Deletion) -> list[Row]:
    rows: list[Row] = []
    for half in ("right", "wrong"):
        interval: Interval | None = getattr(found, half)
        if interval is None:
            continue
        rows += [
            {
                "method": method, "initially": half, "deleted": deleted,
                "accuracy": float(mean), "low": float(low), "high": float(high),
                "sentences": interval.count,
            }
            for deleted, (mean, low, high) in enumerate(
                zip(interval.mean, interval.low, interval.high, strict=True)
            )
        ]  # fmt: skip
    return rows


def toy_rows(recipe: SentimentRecipe, subjects: Subjects, tokens: Tokens) -> list[Row]:
    """Compare relevance with the numbers that toy networks add or subtract."""
    del subjects
    rows: list[Row] = []
    for operation in ("addition", "subtraction"):
        if not recipe.toy.networks:
            break
        networks = toy_networks(operation, recipe.toy.networks, seed=recipe.seed)
        task = toy_task(operation, recipe.toy.sequences, recipe.seed + _TOY_SEED)
        for method in (*tokens, CHANCE):
            # States of one unit are small: the stabilizer must be small beside them.
            found = toy_scores(
                networks, task, explainer(method, recipe.epsilon / 100, recipe.samples)
            )
            rows.append(
                {"task": operation, "method": method, "networks": len(networks)}
                | _interval("first", found.first)
                | _interval("second", found.second)
                | _interval("error", found.error)
            )
    return rows


def conservation_rows(recipe: SentimentRecipe, subjects: Subjects, tokens: Tokens) -> list[Row]:
    """Compare the sums of relevance with the scores they explain."""
    some = subjects.some(recipe.checked)
    rows = []
    for method in tokens:
        found = conservation(
            explain(
                some.model.network, some.padded, some.labels,
                explainer(method, recipe.epsilon, recipe.samples), lengths=some.lengths,
            )
        )  # fmt: skip
        rows.append(
            {"method": method, "sentences": len(some.sentences)}
            | _interval("error", found.error)
            | _interval("share", found.share)
            | {"unaccounted": found.unaccounted}
        )
    return rows


def cascade_rows(recipe: SentimentRecipe, subjects: Subjects, tokens: Tokens) -> list[Row]:
    """Randomise the network from the output down and compare relevance with what it was."""
    some = subjects.some(recipe.checked)
    rows: list[Row] = []
    for method in tokens:
        stages = cascade(
            some.model.network, some.padded, explainer(method, recipe.epsilon, recipe.samples),
            lengths=some.lengths, layers=_LAYERS, seed=recipe.seed,
        )  # fmt: skip
        rows += [
            {"method": method, "layer": stage.layer, "sentences": len(some.sentences)}
            | _interval("signed", stage.signed)
            | _interval("sizes", stage.sizes)
            | {"chance_p99": stage.chance_p99}
            for stage in stages
        ]
    return rows


def agreement_rows(recipe: SentimentRecipe, subjects: Subjects, tokens: Tokens) -> list[Row]:
    """Compare all methods with one another."""
    return [
        {"method_a": first, "method_b": second}
        | _agreement(recipe, subjects, tokens[first], tokens[second])
        for first, second in combinations(tokens, 2)
    ]


def model_rows(recipe: SentimentRecipe, both: tuple[Subjects, Subjects], tokens: Tokens,
               others: Tokens) -> list[Row]:  # fmt: skip
    """Compare two models: whether both decide by the same words."""
    return [
        {"method": method} | _agreement(recipe, both[0], tokens[method], others[method])
        for method in tokens
    ]


def lowest_rows(recipe: SentimentRecipe, both: tuple[Subjects, Subjects], tokens: Tokens,
                others: Tokens) -> list[Row]:  # fmt: skip
    """Name the sentences that both models put into one class for the least like reasons."""
    method = next(iter(tokens))
    predicted = [predictions(subjects) for subjects in both]
    found = agreement(
        _padded(tokens[method]), _padded(others[method]), both[0].lengths,
        shuffles=recipe.shuffles, seed=recipe.seed,
    )  # fmt: skip
    same = (predicted[0] == predicted[1]).numpy()
    rows: list[Row] = []
    for place in found.lowest(_LOWEST, same):
        sentence = both[0].sentences[place]
        rows.append(
            {
                "method": method, "id": sentence.id, "spearman": float(found.spearman[place]),
                "class": both[0].model.classes[int(predicted[0][place])],
                "true": both[0].model.classes[sentence.label],
                "model": _strongest(sentence, tokens[method][place]),
                "other": _strongest(sentence, others[method][place]),
                "text": " ".join(sentence.words),
            }
        )  # fmt: skip
    return rows


def context_rows(recipe: SentimentRecipe, subjects: Subjects, tokens: Tokens) -> list[Row]:
    """Say how much relevance lies on words that carry no sentiment by themselves."""
    places = [
        place
        for place, sentence in enumerate(subjects.sentences)
        if 0 < len(sentence.marked) < len(sentence.words)
    ]
    if not places:
        return []
    marks = [torch.zeros(subjects.lengths[place], dtype=torch.bool) for place in places]
    for row, place in zip(marks, places, strict=True):
        row[list(subjects.sentences[place].marked)] = True
    inside = pad_sequence(marks, batch_first=True)
    lengths = [subjects.lengths[place] for place in places]
    rows = []
    for method in tokens:
        found = context_share(
            _padded([tokens[method][place] for place in places]), inside, lengths,
            shuffles=recipe.shuffles, seed=recipe.seed,
        )  # fmt: skip
        rows.append(
            {"method": method, "sentences": len(places)}
            | _interval("outside", found.outside)
            | _interval("ratio", found.ratio)
            | _interval("cosine", found.cosine)
            | _interval("chance", found.chance)
        )
    return rows


def predictions(subjects: Subjects) -> Tensor:
    """Return the class that the model gives each sentence."""
    return subjects.model.scores([s.words for s in subjects.sentences]).argmax(1)


def _agreement(
    recipe: SentimentRecipe, subjects: Subjects, first: Sequence[Tensor], second: Sequence[Tensor]
) -> Row:
    found = agreement(
        _padded(first), _padded(second), subjects.lengths,
        shuffles=recipe.shuffles, seed=recipe.seed,
    )  # fmt: skip
    return (
        {"sentences": len(first)}
        | _interval("spearman", found.spearman_mean)
        | _interval("cosine", found.cosine_mean)
        | {"chance_p99": found.chance_p99}
    )


def _strongest(sentence: Sentence, relevance: Tensor, count: int = 3) -> str:
    order = relevance.argsort(descending=True)[:count]
    return ", ".join(sentence.words[place] for place in order)


def _padded(rows: Sequence[Tensor]) -> Tensor:
    return pad_sequence(list(rows), batch_first=True)


def _interval(name: str, found: Interval) -> Row:
    return {
        name: float(found.mean), f"{name}_low": float(found.low), f"{name}_high": float(found.high)
    }  # fmt: skip
