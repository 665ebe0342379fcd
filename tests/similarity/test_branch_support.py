from itertools import pairwise

import numpy as np
import pytest
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

from naps.errors import InputError
from naps.similarity import bootstrap
from naps.similarity.bootstrap import bootstrap_weights
from naps.similarity.crossvalidation import denoised_distances
from naps.similarity.products import block_distances
from naps.similarity.support import branch_support
from naps.similarity.tree import Tree, build_tree
from tests.oracles import similarity_support as oracle
from tests.similarity.planted import block_gram, planted


def tree_of(blocks, metric: str = "cosine", reference: str = "equal", method="average") -> Tree:
    square = block_distances(blocks, metric, reference)
    return build_tree(blocks.labels, blocks.counts.sum(0).tolist(), square, method)


def hierarchy(seed: int, cells: int = 60) -> np.ndarray:
    """Eight leaves in pairs of pairs; what sets branches apart is larger further up."""
    random = np.random.default_rng(seed)
    centres = np.zeros((8, cells))
    for size, members in ((3.0, 4), (2.0, 2), (1.0, 1)):
        for start in range(0, 8, members):
            centres[start : start + members] += size * random.standard_normal(cells)
    return centres


PLANTED = {frozenset(range(s, s + n)) for n in (2, 4, 8) for s in range(0, 8, n)}


@pytest.mark.parametrize(
    ("metric", "reference", "method"),
    [
        ("cosine", "equal", "average"),
        ("correlation", "count", "complete"),
        ("euclidean", "none", "ward"),
    ],
)
@pytest.mark.parametrize("missing", [0.0, 0.5])
def test_support_is_the_share_of_trees_with_the_branch(
    metric: str, reference: str, method: str, missing: float
) -> None:
    means, counts, blocks = planted(3, groups=7, noise=2.0, missing=missing)
    found = branch_support(
        tree_of(blocks, metric, reference, method), blocks,
        metric=metric, reference=reference, linkage=method, replicates=80, seed=5,
    )  # fmt: skip
    expected, counted = oracle.support(
        means, counts, bootstrap_weights(6, 80, 5), metric, reference, method
    )
    np.testing.assert_allclose(found, expected)
    assert found[-1] == 1
    assert 0 < found.min() < 0.9
    assert counted == 80 if missing == 0 else counted < 80


def test_support_of_trees_without_noise_in_the_distances() -> None:
    _, _, blocks = planted(0, groups=6, noise=2.0)
    square = denoised_distances(blocks, "euclidean", "none")
    tree = build_tree(blocks.labels, [1] * 6, square)
    found = branch_support(
        tree, blocks, metric="euclidean", reference="none", crossvalidated=True, replicates=60
    )
    counts = np.zeros(5)
    usable = 0
    for drawn in bootstrap_weights(6, 60, 0):
        one = denoised_distances(blocks, "euclidean", "none", drawn)
        if not np.isnan(one).any():
            merges = linkage(squareform(one, checks=False), "average")
            usable += 1
            counts += [b in oracle.branches(merges) for b in oracle.branches(tree.merges)]
    np.testing.assert_allclose(found, counts / usable)
    assert usable > 50


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("crossvalidated", [False, True])
def test_a_planted_tree_is_recovered_and_its_branches_are_sure(
    metric: str, crossvalidated: bool
) -> None:
    _, _, blocks = planted(
        0, blocks=10, groups=8, cells=60, noise=0.5, centres=hierarchy(0), missing=0.1
    )
    measure = denoised_distances if crossvalidated else block_distances
    tree = build_tree(blocks.labels, [1] * 8, measure(blocks, metric))
    assert set(oracle.branches(tree.merges)) == PLANTED
    found = branch_support(
        tree, blocks, metric=metric, crossvalidated=crossvalidated, replicates=100
    )
    assert found.min() > 0.95


def test_support_rises_with_the_number_of_events() -> None:
    means = []
    for noise in (80.0, 40.0, 20.0, 10.0):  # half the noise is four times the events
        found = []
        for seed in range(8):
            _, _, blocks = planted(
                seed, blocks=8, groups=8, cells=60, noise=noise, centres=hierarchy(seed)
            )
            tree = tree_of(blocks, "euclidean")
            support = branch_support(tree, blocks, metric="euclidean", replicates=40)
            true = [branch in PLANTED for branch in oracle.branches(tree.merges)]
            # A branch that is missed has no support at all.
            found.append(support[true].sum() / len(PLANTED))
        means.append(np.mean(found))
    assert all(more > less + 0.05 for less, more in pairwise(means))
    assert means[-1] > 0.9


def test_branches_of_chance_have_little_support() -> None:
    centres = np.zeros((12, 40))
    found = []
    for seed in range(5):
        _, _, blocks = planted(seed, blocks=12, groups=12, cells=40, noise=3.0, centres=centres)
        found.append(branch_support(tree_of(blocks), blocks, replicates=50)[:-1].mean())
    assert np.mean(found) < 0.35


def test_the_same_seed_gives_the_same_and_parts_do_not_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, _, blocks = planted(1, groups=6, noise=2.0)
    tree = tree_of(blocks)
    first = branch_support(tree, blocks, replicates=50, seed=2)
    monkeypatch.setattr(bootstrap, "_IN_MEMORY", 7 * 36)
    np.testing.assert_array_equal(branch_support(tree, blocks, replicates=50, seed=2), first)
    assert (branch_support(tree, blocks, replicates=50, seed=3) != first).any()


def test_groups_beyond_the_tree_do_not_matter() -> None:
    _, _, blocks = planted(1, groups=6, noise=2.0)
    part = blocks.select(["g4", "g1", "g2"])
    tree = tree_of(part)
    np.testing.assert_array_equal(
        branch_support(tree, blocks, replicates=30), branch_support(tree, part, replicates=30)
    )


def test_where_nothing_can_be_drawn_support_is_unknown() -> None:
    means, counts, blocks = planted(0)
    tree = tree_of(blocks)
    one = block_gram(means[:1], counts[:1], blocks.labels)
    assert np.isnan(branch_support(tree, one)).all()
    assert np.isnan(branch_support(tree, blocks, replicates=0)).all()
    # Every group stands in a block of its own, and one draw of 26 has all of them.
    apart = block_gram(means[:5], np.eye(5, dtype=int), blocks.labels)
    assert (bootstrap_weights(5, 10, 0) == 0).any(1).all()
    assert np.isnan(branch_support(tree_of(apart), apart, replicates=10)).all()


def test_two_groups_one_event_and_equal_profiles() -> None:
    _, counts, blocks = planted(0)
    pair = blocks.select(["g0", "g1"])
    assert branch_support(tree_of(pair), pair, replicates=10).tolist() == [1]
    counts[:, 2] = 0
    counts[3, 2] = 1
    lone = block_gram(planted(0)[0], counts, blocks.labels)
    found = branch_support(tree_of(lone), lone, replicates=40)
    assert found[-1] == 1
    assert np.isfinite(found).all()
    with pytest.raises(InputError, match=r"fewer than two blocks .*: g2;"):
        branch_support(tree_of(lone), lone, crossvalidated=True)
    same = block_gram(np.ones((4, 3, 5)), np.full((4, 3), 2), "abc")
    assert branch_support(tree_of(same), same, replicates=10)[-1] == 1


def test_options_that_do_not_exist_are_named() -> None:
    _, _, blocks = planted(0)
    tree = tree_of(blocks)
    for crossvalidated in (False, True):
        with pytest.raises(InputError, match="'manhattan'; there are: cosine, correlation, eucl"):
            branch_support(tree, blocks, metric="manhattan", crossvalidated=crossvalidated)
    with pytest.raises(InputError, match="average, complete, ward"):
        branch_support(tree, blocks, linkage="single")
    with pytest.raises(InputError, match="euclidean distances only, not for cosine"):
        branch_support(tree, blocks, linkage="ward")
    other = build_tree(["<b>", "g1"], [1, 1], 1 - np.eye(2))
    with pytest.raises(InputError, match="no group '<b>'; there are: g0, g1"):
        branch_support(other, blocks)
