from pathlib import Path

import pytest
import yaml

from naps.errors import InputError
from naps.pipeline import ProfileRecipe, load_recipe, recipe_names
from naps.pipeline.comparison_recipe import ComparisonRecipe
from naps.pipeline.map_quality_recipe import MapQualityRecipe
from naps.pipeline.recipe_file import dump_recipe, find_recipe
from naps.pipeline.sentiment_recipe import SentimentRecipe
from naps.training import (
    TopographySweepConfig,
    TrainConfig,
    TrainG2PConfig,
    TrainSentimentConfig,
    TransferConfig,
)


def write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_every_recipe_of_the_project_reads_and_has_a_readme() -> None:
    names = recipe_names()
    assert {"demo", "librispeech_en", "wav2letter_en_mini"} <= set(names)
    for name in names:
        recipe = load_recipe(name)
        known = ProfileRecipe | ComparisonRecipe | MapQualityRecipe | TrainConfig
        known |= TransferConfig | TopographySweepConfig | TrainG2PConfig
        known |= TrainSentimentConfig | SentimentRecipe
        assert isinstance(recipe, known)
        assert find_recipe(name).with_name("README.md").is_file()


def test_settings_reach_any_depth() -> None:
    recipe = load_recipe(
        "demo", ["clusters.metric=correlation", "profiles.layers=[conv1, conv9]", "lexicon=null"]
    )
    assert isinstance(recipe, ProfileRecipe)
    assert recipe.clusters.metric == "correlation"
    assert recipe.profiles.layers == ("conv1", "conv9")
    assert recipe.lexicon is None


def test_resolved_recipe_reads_back(tmp_path: Path) -> None:
    recipe = load_recipe("librispeech_en", ["corpus.path=some/where"])
    path = write(tmp_path / "r.yaml", dump_recipe(recipe))
    assert load_recipe(path) == recipe


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["clusters.metrik=x"], "clusters.metrik: Extra inputs"),
        (["clusters.metric=manhattan"], "clusters.metric: Input should be 'cosine'"),
        (["clusters"], "write key.path=value"),
        (["name.first=x"], "has no keys below it"),
        (["profiles.batch=[1"], "not YAML"),
        (["kind=dance"], "kind 'dance'; there are: profile, comparison, map_quality"),
        (["kind=[train]"], r"kind \"\['train'\]\"; there are: profile"),
    ],
)
def test_bad_settings(settings: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_recipe("demo", settings)


def test_unknown_recipe_lists_those_there_are() -> None:
    with pytest.raises(InputError, match=r"are: .*demo, .*librispeech_en"):
        load_recipe("no_such_recipe")


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: [1\n", "just words\n"])
def test_a_file_that_is_no_recipe(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"r\.yaml"):
        load_recipe(write(tmp_path / "r.yaml", text))


def test_yaml_cannot_run_code(tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    evil = f"name: !!python/object/apply:pathlib.Path.touch [!!python/name:x '{proof}']\n"
    with pytest.raises(InputError, match="not readable as YAML"):
        load_recipe(write(tmp_path / "r.yaml", evil))
    assert not proof.exists()
    assert yaml.safe_load("1") == 1
