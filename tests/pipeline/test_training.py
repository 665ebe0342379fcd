from pathlib import Path

import pytest
import torch

from naps.corpus import FeatureConfig
from naps.errors import InputError
from naps.models import ENGLISH, Recognizer, Wav2Letter, Wav2LetterConfig, save_recognizer
from naps.pipeline.training import run_training
from naps.pipeline.training_check import check_training, forecast_training
from naps.training import TransferConfig
from tests.training.test_loop import config, quiet

CPU = torch.device("cpu")


def start(folder: Path) -> str:
    network = Wav2Letter(Wav2LetterConfig(n_mels=16, channels=8, wide=12, batch_norm=True))
    recognizer = Recognizer("en", network, FeatureConfig(n_mels=16), ENGLISH)
    save_recognizer(folder / "en.safetensors", recognizer)
    return str(folder / "en.safetensors")


def table(tmp_path: Path, corpus: Path) -> TransferConfig:
    training = config(
        corpus, start=start(tmp_path), language="de", steps=2, eval_every=2,
        network={"channels": 8, "wide": 12},
    )  # fmt: skip
    return TransferConfig(name="table", training=training, frozen=(0,), fresh_above=())


def test_a_run_leaves_its_curves(tmp_path: Path, corpus: Path) -> None:
    result = run_training(config(corpus), tmp_path / "run", device=CPU, say=quiet)
    assert result.name == "test.safetensors"
    picture = (tmp_path / "run" / "curves.svg").read_text()
    assert picture.startswith("<svg")
    assert "only, letters" in picture


def test_a_table_ends_with_its_picture(tmp_path: Path, corpus: Path) -> None:
    result = run_training(table(tmp_path, corpus), tmp_path / "out", device=CPU, say=quiet)
    assert result == tmp_path / "out" / "transfer.svg"
    assert "only dev, from scratch" in result.read_text()


def test_what_a_recipe_will_take(tmp_path: Path, corpus: Path) -> None:
    recipe = config(corpus, steps=1000)
    assert check_training(recipe) == ["only: 4 train (0.0 h), 4 dev"]
    expected = forecast_training(recipe, CPU)
    network = Wav2Letter(Wav2LetterConfig(n_mels=16, channels=24, wide=32, batch_norm=True))
    assert expected.parameters == sum(p.numel() for p in network.parameters())
    assert expected.updates == 1000
    assert expected.seconds == pytest.approx(1000 * 8.0 / expected.audio_per_s)
    assert expected.memory_mib > 0
    runs = table(tmp_path, corpus)
    assert check_training(runs)[-1] == "runs: frozen-0, scratch"
    assert forecast_training(runs, CPU).updates == 4


def test_a_start_that_does_not_fit_is_found_before_anything_runs(
    tmp_path: Path, corpus: Path
) -> None:
    with pytest.raises(InputError, match="no such model file"):
        check_training(config(corpus, start="nothing.safetensors"))
    with pytest.raises(InputError, match="en cannot be begun with"):
        check_training(config(corpus, start=start(tmp_path)))
    with pytest.raises(InputError, match="no utterance of split 'nowhere'"):
        check_training(config(corpus, data={"only": {"path": corpus, "train": "nowhere"}}))
