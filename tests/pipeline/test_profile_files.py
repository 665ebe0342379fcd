"""What the profiles stage writes beside the profiles."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from naps.errors import InputError
from naps.events.table import to_table, write_events
from naps.models import Recognizer, load_model, save_recognizer
from naps.pipeline import ProfileRecipe, run_recipe
from naps.pipeline.check import check_recipe, forecast
from naps.pipeline.profiling import make_profiles
from naps.pipeline.run_folder import RunFolder
from naps.profiles import load_profiles
from tests.conftest import write_corpus


@pytest.fixture
def recipe(tmp_path: Path, recognizer: Recognizer) -> ProfileRecipe:
    save_recognizer(tmp_path / "small.safetensors", recognizer)
    return ProfileRecipe.model_validate(
        {
            "name": "small",
            "model": str(tmp_path / "small.safetensors"),
            "corpus": {"path": str(write_corpus(tmp_path / "some", count=3, seconds=2.5))},
            "profiles": {
                "groups": ["letter", "room"], "layers": ["conv2"], "edges": "keep", "blocks": 2,
                "kinds": ["grad"], "differences": ["a-b", "r1-r0"], "exemplars": 1,
            },
        }
    )  # fmt: skip


def made(folder: Path, recipe: ProfileRecipe) -> RunFolder:
    """Profiles of made-up events, so that nothing hangs on what random weights predict."""
    run_recipe(recipe, folder, until="events", say=lambda _: None)
    run = RunFolder(folder)
    rows = [
        {"utterance": f"u{u}", "frame": 40 + 9 * i, "unit": i, "letter": "ab"[i % 2]}
        | {"time_s": 0.0, "probability": 0.1 * i + u, "room": f"r{u % 2}"}
        for u in range(3)
        for i in range(4)
    ]
    write_events(run.events / "events.parquet", to_table(rows))
    model = load_model(recipe.model)
    make_profiles(run, recipe, model, lambda items, _: items, say=lambda _: None)
    return run


def test_differences_and_exemplars(tmp_path: Path, recipe: ProfileRecipe) -> None:
    run = made(tmp_path / "run", recipe)
    whole = load_profiles(run.profiles / "letter-grad.nc")["conv2"]
    found = load_profiles(run.profiles / "differences" / "letter-grad.nc")["conv2"]
    assert found["label"].values.tolist() == ["a-b"]
    a, b = (whole["mean"].sel(label=label).values for label in "ab")
    np.testing.assert_allclose(found["mean"][0], a - b, atol=1e-6)
    assert float(found["count"][0]) == pytest.approx(1 / (1 / 6 + 1 / 6))
    assert found["standard_error"].min() >= 0
    rooms = load_profiles(run.profiles / "differences" / "room-grad.nc")["conv2"]
    assert rooms["label"].values.tolist() == ["r1-r0"]
    heard = pd.read_csv(run.profiles / "exemplars" / "letter.csv")
    assert heard[["label", "rank", "utterance", "frame"]].values.tolist() == [
        ["a", 1, "u2", 58],
        ["b", 1, "u2", 67],
    ]
    assert isinstance(whole, xr.Dataset)


def test_a_check_says_what_memory_a_run_takes(tmp_path: Path, recipe: ProfileRecipe) -> None:
    model, utterances = check_recipe(recipe)
    expected = forecast(recipe, model, utterances)
    assert not expected.spills
    # Letters, and the two rooms of the manifest.
    width, channels = 68, model.layers[1].channels
    assert expected.sums_mib == pytest.approx(8 * 3 * (28 + 2) * width * channels / 2**20)
    tight = recipe.profiles.model_copy(update={"memory_mib": 0.01})
    small = forecast(recipe.model_copy(update={"profiles": tight}), model, utterances)
    assert small.spills
    assert small.batch_mib < expected.batch_mib


def test_a_language_without_phones_has_letters(tmp_path: Path, recipe: ProfileRecipe) -> None:
    foreign = replace(load_model(recipe.model), language="xx")
    save_recognizer(tmp_path / "foreign.safetensors", foreign)
    changes = {"model": str(tmp_path / "foreign.safetensors"), "lexicon": None, "g2p": None}
    model, utterances = check_recipe(recipe.model_copy(update=changes))
    assert forecast(recipe.model_copy(update=changes), model, utterances).sums_mib > 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hook": "pre", "gradients": "summed"}, "hook=pre"),
        ({"lags_ms": (-100.0, 100.0)}, "view=sequence"),
        ({"groups": ("shape_binary",)}, "no column 'shape_binary'"),
        ({"groups": ("letter",), "differences": ("a-QQ",)}, "'a-QQ' names no two groups of letter"),
    ],
)
def test_a_check_finds_what_cannot_be_done(
    recipe: ProfileRecipe, changes: dict[str, object], words: str
) -> None:
    wrong = recipe.profiles.model_copy(update=changes)
    with pytest.raises(InputError, match=words):
        check_recipe(recipe.model_copy(update={"profiles": wrong}))


def test_no_grouping_names_a_path(recipe: ProfileRecipe) -> None:
    data = recipe.model_dump()
    data["profiles"]["groups"] = ["../letter"]
    with pytest.raises(ValueError, match="String should match pattern"):
        ProfileRecipe.model_validate(data)
