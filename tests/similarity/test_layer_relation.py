import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist, squareform
from scipy.stats import kstest

from naps.errors import InputError
from naps.similarity import relation
from tests.oracles import similarity_mantel as oracle


def square_of(points: np.ndarray) -> np.ndarray:
    return squareform(pdist(points))


def random_square(seed: int, labels: int = 9) -> np.ndarray:
    return square_of(np.random.default_rng(seed).standard_normal((labels, 4)))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_relation_equals_the_loops_over_all_orders(seed: int) -> None:
    layer, model = random_square(seed, 5), random_square(seed + 50, 5).round(1)
    (found,) = relation(layer[None], model, permutations=20_000)
    value, chance = oracle.mantel(layer, model)
    assert found.value == pytest.approx(value)
    exact = np.mean(np.array(chance) >= value - 1e-12)
    assert found.p == pytest.approx(exact, abs=4 * math.sqrt(0.25 / 20_000))
    assert found.chance_mean == pytest.approx(np.mean(chance), abs=0.02)
    assert found.chance_p99 == pytest.approx(np.quantile(chance, 0.99), abs=0.05)
    assert found.permutations == 20_000


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_partial_relation_equals_the_loops_over_all_orders(seed: int) -> None:
    layer, model, control = (random_square(seed + offset, 5) for offset in (0, 50, 90))
    model = model + control
    (found,) = relation(layer[None], model, given=control, permutations=20_000)
    value, chance = oracle.partial_mantel(layer, model, control)
    assert found.value == pytest.approx(value)
    exact = np.mean(np.array(chance) >= value - 1e-12)
    assert found.p == pytest.approx(exact, abs=4 * math.sqrt(0.25 / 20_000))
    assert found.chance_mean == pytest.approx(np.mean(chance), abs=0.02)


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_relation_equals_scikit_bio(seed: int) -> None:
    mantel = pytest.importorskip("skbio.stats.distance").mantel
    layer, model = random_square(seed, 14), random_square(seed + 50, 14).round(1)
    layer = layer + 0.3 * seed * model
    (found,) = relation(layer[None], model, permutations=4000)
    value, p, _ = mantel(
        layer, model, method="spearman", alternative="greater", permutations=4000, seed=seed
    )
    assert found.value == pytest.approx(value, abs=1e-12)
    assert found.p == pytest.approx(p, abs=0.001 + 4 * math.sqrt(2 * p * (1 - p) / 4000))


@settings(max_examples=25)
@given(seed=st.integers(0, 9999), labels=st.integers(4, 12))
def test_only_the_order_of_distances_and_of_both_labels_together_matters(
    seed: int, labels: int
) -> None:
    layer, model = random_square(seed, labels), random_square(seed + 1, labels)
    (plain,) = relation(layer[None], model, permutations=0)
    (stretched,) = relation(np.exp(layer)[None], model**3, permutations=0)
    order = np.random.default_rng(seed).permutation(labels)
    both = np.ix_(order, order)
    (moved,) = relation(layer[both][None], model[both], permutations=0)
    (itself,) = relation(layer[None], layer, permutations=0)
    assert stretched.value == pytest.approx(plain.value)
    assert moved.value == pytest.approx(plain.value)
    assert itself.value == pytest.approx(1)
    assert plain.p == 1
    assert math.isnan(plain.chance_mean)


def test_layers_are_alone_and_get_the_same_permutations() -> None:
    layers = np.stack([random_square(seed) for seed in (0, 1, 0)])
    model, controls = random_square(7), np.stack([random_square(seed) for seed in (8, 9, 8)])
    for control in (None, controls[0], controls):
        found = relation(layers, model, given=control, permutations=300, seed=3)
        assert found[0].value == pytest.approx(found[2].value)
        assert found[0].p == found[2].p
        for at, value in enumerate(found):
            one = control[at] if control is not None and control.ndim == 3 else control
            (alone,) = relation(layers[at][None], model, given=one, permutations=300, seed=3)
            assert value.value == pytest.approx(alone.value)
            assert value.p == alone.p
            assert value.chance_p99 == pytest.approx(alone.chance_p99)
    other = relation(layers, model, permutations=300, seed=4)
    assert other[0].chance_mean != relation(layers, model, permutations=300, seed=3)[0].chance_mean


def test_a_planted_relation_is_found_and_explained() -> None:
    random = np.random.default_rng(0)
    heard, meant = random.standard_normal((20, 3)), random.standard_normal((20, 3))
    low = square_of(heard + 0.3 * random.standard_normal((20, 3)))
    high = square_of(np.hstack([heard, 2 * meant]))
    model = square_of(np.hstack([meant, 0.7 * heard]))
    layers = np.stack([low, high])
    plain = relation(layers, model, permutations=999)
    assert [s.p < 0.01 for s in plain] == [True, True]
    beyond = relation(layers, model, given=square_of(heard), permutations=999)
    assert [s.p < 0.01 for s in beyond] == [False, True]
    assert beyond[1].value > beyond[1].chance_p99


def p_values(trials: int, build) -> list[float]:
    found = []
    for trial in range(trials):
        layer, model, control = build(np.random.default_rng(trial))
        (one,) = relation(layer[None], model, given=control, permutations=199, seed=trial)
        found.append(one.p)
    return found


def test_p_values_are_uniform_where_there_is_no_relation() -> None:
    def apart(random: np.random.Generator):
        return *(square_of(random.standard_normal((12, 3))) for _ in range(2)), None

    assert kstest(p_values(200, apart), "uniform").pvalue > 0.01


def test_partial_p_values_are_uniform_where_the_control_explains_all() -> None:
    def parts(random: np.random.Generator) -> tuple[np.ndarray, ...]:
        shared = random.standard_normal((12, 3))
        layer, model = (np.hstack([shared, random.standard_normal((12, 3))]) for _ in range(2))
        return square_of(layer), square_of(model), square_of(shared)

    assert kstest(p_values(200, parts), "uniform").pvalue > 0.01
    # Without the control they are as related as can be.
    assert np.mean(np.array(p_values(40, lambda r: (*parts(r)[:2], None))) < 0.05) > 0.8


def test_p_values_are_uniform_where_the_model_has_nothing_of_the_control() -> None:
    def apart(random: np.random.Generator) -> tuple[np.ndarray, ...]:
        layer, model, control = (square_of(random.standard_normal((12, 3))) for _ in range(3))
        return layer + 2 * control, model, control

    assert kstest(p_values(200, apart), "uniform").pvalue > 0.01


def test_what_has_no_correlation_is_not_a_number() -> None:
    layers = np.stack([random_square(0), np.zeros((9, 9)), np.ones((9, 9))])
    found = relation(layers, random_square(1), permutations=50)
    assert [math.isnan(s.value) for s in found] == [False, True, True]
    assert [math.isnan(s.p) for s in found] == [False, True, True]
    assert all(math.isnan(s.p) for s in relation(layers, 1 - np.eye(9), permutations=50))
    for control in (layers[0], layers[0] ** 2, np.ones((9, 9))):
        (explained,) = relation(layers[:1], random_square(1), given=control, permutations=50)
        assert math.isnan(explained.value)
        (explained,) = relation(random_square(1)[None], layers[0], given=control, permutations=50)
        assert math.isnan(explained.value)
    few = relation(layers[:, :3, :3], random_square(1, 3))
    assert [math.isnan(s.p) for s in few] == [True] * 3


def test_distances_that_do_not_fit_are_said() -> None:
    layers = np.stack([random_square(0)])
    with pytest.raises(InputError, match=r"layers have the shape \(1, 9, 9\).* fit 8 labels"):
        relation(layers, random_square(1, 8))
    with pytest.raises(InputError, match=r"layers have the shape \(9, 9\)"):
        relation(layers[0], random_square(1))
    with pytest.raises(InputError, match=r"those given have the shape \(8, 8\)"):
        relation(layers, random_square(1), given=random_square(1, 8))
    with pytest.raises(InputError, match="2 distances are given for 1 layers"):
        relation(layers, random_square(1), given=np.repeat(layers, 2, 0))
    broken = random_square(1)
    broken[2, 3] = np.nan
    with pytest.raises(InputError, match="the model are not all finite"):
        relation(layers, broken)
