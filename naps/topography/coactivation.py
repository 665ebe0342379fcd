"""Co-activation graph: the most alike units joined, drawn by springs (Krug et al. 2023)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist, squareform

from naps.similarity.distance import Floats

Edges = npt.NDArray[np.bool_]


def coactivation_graph(square: Floats, share: float = 0.075) -> Edges:
    """Join the units that are most alike, and every island with the mainland.

    Parameters
    ----------
    square : array, shape (units, units)
        Distances of the units' vectors.
    share : float
        Of all pairs; those are joined whose distance is below this quantile.

    Returns
    -------
    array of bool, shape (units, units)
        Symmetric, connected, false on the diagonal. Every component but the largest is joined to
        it by the one pair with the least distance.
    """
    edges: Edges = square < np.quantile(squareform(square, checks=False), share)
    np.fill_diagonal(edges, False)
    count, component = connected_components(edges, directed=False)
    largest = int(np.bincount(component).argmax())
    mainland = np.flatnonzero(component == largest)
    for other in set(range(count)) - {largest}:
        island = np.flatnonzero(component == other)
        between = square[np.ix_(island, mainland)]
        i, j = np.unravel_index(int(between.argmin()), between.shape)
        edges[island[i], mainland[j]] = edges[mainland[j], island[i]] = True
    return edges


def spring_layout(edges: Edges, start: Floats, steps: int = 50) -> Floats:
    """Draw a graph by forces (Fruchterman & Reingold 1991).

    All units repel each other, joined ones attract each other; the longest way of a step shrinks
    from a tenth of the drawing to nothing. The constants are those of NetworkX.

    Parameters
    ----------
    edges : array of bool, shape (units, units)
    start : array, shape (units, 2)
        Positions at first.
    steps : int

    Returns
    -------
    array, shape (units, 2)
    """
    found = start.astype(np.float64)
    length = 1 / np.sqrt(len(found))
    reach = 0.1 * float(np.ptp(found, axis=0).max())
    for longest in np.linspace(reach, 0, steps + 1, endpoint=False)[:-1]:
        gaps = np.maximum(cdist(found, found), 0.01)
        force = length**2 / gaps**2 - edges * gaps / length
        moves = force.sum(1, keepdims=True) * found - force @ found
        lengths = np.maximum(np.linalg.norm(moves, axis=1, keepdims=True), 0.01)
        step = moves * longest / lengths
        found += step
        if np.linalg.norm(step) < 1e-4 * len(found):
            break
    return found


def graph_layout(square: Floats, seed: int) -> Floats:
    """Lay units out by their co-activation graph.

    Parameters
    ----------
    square : array, shape (units, units)
        Distances of the units' vectors.
    seed : int
        Of the positions at first.

    Returns
    -------
    array, shape (units, 2)
    """
    start = np.random.default_rng(seed).random((len(square), 2))
    return spring_layout(coactivation_graph(square), start)
