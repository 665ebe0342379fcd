"""Whether two runs hold the same groups together: their distances against each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.stats import rankdata

from naps.comparison.correlation import Correlation, noise_ceiling
from naps.comparison.options import ComparisonOptions
from naps.comparison.shared import SharedGroups, chosen
from naps.profiles import contrast
from naps.similarity import (
    BlockGram,
    block_distances,
    blocks_of,
    distance_reliability,
    distances,
)
from naps.similarity.bootstrap import bootstrap_weights
from naps.similarity.distance import Floats
from naps.similarity.mantel import relation

# Corpora whose distances are computed at a time: what bounds memory.
_BATCH = 100
# Distances among fewer groups cannot be ranked.
_FEWEST = 3


@dataclass(frozen=True)
class DistanceAgreement:
    """How well two runs agree about the distances between groups.

    Attributes
    ----------
    correlation : Correlation
        Spearman's, over all pairs of shared groups.
    replicates : array of float64, shape (replicates,)
        The same for drawn blocks; the same draws in all layers. Empty where a profile says nothing
        of blocks.
    blocks : int
        Of the run that has fewer; 0 where not known.
    """

    correlation: Correlation
    replicates: Floats
    blocks: int


def compare_distances(
    a: xr.Dataset,
    b: xr.Dataset,
    shared: SharedGroups,
    options: ComparisonOptions | None = None,
) -> DistanceAgreement:
    """Correlate the distances between groups in one run with those in another.

    Representational similarity analysis (Kriegeskorte, Mur & Bandettini 2008) with the
    permutation test of Mantel (1967). The interval is of blocks drawn with replacement in both
    runs: for case ``same-speech``, and equally many blocks, the same ones in both, for these are
    the same utterances but for a few at their edges; independently otherwise.

    Parameters
    ----------
    a, b : Dataset
        Profiles of a layer in either run, with all their labels.
    shared : SharedGroups
    options : ComparisonOptions, optional

    Returns
    -------
    DistanceAgreement
        NaN where all distances of a run are alike.

    Raises
    ------
    InputError
        If a profile is not finite, or there is no such metric or contrast.
    """
    options = options or ComparisonOptions()
    squares = [
        group_distances(profile, labels, options)
        for profile, labels in ((a, shared.labels_a), (b, shared.labels_b))
    ]
    (tested,) = relation(
        squares[0][None], squares[1], permutations=options.permutations, seed=options.seed
    )
    blocks = _blocks(a, shared.labels_a), _blocks(b, shared.labels_b)
    if blocks[0] is None or blocks[1] is None or math.isnan(tested.value):
        nothing = np.empty(0)
        return DistanceAgreement(Correlation.of(tested, nothing, 0, math.nan), nothing, 0)
    replicates = _replicates(blocks[0], blocks[1], options)
    ceiling = distance_ceiling(blocks[0], blocks[1], options)
    fewest = min(blocks[0].blocks, blocks[1].blocks)
    found = Correlation.of(tested, replicates, fewest, ceiling)
    return DistanceAgreement(found, replicates, fewest)


def group_distances(
    profile: xr.Dataset, labels: Sequence[str], options: ComparisonOptions
) -> Floats:
    """Return the distances between some groups of a profile, the contrast over these alone.

    Raises
    ------
    InputError
        If a value is not finite, or there is no such metric or contrast.
    """
    return distances(contrast(chosen(profile, labels), options.contrast), options.metric)


def rank_correlations(first: Floats, second: Floats) -> Floats:
    """Correlate each row of one array with the same row of another by Spearman's coefficient.

    Parameters
    ----------
    first, second : array, shape (rows, values)
        What is NaN in either counts in neither.

    Returns
    -------
    array, shape (rows,)
        NaN where a row is constant.
    """
    missing = np.isnan(first) | np.isnan(second)
    ranks = []
    for values in (first, second):
        order = rankdata(np.where(missing, math.inf, values), axis=1)
        centred = order - np.mean(order, 1, keepdims=True, where=~missing)
        ranks.append(np.where(missing, 0.0, centred))
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = np.sqrt((ranks[0] ** 2).sum(1) * (ranks[1] ** 2).sum(1))
        return np.asarray((ranks[0] * ranks[1]).sum(1) / scale)


def _blocks(profile: xr.Dataset, labels: tuple[str, ...]) -> BlockGram | None:
    """Return the blocks of some groups; None where the profile has no products."""
    return blocks_of(profile).select(labels) if "block_gram" in profile else None


def _replicates(a: BlockGram, b: BlockGram, options: ComparisonOptions) -> Floats:
    """Correlate the distances of drawn corpora."""
    weights_a = bootstrap_weights(a.blocks, options.replicates, options.seed)
    paired = options.case == "same-speech" and a.blocks == b.blocks
    weights_b = (
        weights_a if paired else bootstrap_weights(b.blocks, options.replicates, options.seed + 1)
    )
    upper = np.triu_indices(len(a.labels), 1)
    found = []
    for start in range(0, options.replicates, _BATCH):
        drawn = [
            block_distances(blocks, options.metric, options.contrast, weights)[:, *upper]
            for blocks, weights in (
                (a, weights_a[start : start + _BATCH]),
                (b, weights_b[start : start + _BATCH]),
            )
        ]
        found.append(rank_correlations(*drawn))
    return np.concatenate(found)


def distance_ceiling(a: BlockGram, b: BlockGram, options: ComparisonOptions) -> float:
    """Return how well the distances of two runs could agree at best; NaN where not known."""
    often = [
        (x, y)
        for x, y in zip(a.labels, b.labels, strict=True)
        if x in a.repeated() and y in b.repeated()
    ]
    if len(often) < _FEWEST:
        return math.nan
    found = [
        distance_reliability(
            blocks.select([pair[side] for pair in often]), options.metric, options.contrast,
            splits=options.splits, seed=options.seed,
        ).reliability
        for side, blocks in enumerate((a, b))
    ]  # fmt: skip
    return float(noise_ceiling(found[0], found[1]))
