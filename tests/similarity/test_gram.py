import numpy as np
import pytest
import torch
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from naps.errors import InputError
from naps.profiles import contrast
from naps.profiles.blocks import BlockMeans
from naps.profiles.moments import Moments
from naps.similarity import METRICS, distances
from naps.similarity.gram import BlockGram, blocks_of
from naps.similarity.products import block_distances, group_products
from tests.oracles import blocks as oracle
from tests.similarity.planted import block_gram, planted

REFERENCES = ("equal", "count", "none")


def direct(means, counts, weights, metric: str, reference: str) -> np.ndarray:
    """Through the profile itself, by the functions that everything else uses."""
    pairs = oracle.weighted_means(means, counts, weights)
    profile = xr.Dataset(
        {
            "mean": (("label", "lag", "channel"), np.array([m for m, _ in pairs])[:, None]),
            "count": (("label",), np.array([n for _, n in pairs])),
        },
        coords={"label": [f"g{i}" for i in range(len(pairs))]},
    )
    return distances(contrast(profile, reference), metric)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("reference", REFERENCES)
@settings(max_examples=15)
@given(seed=st.integers(0, 9999))
def test_distances_from_products_equal_those_from_profiles(
    metric: str, reference: str, seed: int
) -> None:
    means, counts, blocks = planted(seed, missing=0.3)
    found = block_distances(blocks, metric, reference)
    expected = direct(means, counts, np.ones(6), metric, reference)
    np.testing.assert_allclose(found, expected, atol=1e-10)
    weights = np.random.default_rng(seed).random(6) + 0.1
    found = block_distances(blocks, metric, reference, weights)
    expected = direct(means, counts, weights, metric, reference)
    np.testing.assert_allclose(found, expected, atol=1e-10)


def test_means_of_blocks_are_means_of_events() -> None:
    random = np.random.default_rng(0)
    events, groups = random.standard_normal((200, 3, 4)), random.integers(0, 4, 200)
    block = np.sort(random.integers(0, 5, 200))
    counts = np.array([[np.sum((block == b) & (groups == g)) for g in range(4)] for b in range(5)])
    means = np.array(
        [
            [events[(block == b) & (groups == g)].mean(0) for g in range(4)] for b in range(5)
        ]
    )  # fmt: skip
    products = group_products(block_gram(means, counts, "abcd"))
    whole = np.array([events[groups == g].mean(0).ravel() for g in range(4)])
    np.testing.assert_allclose(products.products, whole @ whole.T, atol=1e-12)
    np.testing.assert_allclose(products.first_sums, whole.sum(1), atol=1e-12)
    assert products.first_counts.tolist() == np.bincount(groups).tolist()


def test_blocks_of_a_profile() -> None:
    means, counts, blocks = planted(0, blocks=3, groups=4, cells=10, missing=0.3)
    dims = ("block", "label", "other_block", "other_label")
    profile = xr.Dataset(
        {
            "mean": (("label", "lag", "channel"), np.zeros((4, 2, 5))),
            "block_gram": (dims, blocks.gram),
            "block_sum": (dims[:2], np.where(counts > 0, means.sum(2), 0.0)),
            "block_count": (dims[:2], counts),
        },
        coords={"label": list(blocks.labels)},
    )
    found = blocks_of(profile)
    assert (found.labels, found.cells) == (blocks.labels, 10)
    np.testing.assert_array_equal(
        block_distances(found, "correlation"), block_distances(blocks, "correlation")
    )
    with pytest.raises(InputError, match="lost some of its labels"):
        blocks_of(profile.isel(label=[0, 1]))
    with pytest.raises(InputError, match="says nothing of blocks"):
        blocks_of(profile[["mean"]])


@pytest.mark.parametrize("complete", [True, False])
def test_blocks_that_the_engine_keeps(complete: bool) -> None:
    random = np.random.default_rng(0)
    sums = []
    for _ in range(4):
        part = Moments.zeros(3, 2, 5, masked=False)
        groups = torch.from_numpy(random.integers(0, 3, 20))
        valid = torch.from_numpy(random.random((20, 2)) < (1 if complete else 0.8))
        values = torch.from_numpy(random.standard_normal((20, 2, 5))) * valid[:, :, None]
        part.total.index_add_(0, groups, values)
        part.count.index_add_(0, groups, torch.ones_like(groups))
        part.lag_count.index_add_(0, groups, valid.long())
        sums.append(part)
    means = np.array([part.mean().numpy() for part in sums])
    counts = np.array([part.count.numpy() for part in sums])
    whole = Moments.zeros(3, 2, 5, masked=False)
    for part in sums:
        whole.merge(part)
    blocks = BlockMeans(len(sums), (3, *whole.total.shape[1:]))
    for number, part in enumerate(sums):
        blocks.put(number, part, part.mean())
    cube = ("label", "lag", "channel")
    profile = xr.Dataset(
        {
            "mean": (cube, whole.mean().numpy()),
            "count": (("label",), whole.count.numpy()),
            **blocks.products(),
        },
        coords={"label": list("abc")},
    )
    expected = block_distances(block_gram(means, counts, "abc"))
    found = block_distances(blocks_of(profile))
    np.testing.assert_allclose(found, expected, atol=1e-12)
    off = np.abs(found - distances(contrast(profile))).max()
    assert off < 1e-12 if complete else 0 < off < 0.3


@pytest.mark.parametrize("metric", METRICS)
def test_groups_that_the_weights_leave_out_have_no_distances(metric: str) -> None:
    means, counts, _ = planted(0)
    counts[1:, 2] = 0
    blocks = block_gram(means, counts, "abcde")
    weights = np.array([0.0, 1, 1, 2, 1, 1])
    found = block_distances(blocks, metric, "equal", weights)
    assert np.isnan(found[2]).all()
    assert np.isnan(found[:, 2]).all()
    kept = [0, 1, 3, 4]
    expected = block_distances(blocks.select("abde"), metric, "equal", weights)
    np.testing.assert_allclose(found[np.ix_(kept, kept)], expected, atol=1e-12)


def test_constant_and_identical_profiles_have_distances() -> None:
    same = np.repeat(np.random.default_rng(0).standard_normal((1, 1, 9)) * 100, 4, 1)
    means = np.repeat(same, 3, 0)
    blocks = block_gram(means, np.full((3, 4), 7), "abcd")
    for metric in METRICS:
        for reference in REFERENCES:
            assert block_distances(blocks, metric, reference).max() <= 1e-5
    assert block_distances(blocks, "cosine", "equal").max() == 0
    means[:, 3] += 50  # the other three differ from the average in the same way
    found = block_distances(block_gram(means, np.full((3, 4), 7), "abcd"), "correlation", "none")
    assert found.max() < 1e-12
    means[:, 0] = 0
    found = block_distances(block_gram(means, np.full((3, 4), 7), "abcd"), "cosine", "none")
    assert found[0].tolist() == [0, 1, 1, 1]


def test_groups_are_selected_and_counted() -> None:
    _, counts, blocks = planted(3, missing=0.5)
    part = blocks.select(["g3", "g0"])
    np.testing.assert_array_equal(part.gram, blocks.gram[:, [3, 0]][:, :, :, [3, 0]])
    np.testing.assert_array_equal(part.counts, counts[:, [3, 0]])
    with pytest.raises(InputError, match="no group 'x'; there are: g0, g1"):
        blocks.select(["x"])
    counts[1:, 2] = 0
    lone = block_gram(np.ones((6, 5, 2)), counts, "abcde")
    assert "c" not in lone.repeated()
    with pytest.raises(InputError, match=r"fewer than two blocks .*: c; leave them out"):
        lone.check_repeated()


def test_what_does_not_fit_is_refused() -> None:
    gram, counts, sums = np.zeros((2, 3, 2, 3)), np.ones((2, 3)), np.zeros((2, 3))
    BlockGram(tuple("abc"), gram, counts, sums, 5)
    with pytest.raises(InputError, match="do not fit"):
        BlockGram(tuple("ab"), gram, counts, sums, 5)
    with pytest.raises(InputError, match="do not fit"):
        BlockGram(tuple("abc"), gram[:1], counts, sums, 5)
    with pytest.raises(InputError, match="not finite"):
        BlockGram(tuple("abc"), gram * np.nan, counts, sums, 5)
    with pytest.raises(InputError, match="cosine, correlation, euclidean"):
        block_distances(planted()[2], "manhattan")
    with pytest.raises(InputError, match="equal, count, none"):
        block_distances(planted()[2], "cosine", "median")
