import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

from naps.comparison import ComparisonOptions, compare_distances
from naps.comparison.correlation import noise_ceiling
from naps.comparison.rsa import distance_ceiling, rank_correlations
from naps.errors import InputError
from naps.similarity import blocks_of, distance_reliability
from naps.similarity.bootstrap import bootstrap_weights
from tests.comparison.planted_runs import (
    PHONES_DE,
    PHONES_EN,
    centres_of,
    pairs_of,
    profile,
)

QUICK = ComparisonOptions(permutations=400, replicates=60, splits=20)
N = len(PHONES_EN)
SHARED = pairs_of(PHONES_EN, PHONES_DE)


def rows_of(found, keep: slice = slice(None)) -> np.ndarray:
    rows = found["mean"].values[keep]
    return rows.reshape(len(rows), -1)


@pytest.mark.parametrize("metric", ["cosine", "correlation", "euclidean"])
def test_it_is_the_rank_correlation_of_distances(metric: str) -> None:
    a = profile(centres_of(N), PHONES_EN, noise=2, seed=1)
    # Networks of other widths can be compared.
    b = profile(centres_of(N, seed=3, lags=1, channels=7), PHONES_DE, noise=2, seed=2)
    shared = pairs_of(PHONES_EN[2:11], PHONES_DE[2:11])
    found = compare_distances(a, b, shared, replace(QUICK, metric=metric, contrast="equal"))
    rows = [rows_of(x, slice(2, 11)) for x in (a, b)]
    expected = spearmanr(*(pdist(x - x.mean(0), metric) for x in rows)).statistic
    assert found.correlation.estimate.value == pytest.approx(expected, abs=1e-12)


def test_other_contrasts_are_other_distances() -> None:
    a = profile(centres_of(N), PHONES_EN, noise=2, seed=1)
    b = profile(centres_of(N, seed=3) + 5, PHONES_DE, noise=2, seed=2)
    found = compare_distances(a, b, SHARED, replace(QUICK, contrast="none"))
    expected = spearmanr(*(pdist(rows_of(x), "cosine") for x in (a, b))).statistic
    assert found.correlation.estimate.value == pytest.approx(expected, abs=1e-12)


def test_planted_likeness_is_found_and_chance_is_chance() -> None:
    centres = centres_of(N)
    turn = np.linalg.qr(np.random.default_rng(5).standard_normal((30, 30)))[0]
    # The same distances, though no unit is what it was.
    turned = (centres.reshape(N, 30) @ turn).reshape(centres.shape)
    a = profile(centres, PHONES_EN, noise=0.5, seed=1)
    alike = compare_distances(a, profile(turned, PHONES_DE, noise=0.5, seed=2), SHARED, QUICK)
    assert alike.correlation.estimate.value > 0.95
    assert alike.correlation.p == pytest.approx(1 / 401)
    assert alike.correlation.estimate.low > alike.correlation.chance_p99
    other = profile(centres_of(N, seed=8), PHONES_DE, noise=0.5, seed=2)
    chance = compare_distances(a, other, SHARED, QUICK).correlation
    assert chance.estimate.value < chance.chance_p99
    assert abs(chance.chance_mean) < 0.03


def test_replicates_are_of_means_of_the_drawn_blocks() -> None:
    counts = np.random.default_rng(3).integers(0, 9, (5, N))
    counts[0] = counts[1] = 4
    centres = centres_of(N)
    runs = [
        profile(centres, labels, noise=3, counts=counts, seed=s)
        for s, labels in ((1, PHONES_EN), (2, PHONES_DE))
    ]
    found = compare_distances(*runs, SHARED, replace(QUICK, replicates=8, seed=4))
    weights = [bootstrap_weights(5, 8, seed) for seed in (4, 5)]
    for r in range(8):
        distances = []
        for s in (0, 1):
            # The blocks' means, drawn as `profile` draws them.
            random = np.random.default_rng(s + 1)
            off = random.standard_normal((5, *centres.shape))
            means = centres + 3 * off / np.sqrt(np.maximum(counts, 1))[:, :, None, None]
            events = counts * weights[s][r][:, None]
            there = events.sum(0) > 0
            shares = events[:, there] / events[:, there].sum(0)
            rows = np.einsum("bg,bglc->glc", shares, means[:, there]).reshape(there.sum(), -1)
            square = np.full((N, N), np.nan)
            rows = rows - rows.mean(0)
            unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
            square[np.ix_(there, there)] = 1 - unit @ unit.T
            distances.append(square[np.triu_indices(N, 1)])
        expected = spearmanr(*distances, nan_policy="omit").statistic
        assert found.replicates[r] == pytest.approx(expected, abs=1e-9)


def test_the_same_speech_is_drawn_for_both() -> None:
    a = profile(centres_of(N), PHONES_EN, noise=4, seed=1)
    b = profile(2 * centres_of(N), PHONES_DE, noise=8, seed=1)
    paired = compare_distances(a, b, SHARED, replace(QUICK, case="same-speech"))
    np.testing.assert_allclose(paired.replicates, 1)
    apart = compare_distances(a, b, SHARED, replace(QUICK, case="same-model"))
    assert apart.replicates.max() < 0.999
    # Other numbers of blocks are no blocks of the same utterances.
    fewer = profile(centres_of(N), PHONES_DE, noise=4, seed=1, blocks=4)
    found = compare_distances(a, fewer, SHARED, replace(QUICK, case="same-speech"))
    assert found.blocks == 4
    assert found.replicates.max() < 0.999


def test_the_ceiling_is_that_of_both_reliabilities() -> None:
    a, b = (blocks_of(profile(centres_of(N), PHONES_EN, noise=x, blocks=8, seed=x)) for x in (4, 8))
    found = distance_ceiling(a, b, QUICK)
    reliable = [distance_reliability(x, splits=20, seed=0).reliability for x in (a, b)]
    assert found == pytest.approx(math.sqrt(reliable[0] * reliable[1]))
    assert 0 < found < 1


def test_what_is_not_reliable_at_all_has_a_ceiling_of_zero() -> None:
    found = noise_ceiling(np.array([0.25, -0.1, 0.5, np.nan]), np.array([0.64, 0.5, -0.2, 0.3]))
    np.testing.assert_allclose(found, [0.4, 0, 0, np.nan])


def test_groups_of_one_block_are_no_part_of_the_ceiling() -> None:
    counts = np.full((6, 6), 8)
    counts[1:, 2] = 0
    a = profile(centres_of(6), "abcdef", noise=2, counts=counts)
    b = profile(centres_of(6), "abcdef", noise=2, seed=1)
    found = compare_distances(a, b, pairs_of("abcdef"), QUICK).correlation
    few = [x.select("abdef") for x in (blocks_of(a), blocks_of(b))]
    assert found.ceiling == pytest.approx(distance_ceiling(*few, QUICK))
    assert math.isfinite(found.estimate.low)


def test_without_products_of_blocks_there_is_no_interval() -> None:
    a = profile(centres_of(6), "abcdef").drop_vars(["block_gram", "block_sum", "block_count"])
    b = profile(centres_of(6), "abcdef", noise=1)
    found = compare_distances(a, b, pairs_of("abcdef"), QUICK)
    assert found.blocks == 0
    assert math.isnan(found.correlation.estimate.low)
    assert math.isnan(found.correlation.ceiling)
    assert found.correlation.estimate.value > 0.5


def test_a_constant_layer_has_no_correlation() -> None:
    flat = profile(np.ones((6, 3, 10)), "abcdef")
    found = compare_distances(
        flat, profile(centres_of(6), "abcdef"), pairs_of("abcdef"), QUICK
    ).correlation
    assert all(
        math.isnan(x)
        for x in (found.estimate.value, found.estimate.low, found.p, found.chance_mean)
    )


def test_unknown_options_are_refused() -> None:
    a = profile(centres_of(6), "abcdef")
    with pytest.raises(InputError, match="no metric 'manhattan'; there are: cosine"):
        compare_distances(a, a, pairs_of("abcdef"), replace(QUICK, metric="manhattan"))
    with pytest.raises(InputError, match="no contrast 'median'; there are: equal"):
        compare_distances(a, a, pairs_of("abcdef"), replace(QUICK, contrast="median"))
    with pytest.raises(
        InputError, match=r"no case 'same' of .*; there are: same-model, same-speech"
    ):
        ComparisonOptions(case="same")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="replicates is 0, and must be 1 or more"):
        ComparisonOptions(replicates=0)


def test_rank_correlations_equal_those_of_scipy() -> None:
    random = np.random.default_rng(0)
    first = random.integers(0, 6, (30, 12)).astype(float)
    second = first + random.integers(0, 6, (30, 12))
    first[3, 4] = second[3, 7] = second[8, :5] = np.nan
    first[9] = 2.0
    found = rank_correlations(first, second)
    for r in range(30):
        known = np.isfinite(first[r]) & np.isfinite(second[r])
        if r == 9:
            assert math.isnan(found[r])
        else:
            expected = spearmanr(first[r][known], second[r][known]).statistic
            assert found[r] == pytest.approx(expected, abs=1e-12)
