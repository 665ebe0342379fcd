import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naps.errors import InputError
from naps.similarity.crossvalidation import CROSS_METRICS, crossvalidated_distances
from naps.similarity.products import block_distances
from tests.oracles import blocks as oracle
from tests.similarity.planted import block_gram, planted


@settings(max_examples=25)
@given(seed=st.integers(0, 9999), missing=st.sampled_from([0.0, 0.3, 0.6]))
def test_squared_distances_equal_the_loops(seed: int, missing: float) -> None:
    means, counts, blocks = planted(seed, missing=missing)
    found = crossvalidated_distances(blocks)
    for g in range(5):
        for h in range(g):
            expected = oracle.crossvalidated(means, counts, g, h)
            if expected is None:  # no two blocks in common
                expected = (
                    oracle.between_blocks(means, counts, g, g)
                    + oracle.between_blocks(means, counts, h, h)
                    - 2 * oracle.between_blocks(means, counts, g, h)
                )
            assert found[g, h] == pytest.approx(expected, abs=1e-10)
            assert found[h, g] == found[g, h]
    assert np.diag(found).tolist() == [0] * 5


@pytest.mark.parametrize("metric", CROSS_METRICS)
@pytest.mark.parametrize("reference", ["equal", "count", "none"])
def test_without_noise_they_are_the_plain_ones(metric: str, reference: str) -> None:
    means, _, blocks = planted(1, noise=0.0, missing=0.4)
    found = crossvalidated_distances(blocks, metric, reference)
    plain = "euclidean" if metric == "sqeuclidean" else metric
    expected = block_distances(blocks, plain, reference)
    if metric == "sqeuclidean":
        expected = expected**2
    np.testing.assert_allclose(found, expected, atol=1e-10)
    assert np.isnan(means).any()


@pytest.mark.parametrize("missing", [0.0, 0.45])
def test_identical_groups_are_at_distance_zero_on_average(missing: float) -> None:
    random = np.random.default_rng(0)
    centres = random.standard_normal((4, 10)) * 3
    centres[1] = centres[0]
    corrected, plain = [], []
    for trial in range(400):
        _, _, blocks = planted(
            trial, groups=4, cells=10, noise=3.0, missing=missing, centres=centres
        )
        corrected.append(crossvalidated_distances(blocks))
        plain.append(block_distances(blocks, "euclidean", "none") ** 2)
    mean, error = np.mean(corrected, 0), np.std(corrected, 0) / np.sqrt(400)
    true = ((centres[:, None] - centres) ** 2).sum(2)
    assert (np.abs(mean - true) <= 4 * error).all()
    assert abs(mean[0, 1]) <= 4 * error[0, 1]
    assert min(x[0, 1] for x in corrected) < 0
    assert np.mean(plain, 0)[0, 1] > 10 * error[0, 1]


def test_what_a_block_adds_to_all_groups_cancels() -> None:
    means, counts, blocks = planted(0)
    voices = np.random.default_rng(1).standard_normal((6, 1, 12)) * 50
    moved = block_gram(means + voices, counts, blocks.labels)
    for metric, reference in (
        ("sqeuclidean", "none"),
        ("cosine", "equal"),
        ("correlation", "count"),
    ):
        np.testing.assert_allclose(
            crossvalidated_distances(moved, metric, reference),
            crossvalidated_distances(blocks, metric, reference),
            atol=1e-8,
        )


def test_corrected_cosines_do_not_shrink_with_noise() -> None:
    random = np.random.default_rng(0)
    centres = random.standard_normal((4, 60))
    centres[1] = centres[0] + 0.5 * random.standard_normal(60)
    _, _, clean = planted(0, groups=4, cells=60, noise=0.0, centres=centres)
    true = block_distances(clean)
    corrected, plain = [], []
    for trial in range(200):
        _, _, blocks = planted(trial, groups=4, cells=60, noise=3.0, centres=centres)
        corrected.append(crossvalidated_distances(blocks, "cosine"))
        plain.append(block_distances(blocks))
    off = ~np.eye(4, dtype=bool)
    bias = np.abs(np.nanmean(corrected, 0) - true)[off].max()
    assert bias < 0.05
    assert np.abs(np.mean(plain, 0) - true)[off].max() > 4 * bias


def test_weights_repeat_blocks_but_never_pair_one_with_itself() -> None:
    means, counts, blocks = planted(0, missing=0.3)
    weights = np.array([2.0, 0, 1, 3, 0, 1])
    found = crossvalidated_distances(blocks, weights=weights)
    expected = oracle.crossvalidated(means, counts * weights[:, None], 0, 1)
    assert found[0, 1] == pytest.approx(expected)
    alone = np.array([4.0, 0, 0, 0, 0, 0])
    assert np.isnan(crossvalidated_distances(planted(0)[2], weights=alone)).all()
    few = crossvalidated_distances(planted(0)[2], "cosine", weights=alone)
    assert np.isnan(few).all()


def test_groups_that_weights_leave_in_one_block_are_left_out() -> None:
    means, counts, _ = planted(0)
    counts[2:, 4] = 0
    blocks = block_gram(means, counts, "abcde")
    weights = np.array([0.0, 1, 1, 1, 1, 1])
    kept = blocks.select("abcd")
    for metric in CROSS_METRICS:
        found = crossvalidated_distances(blocks, metric, "equal", weights)
        assert np.isnan(found[4]).all()
        expected = crossvalidated_distances(kept, metric, "equal", weights)
        np.testing.assert_allclose(found[:4, :4], expected, atol=1e-12)


def test_nothing_seen_again_has_no_cosine() -> None:
    random = np.random.default_rng(0)
    means = random.standard_normal((2, 3, 6))
    means[1, 0] = -means[0, 0]
    blocks = block_gram(means, np.full((2, 3), 5), "abc")
    found = crossvalidated_distances(blocks, "cosine", "none")
    assert np.isnan(found[0]).all()


def test_what_cannot_be_crossvalidated_is_said() -> None:
    means, counts, _ = planted(0)
    counts[1:, 3] = 0
    with pytest.raises(InputError, match=r"fewer than two blocks .*: d;"):
        crossvalidated_distances(block_gram(means, counts, "abcde"))
    with pytest.raises(InputError, match="sqeuclidean, cosine, correlation"):
        crossvalidated_distances(planted()[2], "euclidean")
    with pytest.raises(InputError, match="equal, count, none"):
        crossvalidated_distances(planted()[2], "cosine", "median")
