import numpy as np
import pytest
import xarray as xr

from naps.errors import InputError
from naps.similarity import build_tree, cluster
from naps.similarity.bootstrap import bootstrap_distances, bootstrap_weights
from naps.similarity.crossvalidation import (
    CROSS_METRICS,
    crossvalidated_distances,
    denoised_distances,
)
from naps.similarity.distance import METRICS
from naps.similarity.gram import BlockGram
from naps.similarity.products import block_distances
from tests.similarity.planted import block_gram, planted


def layer(means: np.ndarray, counts: np.ndarray, labels=None) -> xr.Dataset:
    """A profile and the blocks it is of."""
    names = list(labels or (f"g{i}" for i in range(means.shape[1])))
    blocks = block_gram(means, counts, names)
    known = np.where(counts[:, :, None] > 0, means, 0.0)
    weights = counts / np.maximum(counts.sum(0), 1)
    pair = ("block", "label")
    return xr.Dataset(
        {
            "mean": (("label", "lag", "channel"), np.einsum("bg,bgc->gc", weights, known)[:, None]),
            "count": (("label",), counts.sum(0)),
            "block_gram": ((*pair, "other_block", "other_label"), blocks.gram),
            "block_sum": (pair, blocks.sums),
            "block_count": (pair, counts),
        },
        coords={"label": names},
        attrs={"layer": "conv9"},
    )


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("reference", ["equal", "none"])
def test_trees_of_distances_without_noise(metric: str, reference: str) -> None:
    means, counts, blocks = planted(1, noise=0.1)
    found = cluster(layer(means, counts), metric=metric, reference=reference, crossvalidated=True)
    if metric == "euclidean":
        expected = np.sqrt(np.maximum(crossvalidated_distances(blocks, "sqeuclidean"), 0))
    else:
        expected = np.maximum(crossvalidated_distances(blocks, metric, reference), 0)
    np.testing.assert_allclose(found.distances, expected, atol=1e-12)
    assert found.labels == blocks.labels
    assert found.counts == tuple(counts.sum(0))


def test_distances_below_zero_are_zero_in_the_tree() -> None:
    centres = np.random.default_rng(0).standard_normal((4, 10))
    centres[1] = centres[0]
    for seed in range(100):
        means, counts, blocks = planted(seed, groups=4, cells=10, noise=2.0, centres=centres)
        if crossvalidated_distances(blocks)[0, 1] < 0:
            break
    tree = cluster(layer(means, counts), metric="euclidean", crossvalidated=True)
    assert tree.distances[0, 1] == 0
    assert tree.merges[0, 2] == 0
    assert tree.distances.min() == 0


def test_groups_in_one_block_and_rare_ones_are_left_out() -> None:
    means, counts, _ = planted(0, noise=0.2)
    counts[:, 2] = 0
    counts[3, 2] = 1  # a single event
    counts[:, 4] = [1, 1, 0, 0, 0, 0]
    profile = layer(means, counts)
    tree = cluster(profile, crossvalidated=True)
    assert tree.labels == ("g0", "g1", "g3", "g4")
    assert cluster(profile).labels == ("g0", "g1", "g2", "g3", "g4")
    tree = cluster(profile, crossvalidated=True, min_count=3)
    assert tree.labels == ("g0", "g1", "g3")
    alone = cluster(layer(means[:, [0, 1, 3]], counts[:, [0, 1, 3]]), crossvalidated=True)
    np.testing.assert_allclose(tree.distances, alone.distances, atol=1e-12)


def test_groups_that_are_noise_are_left_out_of_the_reference_too() -> None:
    means, counts, _ = planted(0, groups=4, noise=0.2)
    opposite = np.random.default_rng(1).standard_normal(12) * np.array([1, -1] * 3)[:, None]
    means[:, 1] = np.nan_to_num(means[:, [0, 2, 3]]).mean((0, 1)) + 9 * opposite
    counts[:, 1] = 6
    tree = cluster(layer(means, counts), reference="none", crossvalidated=True)
    assert tree.labels == ("g0", "g2", "g3")
    tree = cluster(layer(means, counts), crossvalidated=True)
    assert tree.labels == ("g0", "g2", "g3")
    kept = [0, 2, 3]
    alone = cluster(layer(means[:, kept], counts[:, kept]), crossvalidated=True)
    np.testing.assert_allclose(tree.distances, alone.distances, atol=1e-12)


def test_two_groups_and_html_in_their_names() -> None:
    means, counts, _ = planted(0, groups=2, noise=0.1)
    names = ["<b>&amp;</b>", 'it\'s "x"']
    for metric in METRICS:
        tree = cluster(layer(means, counts, names), metric=metric, crossvalidated=True)
        assert tree.labels == tuple(names)
        assert tree.merges.shape == (1, 4)
    counts[1:, 0] = 0
    with pytest.raises(InputError, match=r"conv9: \d groups look alike in different blocks"):
        cluster(layer(means, counts, names), crossvalidated=True)


def test_equal_profiles_have_nothing_to_tell_apart() -> None:
    means = np.repeat(np.random.default_rng(0).standard_normal((1, 1, 9)), 4, 0)
    profile = layer(np.repeat(means, 3, 1), np.full((4, 3), 7))
    tree = cluster(profile, metric="euclidean", crossvalidated=True)
    assert tree.distances.max() < 1e-6
    assert np.isfinite(tree.merges).all()


def test_profiles_without_blocks_cannot_be_crossvalidated() -> None:
    means, counts, _ = planted(0)
    bare = layer(means, counts)[["mean", "count"]]
    with pytest.raises(InputError, match="says nothing of blocks"):
        cluster(bare, crossvalidated=True)
    assert len(cluster(bare).labels) == 5


def test_options_that_do_not_fit_are_said() -> None:
    means, counts, blocks = planted(0)
    profile = layer(means, counts)
    for crossvalidated in (False, True):
        with pytest.raises(InputError, match="'<x>'; there are: cosine, correlation, euclidean"):
            cluster(profile, metric="<x>", crossvalidated=crossvalidated)
        with pytest.raises(InputError, match="equal, count, none"):
            cluster(profile, reference="median", crossvalidated=crossvalidated)
        with pytest.raises(InputError, match="average, complete, ward"):
            cluster(profile, linkage="single", crossvalidated=crossvalidated)
        for metric in ("cosine", "correlation"):
            with pytest.raises(InputError, match=r"--set clusters\.metric=euclidean"):
                cluster(profile, linkage="ward", metric=metric, crossvalidated=crossvalidated)
        tree = cluster(profile, linkage="ward", metric="euclidean", crossvalidated=crossvalidated)
        assert len(tree.merges) == 4
    with pytest.raises(InputError, match="sqeuclidean"):
        denoised_distances(blocks, "sqeuclidean")


def test_trees_want_numbers() -> None:
    square = np.ones((3, 3)) - np.eye(3)
    equal = build_tree(list("abc"), [1, 1, 1], square)
    assert equal.merges[:, 2].tolist() == [1, 1]
    assert np.isnan(equal.cophenetic)
    zeros = build_tree(list("abc"), [1, 1, 1], np.zeros((3, 3)))
    assert zeros.merges[:, 2].tolist() == [0, 0]
    assert sorted(zeros.order) == [0, 1, 2]
    assert build_tree(["a", "b"], [1, 1], square[:2, :2]).merges.tolist() == [[0, 1, 1, 2]]
    square[1] = square[:, 1] = np.nan
    with pytest.raises(InputError, match=r"not all finite numbers: a, <i>, c; leave out those"):
        build_tree(["a", "<i>", "c"], [1, 1, 1], square)
    with pytest.raises(InputError, match="two groups, and there are 1"):
        build_tree(["a"], [1], np.zeros((1, 1)))


def weighted(blocks: BlockGram) -> np.ndarray:
    return np.vstack([bootstrap_weights(blocks.blocks, 12, 1), np.ones(6), [0, 1, 2, 1, 1, 0.5]])


@pytest.mark.parametrize("reference", ["equal", "count", "none"])
@pytest.mark.parametrize("missing", [0.0, 0.5])
def test_many_weights_at_once_are_one_after_the_other(reference: str, missing: float) -> None:
    _, _, blocks = planted(4, missing=missing)
    weights = weighted(blocks)
    cases = [(block_distances, m) for m in METRICS]
    cases += [(crossvalidated_distances, m) for m in CROSS_METRICS]
    cases += [(denoised_distances, m) for m in METRICS]
    for measure, metric in cases:
        found = measure(blocks, metric, reference, weights)
        assert found.shape == (14, 5, 5)
        for one, drawn in zip(found, weights, strict=True):
            expected = measure(blocks, metric, reference, drawn)
            np.testing.assert_allclose(one, expected, atol=1e-10)
        np.testing.assert_allclose(found[12], measure(blocks, metric, reference), atol=1e-10)
        assert (np.isnan(found).any() and missing > 0) or np.isfinite(found[12]).any()


def test_distances_drawn_in_parts_are_those_drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, blocks = planted(2, missing=0.3)
    whole = bootstrap_distances(blocks, replicates=20, seed=1)
    monkeypatch.setattr("naps.similarity.bootstrap._IN_MEMORY", 3 * 25)
    parts = bootstrap_distances(blocks, replicates=20, seed=1)
    np.testing.assert_allclose(parts.samples, whole.samples, atol=1e-12)
    assert bootstrap_distances(blocks, replicates=0).samples.shape == (0, 10)
