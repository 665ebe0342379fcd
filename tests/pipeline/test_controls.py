"""Controls of a run: what is left where labels or weights mean nothing."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import spearmanr

from naps.corpus import FeatureConfig
from naps.events import read_events
from naps.models import (
    ENGLISH,
    Adapter,
    LSTMConfig,
    LSTMRecognizer,
    Recognizer,
    identified,
    load_model,
    save_recognizer,
)
from naps.models.randomise import randomised
from naps.pipeline import ProfileRecipe, run_recipe
from naps.pipeline.controls import COLUMNS, make_controls
from naps.pipeline.profiling import make_profiles
from naps.pipeline.run_folder import RunFolder
from naps.pipeline.shard_worker import ShardJob, work_on_shard
from naps.pipeline.workers import Missing, Processes, Say, Workers
from naps.profiles import load_profiles
from tests.conftest import write_corpus


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, ProfileRecipe]:
    """A run with clusters."""
    folder = tmp_path_factory.mktemp("finished")
    torch.manual_seed(2)
    # A cascade of few steps.
    network = LSTMRecognizer(LSTMConfig(n_mels=16, hidden=4, layers=2, front=8, stride=2)).eval()
    model = Recognizer("small", network, FeatureConfig(n_mels=16), ENGLISH)
    save_recognizer(folder / "small.safetensors", model)
    recipe = ProfileRecipe.model_validate(
        {
            "name": "small",
            "model": str(folder / "small.safetensors"),
            "corpus": {"path": str(write_corpus(folder / "corpus", count=3, seconds=2.5))},
            "profiles": {
                "groups": ["letter"], "layers": ["conv1", "lstm2"], "edges": "keep", "blocks": 3,
            },
            "clusters": {"min_count": 1, "permutations": 20, "replicates": 20},
            # Of another seed than the weights above.
            "controls": {"shuffled_labels": True, "random_weights": True, "seed": 7},
        }
    )  # fmt: skip
    run_recipe(recipe, folder / "run", until="clusters", say=lambda _: None)
    return RunFolder(folder / "run"), recipe


@pytest.fixture
def recipe(finished: tuple[RunFolder, ProfileRecipe]) -> ProfileRecipe:
    return finished[1]


@pytest.fixture
def run(tmp_path: Path, finished: tuple[RunFolder, ProfileRecipe]) -> RunFolder:
    """A copy for each test."""
    shutil.copytree(finished[0].path, tmp_path / "run")
    return RunFolder(tmp_path / "run")


def changed(recipe: ProfileRecipe, part: str, **values: object) -> ProfileRecipe:
    data = recipe.model_dump(mode="json")
    data[part] |= values
    return ProfileRecipe.model_validate(data)


def control(
    run: RunFolder,
    recipe: ProfileRecipe,
    workers: Workers | None = None,
    model: Recognizer | None = None,
) -> list[str]:
    said: list[str] = []
    make_controls(
        run, recipe, model or load_model(recipe.model), lambda items, _: items,
        workers=workers, say=said.append,
    )  # fmt: skip
    return said


def numbers(run: RunFolder) -> pd.DataFrame:
    return pd.read_csv(run.controls / "controls.csv")


def assert_same_profiles(first: Path, second: Path) -> None:
    ours, theirs = (load_profiles(x / "letter-grad.nc") for x in (first, second))
    assert list(ours) == list(theirs)
    for name, dataset in ours.items():
        for variable in dataset.data_vars:
            a, b = dataset[variable].to_numpy(), theirs[name][variable].to_numpy()
            assert a.tobytes() == b.tobytes(), f"{name}: {variable}"


class Interrupted(Workers):
    """Does a shard, and is interrupted."""

    def work(self, job: ShardJob, missing: Missing, say: Say) -> Iterator[int]:
        yield work_on_shard(job, missing()[0])
        raise KeyboardInterrupt


def test_controls_have_folders_like_runs_and_a_table_of_numbers(
    run: RunFolder, recipe: ProfileRecipe
) -> None:
    control(run, recipe)
    found = numbers(run)
    assert tuple(found.columns) == COLUMNS
    assert found["control"].unique().tolist() == ["shuffled-labels", "random-weights"]
    for name in ("shuffled-labels", "random-weights"):
        here = RunFolder(run.controls / name)
        assert not (here.path / "model.safetensors").exists()
        assert here.manifest.read_text() == run.manifest.read_text()
        assert here.record()["frame_ms"] == run.record()["frame_ms"]
        assert not list((here.profiles / "exemplars").glob("*-*.csv"))
        rows = found[found["control"] == name]
        for kind in ("grad", "nap"):
            tree = json.loads((here.clusters / f"letter-{kind}.json").read_text())["layers"]
            assert list(tree) == ["conv1", "lstm2"]
            of_kind = rows[rows["kind"] == kind].set_index(["layer", "statistic"])["value"]
            for layer in tree:
                squares = [
                    pd.read_csv(
                        x.clusters / f"letter-{kind}" / f"{layer}-distances.csv", index_col=0
                    )
                    for x in (run, here)
                ]
                common = squares[0].index.intersection(squares[1].index)
                pairs = np.triu_indices(len(common), 1)
                first, second = (s.loc[common, common].to_numpy()[pairs] for s in squares)
                rho = spearmanr(first, second).statistic
                assert of_kind[layer, "similarity"] == pytest.approx(rho, abs=1e-4)
                stated = tree[layer]["categories"]["vowel"]["silhouette"]["value"]
                assert of_kind[layer, "silhouette: vowel"] == stated
                for name_, statistic in tree[layer]["relations"].items():
                    assert of_kind[layer, f"relation: {name_}"] == statistic["value"]
    assert run.record()["model"]["name"] == "small"
    record = RunFolder(run.controls / "random-weights").record()["model"]
    assert record["name"] == "small, random weights"
    assert record["facts"]["randomised"]["trained_sha256"] == load_model(recipe.model).sha256


def test_shuffled_events_are_where_they_were(run: RunFolder, recipe: ProfileRecipe) -> None:
    groups = ["letter", "letter_binary", "room", "unit"]
    recipe = changed(recipe, "profiles", groups=groups, kinds=["nap"], layers=["lstm2"])
    make_profiles(run, recipe, load_model(recipe.model), lambda items, _: items)
    recipe = changed(recipe, "controls", random_weights=False)
    control(run, recipe)
    before = read_events(run.events / "events.parquet")
    here = RunFolder(run.controls / "shuffled-labels")
    after = read_events(here.events / "events.parquet")
    for column in ("utterance", "frame", "unit", "reference", "correct"):
        pd.testing.assert_series_equal(before[column], after[column])
    for column in ("letter", "room"):
        assert not before[column].equals(after[column])
        assert before[column].value_counts().to_dict() == after[column].value_counts().to_dict()
    # The groups of errors are as large as they were, and those of units are none to shuffle.
    for group in ("letter_binary", "room"):
        sizes = [
            load_profiles(x.profiles / f"{group}-nap.nc")["lstm2"]["count"] for x in (run, here)
        ]
        assert sizes[0].identical(sizes[1].assign_attrs(sizes[0].attrs))
    assert not (here.profiles / "unit-nap.nc").exists()
    told = control(run, changed(recipe, "profiles", groups=["unit"]))
    assert told == ["control shuffled-labels: no grouping can be shuffled"]
    assert not (run.controls / "controls.csv").exists()


def test_the_cascade_leaves_what_is_below_as_it_is(run: RunFolder, recipe: ProfileRecipe) -> None:
    recipe = changed(recipe, "profiles", kinds=["nap"])
    recipe = changed(recipe, "controls", shuffled_labels=False, random_weights=False, cascade=True)
    control(run, recipe)
    found = numbers(run)
    steps = ["random-weights", *(f"random-from-{x}" for x in ("output", "lstm2", "lstm1"))]
    assert found["control"].unique().tolist() == steps
    alike = found[found["statistic"] == "similarity"].set_index(["control", "layer"])["value"]
    trained = json.loads((run.clusters / "letter-nap.json").read_text())["layers"]
    for step, below in zip(steps, ([], ["conv1", "lstm2"], ["conv1"], ["conv1"]), strict=True):
        file = run.controls / step / "clusters" / "letter-nap.json"
        for layer, tree in json.loads(file.read_text())["layers"].items():
            assert (tree["distances"] == trained[layer]["distances"]) == (layer in below)
            assert layer not in below or alike[step, layer] == pytest.approx(1)
    # Its profiles are not kept, those of random weights are.
    kept = sorted(path.parent.name for path in run.controls.glob("*/profiles"))
    assert kept == ["random-weights"]
    assert all((run.controls / step / "clusters" / "letter-nap.json").is_file() for step in steps)
    assert control(run, recipe) == [f"control {step}: already done" for step in steps]


def test_finished_controls_are_kept_and_changed_ones_made_again(
    run: RunFolder, recipe: ProfileRecipe
) -> None:
    recipe = changed(recipe, "profiles", kinds=["grad"], layers=["lstm2"])
    control(run, recipe)
    first = numbers(run)
    file = run.controls / "random-weights" / "profiles" / "letter-grad.nc"
    before = file.stat().st_mtime_ns
    assert control(run, recipe) == [
        "control shuffled-labels: already done", "control random-weights: already done",
    ]  # fmt: skip
    pd.testing.assert_frame_equal(numbers(run), first)
    # Other clusters need no other profiles.
    assert not any("already" in x for x in control(run, changed(recipe, "clusters", seed=3)))
    assert file.stat().st_mtime_ns == before
    assert not any("already" in x for x in control(run, changed(recipe, "controls", seed=3)))
    assert file.stat().st_mtime_ns != before
    assert not numbers(run).equals(first)


def test_an_interruption_loses_a_shard_at_most(
    tmp_path: Path, run: RunFolder, recipe: ProfileRecipe
) -> None:
    recipe = changed(recipe, "profiles", kinds=["grad"], layers=["lstm2"])
    with pytest.raises(KeyboardInterrupt):
        control(run, recipe, Interrupted())
    said = control(run, changed(recipe, "controls", random_weights=False))
    assert said[0] == "profiles: 1 of 3 shards are done"
    with pytest.raises(KeyboardInterrupt):
        control(run, recipe, Interrupted())
    assert not (run.controls / "controls.csv").exists()
    said = control(run, recipe)
    assert said[:2] == ["control shuffled-labels: already done", "profiles: 1 of 3 shards are done"]
    kept, made = numbers(run), tmp_path / "kept"
    run.controls.rename(made)
    control(run, recipe)
    pd.testing.assert_frame_equal(numbers(run), kept)
    for name in ("shuffled-labels", "random-weights"):
        assert_same_profiles(made / name / "profiles", run.controls / name / "profiles")


def test_two_processes_give_the_bits_of_one(
    tmp_path: Path, run: RunFolder, recipe: ProfileRecipe
) -> None:
    recipe = changed(recipe, "profiles", kinds=["grad"])
    recipe = changed(recipe, "controls", shuffled_labels=False)
    control(run, recipe, Processes(2))
    alone = RunFolder(tmp_path / "alone")
    alone.begin()
    for part in ("manifest.jsonl", "events/events.parquet"):
        (alone.path / part).parent.mkdir(parents=True, exist_ok=True)
        (alone.path / part).write_bytes((run.path / part).read_bytes())
    model = identified(randomised(load_model(recipe.model), seed=7))
    make_profiles(alone, recipe, model, lambda items, _: items)
    assert_same_profiles(alone.profiles, run.controls / "random-weights" / "profiles")


def test_a_model_that_no_file_holds_is_looked_at_by_this_process(
    run: RunFolder, recipe: ProfileRecipe
) -> None:
    class Stranger(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.front = torch.nn.Linear(16, 5)
            self.letters = torch.nn.Linear(5, 29)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            found: torch.Tensor = self.letters(torch.relu(self.front(x)))
            return found

    torch.manual_seed(0)
    features = FeatureConfig(n_mels=16)
    model = identified(Recognizer("stranger", Adapter(Stranger(), features), features, ENGLISH))
    recipe = changed(recipe, "profiles", layers=["front"])
    recipe = changed(recipe, "controls", shuffled_labels=False)
    said = control(run, recipe, Interrupted(), model)
    assert said[0].startswith("control random-weights: stranger, random weights cannot be written")
    assert (run.controls / "random-weights" / "profiles" / "letter-grad.nc").is_file()


def test_no_controls(run: RunFolder, recipe: ProfileRecipe) -> None:
    none = changed(recipe, "controls", shuffled_labels=False, random_weights=False)
    assert control(run, none) == []
    assert not run.controls.exists()
