"""How units of a network lie in order, on the grid of their training or laid out afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from naps.models import Recognizer
from naps.phonology import classes
from naps.similarity import Statistic, corrected
from naps.similarity.statistic import UNDEFINED
from naps.topography import (
    Cells,
    Units,
    grid_moran_test,
    group_values,
    layout,
    plane_cells,
    preferred_classes,
    region_test,
    som_cells,
    units_from_kernels,
    units_from_profile,
)
from naps.training.sheet import sheet_sides
from naps.training.sweep import MeasureConfig

# The layout of a row whose units lie in order of their number.
GRID = "grid"
MEASURES = ("kernels", "profiles", "region")


@dataclass(frozen=True)
class LayerOrder:
    """The order of one layer's units in one layout.

    Attributes
    ----------
    layout : str
        ``grid``, in order of their number; or a method that laid them out afterwards.
    layer : str
    rows, columns : int
    kernels, profiles : Statistic
        Moran's I of kernels, and of what units do for phonemes, both scaled to length 1. Laid out
        afterwards, by these very vectors.
    region : Statistic
        Units in the largest region that answers most to one class of phonemes; laid out
        afterwards, by profiles.

    Where all units do the same, as in a layer that training has silenced, there is no order:
    `naps.similarity.statistic.UNDEFINED`.
    """

    layout: str
    layer: str
    rows: int
    columns: int
    kernels: Statistic
    profiles: Statistic
    region: Statistic


def measure_order(
    model: Recognizer,
    profiles: Mapping[str, xr.Dataset],
    layouts: Sequence[str],
    *,
    grid: tuple[int, int] | None,
    options: MeasureConfig,
) -> list[LayerOrder]:
    """Measure the order of several layers in several layouts.

    Parameters
    ----------
    model : Recognizer
    profiles : mapping of str to Dataset
        Of phonemes, for each layer.
    layouts : sequence of str
        ``grid`` or methods of `naps.topography.layout`.
    grid : (int, int) or None
        Rows and columns, see `naps.training.sheet.sheet_sides`.
    options : MeasureConfig

    Returns
    -------
    list of LayerOrder
        P values are corrected over the layers of each layout.

    Raises
    ------
    InputError
        If units do not fit the grid, or cannot be laid out or compared.
    """
    return [
        order
        for name in layouts
        for order in _corrected(
            [_layer_order(model, layer, profiles[layer], name, grid, options) for layer in profiles]
        )
    ]


def _layer_order(
    model: Recognizer,
    layer: str,
    profile: xr.Dataset,
    name: str,
    grid: tuple[int, int] | None,
    options: MeasureConfig,
) -> LayerOrder:
    kernels = units_from_kernels(model, layer)
    answers = units_from_profile(profile, min_count=options.min_count).normalised()
    rows, columns = sheet_sides(layer, len(kernels), grid)
    values = group_values(profile, min_count=options.min_count)
    # Labels that are no phones, such as silence, belong to no class.
    labels = [str(label) for label in values["label"].values]
    known = [classes([label]) for label in labels]
    phones = [i for i, kind in enumerate(known) if kind is not None]
    kinds = preferred_classes(values.values[phones], [(known[i] or [""])[0] for i in phones])
    seed, permutations = options.seed, options.permutations

    def order(units: Units) -> tuple[Statistic, Cells | None]:
        if not units.differ:
            return UNDEFINED, None
        cells = _cells(units, name, rows, columns, seed)
        return grid_moran_test(units, cells, permutations=permutations, seed=seed), cells

    by_kernels, _ = order(kernels)
    by_answers, cells = order(answers)
    region = UNDEFINED
    if cells is not None and any(kinds):
        region = region_test(kinds, cells, permutations=permutations, seed=seed)
    return LayerOrder(name, layer, rows, columns, by_kernels, by_answers, region)


def _cells(units: Units, name: str, rows: int, columns: int, seed: int) -> Cells:
    if name == GRID:
        return Cells(rows, columns, np.arange(len(units), dtype=np.int64))
    if name == "som":
        return som_cells(units, rows, columns, seed=seed)
    return plane_cells(layout(units, name, seed=seed).positions, rows, columns)


def _corrected(orders: Sequence[LayerOrder]) -> list[LayerOrder]:
    """Correct the p values of each measure for the number of layers."""
    kernels, profiles, regions = (
        _all_corrected([getattr(order, measure) for order in orders]) for measure in MEASURES
    )
    return [
        replace(order, kernels=k, profiles=p, region=r)
        for order, k, p, r in zip(orders, kernels, profiles, regions, strict=True)
    ]


def _all_corrected(tests: Sequence[Statistic]) -> list[Statistic]:
    values = corrected([test.p for test in tests])
    return [replace(t, p_corrected=float(p)) for t, p in zip(tests, values, strict=True)]
