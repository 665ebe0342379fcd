"""Two profile files, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from naps.comparison.correlation import Correlation
from naps.comparison.options import ComparisonOptions
from naps.comparison.rsa import (
    DistanceAgreement,
    compare_distances,
    group_distances,
    rank_correlations,
)
from naps.comparison.shared import SharedGroups, chosen, shared_groups
from naps.comparison.tanglegram import Tanglegram, tanglegram
from naps.comparison.units import UnitAgreement, compare_units, same_shape
from naps.errors import InputError
from naps.profiles import Profiles
from naps.similarity import build_tree
from naps.similarity.correction import corrected
from naps.similarity.distance import Floats

Progress = Callable[[Iterable[str]], Iterable[str]]


@dataclass(frozen=True)
class LayerComparison:
    """A layer in two runs.

    Attributes
    ----------
    name : str
        In both.
    units : UnitAgreement or None
        None where units, lags or channels do not correspond.
    distances : DistanceAgreement
    tanglegram : Tanglegram
    """

    name: str
    units: UnitAgreement | None
    distances: DistanceAgreement
    tanglegram: Tanglegram


@dataclass(frozen=True)
class ProfileComparison:
    """The profiles of two runs.

    Attributes
    ----------
    group, kind : str
        Of both.
    shared : SharedGroups
    same_units : bool
        Whether unit 7 of the one is unit 7 of the other.
    layers : tuple of LayerComparison
        Those with a name that both have.
    layers_a, layers_b : tuple of str
        All that have profiles.
    rsa_matrix : array of float64, shape (layers of a, layers of b)
        Spearman correlation of the distances of every layer with those of every layer; NaN where
        a layer's distances are all alike.
    """

    group: str
    kind: str
    shared: SharedGroups
    same_units: bool
    layers: tuple[LayerComparison, ...]
    layers_a: tuple[str, ...]
    layers_b: tuple[str, ...]
    rsa_matrix: Floats


def compare_profiles(
    a: Profiles,
    b: Profiles,
    options: ComparisonOptions | None = None,
    *,
    related: bool = False,
    progress: Progress = iter,
) -> ProfileComparison:
    """Compare the profiles of two runs, layer by layer.

    Parameters
    ----------
    a, b : Profiles
        As from `naps.load_profiles`, of the same grouping and kind.
    options : ComparisonOptions, optional
    related : bool
        Whether one model began as the other, so that units correspond. They do anyway where both
        profiles are of one model.
    progress : callable
        Wraps the names of the layers, to show how far it is.

    Raises
    ------
    InputError
        If groupings or kinds differ, fewer than four groups are shared, a profile is not finite,
        or there is no such metric, linkage or contrast.
    """
    options = options or ComparisonOptions()
    first, second = next(iter(a.values())), next(iter(b.values()))
    for what in ("group", "kind"):
        one, other = first.attrs.get(what), second.attrs.get(what)
        if one != other:
            raise InputError(
                f"the first profiles are of {what} {one!r} and the second of {what} {other!r}: "
                f"compare two of the same {what}"
            )
    shared = shared_groups(first, second, options.min_count)
    same_units = related or _same_model(first, second)
    layers = [
        _compare(name, a[name], b[name], shared, options, same_units=same_units)
        for name in progress([name for name in a if name in b])
    ]
    return ProfileComparison(
        group=str(first.attrs.get("group")),
        kind=str(first.attrs.get("kind")),
        shared=shared,
        same_units=same_units,
        layers=_corrected(layers),
        layers_a=tuple(a),
        layers_b=tuple(b),
        rsa_matrix=_matrix(a, b, shared, options),
    )


def _same_model(a: xr.Dataset, b: xr.Dataset) -> bool:
    """Say whether two profiles are of one model, as far as they tell."""
    hashes = [str(profile.attrs.get("model_sha256", "")) for profile in (a, b)]
    return bool(hashes[0]) and hashes[0] == hashes[1]


def _compare(
    name: str,
    a: xr.Dataset,
    b: xr.Dataset,
    shared: SharedGroups,
    options: ComparisonOptions,
    *,
    same_units: bool,
) -> LayerComparison:
    trees = [
        build_tree(
            labels,
            chosen(profile, labels)["count"].values.tolist(),
            group_distances(profile, labels, options),
            options.linkage,
        )
        for profile, labels in ((a, shared.labels_a), (b, shared.labels_b))
    ]
    return LayerComparison(
        name=name,
        units=compare_units(a, b, shared, options) if same_units and same_shape(a, b) else None,
        distances=compare_distances(a, b, shared, options),
        tanglegram=tanglegram(*trees, permutations=options.tree_permutations, seed=options.seed),
    )


def _corrected(layers: Sequence[LayerComparison]) -> tuple[LayerComparison, ...]:
    """Correct the p values of each statistic for the number of layers."""
    distances = corrected([layer.distances.correlation.p for layer in layers])
    units = corrected(
        [math.nan if layer.units is None else layer.units.correlation.p for layer in layers]
    )
    return tuple(
        replace(
            layer,
            distances=replace(
                layer.distances, correlation=_with(layer.distances.correlation, distances[i])
            ),
            units=None
            if layer.units is None
            else replace(layer.units, correlation=_with(layer.units.correlation, units[i])),
        )
        for i, layer in enumerate(layers)
    )


def _with(correlation: Correlation, p: float) -> Correlation:
    return replace(correlation, p_corrected=float(p))


def _matrix(a: Profiles, b: Profiles, shared: SharedGroups, options: ComparisonOptions) -> Floats:
    upper = np.triu_indices(len(shared.pairs), 1)
    rows, columns = (
        np.array([group_distances(profile, labels, options)[upper] for profile in run.values()])
        for run, labels in ((a, shared.labels_a), (b, shared.labels_b))
    )
    pairs = np.indices((len(rows), len(columns))).reshape(2, -1)
    found = rank_correlations(rows[pairs[0]], columns[pairs[1]])
    return found.reshape(len(rows), len(columns))
