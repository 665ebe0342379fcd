"""Context: how much relevance lies outside a marked stretch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor

from naps.errors import InputError
from naps.relevance.interval import Floats, Interval, mean_interval


@dataclass(frozen=True)
class ContextShare:
    """Relevance outside of what is marked, beside that inside.

    Attributes
    ----------
    outside : Interval, shape ()
        Share of the positive relevance that lies outside.
    ratio : Interval, shape ()
        Mean positive relevance of steps outside by that of steps inside (Lapuschkin et al. 2016).
    cosine : Interval, shape ()
        Of the relevance and the marks (Chormai 2018): 1 where all marked steps have the same
        relevance and others none.
    chance : Interval, shape ()
        The share outside where the steps of each item are shuffled.
    """

    outside: Interval
    ratio: Interval
    cosine: Interval
    chance: Interval


def context_share(
    tokens: Tensor,
    inside: Tensor,
    lengths: Sequence[int] | Tensor | None = None,
    *,
    shuffles: int = 200,
    seed: int = 0,
) -> ContextShare:
    """Say how much relevance lies outside of a marked stretch.

    Parameters
    ----------
    tokens : Tensor, shape (items, steps)
        Relevance of words, or of the frames of a spectrogram.
    inside : Tensor of bool, shape (items, steps)
        What is marked, such as the frames at which something is said.
    lengths : sequence of int, optional
        Real steps of each item.
    shuffles : int
        For the chance level.
    seed : int

    Raises
    ------
    InputError
        If the shapes differ, or an item has nothing marked or everything.
    """
    if tokens.shape != inside.shape:
        raise InputError(
            f"relevance of shape {tuple(tokens.shape)}, marks of shape {tuple(inside.shape)}"
        )
    random = np.random.default_rng(seed)
    ends = [tokens.shape[1]] * len(tokens) if lengths is None else [int(n) for n in lengths]
    rows, chance = [], []
    for item, (values, marks, end) in enumerate(zip(tokens, inside, ends, strict=True)):
        relevance = values[:end].double().cpu().numpy()
        marked = marks[:end].bool().cpu().numpy()
        if marked.all() or not marked.any():
            what = "everything" if marked.all() else "nothing"
            raise InputError(f"item {item} has {what} marked: there is no context to compare with")
        positive = np.maximum(relevance, 0)
        # Relevance that is no longer finite has no share.
        with np.errstate(invalid="ignore", over="ignore"):
            rows.append([*_shares(positive, marked), mark_cosine(relevance, marked)])
            mixed = random.permuted(np.tile(positive, (shuffles, 1)), axis=1)
            total = positive.sum()
            chance.append((mixed[:, ~marked].sum(1) / total).mean() if total else np.nan)
    outside, ratio, cosine = (mean_interval(column) for column in np.array(rows).T)
    return ContextShare(outside, ratio, cosine, mean_interval(chance))


def mark_cosine(relevance: npt.ArrayLike, marked: npt.ArrayLike) -> float:
    """Return the cosine of relevance and marks, 0 if either is zero everywhere."""
    v, m = np.asarray(relevance, dtype=float), np.asarray(marked, dtype=float)
    norms = float(np.linalg.norm(v) * np.linalg.norm(m))
    return float(v @ m) / norms if norms else 0.0


def _shares(positive: Floats, marked: npt.NDArray[np.bool_]) -> tuple[float, float]:
    total, within = float(positive.sum()), float(positive[marked].mean())
    share = float(positive[~marked].sum()) / total if total else np.nan
    return share, float(positive[~marked].mean()) / within if within else np.nan
