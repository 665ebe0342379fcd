"""Recipes of comparisons: how runs are put together, checked, made and compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from naps.errors import InputError
from naps.pipeline import ProfileRecipe, load_recipe
from naps.pipeline.comparison_recipe import ComparisonRecipe, merged
from naps.pipeline.comparison_runner import check_comparison, run_comparison
from tests.pipeline.comparison_runs import corpus_with_times, model_file


def written(folder: Path, **changes: Any) -> Path:
    """Write a recipe of two runs."""
    body: dict[str, Any] = {
        "kind": "comparison",
        "name": "two",
        "corpora": {"german": {"language": "de", "notation": "espeak"}, "english": {}},
        "base": {"model": "wav2letter-en-mini", "profiles": {"groups": ["phoneme"]}},
        "runs": {
            "a": {"corpus": "english"},
            "b": {"corpus": "german", "profiles": {"kinds": ["grad"]}},
        },
        "comparisons": [{"a": "a", "b": "b"}],
    }
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(merged(body, changes)), encoding="utf-8")
    return path


def loaded(folder: Path, *settings: str, **changes: Any) -> ComparisonRecipe:
    recipe = load_recipe(str(written(folder, **changes)), settings)
    assert isinstance(recipe, ComparisonRecipe)
    return recipe


def test_a_run_is_base_then_corpus_then_its_own(tmp_path: Path) -> None:
    recipe = loaded(tmp_path)
    run = recipe.profile_recipe("b")
    assert run.name == "b"
    assert run.model == "wav2letter-en-mini"
    assert (run.corpus.layout, run.corpus.language) == ("embedded", "de")
    assert (run.events.language, run.events.notation) == ("de", "espeak")
    assert (run.profiles.groups, run.profiles.kinds) == (("phoneme",), ("grad",))
    other = loaded(tmp_path, runs={"b": {"events": {"notation": "ipa"}, "model": "lstm-de-mini"}})
    assert other.profile_recipe("b").events.notation == "ipa"
    assert other.profile_recipe("b").model == "lstm-de-mini"


def test_values_are_set_for_a_corpus_for_all_and_for_one(tmp_path: Path) -> None:
    recipe = loaded(
        tmp_path, f"corpora.german.path={tmp_path}", "base.clusters.metric=correlation",
        "runs.a.profiles.blocks=4",
    )  # fmt: skip
    german, english = recipe.profile_recipe("b"), recipe.profile_recipe("a")
    # With a folder, the corpus is no longer the one that comes with the package.
    assert (german.corpus.layout, german.corpus.path) == ("manifest", tmp_path)
    assert english.corpus.layout == "embedded"
    assert german.clusters.metric == english.clusters.metric == "correlation"
    assert (english.profiles.blocks, german.profiles.blocks) == (4, 16)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"runs": {"b": {"profile": {}}}}, r"runs\.b\.profile: Extra inputs"),
        ({"base": {"clusters": {"metric": "cosin"}}}, r"runs\.a\.clusters\.metric: Input should"),
        (
            {"runs": {"a": {"corpus": "french"}}},
            "no corpus 'french'; there are: english, german",
        ),
        ({"corpora": {"german": {"paths": "x"}}}, r"corpora\.german\.paths: Extra inputs"),
        ({"corpora": {"german": "x"}}, r"corpora\.german: Input should be"),
        ({"comparisons": [{"a": "a", "b": "c"}]}, "no run 'c'; there are: a, b"),
        ({"comparisons": [{"a": "a", "b": "a"}]}, "'a' is compared with itself"),
        ({"comparisons": [{"a": "a", "b": "b"}] * 2}, "one is there twice"),
        ({"comparisons": []}, "comparisons: Tuple should have at least 1"),
        ({"runs": {"../c": {}}}, "String should match pattern"),
        ({"runs": {"a": {"untrained": 3}}}, r"runs\.a\.untrained: true or false"),
        ({"compare": {"frames": -1}}, r"compare\.frames: Input should be greater"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        loaded(tmp_path, **changes)


def test_folders_of_comparisons_have_names_of_their_own(tmp_path: Path) -> None:
    pairs = [{"a": "a", "b": "b"}, {"a": "b", "b": "a"}]
    assert loaded(tmp_path, comparisons=pairs).folders() == ["a-b", "b-a"]
    pairs[1] = {"a": "a", "b": "b", "kind": "nap"}
    both = loaded(tmp_path, comparisons=pairs).folders()
    assert both == ["a-b-phoneme-grad", "a-b-phoneme-nap"]


@pytest.mark.parametrize("name", ["english_german", "conv_lstm", "before_after_training"])
def test_the_recipes_of_the_project_are_whole(name: str) -> None:
    recipe = load_recipe(name)
    assert isinstance(recipe, ComparisonRecipe)
    assert recipe.name == name
    for pairing in recipe.comparisons:
        for run in (pairing.a, pairing.b):
            assert pairing.group in recipe.profile_recipe(run).profiles.groups
            # They run on what comes with the package.
            assert recipe.profile_recipe(run).corpus.layout == "embedded"


def test_the_german_recipe_is_a_profile_recipe() -> None:
    recipe = load_recipe("german_de", ["corpus.path=somewhere"])
    assert isinstance(recipe, ProfileRecipe)
    assert recipe.model == "wav2letter-de-mini"


def test_events_are_given_where_phone_times_are_known(tmp_path: Path) -> None:
    known = corpus_with_times(tmp_path / "known", "en")
    bare = corpus_with_times(tmp_path / "bare", "en", tiers=False)
    base = {"model": str(model_file(tmp_path, 1))}
    corpora = {"english": {"path": str(known)}, "german": {"path": str(bare), "language": None}}
    planned = check_comparison(loaded(tmp_path, base=base, corpora=corpora))
    modes = {run.name: run.recipe.events.mode for run in planned}
    assert modes == {"a": "given", "b": "predicted"}
    said = loaded(tmp_path, "base.events.mode=predicted", base=base, corpora=corpora)
    assert {run.recipe.events.mode for run in check_comparison(said)} == {"predicted"}


def test_the_check_finds_what_would_fail_later(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"corpora\.german\.path: no such file or folder: .*none"):
        check_comparison(loaded(tmp_path, "corpora.german.path=none"))
    with pytest.raises(InputError, match=r"corpora\.german\.alignments: .*--set corpora\.german\."):
        check_comparison(loaded(tmp_path, "corpora.german.alignments=none.jsonl"))
    english = {"corpora": {"english": {"language": "en"}}}
    with pytest.raises(InputError, match=r"run b: none\.safetensors: no such model file"):
        check_comparison(loaded(tmp_path, "runs.b.model=none.safetensors", **english))
    pairs = [{"a": "a", "b": "b", "kind": "nap"}]
    with pytest.raises(InputError, match="run b has no profiles of kind 'nap'; there are: grad"):
        check_comparison(loaded(tmp_path, comparisons=pairs, **english))


def test_from_recipe_to_page_and_again(tmp_path: Path) -> None:
    english = corpus_with_times(tmp_path / "english", "en")
    recipe = loaded(
        tmp_path,
        corpora={"english": {"path": str(english)}},
        base={
            "model": str(model_file(tmp_path, 1)),
            "profiles": {
                "layers": ["conv9"],
                "kinds": ["grad"],
                "edges": "keep",
                "blocks": 3,
                "exemplars": 0,
            },
            "clusters": {"min_count": 3, "permutations": 20, "replicates": 20},
        },
        runs={"a": {"corpus": "english"}, "b": {"corpus": "english", "untrained": True}},
        compare={"permutations": 20, "tree_permutations": 3, "replicates": 20},
    )
    out = tmp_path / "out"
    said: list[str] = []
    index = run_comparison(recipe, out, device="cpu", say=said.append)
    assert index == out / "report" / "index.html"
    assert (out / "runs" / "a" / "report" / "index.html").is_file()
    assert (out / "comparisons" / "a-b" / "report" / "index.html").is_file()
    # The weights before training are those of no run.
    assert (out / "models" / "b.safetensors").is_file()
    assert "random weights" in index.read_text("utf-8")
    assert yaml.safe_load((out / "recipe.yaml").read_text("utf-8"))["kind"] == "comparison"
    again: list[str] = []
    run_comparison(recipe, out, device="cpu", say=again.append)
    for stage in ("a: events", "b: profiles"):
        assert f"{stage}: already done" in again
        assert f"{stage}: already done" not in said
    assert "a-b: comparison: already done" in again
