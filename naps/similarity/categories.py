"""How well known categories show in a layer, and how well they would by chance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from naps.similarity.distance import Floats
from naps.similarity.statistic import Statistic, against_chance
from naps.similarity.tree import Tree

Ints = npt.NDArray[np.int64]

# Permutations that are looked at at once: so few that their arrays stay in the processor's cache.
_BLOCK = 250


def memberships(assignments: Ints, classes: int) -> Floats:
    """Write many assignments of labels to classes as zeros and ones.

    Parameters
    ----------
    assignments : array of int, shape (permutations, labels)
        Class of each label, 0 to ``classes - 1``.
    classes : int

    Returns
    -------
    array of float64, shape (classes, permutations, labels)
    """
    return np.asarray(assignments == np.arange(classes)[:, None, None], np.float64)


def silhouettes(square: Floats, members: Floats) -> Floats:
    """Compute the mean silhouette of many assignments at once (Rousseeuw 1987).

    A label alone in its class scores 0, as in scikit-learn.

    Parameters
    ----------
    square : array, shape (labels, labels)
        Distances.
    members : array, shape (classes, permutations, labels)
        See `memberships`.

    Returns
    -------
    array, shape (permutations,)
    """
    sizes = members.sum(2)
    totals = members @ square
    own = members > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        means = np.where(own | (sizes == 0)[:, :, None], np.inf, totals / sizes[:, :, None])
    outside = means.min(0)
    own_size = np.einsum("cpg,cp->pg", members, sizes)
    inside = np.einsum("cpg,cpg->pg", members, totals) / np.maximum(own_size - 1, 1)
    larger = np.maximum(inside, outside)
    score = (outside - inside) / np.where(larger > 0, larger, 1.0)
    return np.asarray(np.where(own_size > 1, score, 0.0).mean(1))


def contingency(clusters: Ints, members: Floats) -> Floats:
    """Count the labels of every class in every cluster, for many assignments.

    Parameters
    ----------
    clusters : array of int, shape (labels,)
        Cluster of each label, from 0.
    members : array, shape (classes, permutations, labels)
        See `memberships`.

    Returns
    -------
    array of float64, shape (classes, permutations, clusters)
    """
    return np.asarray(members @ np.eye(int(clusters.max()) + 1)[clusters])


def purities(table: Floats) -> Floats:
    """Compute the share of labels in the commonest class of their cluster.

    Parameters
    ----------
    table : array, shape (classes, permutations, clusters)
        See `contingency`.

    Returns
    -------
    array, shape (permutations,)
    """
    return np.asarray(table.max(0).sum(1) / table[:, 0].sum())


def rand_indices(table: Floats) -> Floats:
    """Compare clusters and classes by the adjusted Rand index (Hubert & Arabie 1985).

    Parameters
    ----------
    table : array, shape (classes, permutations, clusters)
        See `contingency`.

    Returns
    -------
    array, shape (permutations,)
    """

    def pairs(x: Floats) -> Floats:
        return x * (x - 1) / 2

    both = pairs(table).sum((0, 2))
    rows, columns = pairs(table.sum(2)).sum(0), pairs(table.sum(0)).sum(1)
    expected = rows * columns / np.maximum(pairs(table.sum((0, 2))), 1.0)
    most = (rows + columns) / 2
    spread = most - expected
    safe = np.where(spread == 0, 1.0, spread)
    return np.asarray(np.where(spread == 0, 1.0, (both - expected) / safe))


def v_measures(table: Floats) -> Floats:
    """Compare clusters and classes by the V-measure (Rosenberg & Hirschberg 2007).

    The harmonic mean of homogeneity (a cluster holds one class) and completeness (a class lies in
    one cluster): twice the mutual information of the two by the sum of their entropies.

    Parameters
    ----------
    table : array, shape (classes, permutations, clusters)
        See `contingency`.

    Returns
    -------
    array, shape (permutations,)
        1 where there is one class and one cluster.
    """
    total = float(table[:, 0].sum())
    counts = np.arange(total + 1)
    # Entropies are sums over counts of n log n, and there are few different counts.
    weighted = counts * np.log(np.maximum(counts, 1))

    def entropy(x: Floats, axes: int | tuple[int, int]) -> Floats:
        return np.asarray(np.log(total) - weighted[x.astype(np.intp)].sum(axes) / total)

    classes, clusters = entropy(table.sum(2), 0), entropy(table.sum(0), 1)
    both = classes + clusters
    shared = both - entropy(table, (0, 2))
    # Rounding leaves a little of an entropy that is zero.
    apart = both > 1e-12
    return np.asarray(np.where(apart, 2 * shared / np.where(apart, both, 1.0), 1.0))


def category_statistics(
    tree: Tree, categories: Sequence[str], *, permutations: int = 10_000, seed: int = 0
) -> dict[str, Statistic]:
    """Ask whether labels of one category lie together.

    ``silhouette`` looks at the distances; ``purity``, ``ari`` (adjusted Rand index) and
    ``v_measure`` at the tree, cut into as many clusters as there are categories.

    Parameters
    ----------
    tree : Tree
    categories : sequence of str
        Of each label.
    permutations : int
        Random re-assignments for the chance level.
    seed : int

    Returns
    -------
    dict of str to Statistic
        Empty where there is only one category or every label has its own.
    """
    names, observed = np.unique(np.asarray(categories), return_inverse=True)
    count = len(names)
    if not 1 < count < len(categories):
        return {}
    clusters = tree.cut(count) - 1

    def measure(assignments: Ints) -> dict[str, Floats]:
        members = memberships(assignments, count)
        table = contingency(clusters, members)
        return {
            "silhouette": silhouettes(tree.distances, members),
            "purity": purities(table),
            "ari": rand_indices(table),
            "v_measure": v_measures(table),
        }

    random = np.random.default_rng(seed)
    values = measure(observed[None])
    chance = {name: np.empty(permutations) for name in values}
    for start in range(0, permutations, _BLOCK):
        size = min(_BLOCK, permutations - start)
        shuffled = random.permuted(np.tile(observed, (size, 1)), axis=1)
        for name, found in measure(shuffled).items():
            chance[name][start : start + size] = found
    return {name: against_chance(float(value[0]), chance[name]) for name, value in values.items()}
