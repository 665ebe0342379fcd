"""Whether the same would come of other speech: halves of the corpus against each other."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from naps.errors import InputError
from naps.similarity.distance import Floats
from naps.similarity.gram import BlockGram
from naps.similarity.products import Products, group_products


@dataclass(frozen=True)
class SplitHalf:
    """How well two random halves of the blocks agree about every group.

    Attributes
    ----------
    labels : tuple of str
    correlation : array, shape (groups,)
        Mean over splits of the correlation of the halves.
    reliability : array, shape (groups,)
        Of the whole: the same after Spearman-Brown.
    splits : array of int64, shape (groups,)
        Splits with the group in both halves; others do not count.
    """

    labels: tuple[str, ...]
    correlation: Floats
    reliability: Floats
    splits: npt.NDArray[np.int64]


def spearman_brown(correlation: Floats) -> Floats:
    """Give the reliability of the whole from the correlation of its halves.

    ``2 r / (1 + r)`` (Spearman 1910, Brown 1910). A negative correlation, for which the formula
    has no meaning, stays what it is.
    """
    positive = np.maximum(correlation, 0.0)
    return np.asarray(np.where(correlation > 0, 2 * positive / (1 + positive), correlation))


def split_half(
    blocks: BlockGram, reference: str = "equal", *, splits: int = 100, seed: int = 0
) -> SplitHalf:
    """Correlate every group's profile in one half of the blocks with that in the other.

    Pearson's correlation over all cells of the contrasted means. Groups that only one of the
    halves has are no part of the average that is subtracted.

    Parameters
    ----------
    blocks : BlockGram
    reference : {"equal", "count", "none"}
        What is subtracted in each half, see `naps.contrast`. Without a contrast what all groups
        have in common counts as reliable, too.
    splits : int
        Random halves; of an odd number of blocks the second half has one more.
    seed : int

    Returns
    -------
    SplitHalf
        NaN where no split has the group in both halves, or its profiles are constant.

    Raises
    ------
    InputError
        If there is no such reference, or a group occurs in one block only.
    """
    blocks.check_repeated()
    first, second = _halves(blocks.blocks, splits, seed)
    across = group_products(blocks, first, second)
    shared = _squares(across.contrasted(reference))
    norms = [
        _norms(group_products(blocks, half).only(across.there), reference)
        for half in (first, second)
    ]
    found = shared / (norms[0] * norms[1])
    used = np.isfinite(found).sum(0)
    mean = np.where(used > 0, np.nansum(found, 0) / np.maximum(used, 1), np.nan)
    return SplitHalf(blocks.labels, mean, spearman_brown(mean), used)


@dataclass(frozen=True)
class DistanceReliability:
    """How well two random halves of the blocks agree about the distances between groups.

    Attributes
    ----------
    correlation : float
        Mean over splits of the rank correlation of the halves' distances.
    reliability : float
        Of the whole: the same after Spearman-Brown.
    splits : int
        Splits that have three groups or more in both halves; others do not count.
    """

    correlation: float
    reliability: float
    splits: int

    @property
    def ceiling(self) -> float:
        """Square root of the reliability: the correlation that the true distances would have.

        No model can be expected to correlate higher with distances as noisy as these; 0 where
        the halves do not agree at all.
        """
        if math.isnan(self.reliability):
            return math.nan
        return math.sqrt(max(self.reliability, 0.0))


def distance_reliability(
    blocks: BlockGram,
    metric: str = "cosine",
    reference: str = "equal",
    *,
    splits: int = 100,
    seed: int = 0,
) -> DistanceReliability:
    """Correlate the distances of one half of the blocks with those of the other.

    Spearman's rank correlation over all pairs of groups that both halves have, as representational
    dissimilarity matrices are compared (Kriegeskorte, Mur & Bandettini 2008).

    Parameters
    ----------
    blocks : BlockGram
    metric, reference
        See `block_distances`.
    splits : int
    seed : int

    Raises
    ------
    InputError
        If there is no such metric or reference, a group occurs in one block only, or there are
        fewer than three groups.
    """
    blocks.check_repeated()
    if len(blocks.labels) < 3:
        raise InputError(f"{len(blocks.labels)} groups have too few distances to be compared")
    halves = [group_products(blocks, half) for half in _halves(blocks.blocks, splits, seed)]
    there = halves[0].there & halves[1].there
    squares = [half.only(there).distances(metric, reference) for half in halves]
    pairs = np.triu_indices(len(blocks.labels), 1)
    found = []
    for kept, *flat in zip(there, *(square[:, *pairs] for square in squares), strict=True):
        ranks = [rankdata(half[kept[pairs[0]] & kept[pairs[1]]]) for half in flat]
        if kept.sum() >= 3 and all(np.ptp(half) > 0 for half in ranks):
            found.append(float(np.corrcoef(*ranks)[0, 1]))
    mean = float(np.mean(found)) if found else float("nan")
    return DistanceReliability(mean, float(spearman_brown(np.asarray(mean))), len(found))


def _halves(blocks: int, splits: int, seed: int) -> tuple[Floats, Floats]:
    """Draw halves of the blocks; return both as weights, shape (splits, blocks)."""
    random = np.random.default_rng(seed)
    first = np.zeros((splits, blocks))
    for row in first:
        row[random.permutation(blocks)[: blocks // 2]] = 1.0
    return first, 1.0 - first


def _squares(products: Products) -> Floats:
    return np.diagonal(products.centred(), axis1=-2, axis2=-1)


def _norms(plain: Products, reference: str) -> Floats:
    """Return the norms of the profiles of a half, less their means; NaN for constant ones."""
    squares = _squares(plain.contrasted(reference))
    return np.sqrt(np.where(squares > plain.rounding()[..., None], squares, np.nan))
