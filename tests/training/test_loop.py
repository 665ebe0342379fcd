import csv
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from naps.errors import InputError
from naps.models import load_model
from naps.training import TrainConfig, train
from naps.training.config import AugmentConfig, DataConfig, LSTMNetwork
from naps.training.config import Wav2LetterNetwork as NetworkConfig
from tests.conftest import write_corpus

OFF = AugmentConfig(time_warp=0, mel_warp=0, tilt=0, noise=0, mel_masks=0, time_masks_per_s=0)


def config(corpus: Path, **changes: object) -> TrainConfig:
    values: dict = {
        "name": "test",
        "features": {"n_mels": 16},
        "network": NetworkConfig(channels=24, wide=32, dropout=0.1),
        "data": {"only": DataConfig(path=corpus, train="test", dev="test")},
        "steps": 20,
        "batch_s": 8.0,
        "learning_rate": 3e-3,
        "precision": "float32",
        "eval_every": 10,
        "save_every": 5,
    }
    return TrainConfig(**(values | changes))


def quiet(_: str) -> None:
    """Say nothing."""


def log(folder: Path) -> list[dict[str, str]]:
    with (folder / "log.csv").open() as file:
        return list(csv.DictReader(file))


SMALL_LSTM = LSTMNetwork(hidden=16, layers=2, front=16, stride=2)


@pytest.mark.parametrize("network", [NetworkConfig(channels=24, wide=32, dropout=0.1), SMALL_LSTM])
def test_twenty_steps_lower_the_loss(
    tmp_path: Path, corpus: Path, network: NetworkConfig | LSTMNetwork
) -> None:
    best = train(config(corpus, network=network), tmp_path / "run", say=quiet)
    rows = log(tmp_path / "run")
    assert [row["step"] for row in rows] == ["10", "20"]
    assert float(rows[1]["train_loss"]) < float(rows[0]["train_loss"])
    assert load_model(best).name == "test"
    facts = load_model(best).facts
    assert facts["error_rates"]["only dev"]["utterances"] == 4
    assert facts["utterances"] == 4


def test_interrupted_and_continued_equals_uninterrupted(tmp_path: Path, corpus: Path) -> None:
    recipe = config(corpus)
    train(recipe, tmp_path / "whole", say=quiet)
    train(recipe, tmp_path / "parts", say=quiet, stop_after=7)
    torch.manual_seed(999)  # whatever happened in between must not matter
    train(recipe, tmp_path / "parts", say=quiet)
    whole, parts = (load_file(tmp_path / d / "last.safetensors") for d in ("whole", "parts"))
    for name, value in whole.items():
        torch.testing.assert_close(value, parts[name], rtol=0, atol=1e-6)
    assert log(tmp_path / "parts")[-1]["dev_cer"] == log(tmp_path / "whole")[-1]["dev_cer"]


@pytest.mark.parametrize(
    ("network", "rate"),
    [
        (NetworkConfig(channels=32, wide=64), 3e-3),
        (LSTMNetwork(hidden=96, layers=1, front=64, stride=4), 3e-3),
    ],
)
def test_four_utterances_can_be_learned_by_heart(
    tmp_path: Path, network: NetworkConfig | LSTMNetwork, rate: float
) -> None:
    corpus = write_corpus(tmp_path / "corpus", seconds=2.5)
    lines = (corpus / "manifest.jsonl").read_text().splitlines()
    texts = ["go", "stay", "left turn", "no"]
    changed = [
        line.replace("the cat sat on the mat", text)
        for line, text in zip(lines, texts, strict=True)
    ]
    (corpus / "manifest.jsonl").write_text("\n".join(changed))
    recipe = config(
        corpus, steps=300, augment=OFF, network=network, learning_rate=rate,
        batch_s=12.0, eval_every=300, save_every=300,
    )  # fmt: skip
    train(recipe, tmp_path / "run", say=quiet)
    assert float(log(tmp_path / "run")[-1]["dev_cer"]) == 0.0


def test_a_damaged_state_is_named(tmp_path: Path, corpus: Path) -> None:
    train(config(corpus), tmp_path / "run", say=quiet, stop_after=5)
    state = tmp_path / "run" / "state.safetensors"
    state.write_bytes(state.read_bytes()[:-50])
    with pytest.raises(InputError, match=r"state\.safetensors: not a checkpoint"):
        train(config(corpus), tmp_path / "run", say=quiet)


def test_a_state_of_another_width_is_refused(tmp_path: Path, corpus: Path) -> None:
    train(config(corpus), tmp_path / "run", say=quiet, stop_after=5)
    wider = config(corpus, network=NetworkConfig(channels=25, wide=32))
    with pytest.raises(InputError, match="not a checkpoint of this recipe"):
        train(wider, tmp_path / "run", say=quiet)


def test_corpora_are_checked_first(tmp_path: Path, corpus: Path) -> None:
    nowhere = config(corpus, data={"libri": DataConfig()})
    with pytest.raises(InputError, match=r"--set data\.libri\.path=FOLDER"):
        train(nowhere, tmp_path / "run", say=quiet)
    no_split = config(corpus, data={"libri": DataConfig(path=corpus, train="train")})
    with pytest.raises(InputError, match="no utterance of split 'train'"):
        train(no_split, tmp_path / "run", say=quiet)


def test_a_loss_that_is_not_finite_is_skipped(
    tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import naps.training.update as update

    real, calls = update.ctc_losses, []

    def sometimes_nan(*args: object) -> torch.Tensor:
        calls.append(1)
        losses = real(*args)
        return losses * float("nan") if len(calls) == 3 else losses

    monkeypatch.setattr(update, "ctc_losses", sometimes_nan)
    said: list[str] = []
    train(config(corpus), tmp_path / "run", say=said.append)
    assert any("step 2: loss not finite" in line for line in said)
    state = load_file(tmp_path / "run" / "last.safetensors")
    assert all(torch.isfinite(v).all() for v in state.values())
