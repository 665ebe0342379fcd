import numpy as np
import pytest
import torch
import xarray as xr

from naps.corpus import FeatureConfig
from naps.errors import InputError
from naps.models import ENGLISH, Adapter, LSTMConfig, Recognizer, build
from naps.profiles import contrast
from naps.topography import (
    Units,
    contrasted_groups,
    group_values,
    kernels,
    map_filters,
    units_from_kernels,
    units_from_profile,
)
from tests.models.strangers import Convolutional
from tests.profiles.examples import dataset


@pytest.fixture
def profile() -> xr.Dataset:
    random = np.random.default_rng(0)
    counts = np.array([[9], [4], [12]]) * np.ones((1, 5), int)
    return dataset(random.standard_normal((3, 5, 6)), lag_count=counts)


def test_kernels_are_in_the_order_of_time(recognizer: Recognizer) -> None:
    found = kernels(recognizer)
    weight = recognizer.network.get_submodule("conv1").weight
    assert found.shape == (8, 48, 16)
    assert found[3, 5, 7] == pytest.approx(weight[3, 7, 5].item())
    # A filter answers to a sound like its kernel as the kernel does to itself. Window 12 of the
    # layer begins at frame 1.
    sound = torch.from_numpy(np.pad(found[3], ((1, 0), (0, 0)))).float()
    block = recognizer.network.get_submodule("conv1")
    answer = block.before_relu(sound[None])[0, 12, 3] - block.bias[3]
    assert answer.item() == pytest.approx((found[3] ** 2).sum(), rel=1e-5)


def test_units_of_kernels_have_length_one(recognizer: Recognizer) -> None:
    units = units_from_kernels(recognizer)
    assert (units.layer, len(units)) == ("conv1", 8)
    np.testing.assert_allclose(np.linalg.norm(units.vectors, axis=1), 1)
    raw = kernels(recognizer).reshape(8, -1)
    expected = raw @ raw.T / np.outer(*[np.linalg.norm(raw, axis=1)] * 2)
    np.testing.assert_allclose(units.distances(), 1 - expected, atol=1e-12)
    assert units_from_kernels(recognizer, "conv2").vectors.shape == (8, 7 * 8)


def test_ripples_do_not_know_where_a_pattern_is(recognizer: Recognizer) -> None:
    with torch.no_grad():
        weight = recognizer.network.get_submodule("conv1").weight
        weight[1] = -3 * weight[0].roll(9, 1)
    units = units_from_kernels(recognizer, view="ripples")
    assert units.distances()[0, 1] == pytest.approx(0, abs=1e-6)
    assert units_from_kernels(recognizer).distances()[0, 1] > 0.5
    with pytest.raises(InputError, match=r"no view 'x' of kernels; there are: kernel, ripples"):
        units_from_kernels(recognizer, view="x")


def test_layers_without_kernels_are_told(recognizer: Recognizer) -> None:
    with pytest.raises(InputError, match=r"no layer 'conv99'; there are: conv1, conv2"):
        kernels(recognizer, "conv99")
    config = LSTMConfig(n_mels=16, n_outputs=len(recognizer.alphabet), layers=1, hidden=4)
    other = Recognizer("lstm", build(config), recognizer.features, recognizer.alphabet)
    with pytest.raises(InputError, match="lstm1 is no convolution over time"):
        kernels(other, "lstm1")


def test_units_of_a_profile(profile: xr.Dataset) -> None:
    mean = contrast(profile)["mean"].values
    np.testing.assert_allclose(units_from_profile(profile).vectors, mean.mean(1).T)
    with_lags = units_from_profile(profile, lags=True).vectors
    assert with_lags.shape == (6, 15)
    np.testing.assert_allclose(with_lags[2], mean[:, :, 2].ravel())
    few = units_from_profile(profile, min_count=9, reference="count")
    expected = contrast(profile.isel(label=[0, 2]), "count")["mean"].values.mean(1).T
    np.testing.assert_allclose(few.vectors, expected)
    with pytest.raises(InputError, match="conv3: no group has 99 events"):
        units_from_profile(profile, min_count=99)


def test_values_of_groups(profile: xr.Dataset) -> None:
    mean = contrast(profile)["mean"].values
    found = group_values(profile)
    assert found.dims == ("label", "channel")
    assert found["label"].values.tolist() == ["a", "b", "c"]
    np.testing.assert_allclose(found, mean.mean(1))
    np.testing.assert_allclose(group_values(profile, lag=-1), mean[:, 1])
    assert group_values(profile, min_count=9)["label"].values.tolist() == ["a", "c"]
    with pytest.raises(InputError, match="no lag 7; there are those from -2 to 2"):
        group_values(profile, lag=7)


def test_units_that_do_the_same_for_all_are_kept_and_flagged(profile: xr.Dataset) -> None:
    profile["mean"][:, :, 1] = 0.0
    profile["mean"][:, :, 4] = 0.1
    assert np.abs(contrast(profile)["mean"].values[:, :, 4]).max() < 1e-15
    units = units_from_profile(profile)
    assert units.constant.tolist() == [False, True, False, False, True, False]
    assert not units.vectors[[1, 4]].any()
    assert units.distances()[1].tolist() == [1, 0, 1, 1, 0, 1]
    assert (contrasted_groups(profile)["mean"].values[:, :, [1, 4]] == 0).all()
    assert np.isfinite(units.normalised().vectors).all()


def test_units_that_make_no_map_are_told(profile: xr.Dataset) -> None:
    for count in (1, 3):
        with pytest.raises(InputError, match=f"conv3: {count} units make no map, it needs 4"):
            units_from_profile(profile.isel(channel=slice(count)))
    profile["mean"][1, 2, 3] = np.nan
    profile["mean"][1, 2, 5] = np.inf
    with pytest.raises(InputError, match="conv3: values of units 3, 5 are not finite"):
        units_from_profile(profile)
    many = np.full((40, 2), np.nan)
    with pytest.raises(InputError, match=r"units 0, 1, .*, 9 and 30 more are not"):
        Units("x", many)
    with pytest.raises(InputError, match="no vectors"):
        Units("x", np.zeros(5))


def test_kernels_of_somebody_elses_network() -> None:
    module = Convolutional()
    features = FeatureConfig(n_mels=6)
    network = Adapter(module, features, layers=["front.0", "stack.0"], logits=letters)
    model = Recognizer("theirs", network, features, ENGLISH)
    weight = module.front[0].weight.detach().numpy()
    np.testing.assert_allclose(kernels(model), weight.transpose(0, 2, 1))
    with pytest.raises(InputError, match=r"stack\.0 is no convolution over time"):
        kernels(model, "stack.0")
    found = map_filters(model, permutations=9)
    assert found.layer == "front.0"
    assert len(found.regions) == 8


def letters(output: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    return output[0].transpose(1, 2)
