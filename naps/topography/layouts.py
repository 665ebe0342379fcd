"""Units of a layer in the plane, those that do the same near each other."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from naps.errors import InputError
from naps.similarity.distance import Floats
from naps.topography.coactivation import graph_layout
from naps.topography.mds import mds_layout
from naps.topography.pca import pca_layout
from naps.topography.som import SomOptions, train_som
from naps.topography.swarm import swarm, swarm_steps
from naps.topography.tsne import tsne_layout
from naps.topography.umap import check_umap, umap_layout
from naps.topography.units import Units

_BY_DISTANCES: dict[str, Callable[[Floats, int], Floats]] = {
    "graph": graph_layout,
    "mds": mds_layout,
    "pca": pca_layout,
    "tsne": tsne_layout,
    "umap": umap_layout,
}
_SOMS: dict[str, Callable[[int], SomOptions]] = {
    "som": SomOptions.for_units,
    "som_published": SomOptions.published,
}
_PLAIN = ("random", *_BY_DISTANCES, *_SOMS)
METHODS: tuple[str, ...] = (*_PLAIN, "pso", *(f"{name}_pso" for name in _PLAIN))

# Units in one cell of a self-organising map stand this far around it.
_ROUND = 0.2


@dataclass(frozen=True)
class Layout:
    """Where the units of a layer are in the plane.

    Attributes
    ----------
    positions : array of float64, shape (units, 2)
        In the unit square, which each axis fills.
    method : str
    seed : int
    seconds : float
        What it took.
    """

    positions: Floats
    method: str
    seed: int
    seconds: float


def layout(
    units: Units,
    method: str = "tsne_pso",
    *,
    seed: int = 0,
    metric: str = "cosine",
    som: SomOptions | None = None,
    steps: int | None = None,
) -> Layout:
    """Lay the units of a layer out in the plane (Krug et al. 2023).

    Parameters
    ----------
    units : Units
    method : str
        ``random`` (a control), ``graph``, ``mds``, ``pca``, ``tsne``, ``umap``, ``som``,
        ``som_published`` (with the constants of the paper), ``pso``; or one of them before
        ``_pso``: a particle swarm then spaces its layout evenly.
    seed : int
        The same seed gives the same layout.
    metric : {"cosine", "correlation", "euclidean"}
        Of the distances between units, for all methods but maps, which know Euclidean ones alone.
    som : SomOptions, optional
        Of ``som`` and ``som_pso``.
    steps : int, optional
        Of the swarm; by default 1000, of more than 500 units 100.

    Raises
    ------
    InputError
        If there is no such method or metric, an extra is not installed, or all units are alike.
    """
    check_method(method)
    if not np.ptp(units.vectors, axis=0).any():
        raise _alike(units)
    began = time.perf_counter()
    name, paced = method.removesuffix("_pso"), method.endswith("pso")
    random = np.random.default_rng(seed)
    steps = swarm_steps(len(units)) if steps is None else steps
    if name in _SOMS:
        found = _map_positions(units, som if som and name == "som" else None, name, seed)
    elif name in ("random", "pso"):
        found = random.random((len(units), 2))
        if name == "pso":
            found = swarm(found, _distances(units, metric), steps)
    else:
        found = _BY_DISTANCES[name](_distances(units, metric), seed)
    if paced and name != "pso":
        # Units at one place would never part.
        start = unit_square(found) + 1e-6 * random.standard_normal(found.shape)
        found = swarm(start, None, steps)
    return Layout(unit_square(found), method, seed, time.perf_counter() - began)


def check_method(method: str) -> None:
    """Refuse a method that there is not, or whose extra is not installed."""
    if method not in METHODS:
        raise InputError(f"no layout {method!r}; there are: {', '.join(METHODS)}")
    if method.startswith("umap"):
        check_umap()


def unit_square(positions: Floats) -> Floats:
    """Stretch each axis to 0 … 1; one without extent goes to the middle."""
    low, extent = positions.min(0), np.ptp(positions, axis=0)
    # What is left of no extent is rounding, and must not be stretched into a pattern.
    flat = extent <= 1e-12 * np.abs(positions).max()
    scaled = (positions - low) / np.where(flat, 1.0, extent)
    return np.asarray(np.where(flat, 0.5, scaled))


def _distances(units: Units, metric: str) -> Floats:
    square = units.distances(metric)
    if square.max() <= 1e-12:
        raise _alike(units)
    return square


def _alike(units: Units) -> InputError:
    return InputError(f"{units.layer}: no two units differ, so there is nothing to lay out")


def _map_positions(units: Units, given: SomOptions | None, name: str, seed: int) -> Floats:
    options = given or _SOMS[name](len(units))
    som = train_som(units.vectors, options, seed=seed)
    cells = som.winners(units.vectors)
    positions = np.stack([cells % options.columns, cells // options.columns], 1).astype(np.float64)
    phases = np.random.default_rng(seed).random(options.rows * options.columns)
    for cell, count in zip(*np.unique(cells, return_counts=True), strict=True):
        if count > 1:
            turn = 2 * np.pi * (phases[cell] + np.arange(count) / count)
            positions[cells == cell] += _ROUND * np.stack([np.cos(turn), np.sin(turn)], 1)
    return positions
