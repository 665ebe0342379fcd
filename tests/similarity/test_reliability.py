import numpy as np
import pytest
from scipy.spatial.distance import squareform
from scipy.stats import spearmanr

from naps.errors import InputError
from naps.similarity.bootstrap import bootstrap_distances, bootstrap_weights
from naps.similarity.crossvalidation import crossvalidated_distances
from naps.similarity.products import block_distances
from naps.similarity.reliability import (
    DistanceReliability,
    _halves,
    distance_reliability,
    spearman_brown,
    split_half,
)
from tests.oracles import blocks as oracle
from tests.similarity.planted import block_gram, planted


@pytest.mark.parametrize("reference", ["equal", "count", "none"])
@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_split_halves_equal_direct_correlations(reference: str, missing: float) -> None:
    means, counts, blocks = planted(5, missing=missing)
    found = split_half(blocks, reference, splits=12, seed=3)
    rows = []
    for first, second in zip(*_halves(6, 12, 3), strict=True):
        one, two = (oracle.weighted_means(means, counts, half) for half in (first, second))
        both = [a[0] is not None and b[0] is not None for a, b in zip(one, two, strict=True)]
        one, two = (
            oracle.contrasted(
                [x if t else (None, 0.0) for x, t in zip(half, both, strict=True)], reference
            )
            for half in (one, two)
        )
        rows.append(
            [
                np.nan if a is None else np.corrcoef(a, b)[0, 1]
                for a, b in zip(one, two, strict=True)
            ]
        )
    expected = np.nanmean(rows, 0)
    np.testing.assert_allclose(found.correlation, expected, atol=1e-10)
    assert found.splits.tolist() == np.isfinite(rows).sum(0).tolist()
    corrected = [2 * r / (1 + r) if r > 0 else r for r in expected]
    np.testing.assert_allclose(found.reliability, corrected, atol=1e-10)
    assert found.labels == blocks.labels


def test_reliable_groups_and_noise_are_told_apart() -> None:
    random = np.random.default_rng(0)
    centres = np.zeros((4, 300))
    centres[:2] = random.standard_normal((2, 300))
    _, _, blocks = planted(0, blocks=16, groups=4, cells=300, noise=2.0, centres=centres)
    plain = split_half(blocks, "none").reliability
    assert (plain[:2] > 0.9).all()
    assert (np.abs(plain[2:]) < 0.4).all()


def test_spearman_brown_foretells_the_whole() -> None:
    # The correlation of two corpora of this size is what the halves, corrected, should give.
    random = np.random.default_rng(0)
    centres = random.standard_normal((3, 400))
    kept = {"noise": 6.0, "groups": 3, "cells": 400, "blocks": 8, "centres": centres}
    corrected = np.mean(
        [split_half(planted(s, **kept)[2], "none", splits=30).reliability for s in range(20)]
    )
    whole = []
    for s in range(20):
        one, two = (planted(s + offset, **kept) for offset in (0, 1000))
        means = [oracle.weighted_means(m, c, np.ones(8)) for m, c, _ in (one, two)]
        whole += [np.corrcoef(a[0], b[0])[0, 1] for a, b in zip(*means, strict=True)]
    assert corrected == pytest.approx(np.mean(whole), abs=0.02)


def test_correction_by_hand() -> None:
    found = spearman_brown(np.array([0.0, 0.5, 1.0, -0.3, np.nan]))
    np.testing.assert_allclose(found, [0, 2 / 3, 1, -0.3, np.nan])


def test_profiles_that_cancel_have_no_reliability() -> None:
    blocks = block_gram(np.ones((4, 3, 5)) * [1, 2, 3, 4, 5], np.full((4, 3), 2), "abc")
    found = split_half(blocks, splits=5)
    assert np.isnan(found.correlation).all()
    assert found.splits.tolist() == [0, 0, 0]


@pytest.mark.parametrize("metric", ["cosine", "correlation", "euclidean"])
@pytest.mark.parametrize("missing", [0.0, 0.5])
def test_distances_of_halves(metric: str, missing: float) -> None:
    _, counts, blocks = planted(2, groups=6, noise=2.0, missing=missing)
    found = distance_reliability(blocks, metric, "count", splits=7, seed=1)
    rows, left = [], set()
    for halves in zip(*_halves(6, 7, 1), strict=True):
        there = np.logical_and(*(half @ counts > 0 for half in halves))
        kept = blocks.select([x for x, t in zip(blocks.labels, there, strict=True) if t])
        left.add(len(kept.labels))
        pairs = np.triu_indices(len(kept.labels), 1)
        flat = [block_distances(kept, metric, "count", half)[pairs] for half in halves]
        rows.append(spearmanr(*flat).statistic)
    assert left == {6} if not missing else len(left) > 1
    assert found.correlation == pytest.approx(np.mean(rows))
    assert found.reliability == pytest.approx(spearman_brown(np.array(np.mean(rows))))
    assert found.splits == 7
    clean = distance_reliability(planted(2, groups=6, noise=0.0)[2], metric, splits=3)
    assert clean.reliability == pytest.approx(1)


def test_the_ceiling_is_the_root_of_the_reliability() -> None:
    assert DistanceReliability(0.3, 0.49, 5).ceiling == pytest.approx(0.7)
    assert DistanceReliability(-0.2, -0.2, 5).ceiling == 0
    assert np.isnan(DistanceReliability(float("nan"), float("nan"), 0).ceiling)


def test_the_ceiling_is_the_correlation_with_distances_without_noise() -> None:
    centres = np.random.default_rng(0).standard_normal((10, 30))
    kept = {"noise": 6.0, "groups": 10, "cells": 30, "blocks": 12, "centres": centres}
    true = block_distances(planted(0, **(kept | {"noise": 0.0}))[2], "euclidean")
    pairs = np.triu_indices(10, 1)
    reached, ceilings = [], []
    for seed in range(30):
        _, _, blocks = planted(seed, **kept)
        noisy = block_distances(blocks, "euclidean")
        reached.append(spearmanr(noisy[pairs], true[pairs]).statistic)
        ceilings.append(distance_reliability(blocks, "euclidean", splits=30).ceiling)
    assert np.mean(ceilings) == pytest.approx(np.mean(reached), abs=0.1)


def test_groups_in_two_blocks_only_count_where_halves_part_them() -> None:
    means, counts, _ = planted(0)
    counts[2:, 4] = 0
    blocks = block_gram(means, counts, "abcde")
    found = split_half(blocks, splits=40)
    parted = sum(first[0] != first[1] for first in _halves(6, 40, 0)[0])
    assert found.splits.tolist() == [40, 40, 40, 40, parted]
    assert np.isfinite(found.reliability).all()
    assert distance_reliability(blocks, splits=10).splits == 10


def test_groups_in_one_block_are_named() -> None:
    means, counts, _ = planted(0)
    counts[1:, 3] = 0
    blocks = block_gram(means, counts, "abcde")
    for function in (split_half, distance_reliability, bootstrap_distances):
        with pytest.raises(InputError, match=r"fewer than two blocks .*: d;"):
            function(blocks)
    split_half(blocks.select(blocks.repeated()), splits=2)
    with pytest.raises(InputError, match="2 groups have too few distances"):
        distance_reliability(blocks.select("ab"))
    with pytest.raises(InputError, match="fewer than two blocks"):
        split_half(block_gram(means[:1], np.ones((1, 5)), "abcde"))


def test_bootstrap_is_the_distance_of_drawn_blocks() -> None:
    _, _, blocks = planted(1, missing=0.3)
    weights = bootstrap_weights(6, 9, seed=4)
    assert weights.sum(1).tolist() == [6] * 9
    for crossvalidated, measure in ((False, block_distances), (True, crossvalidated_distances)):
        found = bootstrap_distances(
            blocks, "correlation", crossvalidated=crossvalidated, replicates=9, seed=4
        )
        for row, drawn in zip(found.samples, weights, strict=True):
            expected = measure(blocks, "correlation", "equal", drawn)
            np.testing.assert_allclose(row, squareform(expected, checks=False), atol=1e-12)
    again = bootstrap_distances(blocks, replicates=5, seed=4).samples
    np.testing.assert_array_equal(bootstrap_distances(blocks, replicates=5, seed=4).samples, again)


def test_the_bootstrap_foretells_the_spread_over_corpora() -> None:
    centres = np.random.default_rng(0).standard_normal((3, 30))
    kept = {"noise": 2.0, "groups": 3, "cells": 30, "blocks": 24, "centres": centres}
    over = np.std([block_distances(planted(s, **kept)[2]) for s in range(300)], 0, ddof=1)
    within = np.mean(
        [
            bootstrap_distances(planted(s, **kept)[2], replicates=100).standard_error()
            for s in range(10)
        ],
        0,
    )
    off = ~np.eye(3, dtype=bool)
    np.testing.assert_allclose(within[off], over[off], rtol=0.25)
    assert np.diag(within).tolist() == [0, 0, 0]


def test_intervals_lie_around_and_gaps_are_passed_over() -> None:
    means, counts, _ = planted(0, noise=0.3)
    counts[2:, 4] = 0
    blocks = block_gram(means, counts, "abcde")
    found = bootstrap_distances(blocks, replicates=200)
    assert np.isnan(found.samples).any()
    low, high = found.interval(0.9)
    narrow = found.interval(0.5)
    assert (low <= narrow[0]).all()
    assert (high >= narrow[1]).all()
    plain = block_distances(blocks)
    assert (plain <= high + 1e-12).all()
    assert found.standard_error().shape == (5, 5)
    assert found.labels == tuple("abcde")
