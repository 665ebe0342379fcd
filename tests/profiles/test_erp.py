import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from naps.errors import InputError
from naps.profiles.erp import (
    MODES,
    baseline,
    difference,
    fractional_area_latency,
    global_field_power,
    peaks,
    standard_error,
)
from tests.oracles import erp as oracle
from tests.profiles.examples import dataset, of_events


@pytest.mark.parametrize("mode", MODES)
@settings(max_examples=20)
@given(seed=st.integers(0, 999), first=st.integers(-4, 0), length=st.integers(1, 4))
def test_baselines_equal_those_of_mne(mode: str, seed: int, first: int, length: int) -> None:
    mean = np.random.default_rng(seed).gamma(2.0, size=(3, 9, 4)) + 0.01
    profile = dataset(mean)
    interval = (20.0 * first, 20.0 * (first + length))
    found = baseline(profile, interval, mode)
    times = profile["time_ms"].values
    for label in range(3):
        for channel in range(4):
            expected = oracle.baseline(mean[label, :, channel], times, *interval, mode)
            np.testing.assert_allclose(found["mean"].values[label, :, channel], expected, rtol=1e-9)
    assert found.attrs["baseline_mode"] == mode
    assert found.attrs["baseline_ms"] == list(interval)


def test_baseline_without_ends_takes_those_of_the_profile() -> None:
    profile = dataset(np.random.default_rng(0).random((2, 7, 3)))
    xr.testing.assert_identical(baseline(profile), baseline(profile, (-60.0, 0.0)))
    whole = baseline(profile, (None, None))
    assert np.abs(whole["mean"].values.mean(1)).max() < 1e-12
    assert whole.attrs["baseline_ms"] == [-60.0, 60.0]


def silent_units() -> xr.Dataset:
    """Channels: active; silent before 0; never active; constant; silent at one step."""
    mean = np.zeros((1, 6, 5))
    mean[0, :, 0] = [1, 2, 3, 4, 5, 6]
    mean[0, 3:, 1] = [7, 8, 9]
    mean[0, :, 3] = 2.0
    mean[0, :, 4] = [1, 3, 2, 0, 4, 2]
    return dataset(mean)


def test_units_behind_a_relu() -> None:
    profile = silent_units()
    plain = baseline(profile, (None, -20.0), "mean")["mean"].values[0]
    assert np.isfinite(plain).all()
    assert plain[:, 1].tolist() == [0, 0, 0, 7, 8, 9]
    for mode, same in (("ratio", 1.0), ("percent", 0.0), ("logratio", 0.0)):
        values = baseline(profile, (None, -20.0), mode)["mean"].values[0]
        assert np.isfinite(values[:, 0]).all()
        np.testing.assert_array_equal(values[:, 1], [same] * 3 + [np.nan] * 3)
        assert values[:, 2].tolist() == [same] * 6
        assert values[:, 3].tolist() == [same] * 6
        assert np.isnan(values[3, 4]) == (mode == "logratio")
    values = baseline(profile, (None, -20.0), "zscore")["mean"].values[0]
    np.testing.assert_array_equal(values[:, 1], [0] * 3 + [np.nan] * 3)
    assert values[:, 2:4].tolist() == [[0, 0]] * 6
    assert values[:, 0] == pytest.approx((np.arange(1, 7) - 2) / np.sqrt(2 / 3))
    logs = baseline(profile, (None, -20.0), "zlogratio")["mean"].values[0]
    np.testing.assert_array_equal(logs[:, 1], [0] * 3 + [np.nan] * 3)
    assert logs[:, 3].tolist() == [0] * 6


def test_baselines_that_say_nothing_are_refused() -> None:
    silent = dataset(np.concatenate([np.zeros((2, 4, 3)), np.ones((2, 3, 3))], 1))
    for mode in MODES[1:]:
        with pytest.raises(InputError, match=f"'{mode}' has nothing to divide by.*'mean'"):
            baseline(silent, (None, 0.0), mode)
    assert np.isfinite(baseline(silent)["mean"]).all()
    with pytest.raises(InputError, match=r"between -200 and -100 ms.*from -60 to 60 ms"):
        baseline(silent, (-200.0, -100.0))
    with pytest.raises(InputError, match="mean, ratio, logratio, percent, zscore, zlogratio"):
        baseline(silent, mode="median")
    counts = np.full((2, 7), 5)
    counts[:, :4] = 0
    with pytest.raises(InputError, match="no event has a value in the baseline"):
        baseline(dataset(np.ones((2, 7, 3)), lag_count=counts))


def test_steps_without_events_are_no_baseline() -> None:
    mean = np.random.default_rng(0).random((2, 6, 2)) + 1
    mean[0, 0] = 0
    counts = np.full((2, 6), 4)
    counts[0, 0] = 0
    for mode, same in (("mean", 0.0), ("ratio", 1.0)):
        found = baseline(dataset(mean, lag_count=counts), mode=mode)["mean"].values
        assert found[0, 0].tolist() == [same, same]
        part = baseline(dataset(mean[:, 1:]), (None, 0.0), mode)["mean"].values
        shown = baseline(dataset(mean), (-40.0, 0.0), mode)["mean"].values
        np.testing.assert_allclose(found[0, 1:], shown[0, 1:])
        assert part.shape == (2, 5, 2)


def test_the_spread_follows_the_mean() -> None:
    random = np.random.default_rng(0)
    profile = dataset(random.random((2, 6, 3)) + 1, std=random.random((2, 6, 3)))
    before = profile["mean"].values[:, :4].mean(1, keepdims=True)
    np.testing.assert_allclose(
        baseline(profile, mode="percent")["std"], profile["std"].values / before
    )
    np.testing.assert_array_equal(baseline(profile)["std"], profile["std"])
    assert "std" not in baseline(profile, mode="logratio")


def test_field_power_is_the_spread_over_channels() -> None:
    mean = np.random.default_rng(0).random((2, 5, 8))
    counts = np.full((2, 5), 3)
    counts[1, 0] = 0
    power = global_field_power(dataset(mean, lag_count=counts))
    np.testing.assert_allclose(power.values[0], mean[0].std(1))
    assert np.isnan(power.values[1, 0])
    assert np.isfinite(power.values[1, 1:]).all()
    assert power.dims == ("label", "lag")


def test_standard_errors_and_difference_waves_of_explicit_events() -> None:
    random = np.random.default_rng(0)
    values = random.standard_normal((40, 5, 3))
    groups = np.repeat([0, 1, 2], [25, 14, 1])
    profile = of_events(values, groups)
    first, second = values[:25], values[25:39]
    errors = standard_error(profile)
    expected = first.std(0, ddof=1) / np.sqrt(25)
    np.testing.assert_allclose(errors.values[0], expected, rtol=1e-6)
    assert np.isnan(errors.values[2]).all()  # one event has no spread
    wave = difference(profile, "a", "b")
    np.testing.assert_allclose(wave["mean"].values[0], first.mean(0) - second.mean(0))
    variance = first.var(0, ddof=1) / 25 + second.var(0, ddof=1) / 14
    np.testing.assert_allclose(wave["standard_error"].values[0], np.sqrt(variance), rtol=1e-6)
    assert float(wave["count"][0]) == pytest.approx(1 / (1 / 25 + 1 / 14))
    assert wave["label"].values.tolist() == ["a-b"]
    assert difference(profile, "b", "a")["mean"].values == pytest.approx(-wave["mean"].values)
    with pytest.raises(InputError, match="no group 'z'; there are: a, b, c"):
        difference(profile, "a", "z")


def test_the_error_of_a_group_mask_is_masked_too() -> None:
    random = np.random.default_rng(0)
    profile = dataset(random.random((2, 4, 3)), std=random.random((2, 4, 3)))
    mask = random.random((2, 4, 3))
    masked = profile.assign(mask=(profile["mean"].dims, mask)).assign_attrs(mask_kind="group")
    np.testing.assert_allclose(standard_error(masked), standard_error(profile) * mask)


def test_coverage_of_the_standard_error() -> None:
    random = np.random.default_rng(0)
    values = random.standard_normal((300 * 12, 1, 50)) + 3
    labels = [f"g{i}" for i in range(300)]
    profile = of_events(values, np.repeat(np.arange(300), 12), labels)
    z = (profile["mean"].values - 3) / standard_error(profile).values
    # Student's t with 11 degrees of freedom: 2.201 at 5 %.
    assert np.mean(np.abs(z) > 2.201) == pytest.approx(0.05, abs=0.007)


def waves() -> xr.Dataset:
    mean = np.zeros((1, 7, 4))
    mean[0, :, 0] = [0, 1, 3, 1, 0, -2, 0]
    mean[0, :, 1] = [0, 1, 0, 0, 0, -5, 0]
    mean[0, :, 2] = 2.0
    return dataset(mean)


def test_peaks_have_signs() -> None:
    found = peaks(waves())
    assert found["amplitude"].values[0].tolist() == [3, -5, 2, 0]
    np.testing.assert_array_equal(found["latency_ms"].values[0], [-20, 40, np.nan, np.nan])
    positive, negative = peaks(waves(), sign="pos"), peaks(waves(), sign="neg")
    assert positive["amplitude"].values[0].tolist() == [3, 1, 2, 0]
    assert negative["amplitude"].values[0].tolist() == [-2, -5, 2, 0]
    assert negative["latency_ms"].values[0, :2].tolist() == [40, 40]
    late = peaks(waves(), (0.0, None))
    assert late["amplitude"].values[0].tolist() == [-2, -5, 2, 0]
    single = peaks(waves(), (-20.0, -20.0))
    assert single["latency_ms"].values[0].tolist() == [-20] * 4
    with pytest.raises(InputError, match="abs, pos, neg"):
        peaks(waves(), sign="up")
    with pytest.raises(InputError, match="no step of layer 'conv3'"):
        peaks(waves(), (3.0, 4.0))


def test_peaks_pass_over_steps_without_values() -> None:
    counts = np.full((2, 7), 3)
    counts[0, 2] = 0
    counts[1] = 0
    mean = np.repeat(waves()["mean"].values, 2, 0)
    mean[0, 1, 1] = np.nan
    found = peaks(dataset(mean, lag_count=counts))
    assert found["amplitude"].values[0].tolist() == [-2, -5, 2, 0]
    assert np.isnan(found["amplitude"].values[1]).all()
    assert np.isnan(found["latency_ms"].values[1]).all()


def test_half_of_the_area() -> None:
    mean = np.zeros((1, 7, 3))
    mean[0, :, 0] = [0, 0, 1, 2, 1, 0, 0]  # symmetric about 0 ms
    mean[0, :, 1] = [0, 0, 0, 0, 0, -4, 0]
    profile = dataset(mean)
    found = fractional_area_latency(profile).values[0]
    assert found[:2] == pytest.approx([0.0, 40.0])
    assert np.isnan(found[2])
    assert np.isnan(fractional_area_latency(profile, sign="pos").values[0, 1])
    assert fractional_area_latency(profile, sign="neg").values[0, 1] == pytest.approx(40.0)
    quarter = fractional_area_latency(profile, fraction=0.25).values[0, 0]
    assert -20 < quarter < 0
    for bad in (0.0, 1.0, -1.0):
        with pytest.raises(InputError, match="between 0 and 1"):
            fractional_area_latency(profile, fraction=bad)
    with pytest.raises(InputError, match="needs two"):
        fractional_area_latency(profile, (0.0, 0.0))


@settings(max_examples=10)
@given(seed=st.integers(0, 999), fraction=st.floats(0.05, 0.95))
def test_area_latency_reaches_its_share_of_the_area(seed: int, fraction: float) -> None:
    mean = np.random.default_rng(seed).random((1, 5, 1))
    profile = dataset(mean)
    found = float(fractional_area_latency(profile, fraction=fraction).values[0, 0])
    times = profile["time_ms"].values
    # Inside a step the area is read linearly, so within one step of the exact place.
    expected = oracle.area_latency(mean[0, :, 0], times, fraction, parts=500)
    assert found == pytest.approx(expected, abs=0.1)
