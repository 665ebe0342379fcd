"""How well known categories show in a layer, and how well they would by chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from naps.similarity.distance import Floats
from naps.similarity.tree import Tree

Ints = npt.NDArray[np.int64]

# Permutations are drawn in blocks to bound memory.
_BLOCK = 1000


@dataclass(frozen=True)
class Statistic:
    """A number and what it would be if the categories meant nothing.

    Attributes
    ----------
    value : float
    chance_mean, chance_p99 : float
        Mean and 99th percentile over random permutations of the categories.
    p : float
        Share of permutations, the observed one counted in, that reach the value.
    permutations : int
    """

    value: float
    chance_mean: float
    chance_p99: float
    p: float
    permutations: int


def silhouettes(square: Floats, assignments: Ints, classes: int) -> Floats:
    """Compute the mean silhouette of many assignments at once (Rousseeuw 1987).

    A group alone in its class scores 0, as in scikit-learn.

    Parameters
    ----------
    square : array, shape (labels, labels)
        Distances.
    assignments : array of int, shape (permutations, labels)
        Class of each label.
    classes : int
        Classes are 0 to ``classes - 1``.

    Returns
    -------
    array, shape (permutations,)
    """
    member = np.eye(classes)[assignments]
    sizes = member.sum(1)
    totals = np.einsum("ij,pjc->pic", square, member)
    own_size = np.take_along_axis(sizes, assignments, 1)
    own_total = np.take_along_axis(totals, assignments[:, :, None], 2)[:, :, 0]
    inside = own_total / np.maximum(own_size - 1, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = np.where(sizes[:, None, :] > 0, totals / sizes[:, None, :], np.inf)
    np.put_along_axis(means, assignments[:, :, None], np.inf, 2)
    outside = means.min(2)
    larger = np.maximum(inside, outside)
    score = np.where(larger > 0, (outside - inside) / np.where(larger > 0, larger, 1.0), 0.0)
    return np.asarray(np.where(own_size > 1, score, 0.0).mean(1))


def _contingency(clusters: Ints, assignments: Ints, classes: int) -> Floats:
    cluster = np.eye(int(clusters.max()) + 1)[clusters]
    return np.asarray(np.einsum("ik,pic->pkc", cluster, np.eye(classes)[assignments]))


def purities(clusters: Ints, assignments: Ints, classes: int) -> Floats:
    """Compute the share of labels in the commonest class of their cluster, for many assignments."""
    table = _contingency(clusters, assignments, classes)
    return np.asarray(table.max(2).sum(1) / assignments.shape[1])


def rand_indices(clusters: Ints, assignments: Ints, classes: int) -> Floats:
    """Compare a clustering with many assignments by adjusted Rand index (Hubert & Arabie 1985)."""
    table = _contingency(clusters, assignments, classes)

    def pairs(x: Floats) -> Floats:
        return x * (x - 1) / 2

    both = pairs(table).sum((1, 2))
    rows, columns = pairs(table.sum(2)).sum(1), pairs(table.sum(1)).sum(1)
    expected = rows * columns / max(1.0, float(pairs(np.array(float(assignments.shape[1])))))
    most = (rows + columns) / 2
    spread = most - expected
    safe = np.where(spread == 0, 1.0, spread)
    return np.asarray(np.where(spread == 0, 1.0, (both - expected) / safe))


def category_statistics(
    tree: Tree, categories: Sequence[str], *, permutations: int = 10_000, seed: int = 0
) -> dict[str, Statistic]:
    """Ask whether labels of one category lie together.

    ``silhouette`` looks at the distances; ``purity`` and ``ari`` (adjusted Rand index) at the
    tree, cut into as many clusters as there are categories.

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
    measures: dict[str, Callable[[Ints], Floats]] = {
        "silhouette": lambda a: silhouettes(tree.distances, a, count),
        "purity": lambda a: purities(clusters, a, count),
        "ari": lambda a: rand_indices(clusters, a, count),
    }
    random = np.random.default_rng(seed)
    observed = observed.astype(np.int64)
    drawn: dict[str, list[Floats]] = {name: [] for name in measures}
    for start in range(0, permutations, _BLOCK):
        size = min(_BLOCK, permutations - start)
        shuffled = random.permuted(np.tile(observed, (size, 1)), axis=1)
        for name, measure in measures.items():
            drawn[name].append(measure(shuffled))
    result = {}
    for name, measure in measures.items():
        value = float(measure(observed[None])[0])
        chance = np.concatenate(drawn[name]) if permutations else np.zeros(0)
        reached = int((chance >= value - 1e-12).sum())
        result[name] = Statistic(
            value=value,
            chance_mean=float(chance.mean()) if permutations else float("nan"),
            chance_p99=float(np.quantile(chance, 0.99)) if permutations else float("nan"),
            p=(reached + 1) / (permutations + 1),
            permutations=permutations,
        )
    return result
