"""``naps compare``, and recipes of comparisons on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Done, fails
from tests.pipeline.comparison_runs import corpus_with_times, make_run, model_file, recipe

Naps = Callable[..., Done]
FEW = [
    "--set", "permutations=20", "--set", "tree_permutations=3", "--set", "replicates=20",
    "--device", "cpu",
]  # fmt: skip


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two runs of one model."""
    folder = tmp_path_factory.mktemp("runs")
    model = model_file(folder, 1)
    corpora = {name: corpus_with_times(folder / f"speech_{name}", name) for name in ("en", "de")}
    english, german = (
        make_run(folder, recipe(name, model, corpus)) for name, corpus in corpora.items()
    )
    return english, german


def test_compare_ends_with_the_path_of_its_report(
    tmp_path: Path, pair: tuple[Path, Path], naps: Naps
) -> None:
    out = tmp_path / "out"
    done = naps("compare", *pair, "--out", out, *FEW, "--set", "metric=correlation")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(out / "report" / "index.html")
    found = json.loads((out / "comparison.json").read_text("utf-8"))
    assert (found["case"], found["metric"]) == ("same-model", "correlation")
    again = naps("report", out)
    assert again.stdout.splitlines()[-1] == str(out / "report" / "index.html")


def test_units_correspond_where_one_says_so(
    tmp_path: Path, pair: tuple[Path, Path], naps: Naps
) -> None:
    done = naps("compare", *pair, "--out", tmp_path, *FEW, "--other-units")
    assert done.returncode == 0, done.stderr
    # One model is one model, whatever is said of it.
    found = json.loads((tmp_path / "comparison.json").read_text("utf-8"))
    assert found["same_units"] is True


def test_bad_input_is_one_line(tmp_path: Path, pair: tuple[Path, Path], naps: Naps) -> None:
    a, b = pair
    fails(naps("compare", a, tmp_path), str(tmp_path), "naps run")
    fails(naps("compare", a, b, "--group", "letter"), "letter-grad", "phoneme-grad")
    fails(naps("compare", a, b, "--set", "metrics=cosine"), "'metrics'", "metric, linkage")
    fails(naps("compare", a, b, "--set", "metric=cosin"), "metric")
    fails(naps("compare", a, b, "--set", "metric"), "key=value")
    fails(naps("compare", a, b, "--set", "metric={"), "YAML")
    fails(naps("compare", a, a), "nothing to compare")
    fails(naps("compare", a, b, "--formats", "bmp", *FEW, "--out", tmp_path / "o"), "bmp")


def test_recipes_of_comparisons_on_the_command_line(naps: Naps) -> None:
    assert "english_german" in naps("list", "recipes").stdout
    fails(naps("events", "conv_lstm"), "naps run conv_lstm")
    fails(naps("run", "conv_lstm", "--model", "lstm-de-mini"), "runs.NAME.model")
    fails(naps("check", "conv_lstm", "--model", "lstm-de-mini"), "runs.NAME.model")
    fails(naps("run", "conv_lstm", "--set", "corpora.english.path=none"), "corpora.english.path")
    fails(naps("run", "conv_lstm", "--set", "runs.conv.modell=x"), "runs.conv.modell")
    fails(naps("train", "conv_lstm"), "conv_lstm")
