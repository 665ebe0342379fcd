"""The maps stage: what it writes, beside what, and what it refuses early."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr

from naps.corpus import FeatureConfig
from naps.errors import InputError
from naps.models import (
    ENGLISH,
    LSTMConfig,
    Recognizer,
    Wav2Letter,
    Wav2LetterConfig,
    build,
    save_recognizer,
)
from naps.pipeline import ProfileRecipe, run_recipe
from naps.pipeline.check import check_recipe
from naps.pipeline.map_quality import redrawn, run_map_quality, summary
from naps.pipeline.map_quality_recipe import MapQualityRecipe
from naps.pipeline.mapping import layer_maps, layers_of
from naps.pipeline.recipe import ClustersConfig, MapsConfig
from naps.profiles import Profiles, load_profiles
from naps.profiles.standard_error import standard_error
from naps.report.maps_file import read_maps
from tests.conftest import write_corpus
from tests.profiles.examples import dataset


def quiet(_: str) -> None:
    """Say nothing."""


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> ProfileRecipe:
    folder = tmp_path_factory.mktemp("mapping")
    return ProfileRecipe.model_validate(
        {
            "name": "small",
            "model": str(folder / "small.safetensors"),
            "corpus": {"path": str(write_corpus(folder / "corpus"))},
            "profiles": {
                "groups": ["letter"], "edges": "keep", "kinds": ["grad"],
                "layers": ["conv1", "conv9"],
            },
            "clusters": {"min_count": 1, "permutations": 10, "replicates": 10},
            "controls": {"random_weights": True},
            "maps": {
                "layers": ["conv1", "conv9"], "filters": True, "methods": ["som"],
                "repetitions": 2, "frames": 3, "permutations": 99, "seed": 1,
            },
        }
    )  # fmt: skip


def change(recipe: ProfileRecipe, **values: object) -> ProfileRecipe:
    data = recipe.model_dump(mode="json")
    data["maps"] |= values
    return ProfileRecipe.model_validate(data)


@pytest.fixture
def saved(recipe: ProfileRecipe, recognizer: Recognizer) -> ProfileRecipe:
    save_recognizer(Path(recipe.model), recognizer)
    return recipe


@pytest.fixture(scope="module")
def run(recipe: ProfileRecipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mapped") / "run"
    save_recognizer(Path(recipe.model), small())
    run_recipe(recipe, folder, until="maps", say=quiet)
    return folder


def small() -> Recognizer:
    torch.manual_seed(0)
    config = Wav2LetterConfig(n_mels=16, n_outputs=len(ENGLISH), channels=8, wide=12)
    return Recognizer("small", Wav2Letter(config).eval(), FeatureConfig(n_mels=16), ENGLISH)


def test_maps_of_the_network_and_of_the_same_with_random_weights(run: Path) -> None:
    for network in ("trained", "untrained"):
        files = sorted(path.name for path in (run / "maps" / network).iterdir())
        assert files == ["letter-grad-som.nc"]
    found = read_maps(run / "maps")
    assert found is not None
    assert found.layers == ["conv1", "conv9"]
    assert len(found.trained) == len(found.untrained) == 2
    for stored in found.trained.values():
        np.testing.assert_allclose(stored.positions.min(0), 0, atol=1e-12)
        np.testing.assert_allclose(stored.positions.max(0), 1, atol=1e-12)
        assert stored.values.shape == (len(stored.labels), len(stored.positions))
        assert len(stored.frames) == len(stored.times_ms)


def test_values_are_those_of_the_profiles(run: Path) -> None:
    profile = load_profiles(run / "profiles" / "letter-grad.nc")["conv1"]
    stored = xr.load_dataset(run / "maps" / "trained" / "letter-grad-som.nc", group="conv1")
    mean = profile["mean"].values.astype(float)
    mean = mean - mean.mean(0)
    np.testing.assert_allclose(stored["value"].values, mean.mean(1), atol=1e-6)
    places = [profile["time_ms"].values.tolist().index(t) for t in stored["time_ms"].values]
    np.testing.assert_allclose(
        stored["frame_value"].values, mean[:, places].swapaxes(0, 1), atol=1e-6
    )


def test_every_map_has_measures_with_their_chance(run: Path) -> None:
    table = pd.read_csv(run / "maps" / "maps.csv")
    assert not table.duplicated(["method", "network", "layer", "measure"]).any()
    order = table[table["measure"] == "order"]
    assert len(order) == 2 * 2
    assert order[["value", "chance_mean", "chance_high", "p", "p_corrected"]].notna().all(axis=None)
    assert (order["p"] <= order["p_corrected"]).all()
    som = table[(table["method"] == "som") & (table["network"] == "trained")]
    trust = som[som["measure"] == "trustworthiness"]
    assert (trust["low"] <= trust["value"]).all()
    assert (trust["value"] <= trust["high"]).all()
    assert trust["chance_mean"].notna().all()


def test_filters_are_beside_those_before_training(run: Path, recognizer: Recognizer) -> None:
    facts = json.loads((run / "maps" / "filters.json").read_text())
    assert facts["layer"] == "conv1"
    assert set(facts["networks"]) == {"trained", "untrained"}
    stored = xr.load_dataset(run / "maps" / "filters.nc")
    weight = recognizer.network.get_submodule("conv1").weight.detach().numpy()
    np.testing.assert_array_equal(stored["kernel"].values[0], weight.transpose(0, 2, 1))
    assert not np.array_equal(stored["kernel"].values[0], stored["kernel"].values[1])
    assert stored["frequency_hz"].values.tolist() == sorted(stored["frequency_hz"].values)


def test_the_same_recipe_gives_the_same_maps(
    run: Path, recipe: ProfileRecipe, tmp_path: Path
) -> None:
    files = ["filters.csv", "filters.json", "maps.json"]
    before = [(run / "maps" / name).read_bytes() for name in files]
    table = pd.read_csv(run / "maps" / "maps.csv")
    said: list[str] = []
    run_recipe(change(recipe, frames=2), run, until="maps", say=said.append)
    assert said[-1].startswith("maps: ")
    run_recipe(recipe, run, until="maps", say=quiet)
    assert before == [(run / "maps" / name).read_bytes() for name in files]
    again = pd.read_csv(run / "maps" / "maps.csv")
    timed = table["measure"] != "seconds"
    pd.testing.assert_frame_equal(table[timed], again[timed])


def test_a_layer_that_cannot_be_mapped_is_left_out_with_its_reason() -> None:
    mean = np.random.default_rng(0).standard_normal((4, 3, 30))
    good = dataset(mean).assign_attrs(layer="a")
    profiles = Profiles({"a": good, "b": dataset(0 * mean + 1).assign_attrs(layer="b")})
    clusters, without = ClustersConfig(min_count=1), list[tuple[str, str]]()
    found = list(
        layer_maps(
            profiles, ("a", "b"), "pca", MapsConfig(), clusters, lambda *x: without.append(x)
        )
    )
    assert [x.layer for x in found] == ["a"]
    assert without == [("b", "b: no two units differ, so there is nothing to lay out")]
    line = Profiles(
        {"c": dataset(np.ones((4, 1, 30)) * (np.arange(30) % 2)).assign_attrs(layer="c")}
    )
    list(
        layer_maps(
            line, ("c",), "pca", MapsConfig(metric="euclidean"),
            ClustersConfig(min_count=1, contrast="none"), lambda *x: without.append(x),
        )
    )  # fmt: skip
    assert "lie on a line" in without[-1][1]
    with pytest.raises(InputError, match="no two units differ"):
        list(layer_maps(profiles, ("b",), "pca", MapsConfig(), clusters))


def test_everything_wrong_is_found_before_anything_is_done(saved: ProfileRecipe) -> None:
    cases = [
        ({"layers": ["conv77"]}, "maps.layers: no layer 'conv77'; there are: input, conv1"),
        ({"rows": 2, "columns": 3}, "8 filters do not fit into 2 × 3 cells"),
        ({"kinds": ["nap"]}, "maps.kinds: no profiles of 'nap'; there are: grad"),
    ]
    for values, message in cases:
        with pytest.raises(InputError, match=message):
            check_recipe(change(saved, **values))


def test_some_layers_are_the_first_the_middle_and_the_last_two() -> None:
    some = MapsConfig(layers="some")
    names = ["input", *(f"conv{i}" for i in range(1, 11))]
    assert layers_of(some, names) == ["conv1", "conv5", "conv9", "conv10"]
    assert layers_of(some, ["input", "front", "lstm1"]) == ["front", "lstm1"]
    assert layers_of(some, ["input", "lstm1"]) == ["lstm1"]
    assert layers_of(some, ["input"]) == []
    assert layers_of(MapsConfig(layers=("conv9", "conv2")), names[:4]) == ["conv2"]


def test_a_model_without_filters_has_maps_of_its_units_where_filters_are_auto(
    saved: ProfileRecipe, tmp_path: Path
) -> None:
    config = LSTMConfig(n_mels=16, n_outputs=len(ENGLISH), hidden=6, layers=2, front=0)
    torch.manual_seed(3)
    model = Recognizer("bare", build(config).eval(), FeatureConfig(n_mels=16), ENGLISH)
    save_recognizer(tmp_path / "bare.safetensors", model)
    auto = change(saved, filters="auto", layers="some", repetitions=1)
    data = auto.model_dump(mode="json")
    data["model"] = str(tmp_path / "bare.safetensors")
    data["profiles"]["layers"] = None
    data["controls"] = {}
    data["events"]["mode"] = "reference"
    recipe = ProfileRecipe.model_validate(data)
    run_recipe(recipe, tmp_path / "run", until="maps", say=quiet)
    found = read_maps(tmp_path / "run" / "maps")
    assert found is not None
    assert found.filters is None
    assert found.layers == ["lstm1", "lstm2"]
    assert "no convolution" in found.facts["left_out"][0]["filters"]
    data["maps"]["filters"] = True
    with pytest.raises(InputError, match="no convolution"):
        check_recipe(ProfileRecipe.model_validate(data))


def test_a_run_without_maps_has_none(saved: ProfileRecipe, tmp_path: Path) -> None:
    bare = change(saved, layers=[], filters=False)
    one = bare.model_copy(
        update={"profiles": bare.profiles.model_copy(update={"layers": ("conv9",)})}
    )
    run_recipe(one, tmp_path / "run", until="maps", say=quiet)
    assert read_maps(tmp_path / "run" / "maps") is None


def test_the_table_of_methods(run: Path, tmp_path: Path) -> None:
    recipe = MapQualityRecipe(
        name="q", run=run, group="letter", layers=("conv9",),
        methods=("som", "random"), repetitions=3,
    )  # fmt: skip
    page = run_map_quality(recipe, tmp_path / "q", say=quiet)
    assert page.stat().st_size < 3_000_000
    table = pd.read_csv(tmp_path / "q" / "quality.csv")
    assert len(table) == 2 * 3
    middle = pd.read_csv(tmp_path / "q" / "summary.csv")
    row = middle.set_index(["layer", "method", "measure"]).loc[("conv9", "random", "morans_i")]
    values = table[table["method"] == "random"]["morans_i"]
    assert row["median"] == pytest.approx(values.median())
    assert row["repetitions"] == 3
    said: list[str] = []
    run_map_quality(recipe, tmp_path / "q", say=said.append)
    assert said == [f"{x}, {m}: already done" for x in recipe.layers for m in recipe.chosen()]
    other = recipe.model_copy(update={"redraw": True, "methods": ("som",)})
    run_map_quality(other, tmp_path / "q", say=said.append)
    again = pd.read_csv(tmp_path / "q" / "quality.csv")
    assert again["morans_i"].nunique() == len(again) == 3
    assert summary(again)["repetitions"].max() == 3


def test_means_are_drawn_within_their_standard_errors(run: Path) -> None:
    profile = load_profiles(run / "profiles" / "letter-grad.nc")["conv1"]
    error = standard_error(profile).values
    drawn = np.stack([redrawn(profile, seed)["mean"].values for seed in range(200)])
    known = np.isfinite(error) & (error > 0)
    spread = drawn.std(0)[known] / error[known]
    assert np.median(spread) == pytest.approx(1, abs=0.05)
    np.testing.assert_array_equal(redrawn(profile, 1)["mean"], redrawn(profile, 1)["mean"])


def test_a_table_of_no_run_is_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--set run=FOLDER"):
        run_map_quality(MapQualityRecipe(name="q", layers=("conv1",)), tmp_path / "q")
    wrong = MapQualityRecipe(name="q", run=run, group="letter", layers=("conv5",))
    with pytest.raises(InputError, match="no layer 'conv5'; there are: conv1, conv9"):
        run_map_quality(wrong, tmp_path / "q")
    with pytest.raises(ValueError, match="no layout 'tnse'"):
        MapQualityRecipe(name="q", layers=("conv1",), methods=("tnse",))
