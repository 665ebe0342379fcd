"""How good a map is: smooth pictures, true neighbours, even spacing, the same for every seed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import procrustes
from scipy.spatial.distance import cdist, pdist, squareform
from scipy.stats import rankdata

from naps.errors import InputError
from naps.similarity.distance import Floats
from naps.topography.activation_map import paint
from naps.topography.layouts import METHODS, Layout, check_method, layout
from naps.topography.moran import morans_i, neighbour_weights
from naps.topography.picture import area, blur_errors, pictures, resize_errors
from naps.topography.units import Units

_NEIGHBOURS = 10

Run = tuple[str, int]


@dataclass(frozen=True)
class Quality:
    """Measures of one map.

    Attributes
    ----------
    resize_auc, blur_auc : float
        What a picture loses when it is shrunk or blurred, see
        `naps.topography.picture.resize_errors`; lower is better.
    morans_i : float
        Of the groups' values over the map, on average; higher is better.
    trustworthiness, continuity : float
        Whether neighbours in the map are alike, and units that are alike neighbours, 0 to 1.
    rank_correlation : float
        Of the distances of units in the map with those of their vectors.
    unevenness : float
        Standard deviation over mean of each unit's distance to the nearest; lower is better.
    seconds : float
        That the layout took; the first by UMAP in a process compiles it, so take medians.
    """

    resize_auc: float
    blur_auc: float
    morans_i: float
    trustworthiness: float
    continuity: float
    rank_correlation: float
    unevenness: float
    seconds: float


def trustworthiness(before: Floats, after: Floats, neighbours: int = _NEIGHBOURS) -> float:
    """Ask whether neighbours after a projection were near before (Venna & Kaski 2001).

    With the arguments the other way round, it is their continuity.

    Parameters
    ----------
    before, after : array, shape (units, units)
        Distances.
    neighbours : int
        Fewer where there are not twice as many units.

    Returns
    -------
    float
        1 if they are the same.
    """
    units = len(before)
    count = min(neighbours, (units - 1) // 2)
    nearest = _order(after)[:, :count]
    ranks = np.empty((units, units), np.int64)
    np.put_along_axis(ranks, _order(before), np.arange(1, units + 1), 1)
    excess = np.maximum(np.take_along_axis(ranks, nearest, 1) - count, 0).sum()
    return float(1 - 2 * excess / (units * count * (2 * units - 3 * count - 1)))


def _order(square: Floats) -> npt.NDArray[np.intp]:
    """Sort every unit's others by distance, itself at the end."""
    apart = square.copy()
    np.fill_diagonal(apart, np.inf)
    return np.argsort(apart, axis=1, kind="stable")


def unevenness(positions: Floats) -> float:
    """Return the coefficient of variation of the units' distances to their nearest."""
    apart = cdist(positions, positions)
    np.fill_diagonal(apart, np.inf)
    nearest = apart.min(1)
    return float(nearest.std() / nearest.mean()) if nearest.any() else float("nan")


def rank_correlation(first: Floats, second: Floats) -> float:
    """Return Spearman's correlation of two sets of distances, nan where one is constant."""
    if min(np.ptp(first), np.ptp(second)) == 0:
        return float("nan")
    return float(np.corrcoef(rankdata(first), rankdata(second))[0, 1])


def measure_map(
    units: Units,
    found: Layout,
    values: Floats,
    *,
    metric: str = "cosine",
    legacy: bool = False,
    size: int = 100,
) -> Quality:
    """Measure one map.

    Parameters
    ----------
    units : Units
    found : Layout
        Of these units.
    values : array, shape (groups, units)
        That the map is painted with, see `naps.topography.group_values`.
    metric : {"cosine", "correlation", "euclidean"}
        Of the distances between units.
    legacy : bool
        See `naps.topography.picture.resize_errors`.
    size : int
        Pixels on a side of the pictures.

    Raises
    ------
    InputError
        If there is no such metric, values do not fit, or nothing can be painted between units.
    """
    square = units.distances(metric)
    painted = paint(found.positions, values, [str(i) for i in range(len(values))], size=size)
    assert painted.images is not None
    images = pictures(painted.images, painted.limit)
    map_distances = pdist(found.positions)
    apart = squareform(map_distances)
    orders = morans_i(values, neighbour_weights(found.positions))
    return Quality(
        resize_auc=area(resize_errors(images, legacy=legacy)),
        blur_auc=area(blur_errors(images, legacy=legacy)),
        morans_i=float(np.mean(orders[np.isfinite(orders)])) if len(orders) else float("nan"),
        trustworthiness=trustworthiness(square, apart),
        continuity=trustworthiness(apart, square),
        rank_correlation=rank_correlation(squareform(square, checks=False), map_distances),
        unevenness=unevenness(found.positions),
        seconds=found.seconds,
    )


def disparities(layouts: Sequence[Layout]) -> Floats:
    """Compare layouts of the same units: how far each is from the others, turned onto it.

    Parameters
    ----------
    layouts : sequence of Layout
        Such as of several seeds.

    Returns
    -------
    array, shape (layouts,)
        Mean Procrustes disparity from the others, 0 (the same) to 1; NaN for a single one.
    """
    count = len(layouts)
    square = np.full((count, count), np.nan)
    for i in range(count):
        for j in range(i):
            _, _, apart = procrustes(layouts[i].positions, layouts[j].positions)
            square[i, j] = square[j, i] = apart
    return np.array([row[np.isfinite(row)].mean() if count > 1 else np.nan for row in square])


def quality_table(
    units: Units,
    values: Floats,
    *,
    methods: Sequence[str] = METHODS,
    repetitions: int = 20,
    seed: int = 0,
    metric: str = "cosine",
    legacy: bool = False,
    redrawn: Callable[[int], tuple[Units, Floats]] | None = None,
    progress: Callable[[Sequence[Run]], Iterable[Run]] = iter,
) -> pd.DataFrame:
    """Measure maps of several methods and seeds.

    Parameters
    ----------
    units, values, metric, legacy
        See `measure_map`.
    methods : sequence of str
        See `naps.topography.layout`; all by default.
    repetitions : int
        Seeds of each, from `seed` on.
    seed : int
    redrawn : callable, optional
        Gives units and values anew for every seed, such as of other speech; by default they stay
        the same.
    progress : callable, optional
        Gets all pairs of method and seed, and gives them back one after the other.

    Returns
    -------
    DataFrame
        One row a map: ``method``, ``seed``, what `Quality` has, and ``disparity`` from the maps
        of the method's other seeds.

    Raises
    ------
    InputError
        If there is no such method, nothing to repeat, or a map cannot be made or measured.
    """
    for method in methods:
        check_method(method)
    if repetitions < 1 or not methods:
        raise InputError("a table of maps needs one method and one repetition at least")
    runs = [(method, seed + i) for method in methods for i in range(repetitions)]
    layouts: dict[str, list[Layout]] = {method: [] for method in methods}
    rows = []
    for method, at in progress(runs):
        own, painted = (units, values) if redrawn is None else redrawn(at)
        found = layout(own, method, seed=at, metric=metric)
        layouts[method].append(found)
        measured = measure_map(own, found, painted, metric=metric, legacy=legacy)
        rows.append({"method": method, "seed": at, **asdict(measured)})
    table = pd.DataFrame(rows)
    table["disparity"] = np.concatenate([disparities(layouts[method]) for method in methods])
    return table
