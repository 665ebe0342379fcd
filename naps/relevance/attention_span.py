"""How far back a network looks from the end of what it reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor

from naps.errors import InputError
from naps.relevance.interval import Floats, Interval, mean_interval


@dataclass(frozen=True)
class AttentionSpan:
    """Share of the relevance by distance from the end.

    Attributes
    ----------
    shares : Interval, shape (positions,)
        Mean share of an item's relevance, by size, at the last step, the one before, and so on;
        over the items that are long enough.
    even : array, shape (positions,)
        The same if all steps of an item had an equal share: the chance level.
    items : array of int, shape (positions,)
        Items long enough.
    half : Interval, shape ()
        Steps from the end that hold half of an item's relevance.
    """

    shares: Interval
    even: Floats
    items: npt.NDArray[np.int64]
    half: Interval


def attention_span(
    tokens: Tensor, lengths: Sequence[int] | Tensor | None = None, *, positions: int | None = None
) -> AttentionSpan:
    """Align items at their ends and average the size of their relevance (Chalkiadakis 2017).

    A peak at the end means a short span of attention.

    Parameters
    ----------
    tokens : Tensor, shape (items, steps)
        Relevance.
    lengths : sequence of int, optional
        Real steps of each item.
    positions : int, optional
        Steps from the end to look at; all by default.

    Raises
    ------
    InputError
        If there are no items or no positions.
    """
    sizes = tokens.double().abs().cpu().numpy()
    ends = np.full(len(sizes), sizes.shape[1])
    if lengths is not None:
        ends = np.array([int(length) for length in lengths])
    positions = int(ends.max(initial=0)) if positions is None else positions
    if positions < 1:
        raise InputError("an attention span needs one item and one position at least")
    # Behind the start of an item there is nothing: NaN, which does not count.
    place = ends[:, None] - 1 - np.arange(positions)
    shares = np.take_along_axis(sizes, np.maximum(place, 0), 1)
    real = np.arange(sizes.shape[1]) < ends[:, None]
    totals = np.where(real, sizes, 0).sum(1, keepdims=True)
    shares = np.where((place >= 0) & (totals > 0), shares / np.where(totals > 0, totals, 1), np.nan)
    even = np.where(np.isfinite(shares), 1 / ends[:, None], np.nan)
    backward = np.where(real, sizes, 0)[:, ::-1]
    # Turned round, what is behind the end comes first and is zero.
    reached = np.cumsum(backward, 1) >= totals / 2
    half = reached.argmax(1) + 1 - (sizes.shape[1] - ends)
    return AttentionSpan(
        shares=mean_interval(shares),
        even=mean_interval(even, resamples=1).mean,
        items=np.isfinite(shares).sum(0),
        half=mean_interval(np.where(totals[:, 0] > 0, half, np.nan)),
    )
