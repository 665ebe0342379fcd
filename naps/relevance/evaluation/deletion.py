"""Word deletion: what the prediction becomes without the words that a method calls relevant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from naps.errors import InputError
from naps.relevance.interval import Floats, Interval, mean_interval
from naps.relevance.subject import Output, Subject, make_subject

_ROWS = 256


@dataclass(frozen=True)
class Deletion:
    """Accuracy after 0, 1, … words were deleted.

    Attributes
    ----------
    right : Interval, shape (deletions + 1,), or None
        Of items that were classified right, the most relevant words first: the faster it falls,
        the better. None if there are no such items.
    wrong : Interval, shape (deletions + 1,), or None
        Of items that were classified wrong, the least relevant words first: the faster it rises,
        the better.
    """

    right: Interval | None
    wrong: Interval | None


def word_deletion(
    network: nn.Module,
    inputs: Tensor,
    classes: Sequence[int] | Tensor,
    tokens: Tensor,
    *,
    lengths: Sequence[int] | Tensor | None = None,
    output: Output | None = None,
    deletions: int = 5,
) -> Deletion:
    """Delete words in the order of their relevance and look at the accuracy (Arras et al. 2017).

    A word is deleted by putting the zero vector in its place.

    Parameters
    ----------
    network, inputs, lengths, output
        See `make_subject`.
    classes : sequence of int
        True class of each item.
    tokens : Tensor, shape (items, steps)
        Relevance of each word for the true class.
    deletions : int
        Words deleted at most; every item needs as many.

    Returns
    -------
    Deletion

    Raises
    ------
    InputError
        If an item has fewer words, or what `make_subject` says.
    """
    subject = _subject(network, inputs, classes, lengths, output, deletions)
    return _curves(_accuracies(subject, tokens.to(subject.inputs), deletions))


def random_deletion(
    network: nn.Module,
    inputs: Tensor,
    classes: Sequence[int] | Tensor,
    *,
    lengths: Sequence[int] | Tensor | None = None,
    output: Output | None = None,
    deletions: int = 5,
    runs: int = 10,
    seed: int = 0,
) -> Deletion:
    """Delete words in random order, the chance level of `word_deletion`.

    Parameters
    ----------
    network, inputs, classes, lengths, output, deletions
        See `word_deletion`.
    runs : int
        Orders tried for each item; their mean counts as the item's accuracy.
    seed : int
    """
    subject = _subject(network, inputs, classes, lengths, output, deletions)
    random = np.random.default_rng(seed)
    found = []
    for _ in range(runs):
        drawn = torch.from_numpy(random.standard_normal(subject.inputs.shape[:2]))
        found.append(_accuracies(subject, drawn.to(subject.inputs), deletions))
    return _curves(np.mean(found, 0))


def _subject(
    network: nn.Module,
    inputs: Tensor,
    classes: Sequence[int] | Tensor,
    lengths: Sequence[int] | Tensor | None,
    output: Output | None,
    deletions: int,
) -> Subject:
    subject = make_subject(network, inputs, classes, lengths=lengths, output=output)
    steps = subject.inputs.shape[1]
    shortest = steps if subject.lengths is None else int(subject.lengths.min())
    if not 1 <= deletions <= shortest:
        raise InputError(
            f"{deletions} words cannot be deleted from an item of {shortest}; leave short items "
            f"out, or delete fewer"
        )
    return subject


@torch.no_grad()
def _accuracies(subject: Subject, tokens: Tensor, deletions: int) -> Floats:
    """Say for each item and number of deletions whether it is classified right: 1 or 0."""
    x, found = subject.inputs, []
    if tokens.shape != x.shape[:2]:
        raise InputError(
            f"relevance of shape {tuple(tokens.shape)} for words of shape {tuple(x.shape[:2])}"
        )
    real = subject.real().reshape(len(x), -1).expand_as(tokens).bool()
    for start in range(0, len(x), _ROWS):
        items = torch.arange(start, min(start + _ROWS, len(x)), device=x.device)
        copies = x[items].clone()
        scores = subject.scores(copies, items)
        target = subject.target_among(scores)[items]
        right = scores.argmax(1) == target
        # Of what was right the most relevant goes first, of what was wrong the least relevant.
        order = torch.where(right[:, None], -tokens[items], tokens[items])
        order = order.masked_fill(~real[items], torch.inf).argsort(dim=1, stable=True)
        rows = [right]
        for number in range(deletions):
            copies[torch.arange(len(items), device=x.device), order[:, number]] = 0.0
            rows.append(subject.scores(copies, items).argmax(1) == target)
        found.append(torch.stack(rows, 1).double().cpu().numpy())
    return np.concatenate(found)


def _curves(accuracies: Floats) -> Deletion:
    right = accuracies[:, 0] == 1
    return Deletion(
        right=mean_interval(accuracies[right]) if right.any() else None,
        wrong=mean_interval(accuracies[~right]) if not right.all() else None,
    )
