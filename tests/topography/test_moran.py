import numpy as np
import pytest
from scipy.stats import rankdata

from naps.errors import InputError
from naps.topography import moran_test, morans_i, neighbour_weights
from tests.oracles import topography_statistics as oracle


@pytest.mark.parametrize("neighbours", [1, 3, 8])
@pytest.mark.parametrize("seed", range(3))
def test_morans_i_by_loops(seed: int, neighbours: int) -> None:
    random = np.random.default_rng(seed)
    positions, values = random.random((25, 2)), random.standard_normal((3, 25))
    found = morans_i(values, neighbour_weights(positions, neighbours))
    expected = [oracle.morans_i(v.tolist(), positions.tolist(), neighbours) for v in values]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_unit_is_never_its_own_neighbour() -> None:
    positions = np.repeat(np.random.default_rng(0).random((4, 2)), [5, 1, 1, 1], axis=0)
    weights = neighbour_weights(positions, 3)
    assert not weights.diagonal().any()
    assert weights.sum(1).tolist() == [3] * 8
    assert neighbour_weights(positions, 99).sum(1).tolist() == [7] * 8


def test_slopes_checkerboards_and_noise() -> None:
    y, x = np.divmod(np.arange(400), 20)
    weights = neighbour_weights(np.stack([x, y], 1), 4)
    inner = (x % 19 > 0) & (y % 19 > 0)
    assert morans_i(x + 0.5 * y, weights) > 0.9
    board = (-1.0) ** (x + y)
    products = board * (weights @ board)
    assert products[inner].tolist() == [-4] * int(inner.sum())
    assert morans_i(board, weights) < -0.8
    noise = np.random.default_rng(0).standard_normal((300, 400))
    assert morans_i(noise, weights).mean() == pytest.approx(-1 / 399, abs=0.005)


def test_chance_is_what_shuffling_makes() -> None:
    random = np.random.default_rng(1)
    positions = random.random((40, 2))
    weights = neighbour_weights(positions)
    values = positions[:, 0] + 0.1 * random.standard_normal(40)
    found = moran_test(values, weights, permutations=4000, seed=2)
    assert found.value == pytest.approx(float(morans_i(values, weights)))
    assert found.p == 1 / 4001
    assert found.chance_mean == pytest.approx(-1 / 39, abs=0.01)
    chance = [float(morans_i(random.permutation(values), weights)) for _ in range(4000)]
    assert found.chance_p99 == pytest.approx(np.quantile(chance, 0.99), abs=0.03)
    assert moran_test(values, weights, permutations=4000, seed=2) == found


def test_p_values_of_noise_are_even() -> None:
    random = np.random.default_rng(3)
    weights = neighbour_weights(random.random((30, 2)))
    found = [
        moran_test(random.standard_normal(30), weights, permutations=199, seed=s).p
        for s in range(200)
    ]
    even = rankdata(found) / 200
    assert np.abs(np.array(found) - even).max() < 0.12


def test_a_value_that_all_share_is_told() -> None:
    weights = neighbour_weights(np.random.default_rng(0).random((9, 2)))
    assert np.isnan(morans_i(np.full(9, 0.1), weights))
    with pytest.raises(InputError, match="the same value"):
        moran_test(np.full(9, 0.1), weights)
    with pytest.raises(InputError, match="2 units have no value"):
        moran_test(np.array([np.nan, np.inf, *range(7)]), weights)
