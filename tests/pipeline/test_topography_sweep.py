"""A sweep trains, measures and writes a table; what cannot be measured is found early."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from pydantic import ValidationError

from naps.errors import InputError
from naps.models import Recognizer
from naps.pipeline import load_recipe, topography_sweep
from naps.pipeline.training import run_training
from naps.pipeline.training_check import check_training, forecast_training
from naps.profiles import Profiles
from naps.training import TopographySweepConfig
from tests.conftest import write_corpus
from tests.training.test_loop import config

CPU = torch.device("cpu")


def sweep(corpus: Path, **changes: object) -> TopographySweepConfig:
    training = config(
        corpus, steps=2, eval_every=2, learning_rate=1e-7, network={"channels": 8, "wide": 12}
    )
    values: dict = {
        "name": "sweep",
        "training": training,
        "weights": {"neighbours": (1.0,)},
        "layers": ("conv1", "conv4"),
        "measure": {"splits": ["test"], "methods": ["som", "pca"], "min_count": 1}
        | {"permutations": 99},
    }
    return TopographySweepConfig(**(values | changes))


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_a_sweep_is_a_table_of_errors_and_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Long enough for phonemes that are not at the edges, where windows have no room.
    corpus = write_corpus(tmp_path / "long", seconds=6.0)
    out, said = tmp_path / "out", []
    page = run_training(sweep(corpus), out, device=CPU, say=said.append)
    assert page == out / "sweep.md"
    rows = rows_of(out / "sweep.csv")
    runs = [(row["run"], row["layout"]) for row in rows]
    assert runs == [
        ("none", "grid"), ("none", "som"), ("none", "pca"), ("neighbours-1", "grid"),
    ]  # fmt: skip
    for row in rows:
        assert float(row["only dev cer"]) > 0
        assert float(row["region"]) >= 1
        assert float(row["kernels_chance"]) == pytest.approx(-1 / 7, abs=0.08)
        assert row["layers"] == "2"
    layers = rows_of(out / "order.csv")
    assert [row["layer"] for row in layers] == ["conv1", "conv4"] * 4
    assert {(row["rows"], row["columns"]) for row in layers} == {("2", "4")}
    assert all(float(row["kernels_p_corrected"]) >= float(row["kernels_p"]) for row in layers)
    # Laid out by their own kernels, units are in better order than at random.
    som = [float(r["kernels_value"]) for r in layers if r["layout"] == "som"]
    grid = [float(r["kernels_value"]) for r in layers if r["layout"] == "grid"][:2]
    assert sum(som) > sum(grid)
    facts = json.loads((out / "sweep.json").read_text())
    assert facts["events"] > 0
    assert len(facts["rows"]) == 4
    text = page.read_text()
    assert "| neighbours-1 | grid |" in text
    assert "![order over errors](sweep.svg)" in text
    assert "afterwards" in (out / "sweep.svg").read_text()

    # Neither trained nor measured again.
    def fail(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(topography_sweep, "profile_events", fail)
    said.clear()
    run_training(sweep(corpus), out, device=CPU, say=said.append)
    assert sum("already done" in line for line in said) == 2
    assert rows_of(out / "sweep.csv") == rows
    changed = sweep(corpus, measure={"splits": ["test"], "min_count": 2, "methods": []})
    with pytest.raises(AssertionError):
        run_training(changed, out, device=CPU, say=said.append)


def test_a_run_that_training_silenced_is_a_row_of_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = write_corpus(tmp_path / "long", seconds=6.0)
    heard = topography_sweep.profile_events

    def silenced(model: Recognizer, *args: Any, **options: Any) -> Any:
        found = heard(model, *args, **options)
        if (model.facts or {}).get("topography"):
            for key, profiles in found.profiles.items():
                still = {n: d.assign(mean=0 * d["mean"]) for n, d in profiles.items()}
                found.profiles[key] = Profiles(still)
        return found

    monkeypatch.setattr(topography_sweep, "profile_events", silenced)
    page = run_training(sweep(corpus), tmp_path / "out", device=CPU, say=lambda _: None)
    rows = rows_of(tmp_path / "out" / "sweep.csv")
    assert [row["silent"] for row in rows] == ["", "", "", "conv1 conv4"]
    assert rows[-1]["profiles"] == rows[-1]["region"] == ""
    assert float(rows[-1]["kernels"]) <= 1
    text = page.read_text()
    assert "none (0/2)" in text
    assert "Silenced by training" in text
    assert "neighbours-1: conv1 conv4." in text
    json.loads((tmp_path / "out" / "sweep.json").read_text(), parse_constant=pytest.fail)


def test_what_a_sweep_will_take(corpus: Path) -> None:
    assert check_training(sweep(corpus)) == [
        "only: 4 train (0.0 h), 4 dev",
        "runs: none, neighbours-1",
        "order: 4 utterances, layouts grid, som, pca",
    ]
    assert forecast_training(sweep(corpus), CPU).updates == 4


def test_what_cannot_be_measured_is_found_before_anything_is_trained(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measured(**changes: object) -> list[str]:
        return check_training(sweep(corpus, measure={"splits": ["test"]} | changes))

    with pytest.raises(InputError, match=r"measure\.methods: no layout 'sammon'; there are: "):
        measured(methods=["sammon"])
    with pytest.raises(InputError, match="no utterance of split 'nowhere'"):
        measured(splits=["nowhere"])
    with pytest.raises(InputError, match="5 × 5 is no sheet of the 8 units of conv1"):
        check_training(sweep(corpus, grid=[5, 5]))
    monkeypatch.setattr(topography_sweep, "find_spec", lambda _: None)
    assert measured(methods=["pca", "umap"])[-1].endswith(
        "layouts grid, pca; left out, as they are not installed: umap"
    )


def test_a_sweep_says_what_is_wrong_with_it(corpus: Path) -> None:
    lstm = {"architecture": "lstm", "hidden": 4}
    for changes, message in (
        ({"weights": {"neighbours": [0.0]}}, "greater than 0"),
        ({"weights": {"neighbours": [1.0, 1.0]}}, r"weights\.neighbours: one is named twice"),
        ({"weights": {}}, "at least 1"),
        ({"weights": {"som": [1.0]}}, "'groups', 'neighbours' or 'sheet'"),
        ({"training": config(corpus, network=lstm)}, "only convolutional recognizers"),
        (
            {"training": config(corpus, topography={"kind": "sheet", "weight": 1})},
            "this recipe's, not training's",
        ),
    ):
        with pytest.raises(ValidationError, match=message):
            sweep(corpus, **changes)


def test_one_line_for_a_wrong_option(tmp_path: Path, corpus: Path) -> None:
    recipe = sweep(corpus).model_dump(mode="json") | {"weights": {"neighbours": [-1]}}
    (tmp_path / "sweep.yaml").write_text(yaml.safe_dump(recipe))
    with pytest.raises(InputError, match=r"weights\.neighbours\.0: .*greater than 0"):
        load_recipe(str(tmp_path / "sweep.yaml"))


def test_the_shipped_sweep_is_one() -> None:
    recipe = load_recipe("topographic_sweep")
    assert isinstance(recipe, TopographySweepConfig)
    names = [run.name for run in recipe.runs()]
    assert names[:4] == ["none", "neighbours-0.01", "neighbours-0.1", "neighbours-1"]
    assert len(names) == 11
