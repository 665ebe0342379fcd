import numpy as np
import pytest
from scipy.interpolate import griddata

from naps.errors import InputError
from naps.topography import MODES, paint

RANDOM = np.random.default_rng(0)
POSITIONS = RANDOM.random((30, 2))
VALUES = RANDOM.standard_normal((3, 30))


def test_linear_maps_are_those_of_griddata() -> None:
    found = paint(POSITIONS, VALUES, "abc", size=40)
    assert found.images is not None
    steps = np.linspace(0, 1, 40)
    x, y = np.meshgrid(steps, steps)
    for group in range(3):
        expected = griddata(POSITIONS, VALUES[group], (x, y), "linear")
        np.testing.assert_allclose(found.images[group], expected, atol=1e-12)
    assert np.isnan(found.images).any()
    assert found.labels == ("a", "b", "c")


@pytest.mark.parametrize("mode", ["linear", "smooth"])
def test_a_slope_is_painted_as_one(mode: str) -> None:
    corners = np.vstack([POSITIONS, [[0, 0], [0, 1], [1, 0], [1, 1]]])
    slope = (2 * corners[:, 0] - 3 * corners[:, 1])[None]
    found = paint(corners, slope, "a", mode=mode, size=11).images
    assert found is not None
    steps = np.linspace(0, 1, 11)
    np.testing.assert_allclose(found[0], 2 * steps - 3 * steps[:, None], atol=1e-6)


def test_smooth_maps_go_through_all_units() -> None:
    places = np.stack(np.meshgrid([0.0, 0.5, 1.0], [0.0, 0.5, 1.0]), 2).reshape(-1, 2)
    found = paint(places, np.arange(9.0)[None] ** 2, "a", mode="smooth", size=3).images
    np.testing.assert_allclose(found, [np.arange(9).reshape(3, 3) ** 2], atol=1e-6)
    linear, smooth = (paint(POSITIONS, VALUES, "abc", mode=m).images for m in ("linear", "smooth"))
    np.testing.assert_array_equal(np.isnan(linear), np.isnan(smooth))


def test_nearest_units_are_seen() -> None:
    found = paint(POSITIONS, VALUES, "abc", mode="nearest", size=9).images
    assert found is not None
    gaps = np.linalg.norm(POSITIONS - [0.25, 0.75], axis=1)
    assert found[1, 6, 2] == VALUES[1, gaps.argmin()]


def test_every_unit_has_a_cell() -> None:
    found = paint(POSITIONS, VALUES, "abc", mode="cell")
    assert found.images is not None
    assert found.cells is not None
    assert found.images.shape == (3, 6, 6)
    assert np.isnan(found.images).sum() == 3 * 6
    rows, columns = np.divmod(found.cells.unit_cells, 6)
    np.testing.assert_array_equal(found.images[:, rows, columns], VALUES)
    np.testing.assert_allclose(found.positions, np.stack([columns + 0.5, rows + 0.5], 1) / 6)
    # Neighbours in the layout are no strangers in the grid.
    assert np.abs(found.positions - POSITIONS).max() < 0.5


def test_colours_are_shared_by_all_groups() -> None:
    for mode in MODES:
        found = paint(POSITIONS, VALUES * [[1], [5], [0.1]], "abc", mode=mode)
        assert found.limit == pytest.approx(5 * np.abs(VALUES[1]).max())
    assert paint(POSITIONS, VALUES, "abc", mode="scatter").images is None


def test_units_at_one_place_are_averaged() -> None:
    places = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1], [1, 1]])
    values = np.array([[0.0, 0, 0, 1, 3]])
    for mode in ("linear", "smooth", "nearest"):
        found = paint(places, values, "a", mode=mode, size=2).images
        np.testing.assert_allclose(found, [[[0, 0], [0, 2]]], atol=1e-9)


def test_maps_that_cannot_be_painted_are_told() -> None:
    line = np.stack([np.linspace(0, 1, 30), np.full(30, 0.5)], 1)
    for mode in ("linear", "smooth"):
        with pytest.raises(InputError, match="lie on a line"):
            paint(line, VALUES, "abc", mode=mode)
    assert paint(line, VALUES, "abc", mode="nearest", size=5).images is not None
    with pytest.raises(InputError, match="no mode 'x' of a map; there are: linear, smooth"):
        paint(POSITIONS, VALUES, "abc", mode="x")
    with pytest.raises(InputError, match="3 groups and 30 units do not fit 2 labels"):
        paint(POSITIONS, VALUES, "ab")
    with pytest.raises(InputError, match="not finite"):
        paint(POSITIONS, VALUES * np.nan, "abc")
