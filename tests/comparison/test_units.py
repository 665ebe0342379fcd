import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naps.comparison import ComparisonOptions, compare_units
from naps.errors import InputError
from naps.similarity import blocks_of, split_half
from tests.comparison.planted_runs import (
    PHONES_DE,
    PHONES_EN,
    centres_of,
    pairs_of,
    profile,
)

QUICK = ComparisonOptions(permutations=400, replicates=300, splits=20)
N = len(PHONES_EN)
SHARED = pairs_of(PHONES_EN, PHONES_DE)


def test_it_is_the_correlation_of_contrasted_profiles() -> None:
    a = profile(centres_of(N), PHONES_EN, noise=3, seed=1)
    b = profile(centres_of(N), PHONES_DE, noise=3, seed=2)
    # Groups that are not shared are no part of the average.
    shared = pairs_of(PHONES_EN[:9], PHONES_DE[:9])
    found = compare_units(a, b, shared, QUICK)
    rows = [x["mean"].values[:9].reshape(9, -1) for x in (a, b)]
    rows = [x - x.mean(0) for x in rows]
    table = np.corrcoef(*rows)[:9, 9:]
    own = {g.a: g for g in found.groups}
    for i, (x, y) in enumerate(shared.pairs):
        assert own[x].b == y
        assert own[x].correlation == pytest.approx(table[i, i], abs=1e-12)
        assert own[x].count_a == int(a["count"].values[i])
    whole = found.correlation
    assert whole.estimate.value == pytest.approx(np.diag(table).mean(), abs=1e-12)
    # All pairings are alike likely, so that chance is the mean of the table.
    assert whole.chance_mean == pytest.approx(table.mean(), abs=0.01)
    assert whole.p == pytest.approx(1 / 401)


def test_equal_runs_agree_wholly_and_others_by_chance() -> None:
    a = profile(centres_of(N), PHONES_EN)
    same = compare_units(a, a, pairs_of(PHONES_EN), QUICK).correlation
    assert same.estimate.value == pytest.approx(1)
    assert same.estimate.high == pytest.approx(1)
    other = profile(centres_of(N, seed=9), PHONES_EN)
    chance = compare_units(a, other, pairs_of(PHONES_EN), QUICK).correlation
    assert abs(chance.estimate.value) < chance.chance_p99
    assert chance.p > 0.01


@settings(max_examples=25)
@given(st.integers(0, 1000), st.floats(0.1, 10))
def test_scale_and_what_groups_have_in_common_do_not_matter(seed: int, scale: float) -> None:
    a = profile(centres_of(6, seed), tuple("abcdef"), noise=2, seed=seed)
    b = profile(centres_of(6, seed), tuple("abcdef"), noise=2, seed=seed + 1)
    moved = b.assign(mean=b["mean"] * scale + centres_of(1, seed + 5)[0])
    few = ComparisonOptions(permutations=10, replicates=10, splits=2)
    values = [
        compare_units(a, x, pairs_of("abcdef"), few).correlation.estimate.value for x in (b, moved)
    ]
    assert values[0] == pytest.approx(values[1], abs=1e-9)


def test_the_phone_that_changed_comes_first() -> None:
    centres = centres_of(N, channels=40)
    changed = centres.copy()
    changed[4] = np.random.default_rng(1).standard_normal(centres[4].shape) * centres[4].std()
    a = profile(centres, PHONES_EN, noise=1, seed=1)
    b = profile(changed, PHONES_DE, noise=1, seed=2)
    found = compare_units(a, b, SHARED, QUICK).groups
    assert (found[0].a, found[0].b) == ("K", "k")
    assert found[0].correlation < 0.3
    assert found[0].ceiling > 0.8
    rest = [g.correlation for g in found[1:]]
    assert min(rest) > 0.7
    assert rest == sorted(rest)


def test_noise_lowers_the_correlation_to_its_ceiling() -> None:
    centres = centres_of(N, lags=5, channels=60)
    runs = [profile(centres, PHONES_EN, noise=12, blocks=10, seed=s) for s in (1, 2)]
    found = compare_units(*runs, pairs_of(PHONES_EN), QUICK).correlation
    assert 0.3 < found.estimate.value < 0.9
    assert found.ceiling == pytest.approx(found.estimate.value, abs=0.06)


def test_the_ceiling_is_that_of_both_reliabilities() -> None:
    a = profile(centres_of(5), "abcde", noise=4, seed=1)
    b = profile(centres_of(5), "abcde", noise=2, seed=2)
    found = {g.a: g.ceiling for g in compare_units(a, b, pairs_of("abcde"), QUICK).groups}
    halves = [split_half(blocks_of(x), splits=20, seed=0).reliability for x in (a, b)]
    expected = np.sqrt(np.maximum(halves[0], 0) * np.maximum(halves[1], 0))
    np.testing.assert_allclose([found[x] for x in "abcde"], expected)


def test_a_group_of_one_block_has_no_ceiling_and_the_others_do() -> None:
    counts = np.full((6, 5), 8)
    counts[1:, 2] = 0
    a = profile(centres_of(5), "abcde", noise=1, counts=counts, seed=1)
    b = profile(centres_of(5), "abcde", noise=1, seed=2)
    found = {g.a: g for g in compare_units(a, b, pairs_of("abcde"), QUICK).groups}
    assert math.isnan(found["c"].ceiling)
    assert math.isfinite(found["c"].correlation)
    assert all(math.isfinite(found[x].ceiling) for x in "abde")


def test_without_products_of_blocks_there_is_no_ceiling() -> None:
    a = profile(centres_of(5), "abcde").drop_vars(["block_gram", "block_sum", "block_count"])
    found = compare_units(a, a, pairs_of("abcde"), QUICK)
    assert math.isnan(found.correlation.ceiling)
    assert found.correlation.estimate.value == pytest.approx(1)


def test_constant_profiles_are_left_out() -> None:
    centres = centres_of(6)
    # What is left of this group after the contrast is nothing.
    centres[3] = centres[[0, 1, 2, 4, 5]].mean(0)
    a = profile(centres, "abcdef")
    found = compare_units(a, profile(centres_of(6), "abcdef"), pairs_of("abcdef"), QUICK)
    assert found.groups[-1].a == "d"
    assert math.isnan(found.groups[-1].correlation)
    known = [g.correlation for g in found.groups[:-1]]
    assert found.correlation.estimate.value == pytest.approx(np.mean(known))


def test_a_layer_that_says_nothing_has_no_correlation() -> None:
    # In single precision, as files have it.
    flat = np.full((6, 3, 10), np.float32(0.1)).astype(np.float64)
    found = compare_units(
        profile(flat, "abcdef"), profile(centres_of(6), "abcdef"), pairs_of("abcdef"), QUICK
    )
    whole = found.correlation
    assert all(math.isnan(x) for x in (whole.estimate.value, whole.p, whole.chance_mean))


def test_values_that_are_not_finite_are_refused() -> None:
    centres = centres_of(5)
    centres[1, 0, 0] = np.nan
    with pytest.raises(InputError, match="layer 'conv1' has values that are not finite"):
        compare_units(
            profile(centres, "abcde"), profile(centres_of(5), "abcde"), pairs_of("abcde"), QUICK
        )
