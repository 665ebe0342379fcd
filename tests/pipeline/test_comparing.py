"""Comparing two runs: what is the same, what is written, and what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from naps.errors import InputError
from naps.pipeline.comparing import case_of, compare_runs
from naps.pipeline.comparison_recipe import CompareConfig
from naps.pipeline.finished_run import read_finished
from naps.pipeline.recipe import section
from naps.profiles import load_profiles
from naps.profiles.file import save_profiles
from tests.pipeline.comparison_runs import corpus_with_times, make_run, model_file, recipe

FEW = CompareConfig(permutations=20, tree_permutations=3, replicates=20)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Runs of two models on English and German."""
    folder = tmp_path_factory.mktemp("runs")
    english = corpus_with_times(folder / "english", "en")
    german = corpus_with_times(folder / "german", "de")
    one, two = model_file(folder, 1), model_file(folder, 2, "de")
    made = [
        recipe("en_on_en", one, english),
        recipe("en_on_de", one, german),
        recipe("de_on_en", two, english),
        recipe("unmasked", one, english, mask="none"),
    ]
    return {made.name: make_run(folder, made) for made in made}


def compare(a: Path, b: Path, out: Path, **options: Any) -> dict[str, Any]:
    """Compare and read what was written."""
    chosen = {"config": FEW, "device": "cpu", "say": lambda _: None} | options
    index = compare_runs(a, b, out, **chosen)
    assert index == out / "report" / "index.html"
    assert index.is_file()
    return dict(json.loads((out / "comparison.json").read_text("utf-8")))


@pytest.fixture
def own(runs: dict[str, Path], tmp_path: Path) -> Callable[[str], Path]:
    """Give a run of one's own, to be spoiled."""
    return lambda name: Path(shutil.copytree(runs[name], tmp_path / "own" / name))


def test_one_model_in_two_languages(runs: dict[str, Path], tmp_path: Path) -> None:
    found = compare(runs["en_on_en"], runs["en_on_de"], tmp_path / "out")
    assert found["case"] == "same-model"
    assert found["same_units"] is True
    assert ["S", "s"] in found["shared"]
    assert (found["only_a"], found["only_b"]) == (["TH"], ["ç"])
    assert found["a"]["run"] == "en_on_en"
    assert (found["a"]["speech"], found["b"]["speech"]) == (["en"], ["de"])
    assert (found["a"]["utterances"], found["a"]["events"]) == (6, 6 * 18)
    # What they hear differs: no frame of the one has a counterpart in the other.
    assert found["agreement"] is None
    assert all(layer["cka"] is None for layer in found["layers"])
    assert all(layer["unit_correlation"] is not None for layer in found["layers"])
    layers = pd.read_csv(tmp_path / "out" / "layers.csv")
    assert set(layers["measure"]) == {"unit_correlation", "rsa"}
    assert set(layers["layer_a"]) == {"conv9"}
    phones = pd.read_csv(tmp_path / "out" / "phones.csv")
    assert len(phones) == len(found["shared"])


def test_two_models_on_the_same_speech(runs: dict[str, Path], tmp_path: Path) -> None:
    found = compare(runs["en_on_en"], runs["de_on_en"], tmp_path / "out")
    assert found["case"] == "same-speech"
    assert found["same_units"] is False
    assert all(layer["unit_correlation"] is None for layer in found["layers"])
    assert all(-1 <= layer["cka"]["value"] <= 1 for layer in found["layers"])
    assert len(found["cka_matrix"]["values"]) == 2  # the output is there, too
    # Events are given phones: the letters that are compared are those that were written.
    assert found["agreement"]["frames"] > 0
    assert found["agreement"]["events"] != found["a"]["events"]
    letters = pd.read_csv(tmp_path / "out" / "agreement.csv")
    assert letters["events"].sum() == found["agreement"]["events"]
    # The languages of the models differ, so that there is a claim to test.
    assert found["statement"]["holds"] is not None


def test_other_models_and_other_speech(runs: dict[str, Path], tmp_path: Path) -> None:
    found = compare(runs["de_on_en"], runs["en_on_de"], tmp_path / "out")
    assert found["case"] == "both-differ"
    assert found["same_units"] is False
    assert found["agreement"] is None
    found = compare(runs["de_on_en"], runs["en_on_de"], tmp_path / "same", same_units=True)
    assert found["layers"][0]["unit_correlation"]["value"] is not None


def test_one_model_on_the_same_speech_in_another_way(runs: dict[str, Path], tmp_path: Path) -> None:
    said: list[str] = []
    found = compare(runs["en_on_en"], runs["unmasked"], tmp_path / "out", say=said.append)
    assert found["same_units"] is True
    assert "profiles were made with mask_kind soft and none" in said
    assert found["provenance"]["to mind"] == ["profiles were made with mask_kind soft and none"]
    # Two copies of one network agree in everything: there is nothing to be heard.
    assert found["agreement"] is None
    # One language throughout: the claim is about two.
    assert found["statement"] is None


def test_the_same_run_twice_is_refused(runs: dict[str, Path], own: Callable[[str], Path]) -> None:
    same = own("en_on_en")
    with pytest.raises(InputError, match="same model on the same speech; nothing to compare"):
        compare_runs(runs["en_on_en"], same, same / "out")


def test_the_order_of_utterances_does_not_matter(
    runs: dict[str, Path], own: Callable[[str], Path]
) -> None:
    turned = own("de_on_en")
    lines = (turned / "manifest.jsonl").read_text("utf-8").splitlines()
    (turned / "manifest.jsonl").write_text("\n".join(reversed(lines)) + "\n", encoding="utf-8")
    first = read_finished(runs["en_on_en"], "phoneme", "grad")
    assert case_of(first, read_finished(turned, "phoneme", "grad")) == "same-speech"
    (turned / "manifest.jsonl").write_text("\n".join(lines[1:]) + "\n", encoding="utf-8")
    assert case_of(first, read_finished(turned, "phoneme", "grad")) == "both-differ"


def test_a_model_that_began_as_the_other_has_its_units(
    runs: dict[str, Path], own: Callable[[str], Path]
) -> None:
    trained = own("de_on_en")
    record = json.loads((trained / "run.json").read_text("utf-8"))
    english = read_finished(runs["en_on_en"], "phoneme", "grad")
    assert not read_finished(trained, "phoneme", "grad").began_as(english)
    record["model"]["facts"]["began_as"] = {"name": "x", "sha256": english.model_sha256}
    (trained / "run.json").write_text(json.dumps(record), encoding="utf-8")
    german = read_finished(trained, "phoneme", "grad")
    assert german.began_as(english)
    assert english.began_as(german)


def test_a_comparison_is_made_once(
    runs: dict[str, Path], own: Callable[[str], Path], tmp_path: Path
) -> None:
    german = own("en_on_de")
    out = tmp_path / "out"
    said: list[str] = []
    first = compare(runs["en_on_en"], german, out, say=said.append)
    assert "comparison: already done" not in said
    again = compare(runs["en_on_en"], german, out, say=said.append)
    assert said[-1] == "comparison: already done"
    assert again == first
    other = compare(runs["en_on_en"], german, out, config=FEW.model_copy(update={"seed": 3}))
    assert other["provenance"]["digest"] != first["provenance"]["digest"]
    file = german / "profiles" / "phoneme-grad.nc"
    profiles = load_profiles(file)
    profiles["conv9"]["mean"][:] *= 2
    save_profiles(file, profiles)
    changed = compare(runs["en_on_en"], german, out, config=FEW.model_copy(update={"seed": 3}))
    assert changed["provenance"]["digest"] != other["provenance"]["digest"]


def test_options_are_those_of_the_first_run_unless_given(
    runs: dict[str, Path], tmp_path: Path
) -> None:
    a, b = runs["en_on_en"], runs["en_on_de"]
    assert compare(a, b, tmp_path / "1")["metric"] == "cosine"
    config = FEW.model_copy(update={"metric": "correlation", "linkage": "complete"})
    found = compare(a, b, tmp_path / "2", config=config)
    assert (found["metric"], found["linkage"]) == ("correlation", "complete")


def test_what_is_no_run_is_refused(
    runs: dict[str, Path], own: Callable[[str], Path], tmp_path: Path
) -> None:
    good = runs["en_on_en"]
    with pytest.raises(InputError, match=r"no run folder \(no run\.json\)"):
        compare_runs(good, tmp_path, tmp_path / "out")
    with pytest.raises(InputError, match=r"no profiles of letter-nap; there are: phoneme-grad;"):
        compare_runs(good, runs["en_on_de"], tmp_path / "out", group="letter", kind="nap")
    unfinished = own("en_on_de")
    (unfinished / "profiles" / "phoneme-grad.nc").unlink()
    with pytest.raises(InputError, match="the stage profiles has not been finished"):
        compare_runs(good, unfinished, tmp_path / "out")
    (unfinished / "profiles" / "phoneme-grad.nc").write_bytes(b"no profiles")
    with pytest.raises(InputError, match="not a readable profile file"):
        compare_runs(good, unfinished, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_models_are_those_of_the_runs_and_never_imported_from_a_recipe(
    runs: dict[str, Path], own: Callable[[str], Path], tmp_path: Path
) -> None:
    other = own("de_on_en")
    recipe_file = other / "recipe.yaml"
    text = recipe_file.read_text("utf-8")
    name = next(line for line in text.splitlines() if line.startswith("model:"))
    recipe_file.write_text(text.replace(name, "model: some.module:recognizer"), encoding="utf-8")
    arguments = runs["en_on_en"], other, tmp_path / "out"
    with pytest.raises(InputError, match=r"Python path.*--model-b.*--set frames=0"):
        compare_runs(*arguments)
    profiles_alone = compare(*arguments, config=FEW.model_copy(update={"frames": 0}))
    assert profiles_alone["agreement"] is None
    given = name.removeprefix("model: ")
    heard = compare(*arguments, model_b=given)
    assert heard["agreement"] is not None
    with pytest.raises(InputError, match="not the model that this run was made with"):
        compare_runs(*arguments, config=FEW.model_copy(update={"seed": 9}), model_b="lstm-en-mini")


def test_a_corpus_that_is_gone_is_missed_only_where_it_is_heard(
    runs: dict[str, Path], own: Callable[[str], Path], tmp_path: Path
) -> None:
    moved = own("en_on_en")
    recipe_file = moved / "recipe.yaml"
    text = recipe_file.read_text("utf-8")
    recipe_file.write_text(text.replace("/english", "/gone"), encoding="utf-8")
    compare(moved, runs["en_on_de"], tmp_path / "1")
    with pytest.raises(InputError, match=r"its corpus .* is not there any more"):
        compare_runs(moved, runs["de_on_en"], tmp_path / "2", config=FEW)


def test_options_of_a_comparison() -> None:
    assert section(CompareConfig, {"metric": "correlation", "frames": 0}).frames == 0
    with pytest.raises(InputError, match="no option 'metrics'; there are: metric"):
        section(CompareConfig, {"metrics": "cosine"})
    with pytest.raises(InputError, match="replicates: Input should be greater than or equal to 1"):
        section(CompareConfig, {"replicates": 0})


def test_maps_of_both_runs_and_their_difference(runs: dict[str, Path], tmp_path: Path) -> None:
    config = FEW.model_copy(update={"maps": ("conv9",)})
    a, b = runs["en_on_en"], runs["en_on_de"]
    found = compare(a, b, tmp_path / "out", config=config)
    stored = xr.load_dataset(tmp_path / "out" / "maps.nc", group="conv9", engine="h5netcdf")
    assert stored["label"].values.tolist()[0] in ("EH/ɛ", "IY/iː", "K/k")
    assert stored.sizes["label"] == len(found["shared"])
    profile = load_profiles(b / "profiles" / "phoneme-grad.nc")["conv9"]
    labels = [other for _, other in found["shared"]]
    mean = profile.sel(label=labels)["mean"].values.astype(float)
    expected = (mean - mean.mean(0)).mean(1)
    assert np.allclose(stored["b"].values, expected, atol=1e-6)
    orders = pd.read_csv(tmp_path / "out" / "maps.csv")
    # Both corpora are the same tones: there is no difference to have an order.
    assert orders["of"].tolist() == ["a", "b"]
    page = (tmp_path / "out" / "report" / "maps.html").read_text("utf-8")
    assert page.count("<img") == 3
    assert "en_on_en less en_on_de" in page
    assert 'href="maps.html"' in (tmp_path / "out" / "report" / "index.html").read_text("utf-8")
    # Without them, nothing old is left.
    compare(a, b, tmp_path / "out")
    assert not (tmp_path / "out" / "maps.nc").exists()
    assert not (tmp_path / "out" / "report" / "maps.html").exists()


def test_no_maps_where_units_do_not_correspond_or_layers_are_not_there(
    runs: dict[str, Path], tmp_path: Path
) -> None:
    config = FEW.model_copy(update={"maps": ("conv9",), "frames": 0})
    a, b = runs["en_on_en"], runs["de_on_en"]
    compare(a, b, tmp_path / "out", config=config)
    assert not (tmp_path / "out" / "maps.nc").exists()
    wrong = FEW.model_copy(update={"maps": ("conv4",), "frames": 0})
    with pytest.raises(InputError, match="no layer 'conv4'; there are: conv9"):
        compare(a, b, tmp_path / "other", config=wrong)
