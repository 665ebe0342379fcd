"""The commands about sentiment: a treebank to sentences, training, tests of relevance."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Done, fails

Naps = Callable[..., Done]
TREES = "(4 (2 A) (4 (4 fine) (2 film)))\n(0 (2 A) (0 (0 bad) (2 film)))\n"
METHODS = "methods=[lrp_all, gradient_times_input]"


@pytest.fixture
def treebank(tmp_path: Path) -> Path:
    folder = tmp_path / "trees"
    folder.mkdir()
    for split in ("train", "dev", "test"):
        (folder / f"{split}.txt").write_text(TREES, encoding="utf-8")
    return folder


def test_from_trees_to_a_model_to_its_explanation(
    treebank: Path, tmp_path: Path, naps: Naps
) -> None:
    out = tmp_path / "sst"
    assert naps("prepare", "sst", treebank, "--out", out).stdout.splitlines() == [str(out)]
    settings = (
        "--set", f"path={out}", "--set", "epochs=2", "--set", "network.embedding=4", "--set",
        "network.hidden=3", "--set", "eval_every=1",
    )  # fmt: skip
    checked = naps("check", "sentiment_lstm", *settings).stdout
    assert "phrases: 8, of 4 words" in checked
    assert "sentiment_lstm: ready to train" in checked
    trained = naps("train", "sentiment_lstm", *settings, "--out", tmp_path / "model")
    model = Path(trained.stdout.splitlines()[-1])
    assert model.name == "sentiment-lstm-en.safetensors"
    few = (
        "--set", f"corpus.path={out}", "--set", "deletion.shortest=3", "--set",
        "deletion.deletions=2", "--set", METHODS, "--set", "toy.networks=0", "--model", model,
    )  # fmt: skip
    assert "2, 2 long enough" in naps("check", "sentiment_relevance", *few).stdout
    run = tmp_path / "run"
    page = Path(naps("run", "sentiment_relevance", *few, "--out", run).stdout.splitlines()[-1])
    assert page == run / "report" / "index.html"
    assert json.loads((run / "relevance" / "model.json").read_text())["sentences"] == 2
    page.unlink()
    assert naps("report", run).stdout.splitlines() == [str(page)]
    assert page.is_file()


def test_bad_input(treebank: Path, tmp_path: Path, naps: Naps) -> None:
    fails(naps("train", "sentiment_lstm"), "--set path=FOLDER")
    fails(naps("check", "sentiment_lstm", "--set", f"path={tmp_path}"), "naps prepare sst")
    fails(naps("train", "sentiment_relevance"), "naps run")
    fails(naps("events", "sentiment_relevance"), "no such stage")
    fails(naps("check", "sentiment_relevance", "--set", METHODS.replace("lrp_all", "lrp")), "lrp")
    fails(naps("run", "sentiment_relevance", "--model", "no_such"), "sentiment-lstm-en")
    fails(naps("prepare", "sst", tmp_path / "none"), "no such folder")
    (treebank / "dev.txt").write_text("(2 a\n", encoding="utf-8")
    fails(naps("prepare", "sst", treebank), "dev.txt, line 1")
