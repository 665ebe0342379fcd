import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from naps.comparison import CKASums, HSICSums
from naps.comparison.cka import CKABlocks, align_layers
from naps.comparison.hsic import HSICBlocks
from naps.similarity.bootstrap import bootstrap_weights
from tests.oracles import comparison_cka as oracle


def related(n: int, p: int, q: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    x = random.standard_normal((n, p))
    y = x[:, : min(p, 3)] @ random.standard_normal((min(p, 3), q))
    return x, y + random.standard_normal((n, q))


def blocks_of(sums: list[CKASums]) -> CKABlocks:
    return CKABlocks.of(sums)


@given(st.integers(4, 30), st.integers(1, 9), st.integers(1, 9), st.integers(0, 99))
def test_sums_equal_the_definition_over_all_pairs_of_frames(
    n: int, p: int, q: int, seed: int
) -> None:
    x, y = related(n, p, q, seed)
    expected = oracle.hsic(x, y)
    scale = math.sqrt(abs(oracle.hsic(x, x) * oracle.hsic(y, y))) + 1e-3
    assert abs(HSICSums.of(x, y).hsic() - expected) < 1e-9 * scale
    own = [oracle.hsic(z, z) for z in (x, y)]
    if min(own) > 1e-3:
        assert CKASums.of(x, y).cka() == pytest.approx(oracle.debiased_cka(x, y), abs=1e-9)


@given(st.lists(st.integers(0, 25), min_size=2, max_size=6), st.integers(0, 99))
def test_sums_of_parts_equal_those_of_the_whole(cuts: list[int], seed: int) -> None:
    x, y = related(25, 5, 4, seed)
    edges = [0, *sorted(cuts), 25]
    parts = [CKASums.of(x[i:j], y[i:j]) for i, j in pairwise(edges)]
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.plus(part)
    expected = oracle.debiased_cka(x, y)
    assert whole.both.frames == 25
    assert whole.cka() == pytest.approx(expected, abs=1e-9)
    assert blocks_of(parts).cka(np.ones((1, len(parts))))[0] == pytest.approx(expected, abs=1e-9)


def test_drawn_blocks_equal_repeated_frames() -> None:
    x, y = related(40, 6, 5)
    parts = [slice(0, 9), slice(9, 24), slice(24, 40)]
    blocks = blocks_of([CKASums.of(x[p], y[p]) for p in parts])
    weights = np.array([[1, 1, 1], [2, 0, 1], [0, 3, 0], [1, 2, 0]], float)
    for found, row in zip(blocks.cka(weights), weights, strict=True):
        rows = np.concatenate(
            [np.r_[p] for p, w in zip(parts, row, strict=True) for _ in range(int(w))]
        )
        assert found == pytest.approx(oracle.debiased_cka(x[rows], y[rows]), abs=1e-9)


def test_values_far_from_zero_are_moved_first() -> None:
    # So round that adding a large number loses nothing.
    x, y = (np.round(z * 1024) / 1024 for z in related(30, 5, 4))
    expected = oracle.debiased_cka(x, y)
    far_x, far_y = x + 2.0**20, y - 2.0**18
    # Any vector near to them will do, such as the first frame's.
    moved = CKASums.of(far_x - far_x[0], far_y - far_y[0]).cka()
    assert moved == pytest.approx(expected, abs=1e-9)
    assert not abs(CKASums.of(far_x, far_y).cka() - expected) < 1e-3


def test_rotations_and_scales_do_not_matter_but_other_maps_do() -> None:
    random = np.random.default_rng(1)
    x, y = related(60, 6, 5)
    turn = np.linalg.qr(random.standard_normal((6, 6)))[0]
    assert CKASums.of(3 * x @ turn, y).cka() == pytest.approx(CKASums.of(x, y).cka(), abs=1e-9)
    assert CKASums.of(x, -0.1 * x @ turn).cka() == pytest.approx(1)
    stretched = x * np.array([9, 1, 1, 1, 1, 1])
    assert CKASums.of(x, stretched).cka() < 0.9


def test_few_frames_of_many_units_do_not_look_alike() -> None:
    random = np.random.default_rng(0)
    found, biased = [], []
    for _ in range(40):
        x, y = random.standard_normal((2, 20, 60))
        found.append(CKASums.of(x, y).cka())
        x, y = x - x.mean(0), y - y.mean(0)
        shared = np.linalg.norm(x.T @ y) ** 2
        biased.append(shared / np.linalg.norm(x.T @ x) / np.linalg.norm(y.T @ y))
    assert abs(np.mean(found)) < 0.05
    assert np.mean(biased) > 0.7


def test_what_is_not_defined_is_nan() -> None:
    x, y = related(10, 3, 2)
    assert math.isnan(CKASums.of(np.zeros((10, 3)), y).cka())
    assert math.isnan(CKASums.of(x[:3], y[:3]).cka())


def test_alignment_has_an_interval_and_what_rotation_leaves() -> None:
    whole = related(300, 4, 3)
    sums, rotated = [], None
    for start in range(0, 300, 50):
        x, y = (z[start : start + 50] for z in whole)
        sums.append(CKASums.of(x, y))
        turned = HSICSums.of(x, np.roll(y, 25, 0))
        rotated = turned if rotated is None else rotated.plus(turned)
    assert rotated is not None
    weights = bootstrap_weights(6, 200)
    found = align_layers("one", "two", blocks_of(sums), rotated, weights)
    assert (found.a, found.b) == ("one", "two")
    assert found.cka.low < found.cka.value < found.cka.high
    assert abs(found.rotated) < 0.1 < found.cka.low
    assert found.replicates.shape == (200,)


def test_one_block_has_no_interval() -> None:
    x, y = related(50, 4, 3)
    sums = CKASums.of(x, y)
    found = align_layers("a", "b", blocks_of([sums]), sums.both, np.ones((5, 1)))
    assert found.cka.value == pytest.approx(oracle.debiased_cka(x, y))
    assert math.isnan(found.cka.low)
    assert found.rotated == pytest.approx(found.cka.value)


def test_small_products_are_enough_for_any_draw() -> None:
    x, y = related(200, 40, 30)
    blocks = HSICBlocks.of([HSICSums.of(x[i::5], y[i::5]) for i in range(5)])
    assert blocks.products.shape == (5, 5)
    assert blocks.triples.shape == (5, 5, 5)
