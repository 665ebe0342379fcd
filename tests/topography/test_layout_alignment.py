from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from naps.errors import InputError
from naps.topography import Layout, turned, turned_by_groups
from naps.topography.layouts import unit_square


def made(seed: int = 0, units: int = 40) -> Layout:
    positions = np.random.default_rng(seed).random((units, 2)) * [1.0, 0.7]
    return Layout(unit_square(positions), "random", seed, 0.0)


def rotated(found: Layout, degrees: float, mirrored: bool = False) -> Layout:
    a = np.deg2rad(degrees)
    turn = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    positions = (found.positions - 0.5) @ turn * ([-1, 1] if mirrored else [1, 1])
    return replace(found, positions=positions)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [0, 90, 180, 270, 33])
def test_a_turn_is_taken_back(degrees: float, mirrored: bool) -> None:
    found = made()
    back = turned(found, rotated(found, degrees, mirrored))
    np.testing.assert_allclose(back.positions, found.positions, atol=1e-9)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [90, 200])
def test_layers_are_turned_by_what_they_do(degrees: float, mirrored: bool) -> None:
    # Both layers know the same four directions, but have other units in another order.
    first, second = made(1, 60), made(2, 45)
    tuning = np.array([[1.0, 0], [0, 1], [-1, 0.3], [0.2, -1]])

    def values(found: Layout, gain: float) -> np.ndarray:
        return gain * tuning @ (found.positions - 0.5).T

    moved = turned_by_groups(
        first, values(first, 1.0), rotated(second, degrees, mirrored), values(second, 30.0)
    )
    np.testing.assert_allclose(moved.positions, second.positions, atol=0.1)
    corners = np.corrcoef(np.hstack([moved.positions, second.positions]).T)
    assert min(corners[0, 2], corners[1, 3]) > 0.98


@given(st.floats(0, 360), st.booleans())
def test_no_other_turn_is_better(degrees: float, mirrored: bool) -> None:
    random = np.random.default_rng(0)
    first, second = made(3, 12), made(4, 9)
    values, others = random.standard_normal((5, 12)), random.standard_normal((5, 9))
    scaled = [v / np.abs(v).max() for v in (values, others)]
    apart = np.linalg.norm(scaled[0].T[:, None] - scaled[1].T, axis=2)
    closeness = apart.max() - apart

    def cost(positions: np.ndarray) -> float:
        reference = first.positions - first.positions.mean(0)
        gaps = ((reference[:, None] - positions) ** 2).sum(2)
        return float((closeness * gaps).sum())

    centred = replace(second, positions=second.positions - second.positions.mean(0))
    best = turned_by_groups(first, values, centred, others).positions
    # The result fills the square again: take the stretching back, up to which turns are known.
    turns = np.linalg.lstsq(centred.positions, best - best.mean(0), rcond=None)[0]
    left, _, right = np.linalg.svd(turns / np.linalg.norm(turns, axis=0))
    other = rotated(replace(centred, positions=centred.positions + 0.5), degrees, mirrored)
    assert cost(centred.positions @ left @ right) <= cost(other.positions) * 1.01


def test_layouts_that_do_not_fit_are_told() -> None:
    with pytest.raises(InputError, match="40 and 12 units are not of the same units"):
        turned(made(), made(0, 12))
    with pytest.raises(InputError, match="do not fit a layout of 40 units"):
        turned_by_groups(made(), np.zeros((3, 39)), made(), np.zeros((3, 40)))
    with pytest.raises(InputError, match="3 and 4 groups"):
        turned_by_groups(made(), np.zeros((3, 40)), made(), np.zeros((4, 40)))
