from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from naps.errors import InputError, UtteranceError
from naps.models import Recognizer, load_model, save_recognizer, shipped_models


def test_round_trip(tmp_path: Path, recognizer: Recognizer) -> None:
    path = tmp_path / "m.safetensors"
    save_recognizer(path, recognizer)
    loaded = load_model(path)
    x = torch.randn(1, 250, 16)
    with torch.no_grad():
        assert torch.equal(loaded.network(x), recognizer.network(x))
    assert loaded.alphabet == recognizer.alphabet
    assert loaded.features == recognizer.features
    assert len(loaded.sha256) == 64


def test_half_precision_changes_little(tmp_path: Path, recognizer: Recognizer) -> None:
    save_recognizer(tmp_path / "m.safetensors", recognizer, torch.float16)
    x = torch.randn(1, 250, 16)
    with torch.no_grad():
        half = load_model(tmp_path / "m.safetensors").network(x)
        torch.testing.assert_close(half, recognizer.network(x), atol=2e-2, rtol=2e-2)


def test_truncated_checkpoint(tmp_path: Path, recognizer: Recognizer) -> None:
    path = tmp_path / "m.safetensors"
    save_recognizer(path, recognizer)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"m\.safetensors: not a complete safetensors file"):
        load_model(path)


def test_foreign_file(tmp_path: Path) -> None:
    save_file({"x": torch.zeros(3)}, tmp_path / "m.safetensors")
    with pytest.raises(InputError, match="not a naps recognizer"):
        load_model(tmp_path / "m.safetensors")


def test_missing_model_lists_the_shipped_ones() -> None:
    with pytest.raises(InputError, match="wav2letter-en-mini"):
        load_model("no-such-model")


def test_too_short_for_one_output(recognizer: Recognizer) -> None:
    with pytest.raises(UtteranceError, match="receptive field of 194") as caught:
        recognizer.spectrogram(np.zeros(16_000, np.float32))
    assert caught.value.reason == "too_short"


def test_shipped_model_is_small_and_described() -> None:
    assert "wav2letter-en-mini" in shipped_models()
    model = load_model("wav2letter-en-mini")
    assert model.language == "en"
    assert model.layers[-1].receptive_field == 194
    assert model.facts
    import naps.models.recognizer as home

    folder = Path(home.__file__).parent / "weights"
    for file in folder.glob("*.safetensors"):
        assert file.stat().st_size <= 10_000_000
        assert file.with_suffix(".md").is_file()
