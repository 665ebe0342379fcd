"""Whether the same units answer to the same groups: profiles against each other, unit by unit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import xarray as xr

from naps.comparison.correlation import Correlation, noise_ceiling
from naps.comparison.options import ComparisonOptions
from naps.comparison.shared import SharedGroups, chosen
from naps.profiles import contrast
from naps.similarity import blocks_of, split_half
from naps.similarity.distance import Floats
from naps.similarity.statistic import UNDEFINED, against_chance

# Of the largest profile: contrasts smaller than that are what single precision leaves.
_SILENT = 1e-7


@dataclass(frozen=True)
class GroupAgreement:
    """How alike a group's profiles are in two runs.

    Attributes
    ----------
    a, b : str
        Its labels.
    correlation : float
        Pearson's, over lags and channels of the contrasted profiles; NaN where one is constant.
        It has no interval: that would need the products of blocks of one run with blocks of the
        other, which no profile file holds. The ceiling says what noise does to it.
    ceiling : float
        What it would be if the runs differed by noise alone; NaN where that is not known.
    count_a, count_b : int
        Events.
    """

    a: str
    b: str
    correlation: float
    ceiling: float
    count_a: int
    count_b: int


@dataclass(frozen=True)
class UnitAgreement:
    """How alike the profiles of all groups are in two runs.

    Attributes
    ----------
    correlation : Correlation
        Mean over groups. The interval is of groups drawn with replacement: what other phones of
        the same kind would give.
    groups : tuple of GroupAgreement
        The largest change first.
    """

    correlation: Correlation
    groups: tuple[GroupAgreement, ...]


def same_shape(a: xr.Dataset, b: xr.Dataset) -> bool:
    """Say whether channels and lags of two profiles correspond."""
    return all(np.array_equal(a[name].values, b[name].values) for name in ("lag", "channel"))


def compare_units(
    a: xr.Dataset,
    b: xr.Dataset,
    shared: SharedGroups,
    options: ComparisonOptions | None = None,
) -> UnitAgreement:
    """Correlate each group's profile in one run with the same group's in another.

    For runs of one model, or of models of which one began as the other: unit 7 of the one is
    unit 7 of the other. In both runs the average over the shared groups is subtracted first, each
    group weighing the same, so that what all groups have in common does not count. By chance:
    groups paired at random.

    Parameters
    ----------
    a, b : Dataset
        Profiles of a layer in either run, with all their labels, of the same lags and channels.
    shared : SharedGroups
    options : ComparisonOptions, optional

    Raises
    ------
    InputError
        If a profile is not finite.
    """
    options = options or ComparisonOptions()
    first, second = chosen(a, shared.labels_a), chosen(b, shared.labels_b)
    table = _standardised(first) @ _standardised(second).T
    own = np.diag(table)
    ceilings = _ceilings(a, b, shared, options)
    counts = first["count"].values, second["count"].values
    groups = [
        GroupAgreement(
            x, y, float(own[i]), float(ceilings[i]), int(counts[0][i]), int(counts[1][i])
        )
        for i, (x, y) in enumerate(shared.pairs)
    ]
    defined = np.flatnonzero(np.isfinite(own))
    return UnitAgreement(
        _mean_correlation(table[np.ix_(defined, defined)], ceilings[defined], options),
        tuple(sorted(groups, key=lambda g: (math.isnan(g.correlation), g.correlation))),
    )


def _standardised(profile: xr.Dataset) -> Floats:
    """Return contrasted profiles as rows of mean 0 and length 1; NaN for constant ones."""
    rows = contrast(profile, "equal")["mean"].values
    rows = rows.reshape(len(rows), -1)
    rows = rows - rows.mean(1, keepdims=True)
    norms = np.linalg.norm(rows, axis=1)
    plain = profile["mean"].values.astype(np.float64)
    least = _SILENT * max(
        float(np.linalg.norm(plain.reshape(len(plain), -1), axis=1).max()), 1e-300
    )
    return np.asarray(rows / np.where(norms > least, norms, math.nan)[:, None])


def _ceilings(
    a: xr.Dataset, b: xr.Dataset, shared: SharedGroups, options: ComparisonOptions
) -> Floats:
    """Return the ceiling of each group; NaN where a group is in one block only."""
    found = []
    for profile, labels in ((a, shared.labels_a), (b, shared.labels_b)):
        reliability = np.full(len(labels), math.nan)
        if "block_gram" in profile:
            blocks = blocks_of(profile).select(labels)
            often = [i for i, label in enumerate(labels) if label in blocks.repeated()]
            if often:
                kept = blocks.select([labels[i] for i in often])
                halves = split_half(kept, "equal", splits=options.splits, seed=options.seed)
                reliability[often] = halves.reliability
        found.append(reliability)
    return noise_ceiling(found[0], found[1])


def _mean_correlation(table: Floats, ceilings: Floats, options: ComparisonOptions) -> Correlation:
    """Average the diagonal and say what chance would give.

    Parameters
    ----------
    table : array, shape (groups, groups)
        Correlation of every group of the first run with every one of the second.
    ceilings : array, shape (groups,)
    options : ComparisonOptions
    """
    count, random = len(table), np.random.default_rng(options.seed)
    known = ceilings[np.isfinite(ceilings)]
    ceiling = float(known.mean()) if len(known) else math.nan
    if count < 2:
        return Correlation.of(UNDEFINED, np.empty(0), 0, ceiling)
    own = np.diag(table)
    drawn = own[random.integers(count, size=(options.replicates, count))].mean(1)
    order = random.permuted(np.tile(np.arange(count), (options.permutations, 1)), axis=1)
    chance = table[np.arange(count), order].mean(1)
    return Correlation.of(against_chance(float(own.mean()), chance), drawn, count, ceiling)
