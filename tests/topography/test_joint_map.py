"""Two runs of the same units in one layout."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

from naps.errors import InputError
from naps.topography import map_together
from tests.profiles.examples import dataset
from tests.topography.hidden_grid import hidden_grid


def test_both_runs_decide_on_the_places_whatever_their_scale() -> None:
    places, units = hidden_grid(0, features=10)
    noise = np.random.default_rng(1).standard_normal(units.vectors.T.shape)
    first = dataset(units.vectors.T[:, None])
    second = dataset(50 * noise[:, None])
    found = map_together(first, second, "som")
    agreement = spearmanr(pdist(places), pdist(found.layout.positions)).statistic
    assert agreement > 0.4, "the loud run alone would leave none"
    orders = found.orders(permutations=99)
    assert set(orders) == {"a", "b", "difference"}
    assert orders["a"].value > orders["b"].value
    np.testing.assert_allclose(found.difference, found.values_a - found.values_b)
    np.testing.assert_allclose(found.values_b.mean(0), 0, atol=1e-9)


def test_the_same_run_twice_has_no_difference() -> None:
    _, units = hidden_grid(0, features=10)
    profile = dataset(units.vectors.T[:, None])
    found = map_together(profile, profile, "som", labels=[f"{x}/x" for x in "abcdefghij"])
    assert not found.difference.any()
    assert set(found.orders(permutations=9)) == {"a", "b"}
    assert found.labels[0] == "a/x"


def test_runs_of_other_units_have_no_common_map() -> None:
    _, units = hidden_grid(0, features=10)
    profile = dataset(units.vectors.T[:, None])
    with pytest.raises(InputError, match="10 groups and 120 units and of 10 and 90"):
        map_together(profile, profile.isel(channel=slice(90)))
