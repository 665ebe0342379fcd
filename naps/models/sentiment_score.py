"""How often a sentiment model is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class SentimentAccuracy:
    """How many sentences are classified right.

    Attributes
    ----------
    fine : float
        Share with the right one of all classes.
    binary : float
        Of those that are not neutral, the share whose side is right: the summed probabilities of
        the classes below and above the middle one are compared.
    loss : float
        Mean cross entropy.
    sentences, sided : int
        All, and those that are not neutral.
    """

    fine: float
    binary: float
    loss: float
    sentences: int
    sided: int


def sentiment_accuracy(scores: Tensor, labels: Sequence[int]) -> SentimentAccuracy:
    """Compare scores with the true classes.

    Parameters
    ----------
    scores : Tensor, shape (sentences, classes)
    labels : sequence of int
    """
    true = torch.tensor(labels)
    middle = (scores.shape[1] - 1) / 2
    probability = scores.softmax(1)
    classes = torch.arange(scores.shape[1])
    positive = probability[:, classes > middle].sum(1) > probability[:, classes < middle].sum(1)
    sided = true != middle
    right = positive[sided] == (true[sided] > middle)
    return SentimentAccuracy(
        fine=float((scores.argmax(1) == true).double().mean()),
        binary=float(right.double().mean()) if bool(sided.any()) else float("nan"),
        loss=float(functional.cross_entropy(scores, true)),
        sentences=len(true),
        sided=int(sided.sum()),
    )
