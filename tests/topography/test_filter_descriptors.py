import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from naps.corpus import FeatureConfig
from naps.errors import InputError
from naps.topography import REGIONS, describe_filters, name_regions, onsets
from tests.oracles import topography_filters as oracle

FRAMES, BANDS = 48, 64
T, M = np.arange(FRAMES)[:, None], np.arange(BANDS)


def ripple(cycles: float, scale: float, phase: float = 0.3) -> np.ndarray:
    """Cycles a window along frames and bands; it rises where their signs differ."""
    return np.cos(2 * np.pi * (cycles * T / FRAMES + scale * M / BANDS) + phase)


def around(kernel: np.ndarray, frame: float = 24, band: float = 32, width: float = 8) -> np.ndarray:
    return kernel * np.exp(-((T - frame) ** 2 + (M - band) ** 2) / (2 * width**2))


@pytest.mark.parametrize("shape", [(6, 5), (7, 8), (8, 4)])
def test_descriptors_term_by_term(shape: tuple[int, int]) -> None:
    kernels = np.random.default_rng(0).standard_normal((3, *shape))
    found = describe_filters(kernels)
    for i, kernel in enumerate(kernels):
        for name in ("onset", "percussive", "sweep", "noisy"):
            assert found[name][i] == pytest.approx(getattr(oracle, name)(kernel), abs=1e-9)
        energy = (kernel**2).sum(0)
        expected = sum(m * e for m, e in enumerate(energy)) / energy.sum()
        assert found["frequency_hz"][i] == pytest.approx(expected)
        power = oracle.spectrum(kernel)
        power.pop((0, 0))
        r, s = max(power, key=lambda at: power[at])
        rate = min(r, shape[0] - r) / shape[0]
        assert abs(found["rate_hz"][i]) == pytest.approx(rate)
        assert found["cycles_per_band"][i] == pytest.approx(min(s, shape[1] - s) / shape[1])
        slope = oracle.direction(r, shape[0]) * oracle.direction(s, shape[1])
        assert np.sign(found["rate_hz"][i]) == (-1 if slope > 0 else float(rate > 0))


def test_rising_and_falling_pitches() -> None:
    pair = np.stack([around(ripple(-6, 4)), around(ripple(6, 4))])
    found = describe_filters(pair, FeatureConfig())
    assert found["sweep"][0] > 0.95
    assert found["sweep"][1] < -0.95
    # Of 10 ms frames, 48 in the window: 6 cycles in 0.48 s.
    np.testing.assert_allclose(found["rate_hz"], [12.5, -12.5])
    np.testing.assert_allclose(found["cycles_per_band"], 4 / 64)


def test_a_line_that_rises_rises() -> None:
    line = np.exp(-((M - 20 - 0.5 * T) ** 2) / 4)
    found = describe_filters(np.stack([line, line[::-1]]))
    assert found["sweep"][0] > 0.5
    assert found["sweep"][1] < -0.5
    assert found["rate_hz"][0] > 0


def test_beginnings_endings_and_clicks() -> None:
    step = np.where(T < 24, -1.0, 1.0) * np.ones(BANDS)
    edge = np.where((T >= 20) & (T < 24), -1.0, np.where((T >= 24) & (T < 28), 1.0, 0.0))
    click = (T == 30) * np.ones(BANDS)
    tone = np.ones(FRAMES)[:, None] * (M == 9)
    found = describe_filters(
        np.stack([step, edge * np.ones(BANDS), -step, click, tone, np.ones((FRAMES, BANDS))])
    )
    np.testing.assert_allclose(found["onset"], [1, 1, -1, 0, 0, 0], atol=1e-12)
    np.testing.assert_allclose(found["percussive"], [1, 1, 1, 1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(found["sweep"], 0, atol=1e-9)


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=12))
def test_onsets_are_between_one_and_minus_one_and_turn_with_time(course: list[float]) -> None:
    kernel = np.array(course)[None, :, None] * np.ones(3)
    found = float(onsets(kernel)[0])
    assert -1 - 1e-9 <= found <= 1 + 1e-9
    assert float(onsets(kernel[:, ::-1])[0]) == pytest.approx(-found, abs=1e-9)


def test_white_noise_is_noisy_and_patterns_are_not() -> None:
    random = np.random.default_rng(0)
    noise = random.standard_normal((20, FRAMES, BANDS))
    found = describe_filters(noise)
    np.testing.assert_allclose(found["noisy"], 1, atol=0.1)
    np.testing.assert_allclose(found["flatness"], np.exp(-np.euler_gamma), atol=0.03)
    # Not only the mean: noise has no direction, no beginning and nothing common to all bands.
    assert np.abs(found["sweep"]).max() < 0.1
    assert found["percussive"].max() < 0.05
    click = np.zeros((FRAMES, BANDS))
    click[24, 30] = 1
    patterns = np.stack([click, ripple(5, 3), around(ripple(6, 4)), np.eye(FRAMES, BANDS)])
    patterns += 1e-4 * random.standard_normal(patterns.shape)
    assert (describe_filters(patterns)["noisy"] < 0.02).all()
    assert describe_filters(patterns)["flatness"][0] > 0.9


def test_frequencies_are_those_of_the_bands() -> None:
    bands = np.zeros((3, FRAMES, BANDS))
    bands[0, :, 10] = bands[1, :, 60] = 1
    bands[2, :, [10, 11]] = 1
    found = describe_filters(bands, FeatureConfig())["frequency_hz"]
    # Slaney's scale has 200 Hz in 3 mels below 1000 Hz.
    edge = 15 + 27 * np.log(8) / np.log(6.4)
    assert found[0] == pytest.approx(11 * edge / 65 * 200 / 3)
    assert found[1] == pytest.approx(1000 * 6.4 ** ((61 * edge / 65 - 15) / 27))
    assert (
        found[0]
        < found[2]
        < describe_filters(bands[:1] + 0, FeatureConfig())["frequency_hz"][0] * 12 / 11
    )


def test_silent_and_constant_filters_have_nothing() -> None:
    kernels = np.stack([np.zeros((FRAMES, BANDS)), np.full((FRAMES, BANDS), 0.3)])
    found = describe_filters(kernels)
    for name in ("onset", "percussive", "sweep", "flatness", "noisy", "rate_hz"):
        assert found[name].tolist() == [0, 0]
    assert np.isnan(found["frequency_hz"][0])
    assert found["frequency_hz"][1] == pytest.approx(31.5)


def test_filters_are_named_after_what_stands_out() -> None:
    table = pd.DataFrame(
        {
            "onset": [0.9, -0.9, 0.0, 0.0, 0.0, 0.0, 0.1],
            "percussive": [0.1, 0.1, 0.9, 0.1, 0.1, 0.1, 0.1],
            "sweep": [0.0, 0.1, 0.0, 0.8, -0.8, 0.0, 0.0],
            "noisy": [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.1],
        }
    )
    named = name_regions(table)
    assert named == ["onset", "offset", "percussive", "rising", "falling", "noisy", ""]
    assert set(named) - {""} == set(REGIONS)
    assert name_regions(table, least=9) == [""] * 7
    assert name_regions(table * 0) == [""] * 7


def test_kernels_that_are_no_spectrograms_are_told() -> None:
    with pytest.raises(InputError, match=r"\(4, 1, 64\) are no little spectrograms"):
        describe_filters(np.zeros((4, 1, 64)))
    with pytest.raises(InputError, match="64 bands, and the features 80"):
        describe_filters(np.zeros((4, 9, 64)), FeatureConfig(n_mels=80))
    with pytest.raises(InputError, match="not finite"):
        describe_filters(np.full((4, 9, 64), np.nan))
