"""Permutation tests and bootstrap of trees, beside loops over scikit-learn, scikit-bio and SciPy.

All ways get the same distances, and their values are checked against each other before anything
is timed. Times are medians of interleaved runs in one process, on one thread. A loop that takes
too long does fewer permutations or replicates, and its time is scaled up to as many as ours.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import linkage, to_tree
from scipy.spatial.distance import pdist, squareform
from skbio.stats.distance import mantel
from sklearn.metrics import adjusted_rand_score, silhouette_score, v_measure_score
from sklearn.metrics.cluster import contingency_matrix
from threadpoolctl import threadpool_limits

from benchmarks.machine import machine
from naps.phonology import classes, inventory
from naps.similarity import (
    BlockGram,
    Tree,
    branch_support,
    build_tree,
    category_statistics,
    phonetic_distances,
    relation,
)
from naps.similarity.bootstrap import bootstrap_weights
from naps.similarity.distance import Floats

TITLE = "Statistics of trees"
RUNS = 5
LABELS, LAYERS, FILES = 37, 11, 4
BLOCKS, CELLS = 16, 512
PERMUTATIONS, REPLICATES = 10_000, 1000


@dataclass(frozen=True)
class Way:
    """Something to time.

    ``scale`` is how many times the work ours does is left out.
    """

    name: str
    run: Callable[[], object]
    scale: float = 1.0


@dataclass(frozen=True)
class Corpus:
    """Random means of blocks, and a tree of the whole."""

    phones: tuple[str, ...]
    means: Floats
    counts: Floats
    blocks: BlockGram
    trees: tuple[Tree, ...]


def corpus() -> Corpus:
    random = np.random.default_rng(0)
    phones = tuple(inventory("en"))[:LABELS]
    counts = random.integers(5, 60, (BLOCKS, LABELS)).astype(np.float64)
    centres = random.standard_normal((LABELS, CELLS))
    noise = random.standard_normal((BLOCKS, LABELS, CELLS)) / np.sqrt(counts)[:, :, None]
    means = centres + 4 * noise
    gram = np.einsum("bgk,chk->bgch", means, means, optimize=True)
    trees = tuple(
        build_tree(phones, [20] * LABELS, cosines(centres + random.standard_normal(centres.shape)))
        for _ in range(LAYERS)
    )
    return Corpus(
        phones, means, counts, BlockGram(phones, gram, counts, means.sum(2), CELLS), trees
    )


def cosines(profiles: Floats) -> Floats:
    return np.asarray(squareform(pdist(profiles - profiles.mean(0), "cosine")))


def categories(data: Corpus) -> dict[str, list[str]]:
    features = "manner", "place", "voicing", "height"
    return {feature: classes(data.phones, feature) or [] for feature in features}


def whole(data: Corpus, weights: Floats) -> Floats:
    """Profiles of a drawn corpus."""
    events = data.counts * weights[:, None]
    return np.einsum("bg,bgk->gk", events / events.sum(0), data.means)


def scikit_learn(tree: Tree, members: list[str], permutations: int) -> dict[str, list[float]]:
    random = np.random.default_rng(0)
    clusters = tree.cut(len(set(members)))
    found: dict[str, list[float]] = {"silhouette": [], "purity": [], "ari": [], "v_measure": []}
    for shuffled in (members, *(random.permutation(members) for _ in range(permutations))):
        found["silhouette"].append(silhouette_score(tree.distances, shuffled, metric="precomputed"))
        table = contingency_matrix(clusters, shuffled)
        found["purity"].append(table.max(1).sum() / table.sum())
        found["ari"].append(adjusted_rand_score(clusters, shuffled))
        found["v_measure"].append(v_measure_score(clusters, shuffled))
    return found


def branches(merges: Floats) -> list[frozenset[int]]:
    nodes = to_tree(merges, rd=True)[1]
    return [frozenset(node.pre_order()) for node in nodes if not node.is_leaf()]


def scipy_support(data: Corpus, replicates: int) -> Floats:
    expected = branches(linkage(pdist_of(data, np.ones(BLOCKS)), "average"))
    found = np.zeros(len(expected))
    for weights in bootstrap_weights(BLOCKS, REPLICATES, 0)[:replicates]:
        others = set(branches(linkage(pdist_of(data, weights), "average")))
        found += [branch in others for branch in expected]
    return found / replicates


def pdist_of(data: Corpus, weights: Floats) -> Floats:
    profiles = whole(data, weights)
    return np.asarray(pdist(profiles - profiles.mean(0), "cosine"))


def medians(ways: list[Way]) -> dict[str, float]:
    times: dict[str, list[float]] = {way.name: [] for way in ways}
    for _ in range(RUNS):
        for way in ways:
            began = time.perf_counter()
            way.run()
            times[way.name].append((time.perf_counter() - began) * way.scale)
    return {name: statistics.median(found) for name, found in times.items()}


def table(title: str, ways: list[Way]) -> list[str]:
    found = medians(ways)
    ours = next(iter(found.values()))
    return [
        "",
        f"### {title}",
        "",
        "| way | seconds | times naps |",
        "|---|---|---|",
        *(f"| {name} | {seconds:.3g} | {seconds / ours:.1f} |" for name, seconds in found.items()),
    ]


def categories_section(data: Corpus) -> list[str]:
    tree, members = data.trees[0], categories(data)["manner"]
    few = 100
    found = category_statistics(tree, members, permutations=0)
    for name, values in scikit_learn(tree, members, 0).items():
        np.testing.assert_allclose(found[name].value, values[0], atol=1e-12)
    return table(
        f"Silhouette, purity, adjusted Rand index and V-measure of {LABELS} labels in "
        f"{len(set(members))} classes, {PERMUTATIONS} permutations",
        [
            Way("naps", lambda: category_statistics(tree, members, permutations=PERMUTATIONS)),
            Way(
                f"loop over scikit-learn ({few} permutations, scaled)",
                lambda: scikit_learn(tree, members, few),
                PERMUTATIONS / few,
            ),
        ],
    )


def relation_section(data: Corpus) -> list[str]:
    layers = np.stack([tree.distances for tree in data.trees])
    model = phonetic_distances(data.phones)
    if model is None:
        raise AssertionError("phones have no features")
    few = 500

    def scikit_bio(permutations: int) -> list[float]:
        return [
            mantel(
                layer, model, "spearman", permutations=permutations, alternative="greater", seed=0
            )[0]
            for layer in layers
        ]

    found = [statistic.value for statistic in relation(layers, model, permutations=0)]
    np.testing.assert_allclose(found, scikit_bio(0), atol=1e-12)
    return table(
        f"Mantel tests of {LAYERS} layers of {LABELS} labels, Spearman, {PERMUTATIONS} "
        f"permutations",
        [
            Way("naps", lambda: relation(layers, model, permutations=PERMUTATIONS)),
            Way(
                f"scikit-bio, layer by layer ({few} permutations, scaled)",
                lambda: scikit_bio(few),
                PERMUTATIONS / few,
            ),
            Way(
                "naps, partial",
                lambda: relation(layers[1:], model, given=layers[0], permutations=PERMUTATIONS),
            ),
        ],
    )


def support_section(data: Corpus) -> list[str]:
    few = 100
    tree = build_tree(data.phones, [20] * LABELS, cosines(whole(data, np.ones(BLOCKS))))
    # Optimal leaf ordering turns branches; it does not change them.
    plain = branches(linkage(pdist_of(data, np.ones(BLOCKS)), "average"))
    ours = dict(zip(branches(tree.merges), branch_support(tree, data.blocks), strict=True))
    np.testing.assert_allclose(
        [ours[branch] for branch in plain], scipy_support(data, REPLICATES), atol=1e-12
    )
    return table(
        f"Support of the branches over {LABELS} groups, {REPLICATES} bootstrap replicates of "
        f"{BLOCKS} blocks",
        [
            Way("naps", lambda: branch_support(tree, data.blocks, replicates=REPLICATES)),
            Way(
                "naps, cross-validated distances",
                lambda: branch_support(
                    tree, data.blocks, replicates=REPLICATES, crossvalidated=True
                ),
            ),
            Way(
                f"loop over SciPy, profiles of {CELLS} numbers ({few} replicates, scaled)",
                lambda: scipy_support(data, few),
                REPLICATES / few,
            ),
        ],
    )


def whole_section(data: Corpus) -> list[str]:
    """Everything that a run of the mini model asks."""
    named = categories(data)
    model = phonetic_distances(data.phones)
    layers = np.stack([tree.distances for tree in data.trees])

    def statistics_of_trees() -> None:
        for tree in data.trees * FILES:
            for members in named.values():
                category_statistics(tree, members, permutations=PERMUTATIONS)

    def relations() -> None:
        for _ in range(FILES):
            relation(layers, model, permutations=PERMUTATIONS)
            relation(layers[1:], layers[0], permutations=PERMUTATIONS)
            relation(layers[1:], model, given=layers[0], permutations=PERMUTATIONS)

    def supports() -> None:
        for tree in data.trees * FILES:
            branch_support(tree, data.blocks, replicates=REPLICATES)

    ways = {
        f"{len(named)} categories × 4 statistics": statistics_of_trees,
        "three relations": relations,
        f"support of branches, {REPLICATES} replicates": supports,
    }
    lines = [
        "",
        f"### All layers of the mini model: {FILES * LAYERS} trees of {LABELS} labels, "
        f"{PERMUTATIONS} permutations (one run)",
        "",
        "| what | seconds |",
        "|---|---|",
    ]
    total = 0.0
    for name, run in ways.items():
        began = time.perf_counter()
        run()
        seconds = time.perf_counter() - began
        total += seconds
        lines.append(f"| {name} | {seconds:.1f} |")
    return [*lines, f"| together | {total:.1f} |"]


def report() -> str:
    data = corpus()
    with threadpool_limits(1):
        return "\n".join(
            [
                f"{machine('numpy', 'scipy', 'scikit-learn', 'scikit-bio')}. Random profiles, "
                f"float64, one thread; median of {RUNS} interleaved runs. Values of all ways are "
                f"equal.",
                *categories_section(data),
                *relation_section(data),
                *support_section(data),
                *whole_section(data),
            ]
        )
