import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naps.errors import InputError
from naps.profiles.contrast import (
    contrast,
    contrast_error,
    contrast_weights,
    reference_weights,
)
from naps.profiles.erp import difference, standard_error
from tests.profiles.examples import dataset, of_events


def example(seed: int = 0, groups: int = 4):
    random = np.random.default_rng(seed)
    counts = np.repeat(random.integers(2, 30, groups)[:, None], 5, 1)
    mean = random.standard_normal((groups, 5, 3))
    return dataset(mean, std=random.random((groups, 5, 3)), lag_count=counts)


@settings(max_examples=30)
@given(st.integers(0, 999), st.sampled_from(["equal", "count"]), st.integers(2, 6))
def test_contrasts_sum_to_zero_under_their_weights(seed: int, reference: str, groups: int) -> None:
    profile = example(seed, groups)
    weights = reference_weights(profile["count"].values, reference)
    assert weights.sum() == pytest.approx(1)
    mean = contrast(profile, reference)["mean"].values
    np.testing.assert_allclose(np.tensordot(weights, mean, 1), 0, atol=1e-12)
    chosen = [str(x) for x in profile["label"].values[1:]]
    part = contrast(profile, reference, chosen)
    weights = reference_weights(part["count"].values, reference)
    np.testing.assert_allclose(np.tensordot(weights, part["mean"].values, 1), 0, atol=1e-12)


def test_by_hand() -> None:
    counts = np.array([[1], [3]])
    profile = dataset(np.array([[[2.0]], [[6.0]]]), lag_count=counts)
    assert contrast(profile)["mean"].values.ravel().tolist() == [-2, 2]
    assert contrast(profile, "count")["mean"].values.ravel().tolist() == [-3, 1]
    assert contrast(profile, "none")["mean"].values.ravel().tolist() == [2, 6]
    assert contrast(profile, "b-a")["mean"].values.ravel().tolist() == [4]
    assert contrast(profile, "b-a").attrs["contrast"] == "b-a"


def test_groups_of_interest() -> None:
    profile = example()
    mean = profile["mean"].values
    part = contrast(profile, "equal", ["d", "b"])
    assert part["label"].values.tolist() == ["b", "d"]
    assert part.attrs["contrast_groups"] == ["b", "d"]
    average = (mean[1] + mean[3]) / 2
    np.testing.assert_allclose(part["mean"].values, mean[[1, 3]] - average)
    whole = contrast(profile, "equal", ["d", "b"], drop_other_groups=False)
    assert whole["label"].values.tolist() == list("abcd")
    np.testing.assert_allclose(whole["mean"].values, mean - average)
    assert contrast(profile, "none", ["c"])["mean"].values[0].tolist() == mean[2].tolist()
    with pytest.raises(InputError, match="no group 'x'; there are: a, b, c, d"):
        contrast(profile, "equal", ["a", "x"])
    with pytest.raises(InputError, match="equal, count, none, and FIRST-SECOND"):
        contrast(profile, "a-x")
    with pytest.raises(InputError, match="leave groups out"):
        contrast(profile, "a-b", ["a"])


def test_labels_with_dashes_are_told_apart() -> None:
    profile = example().assign_coords(label=["x-y", "x", "y", "z-x"])
    mean = profile["mean"].values
    np.testing.assert_allclose(contrast(profile, "x-y-z-x")["mean"].values[0], mean[0] - mean[3])
    np.testing.assert_allclose(contrast(profile, "x-y")["mean"].values[0], mean[1] - mean[2])


def test_what_is_unknown_spreads_no_farther_than_its_weight() -> None:
    profile = example()
    profile["mean"].values[2, 1, 1] = np.nan
    assert np.isnan(contrast(profile, "none")["mean"].values).sum() == 1
    assert np.isfinite(contrast(profile, "a-b")["mean"].values).all()
    assert np.isnan(contrast(profile, "equal")["mean"].values[:, 1, 1]).all()
    without = contrast(profile, "equal", ["a", "b"], drop_other_groups=False)
    assert np.isnan(without["mean"].values).sum() == 1


def test_groups_without_events_are_no_part_of_the_average() -> None:
    profile = example()
    profile["count"].values[3] = 0
    mean = profile["mean"].values
    np.testing.assert_allclose(contrast(profile)["mean"].values[0], mean[0] - mean[:3].mean(0))
    counts = profile["lag_count"].values
    counts[3] = 0
    pair = contrast(profile, "a-d")
    assert pair["lag_count"].values.tolist() == [[0] * 5]
    assert pair["mean"].values.max() == 0


@pytest.mark.parametrize("reference", ["equal", "count", "none", "a-c"])
def test_errors_of_contrasts_follow_from_their_weights(reference: str) -> None:
    profile = example()
    labels = [str(x) for x in profile["label"].values]
    weights = contrast_weights(labels, profile["count"].values, reference)
    own = standard_error(profile).values
    expected = np.sqrt(np.einsum("ag,gtk->atk", weights.matrix**2, own**2))
    np.testing.assert_allclose(contrast_error(profile, reference).values, expected)
    shown = np.einsum("ag,gtk->atk", weights.matrix, profile["mean"].values)
    np.testing.assert_allclose(contrast(profile, reference)["mean"].values, shown, atol=1e-14)
    assert list(weights.labels) == contrast(profile, reference)["label"].values.tolist()
    if reference == "a-c":
        pair = difference(profile, "a", "c")["standard_error"].values
        np.testing.assert_allclose(pair, expected)
        np.testing.assert_allclose(pair[0], np.hypot(own[0], own[2]))


def test_the_error_of_a_contrast_is_its_spread_over_corpora() -> None:
    random = np.random.default_rng(0)
    groups = np.repeat([0, 1, 2], [8, 15, 30])
    found, errors = [], []
    for _ in range(200):
        profile = of_events(random.standard_normal((53, 1, 40)), groups)
        found.append(contrast(profile)["mean"].values)
        errors.append(contrast_error(profile).values ** 2)
    np.testing.assert_allclose(np.mean(errors, (0, 2, 3)), np.var(found, (0, 2, 3)), rtol=0.05)
