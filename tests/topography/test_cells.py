from itertools import permutations

import numpy as np
import pytest

from naps.errors import InputError
from naps.topography import SomOptions, assign_cells, plane_cells, som_cells, train_som
from naps.topography.som import grid_shape
from tests.topography.hidden_grid import hidden_grid


@pytest.mark.parametrize("seed", range(5))
def test_no_other_assignment_costs_less(seed: int) -> None:
    costs = np.random.default_rng(seed).random((4, 6))
    found = assign_cells(costs, 2, 3)
    best = min(sum(costs[i, c] for i, c in enumerate(p)) for p in permutations(range(6), 4))
    assert costs[np.arange(4), found.unit_cells].sum() == pytest.approx(best)


def test_first_come_is_not_best() -> None:
    # Unit 0 would take the cell that unit 1 needs more.
    costs = np.array([[0.0, 0.1], [0.2, 9.0]])
    assert assign_cells(costs, 1, 2).unit_cells.tolist() == [1, 0]


def test_units_of_a_grid_stay_in_their_cells() -> None:
    rows, columns = 3, 5
    y, x = np.divmod(np.random.default_rng(0).permutation(15), columns)
    found = plane_cells(np.stack([(x + 0.4) / columns, (y + 0.6) / rows], 1), rows, columns)
    assert found.unit_cells.tolist() == (y * columns + x).tolist()
    np.testing.assert_array_equal(found.positions, np.stack([x, y], 1))
    assert found.grid[y[4], x[4]] == 4


def test_empty_cells_are_marked() -> None:
    found = plane_cells(np.random.default_rng(1).random((7, 2)))
    assert (found.rows, found.columns) == (3, 3)
    assert sorted(found.grid.ravel().tolist()) == [-1, -1, *range(7)]


def test_a_map_orders_units_one_in_a_cell() -> None:
    places, units = hidden_grid(0)
    found = som_cells(units, 10, 12)
    assert sorted(found.unit_cells.tolist()) == list(range(120))
    gaps = np.abs(found.positions[:, None] - found.positions).sum(2)
    neighbours = np.argwhere(gaps == 1)
    apart = np.linalg.norm(places[:, None] - places, axis=2)
    assert apart[tuple(neighbours.T)].mean() < 0.35 * apart.mean()
    options = SomOptions.for_units(120, 10, 12)
    np.testing.assert_array_equal(som_cells(units, options=options).unit_cells, found.unit_cells)
    costs = train_som(units.vectors, options).squared_distances(units.vectors)
    order = np.random.default_rng(0).permutation(120)
    assert costs[np.arange(120), found.unit_cells].sum() < costs[np.arange(120), order].sum()


def test_grids_are_as_small_as_can_be() -> None:
    assert grid_shape(250) == grid_shape(256) == (16, 16)
    assert grid_shape(250, rows=10) == (10, 25)
    assert grid_shape(251, columns=10) == (26, 10)
    assert grid_shape(9, 5, 7) == (5, 7)
    with pytest.raises(InputError, match="0 rows or columns"):
        grid_shape(9, columns=0)


def test_more_units_than_cells_are_told() -> None:
    _, units = hidden_grid(0)
    with pytest.raises(InputError, match="120 units do not fit into 10 × 11 cells; take 11 × 11"):
        som_cells(units, 10, 11)
    with pytest.raises(InputError, match="7 units do not fit into 2 × 3"):
        plane_cells(np.zeros((7, 2)), 2, 3)
