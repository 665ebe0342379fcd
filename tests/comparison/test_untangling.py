import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from naps.comparison import entanglement, tanglegram
from naps.similarity import Tree, build_tree
from tests.oracles import comparison_trees as oracle


def tree_of(points: np.ndarray) -> Tree:
    square = np.linalg.norm(points[:, None] - points[None], axis=2)
    return build_tree([str(i) for i in range(len(points))], [1] * len(points), square)


def random_tree(leaves: int, seed: int) -> Tree:
    return tree_of(np.random.default_rng(seed).standard_normal((leaves, 3)))


def ranks(order: tuple[int, ...] | list[int]) -> np.ndarray:
    return np.argsort(order)


# Leaves 0 and 1 beside each other, and 2 and 3; or 0 and 2, and 1 and 3.
SIDE_BY_SIDE = tree_of(np.array([[0.0], [1.0], [10.0], [11.0]]))
CROSSED = tree_of(np.array([[0.0], [10.0], [1.0], [11.0]]))


def test_entanglement_by_hand() -> None:
    assert entanglement(np.arange(5), np.arange(5)) == 0
    assert entanglement(np.arange(5), np.arange(5)[::-1]) == pytest.approx(1)
    # Two leaves one place off; reversed, two are off by three and two by one.
    found = entanglement(ranks([0, 1, 2, 3]), ranks([0, 2, 1, 3]))
    assert found == pytest.approx(2 / (2 * 3**1.5 + 2))


def test_trees_of_other_pairs_cannot_be_untangled_wholly() -> None:
    found = tanglegram(SIDE_BY_SIDE, CROSSED, permutations=50)
    assert found.entanglement.value == pytest.approx(2 / (2 * 3**1.5 + 2))


def test_equal_trees_are_not_tangled_however_they_are_drawn() -> None:
    tree = random_tree(12, 0)
    drawn = list(tree.order)[::-1]
    other = Tree(
        tree.labels, tree.counts, tree.distances, tree.merges, tuple(drawn), tree.cophenetic
    )
    found = tanglegram(tree, other, permutations=100)
    assert found.entanglement.value == 0
    assert found.order_a == found.order_b
    assert found.entanglement.p == pytest.approx(1 / 101)
    assert found.entanglement.chance_p01 > 0


@pytest.mark.parametrize("seed", range(12))
def test_turning_finds_nearly_the_best_of_all_drawings(seed: int) -> None:
    a, b = random_tree(6, seed), random_tree(6, 100 + seed)
    found = tanglegram(a, b, permutations=1, seed=seed).entanglement.value
    best = oracle.least_tangle(a.merges, b.merges)
    assert best - 1e-12 <= found <= best + 0.05


@given(st.integers(2, 14), st.integers(0, 10_000))
def test_orders_are_drawings_of_trees_that_stay_what_they_are(leaves: int, seed: int) -> None:
    a, b = random_tree(leaves, seed), random_tree(leaves, seed + 1)
    before = a.merges.copy(), b.merges.copy(), a.order, b.order
    found = tanglegram(a, b, permutations=2, seed=seed)
    np.testing.assert_array_equal(a.merges, before[0])
    np.testing.assert_array_equal(b.merges, before[1])
    assert (a.order, b.order) == before[2:]
    for tree, order in ((a, found.order_a), (b, found.order_b)):
        assert sorted(order) == list(range(leaves))
        # What a branch holds lies side by side.
        below: list[list[int]] = [[i] for i in range(leaves)]
        for left, right in tree.merges[:, :2].astype(int):
            below.append(below[left] + below[right])
            places = sorted(order.index(leaf) for leaf in below[-1])
            assert places == list(range(places[0], places[0] + len(places)))
    value = found.entanglement.value
    drawn = oracle.tangle(list(found.order_a), list(found.order_b))
    assert value == pytest.approx(drawn, abs=1e-12)
    assert value <= entanglement(ranks(a.order), ranks(b.order)) + 1e-12


def test_chance_are_leaves_named_at_random() -> None:
    # Of four leaves in pairs, a third of all pairings keep the pairs: those can be untangled.
    found = tanglegram(SIDE_BY_SIDE, SIDE_BY_SIDE, permutations=400).entanglement
    crossed = 2 / (2 * 3**1.5 + 2)
    assert found.value == 0
    assert found.chance_mean == pytest.approx(2 / 3 * crossed, rel=0.15)
    assert found.chance_p01 == 0
    assert found.p == pytest.approx(1 / 3, abs=0.08)


def test_like_trees_are_less_tangled_than_chance() -> None:
    random = np.random.default_rng(2)
    points = random.standard_normal((30, 3))
    near = points + 0.1 * random.standard_normal(points.shape)
    like = tanglegram(tree_of(points), tree_of(near), permutations=100).entanglement
    assert like.value < like.chance_p01
    other = tanglegram(tree_of(points), random_tree(30, 9), permutations=100).entanglement
    assert other.value > other.chance_p01
    assert like.chance_mean == pytest.approx(other.chance_mean, abs=0.08)


def test_the_same_seed_gives_the_same_drawing() -> None:
    trees = random_tree(20, 1), random_tree(20, 2)
    first, second = (tanglegram(*trees, permutations=20, seed=3) for _ in range(2))
    assert first.order_a == second.order_a
    assert first.entanglement == second.entanglement


def test_trees_of_other_sizes_have_no_partners() -> None:
    with pytest.raises(ValueError, match="4 and of 5 leaves"):
        tanglegram(SIDE_BY_SIDE, random_tree(5, 0))
