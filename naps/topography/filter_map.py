"""The filters of a first layer in order, with what they listen for and whether that has order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from naps.corpus.features import FeatureConfig
from naps.errors import InputError
from naps.models import Recognizer
from naps.similarity import Statistic, corrected
from naps.similarity.distance import Floats
from naps.topography.cells import Cells, som_cells
from naps.topography.descriptors import AREAS, describe_filters, name_regions
from naps.topography.moran import moran_test, neighbour_weights
from naps.topography.units import kernels, units_from_kernels


@dataclass(frozen=True, eq=False)
class FilterMap:
    """Filters, each in a cell of its own, those that are alike near each other.

    Attributes
    ----------
    layer : str
    kernels : array of float64, shape (units, frames, bands)
        In the order of time, as the network has them.
    cells : Cells
    descriptors : DataFrame
        One row a unit, see `naps.topography.describe_filters`.
    regions : tuple of str, length units
        What stands out in each filter, see `naps.topography.name_regions`.
    orders : mapping of str to Statistic
        Moran's I of every descriptor over the map, and of whether a filter is in one of the
        `AREAS` (``area: abrupt`` …), against shuffled units; p is corrected over all of them.
        What is equal in all filters has none.
    """

    layer: str
    kernels: Floats
    cells: Cells
    descriptors: pd.DataFrame
    regions: tuple[str, ...]
    orders: Mapping[str, Statistic]


def map_filters(
    model: Recognizer,
    *,
    view: str = "kernel",
    rows: int | None = None,
    columns: int | None = None,
    seed: int = 0,
    permutations: int = 10_000,
) -> FilterMap:
    """Order the filters of a first layer by a self-organising map.

    Parameters
    ----------
    model : Recognizer
        Whose first layer is a convolution over frames of a spectrogram.
    view : {"kernel", "ripples"}
        What makes two filters alike, see `naps.topography.units_from_kernels`.
    rows, columns : int, optional
        By default as few as hold all filters, in a square if neither is given.
    seed : int
        Of the map and of the shuffling.
    permutations : int
        Shuffled maps that Moran's I is held against.

    Raises
    ------
    InputError
        If the layer has no such kernels, there are fewer than four of them, no two differ, or
        there are more than cells.
    """
    units = units_from_kernels(model, view=view)
    found = kernels(model)
    if not np.ptp(units.vectors, axis=0).any():
        raise InputError(f"{model.name}: no two filters of {units.layer} differ")
    features = model.features if isinstance(model.features, FeatureConfig) else None
    descriptors = describe_filters(found, features)
    regions = name_regions(descriptors)
    cells = som_cells(units, rows, columns, seed=seed)
    return FilterMap(
        units.layer,
        found,
        cells,
        descriptors,
        tuple(regions),
        _orders(_mapped(descriptors, regions), cells, permutations, seed),
    )


def _mapped(descriptors: pd.DataFrame, regions: Sequence[str]) -> pd.DataFrame:
    areas = {
        f"area: {area}": [float(region in names) for region in regions]
        for area, names in AREAS.items()
    }
    return descriptors.assign(**areas)


def _orders(
    values_of: pd.DataFrame, cells: Cells, permutations: int, seed: int
) -> dict[str, Statistic]:
    orders: dict[str, Statistic] = {}
    for name in values_of:
        values = values_of[name].to_numpy(np.float64)
        # A filter of zeros has no frequency.
        known = np.isfinite(values)
        if known.sum() > 1 and np.ptp(values[known]) > 0:
            weights = neighbour_weights(cells.positions[known])
            orders[str(name)] = moran_test(
                values[known], weights, permutations=permutations, seed=seed
            )
    p = corrected([order.p for order in orders.values()])
    return {
        name: replace(order, p_corrected=float(value))
        for (name, order), value in zip(orders.items(), p, strict=True)
    }
