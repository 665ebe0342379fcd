import csv
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file

from naps.corpus import FeatureConfig
from naps.models import ENGLISH, Recognizer, Wav2Letter, Wav2LetterConfig, save_recognizer
from naps.training import TransferConfig, compare_starts
from tests.training.test_loop import config, quiet


@pytest.fixture
def recipe(tmp_path: Path, corpus: Path) -> TransferConfig:
    torch.manual_seed(3)
    network = Wav2Letter(Wav2LetterConfig(n_mels=16, channels=8, wide=12, batch_norm=True))
    features = FeatureConfig(n_mels=16)
    start = tmp_path / "en.safetensors"
    save_recognizer(start, Recognizer("en", network, features, ENGLISH))
    training = config(
        corpus, start=str(start), language="de", steps=3, eval_every=3,
        network={"channels": 8, "wide": 12},
    )  # fmt: skip
    return TransferConfig(name="table", training=training, frozen=(0, 10), fresh_above=(8,))


def test_every_way_of_beginning_is_a_row(tmp_path: Path, recipe: TransferConfig) -> None:
    results = compare_starts(recipe, tmp_path / "out", say=quiet)
    names = ["frozen-0", "frozen-10", "frozen-8-fresh", "scratch"]
    assert [result.run.name for result in results] == names
    with (tmp_path / "out" / "transfer.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["run"] for row in rows] == names
    assert [row["frozen"] for row in rows] == ["0", "10", "8", ""]
    assert [row["above"] for row in rows] == ["taken over", "taken over", "random", "random"]
    assert {row["steps"] for row in rows} == {"3"}
    assert all(float(row["only dev cer"]) > 0 for row in rows)
    english = load_file(recipe.training.start)
    for name, same in (("frozen-10", True), ("frozen-0", False), ("scratch", False)):
        weights = load_file(tmp_path / "out" / name / "last.safetensors")
        assert torch.equal(weights["conv5.weight"], english["conv5.weight"]) == same


def test_finished_runs_are_kept(tmp_path: Path, recipe: TransferConfig) -> None:
    compare_starts(recipe, tmp_path / "out", say=quiet)
    before = (tmp_path / "out" / "scratch" / "state.safetensors").stat().st_mtime_ns
    said: list[str] = []
    again = compare_starts(recipe, tmp_path / "out", say=said.append)
    assert len(again) == 4
    assert [line for line in said if "already done" not in line] == []
    assert (tmp_path / "out" / "scratch" / "state.safetensors").stat().st_mtime_ns == before


def test_a_table_needs_a_start(recipe: TransferConfig) -> None:
    without = recipe.training.model_dump() | {"start": None}
    with pytest.raises(ValidationError, match="names the recognizer to take over from"):
        TransferConfig(name="table", training=without)
    frozen = recipe.training.model_dump() | {"frozen": 3}
    with pytest.raises(ValidationError, match="is this recipe's, not training's"):
        TransferConfig(name="table", training=frozen)
