from dataclasses import replace

import numpy as np
import pytest
from minisom import MiniSom

from naps.errors import InputError
from naps.topography import SomOptions, train_som
from naps.topography.som import LEARNING_RATES, SIGMAS, _plane


def minisom(vectors: np.ndarray, options: SomOptions, seed: int) -> MiniSom:
    som = MiniSom(
        options.rows,
        options.columns,
        vectors.shape[1],
        sigma=options.sigma,
        learning_rate=options.learning_rate,
        decay_function=LEARNING_RATES[options.learning_rate_decay],
        sigma_decay_function=options.sigma_decay,
        random_seed=seed,
    )
    if options.start == "samples":
        som.random_weights_init(vectors)
    else:
        som._weights[:] = _plane(vectors, options.rows, options.columns)
    return som


@pytest.mark.parametrize("start", ["samples", "plane"])
@pytest.mark.parametrize("sigma_decay", SIGMAS)
@pytest.mark.parametrize("rate_decay", LEARNING_RATES)
def test_batch_rule_is_that_of_minisom(start: str, sigma_decay: str, rate_decay: str) -> None:
    vectors = np.random.default_rng(0).standard_normal((60, 20))
    options = SomOptions(5, 7, "batch", 8, 2.5, sigma_decay, 0.8, rate_decay, start)
    found = train_som(vectors, options, seed=4).prototypes
    som = minisom(vectors, options, 4)
    som.train_batch_offline(vectors, 8)
    np.testing.assert_allclose(found, som.get_weights(), rtol=0, atol=1e-9)


@pytest.mark.parametrize("start", ["samples", "plane"])
def test_batch_rule_in_the_span_of_few_units_is_that_of_minisom(start: str) -> None:
    vectors = np.random.default_rng(1).standard_normal((30, 200))
    options = replace(SomOptions.for_units(30), iterations=10, start=start)
    som = minisom(vectors, options, 0)
    som.train_batch_offline(vectors, 10)
    found = train_som(vectors, options).prototypes
    np.testing.assert_allclose(found, som.get_weights(), rtol=0, atol=1e-9)


def test_more_cells_than_units_begin_with_equal_prototypes() -> None:
    # Equal cells tie, and rounding must not decide which of them wins.
    vectors = np.random.default_rng(2).standard_normal((20, 11)) + 5
    options = SomOptions(8, 8, "batch", 5, 2.0, "asymptotic_decay", 1.0, "constant", "samples")
    som = minisom(vectors, options, 0)
    som.train_batch_offline(vectors, 5)
    found = train_som(vectors, options).prototypes
    np.testing.assert_allclose(found, som.get_weights(), rtol=0, atol=1e-9)


def test_cells_beyond_every_neighbourhood_stay() -> None:
    vectors = np.random.default_rng(3).standard_normal((12, 4))
    options = SomOptions(1, 30, "batch", 3, 0.01, "asymptotic_decay", 1.0, "constant", "samples")
    som = minisom(vectors, options, 0)
    som.train_batch_offline(vectors, 3)
    found = train_som(vectors, options).prototypes
    np.testing.assert_allclose(found, som.get_weights(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("features", [9, 100])
def test_online_rule_is_minisom(features: int) -> None:
    vectors = np.random.default_rng(0).standard_normal((40, features))
    options = SomOptions.published(40)
    assert (options.rows, options.columns, options.iterations) == (7, 7, 400)
    found = train_som(vectors, options, seed=2)
    if features > 40:
        # The generator draws otherwise for other numbers of features: distances must agree.
        basis, turned = np.linalg.qr(vectors.T)
        som = minisom(turned.T, options, 2)
        som.train_random(turned.T, 400)
        expected = som.get_weights() @ basis.T
    else:
        som = minisom(vectors, options, 2)
        som.train_random(vectors, 400)
        expected = som.get_weights()
    np.testing.assert_allclose(found.prototypes, expected, rtol=0, atol=1e-9)
    assert found.quantisation_error(vectors) == pytest.approx(
        np.mean(
            [
                np.linalg.norm(v - expected[som.winner(w)])
                for v, w in zip(vectors, turned.T if features > 40 else vectors, strict=True)
            ]
        )
    )


def test_schedules_are_those_of_minisom() -> None:
    som = MiniSom(3, 3, 2)
    names = {"inverse_decay_to_zero", "linear_decay_to_zero", "asymptotic_decay"}
    for name in names:
        own = getattr(som, f"_{name}")
        for t in (0, 3, 9):
            assert LEARNING_RATES[name](0.7, t, 10) == pytest.approx(own(0.7, t, 10))
    for name, decay in SIGMAS.items():
        own = getattr(som, f"_{name}")
        for t in (0, 3, 9):
            assert decay(4.0, t, 10) == pytest.approx(own(4.0, t, 10))


def test_distances_and_winners() -> None:
    vectors = np.random.default_rng(5).standard_normal((15, 6))
    som = train_som(vectors, SomOptions.for_units(15, 3, 4))
    flat = som.prototypes.reshape(12, 6)
    expected = [[((v - w) ** 2).sum() for w in flat] for v in vectors]
    np.testing.assert_allclose(som.squared_distances(vectors), expected, atol=1e-12)
    assert som.winners(vectors).tolist() == np.argmin(expected, 1).tolist()
    assert som.shape == (3, 4)


def test_the_longer_side_lies_along_the_greater_variance() -> None:
    vectors = np.random.default_rng(0).standard_normal((50, 2)) * [9, 1]
    for rows, columns, along in ((2, 8, 1), (8, 2, 0)):
        sheet = _plane(vectors, rows, columns)
        steps = np.abs(np.diff(sheet[:, :, 0], axis=along)).max()
        across = np.abs(np.diff(sheet[:, :, 0], axis=1 - along)).max()
        assert steps > 3 * across


def test_bad_options_are_told() -> None:
    good = SomOptions.for_units(9)
    with pytest.raises(InputError, match=r"no rule 'x'.*: batch, online"):
        replace(good, rule="x")
    with pytest.raises(InputError, match=r"no sigma_decay 'x'.*asymptotic_decay"):
        replace(good, sigma_decay="x")
    with pytest.raises(InputError, match=r"no learning_rate_decay 'x'.*constant"):
        replace(good, learning_rate_decay="x")
    with pytest.raises(InputError, match=r"no start 'x'.*plane, samples"):
        replace(good, start="x")
    with pytest.raises(InputError, match="needs a row"):
        replace(good, sigma=0.0)
    with pytest.raises(InputError, match="learning rate of 2"):
        replace(good, learning_rate=2.0)
