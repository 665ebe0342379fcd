"""Maps of layers from their profiles."""

import numpy as np
import pytest
import xarray as xr
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

from naps.errors import InputError
from naps.profiles.contrast import contrast
from naps.topography import common_groups, frame_times, group_values, map_layer
from tests.profiles.examples import dataset
from tests.topography.hidden_grid import hidden_grid


def planted(seed: int = 0, lags: int = 5) -> tuple[np.ndarray, xr.Dataset]:
    """A profile whose units have a hidden place: groups prefer places."""
    places, units = hidden_grid(seed, features=10)
    course = np.hanning(lags + 2)[1:-1]
    mean = units.vectors.T[:, None, :] * course[:, None]
    return places, dataset(mean)


def test_hidden_places_come_out_and_the_order_is_above_chance() -> None:
    places, profile = planted()
    found = map_layer(profile, "som", frames=2)
    agreement = spearmanr(pdist(places), pdist(found.layout.positions)).statistic
    assert agreement > 0.7
    order = found.order(permutations=500)
    assert order.value > 0.4 > order.chance_p99
    assert order.p == 1 / 501
    random = map_layer(profile, "random").order(permutations=500)
    assert abs(random.value) < 0.1
    assert random.p > 0.001


def test_values_are_means_over_lags_and_frames_single_lags() -> None:
    _, profile = planted(lags=7)
    found = map_layer(profile, "pca", frames=3)
    assert found.lags == (-1, 0, 1)
    means = contrast(profile, "equal")["mean"].values
    np.testing.assert_allclose(found.values, means.mean(1), atol=1e-12)
    np.testing.assert_allclose(found.frames, means[:, [2, 3, 4]].swapaxes(0, 1), atol=1e-12)
    np.testing.assert_allclose(group_values(profile, lag=1), found.frames[2], atol=1e-12)
    assert found.labels == tuple("abcdefghij")


def test_a_single_lag_has_no_frames() -> None:
    _, profile = planted(lags=1)
    assert frame_times(profile, 9) == ()
    found = map_layer(profile, "pca", frames=9)
    assert found.frames.shape == (0, *found.values.shape)


def test_layers_are_turned_onto_each_other() -> None:
    _, profile = planted()
    found = map_layer(profile, "som")
    positions = found.layout.positions
    turned = map_layer(profile.isel(channel=slice(None)), "som")
    rotated = turned.layout.__class__(positions[:, ::-1] * [1, -1] + [0, 1], "som", 0, 0.0)
    moved = turned.__class__(
        turned.units, rotated, turned.labels, turned.values, turned.frames, turned.lags
    )
    back = moved.turned_onto(found)
    assert np.abs(back.layout.positions - positions).mean() < 0.1
    assert np.abs(rotated.positions - positions).mean() > 0.2


@pytest.mark.parametrize(("units", "message"), [(1, "1 units make no map"), (3, "3 units make")])
def test_few_units(units: int, message: str) -> None:
    _, profile = planted()
    with pytest.raises(InputError, match=message):
        map_layer(profile.isel(channel=slice(units)))


def test_constant_units_and_gaps() -> None:
    _, profile = planted()
    with pytest.raises(InputError, match="no two units differ"):
        map_layer(profile.assign(mean=profile["mean"] * 0 + 1.0))
    gaps = profile["mean"].copy()
    gaps[0, 0, 4] = np.nan
    with pytest.raises(InputError, match="values of units 4 are not finite"):
        map_layer(profile.assign(mean=gaps))


def test_groups_need_events_in_every_layer() -> None:
    _, profile = planted()
    few = profile.assign(count=("label", np.arange(10)))
    assert common_groups({"a": profile, "b": few}, 5) == list("fghij")[0:5]
    with pytest.raises(InputError, match="no group has 50 events in every layer"):
        common_groups({"a": profile}, 50)
