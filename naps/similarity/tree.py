"""Hierarchical clustering of a distance matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import cophenet, fcluster, leaves_list, linkage
from scipy.spatial.distance import squareform

from naps.errors import InputError
from naps.similarity.distance import Floats

Linkage = Literal["average", "complete", "ward"]
LINKAGES: tuple[Linkage, ...] = ("average", "complete", "ward")

# Optimal leaf ordering takes a minute at 2000 leaves, a tenth of a second at 400.
_MOST_ORDERED = 400


def check_linkage(method: str, metric: str) -> None:
    """See that a linkage is defined for distances of this metric.

    Raises
    ------
    InputError
        If there is no such linkage, or it is ward and the metric is not Euclidean.
    """
    if method not in LINKAGES:
        raise InputError(f"no linkage {method!r}; there are: {', '.join(LINKAGES)}")
    if method == "ward" and metric != "euclidean":
        raise InputError(
            f"the linkage ward is defined for euclidean distances only, not for {metric}: "
            f"--set clusters.metric=euclidean, or another linkage"
        )


@dataclass(frozen=True)
class Tree:
    """Groups and how they merge.

    Attributes
    ----------
    labels : tuple of str
    counts : tuple of int
        Events of each group.
    distances : array, shape (labels, labels)
    merges : array, shape (labels - 1, 4)
        SciPy's linkage matrix.
    order : tuple of int
        Leaves from one end to the other, as indices into ``labels``.
    cophenetic : float
        Correlation of the distances with the heights at which pairs merge; nan if undefined.
    """

    labels: tuple[str, ...]
    counts: tuple[int, ...]
    distances: Floats
    merges: Floats
    order: tuple[int, ...]
    cophenetic: float

    def cut(self, count: int) -> npt.NDArray[np.int64]:
        """Cut the tree into at most ``count`` clusters; return the cluster of every label."""
        return np.asarray(fcluster(self.merges, count, criterion="maxclust"), np.int64)


def build_tree(
    labels: Sequence[str], counts: Sequence[int], square: Floats, method: str = "average"
) -> Tree:
    """Cluster groups by their distances.

    Parameters
    ----------
    labels, counts : sequence
        Names of the groups and their numbers of events.
    square : array, shape (labels, labels)
        Distances.
    method : {"average", "complete", "ward"}
        Linkage; ward wants Euclidean distances, see `check_linkage`.

    Raises
    ------
    InputError
        If there is no such linkage, there are fewer than two groups, or a distance is not finite.
    """
    if method not in LINKAGES:
        raise InputError(f"no linkage {method!r}; there are: {', '.join(LINKAGES)}")
    if len(labels) < 2:
        raise InputError(f"a tree needs two groups, and there are {len(labels)}")
    if not np.isfinite(square).all():
        unknown = np.asarray(~np.isfinite(square).all(1))
        named = [label for label, bad in zip(labels, unknown, strict=True) if bad]
        raise InputError(
            f"distances of these groups are not all finite numbers: {', '.join(named)}; leave "
            f"out those that have no distances to any other"
        )
    condensed = squareform(square, checks=False)
    merges = linkage(condensed, method, optimal_ordering=len(labels) <= _MOST_ORDERED)
    heights = cophenet(merges)
    varies = np.ptp(condensed) > 0 and np.ptp(heights) > 0
    return Tree(
        labels=tuple(labels),
        counts=tuple(int(c) for c in counts),
        distances=square,
        merges=merges,
        order=tuple(int(i) for i in leaves_list(merges)),
        cophenetic=float(np.corrcoef(condensed, heights)[0, 1]) if varies else float("nan"),
    )
