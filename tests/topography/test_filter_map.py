"""Filters in order, and whether what they listen for has order."""

import numpy as np
import pytest
import torch

from naps.errors import InputError
from naps.models import Recognizer
from naps.topography import (
    joint_moran_test,
    map_filters,
    moran_test,
    morans_i,
    neighbour_weights,
)
from naps.topography.descriptors import AREAS


def planted(recognizer: Recognizer) -> Recognizer:
    """Make filters of ripples that differ in rate and slope, one after another at random."""
    weight = recognizer.network.get_submodule("conv1").weight
    frames, bands = np.meshgrid(np.arange(weight.shape[2]), np.arange(weight.shape[1]))
    with torch.no_grad():
        for unit, place in enumerate([5, 2, 7, 0, 3, 6, 1, 4]):
            slope = 1 if place < 4 else -1
            ripple = np.cos(2 * np.pi * ((2 + place % 4) * frames / 48 - slope * bands / 16))
            weight[unit] = torch.from_numpy(ripple)
    return recognizer


def test_every_filter_has_a_cell_a_region_and_descriptors(recognizer: Recognizer) -> None:
    found = map_filters(recognizer, permutations=99)
    assert found.layer == "conv1"
    assert (found.cells.rows, found.cells.columns) == (3, 3)
    assert len(set(found.cells.unit_cells.tolist())) == 8 == len(found.regions)
    assert len(found.descriptors) == 8
    areas = {
        f"area: {area}": np.array([float(region in names) for region in found.regions])
        for area, names in AREAS.items()
    }
    assert set(found.orders) & set(areas)
    for name, order in found.orders.items():
        values = areas[name] if name in areas else found.descriptors[name].to_numpy()
        expected = morans_i(values, neighbour_weights(found.cells.positions))
        assert order.value == pytest.approx(float(expected))
        assert order.p <= order.p_corrected <= 1


def test_rising_and_falling_ripples_are_parted(recognizer: Recognizer) -> None:
    found = map_filters(planted(recognizer), view="kernel", permutations=99)
    sweeps = found.descriptors["sweep"].to_numpy()
    assert set(np.sign(sweeps)) == {-1.0, 1.0}
    signs = {region: np.sign(sweep) for region, sweep in zip(found.regions, sweeps, strict=True)}
    assert signs.get("rising", 1.0) == 1.0
    assert signs.get("falling", -1.0) == -1.0


def test_the_seed_decides(recognizer: Recognizer) -> None:
    first, again = (map_filters(recognizer, seed=3, permutations=9) for _ in range(2))
    assert first.cells.unit_cells.tolist() == again.cells.unit_cells.tolist()
    assert first.orders == again.orders


def test_filters_that_cannot_be_mapped_are_named(recognizer: Recognizer) -> None:
    with pytest.raises(InputError, match=r"8 units do not fit into 2 × 2 cells"):
        map_filters(recognizer, rows=2, columns=2)
    with torch.no_grad():
        recognizer.network.get_submodule("conv1").weight[:] = 1.0
    with pytest.raises(InputError, match="no two filters of conv1 differ"):
        map_filters(recognizer)


def test_the_mean_over_groups_beside_shuffled_units() -> None:
    random = np.random.default_rng(0)
    weights = neighbour_weights(random.random((30, 2)))
    values = random.standard_normal((5, 30))
    found = joint_moran_test(values, weights, permutations=500, seed=1)
    assert found.value == pytest.approx(float(morans_i(values, weights).mean()))
    chance = [
        float(morans_i(values[:, random.permutation(30)], weights).mean()) for _ in range(3000)
    ]
    assert found.chance_mean == pytest.approx(np.mean(chance), abs=0.01)
    assert found.chance_p99 == pytest.approx(np.quantile(chance, 0.99), abs=0.02)


def test_of_one_group_it_is_the_plain_test_and_constants_are_left_out() -> None:
    random = np.random.default_rng(2)
    positions = random.random((40, 2))
    weights = neighbour_weights(positions)
    slope = positions[:, 0]
    one = joint_moran_test(np.stack([slope, np.full(40, 7.0)]), weights, permutations=200)
    plain = moran_test(slope, weights, permutations=200)
    assert one.value == pytest.approx(plain.value)
    assert one.p == plain.p == 1 / 201
    with pytest.raises(InputError, match="no order"):
        joint_moran_test(np.ones((2, 40)), weights)
    with pytest.raises(InputError, match="not finite"):
        joint_moran_test(np.full((2, 40), np.nan), weights)
