"""Order on a grid and regions of one kind: against loops, planted order, and bad input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naps.errors import InputError
from naps.topography import (
    Cells,
    Units,
    grid_moran_test,
    preferred_classes,
    region_test,
    touching,
)


def in_order(rows: int, columns: int) -> Cells:
    return Cells(rows, columns, np.arange(rows * columns, dtype=np.int64))


def pairs_by_loops(cells: Cells, corners: bool) -> set[tuple[int, int]]:
    found = set()
    for p, (x, y) in enumerate(cells.positions):
        for q, (u, v) in enumerate(cells.positions):
            apart = (abs(x - u), abs(y - v))
            near = max(apart) == 1 if corners else sum(apart) == 1
            if p < q and near:
                found.add((p, q))
    return found


def largest_by_flooding(kinds: list[str], cells: Cells) -> int:
    best, seen = 0, set()
    pairs = pairs_by_loops(cells, corners=False)
    for start, kind in enumerate(kinds):
        if not kind or start in seen:
            continue
        region, waiting = {start}, [start]
        while waiting:
            here = waiting.pop()
            for other, name in enumerate(kinds):
                beside = (min(here, other), max(here, other)) in pairs
                if beside and name == kind and other not in region:
                    region.add(other)
                    waiting.append(other)
        seen |= region
        best = max(best, len(region))
    return best


grids = st.tuples(st.integers(1, 5), st.integers(2, 5), st.integers(0, 2**31))


@settings(max_examples=40)
@given(grids, st.booleans(), st.integers(0, 4))
def test_what_touches_and_largest_regions_as_in_loops(
    drawn: tuple[int, int, int], corners: bool, empty: int
) -> None:
    rows, columns, seed = drawn
    random = np.random.default_rng(seed)
    units = max(2, rows * columns - empty)
    cells = Cells(rows, columns, random.permutation(rows * columns)[:units])
    found = {(min(p), max(p)) for p in map(tuple, touching(cells, corners=corners).tolist())}
    assert found == pairs_by_loops(cells, corners)
    kinds = [("", "vowel", "stop")[i] for i in random.integers(0, 3, units)]
    kinds[0] = "vowel"
    result = region_test(kinds, cells, permutations=1)
    assert result.value == largest_by_flooding(kinds, cells)


def test_moran_of_vectors_is_that_of_features_weighed_by_variance() -> None:
    random = np.random.default_rng(0)
    vectors, cells = random.standard_normal((20, 3)) * [1.0, 2.0, 0.1], in_order(4, 5)
    pairs = touching(cells)
    centred = vectors - vectors.mean(0)
    top = np.array([(centred[pairs[:, 0], f] * centred[pairs[:, 1], f]).sum() for f in range(3)])
    variances = (centred**2).sum(0)
    each = 20 / len(pairs) * top / variances
    expected = (each * variances).sum() / variances.sum()
    found = grid_moran_test(Units("conv1", vectors), cells, permutations=99)
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.chance_mean == pytest.approx(-1 / 19, abs=0.05)


def test_a_smooth_sheet_is_in_order_and_its_units_at_random_are_not() -> None:
    y, x = np.divmod(np.arange(80), 10)
    smooth = np.stack([np.sin(y / 3), np.cos(x / 4), np.sin(x / 5)], 1)
    ordered = grid_moran_test(Units("conv1", smooth), in_order(8, 10), permutations=499)
    assert ordered.value > 0.8
    assert ordered.p == 1 / 500
    mixed = smooth[np.random.default_rng(1).permutation(80)]
    strewn = grid_moran_test(Units("conv1", mixed), in_order(8, 10), permutations=499)
    assert abs(strewn.value) < 0.15
    kinds = ["vowel" if side else "stop" for side in x < 5]
    halves = region_test(kinds, in_order(8, 10), permutations=499)
    assert halves.value == 40
    assert halves.p == 1 / 500
    assert halves.chance_mean < 40


def test_units_answer_to_the_class_with_the_highest_mean() -> None:
    # Units over columns; the two vowels together beat the one loud stop of the second unit.
    values = np.array([[3.0, 2.0, 1.0, 0.0], [1.0, 2.0, 1.0, 0.0], [0.0, 1.9, 1.0, 5.0]])
    assert preferred_classes(values, ["vowel", "vowel", "stop"]) == ["vowel", "vowel", "", "stop"]


def test_without_differences_there_is_no_order() -> None:
    with pytest.raises(InputError, match="conv1: no two units differ"):
        grid_moran_test(Units("conv1", np.ones((6, 2))), in_order(2, 3))
    apart = Cells(1, 9, np.array([0, 2, 4, 6], np.int64))
    with pytest.raises(InputError, match="no two units touch"):
        grid_moran_test(Units("conv1", np.eye(4)), apart)
    with pytest.raises(InputError, match="no unit answers"):
        region_test(["", ""], in_order(1, 2))
