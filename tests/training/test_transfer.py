from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from naps.corpus import FeatureConfig
from naps.errors import InputError
from naps.models import (
    ENGLISH,
    LSTMConfig,
    LSTMRecognizer,
    Network,
    Recognizer,
    Wav2Letter,
    Wav2LetterConfig,
    save_recognizer,
)
from naps.models.alphabet import GERMAN
from naps.training import train
from naps.training.transfer import begin_with
from tests.training.test_loop import config, quiet


def conv(outputs: int, channels: int = 4) -> Wav2Letter:
    return Wav2Letter(
        Wav2LetterConfig(
            n_mels=8, n_outputs=outputs, channels=channels, wide=6, batch_norm=True, dropout=0.1
        )
    )


def lstm(outputs: int) -> LSTMRecognizer:
    return LSTMRecognizer(LSTMConfig(n_mels=8, n_outputs=outputs, hidden=3, layers=2, front=5))


@pytest.mark.parametrize("make", [conv, lstm])
@pytest.mark.parametrize("zero", [True, False])
def test_weights_are_kept_and_outputs_mapped_by_character(make: type, zero: bool) -> None:
    torch.manual_seed(0)
    source = Recognizer("source", make(len(ENGLISH)), FeatureConfig(n_mels=8), ENGLISH)
    ours: Network = make(len(GERMAN))
    last = ours.layers[-1].name
    fresh = ours.get_parameter(f"{last}.weight").detach().clone()
    assert begin_with(ours, GERMAN, source, zero=zero) == "äöüß"
    theirs = source.network.state_dict()
    for name, value in ours.state_dict().items():
        if not name.startswith(f"{last}."):
            assert torch.equal(value, theirs[name])
    weight, bias = ours.get_parameter(f"{last}.weight"), ours.get_parameter(f"{last}.bias")
    for i, character in enumerate(GERMAN.symbols):
        # Character 0, 'a', is one that earlier code took for missing.
        j = ENGLISH.symbols.find(character)
        new = torch.zeros_like(fresh[i]) if zero else fresh[i]
        assert torch.equal(weight[i], new if j < 0 else theirs[f"{last}.weight"][j])
    assert torch.equal(weight[GERMAN.blank], theirs[f"{last}.weight"][-1])
    assert torch.equal(bias[GERMAN.blank], theirs[f"{last}.bias"][-1])


def test_only_some_layers_can_be_taken() -> None:
    source = Recognizer("source", conv(29), FeatureConfig(n_mels=8), ENGLISH)
    ours = conv(33)
    before = {k: v.clone() for k, v in ours.state_dict().items()}
    begin_with(ours, GERMAN, source, layers=["conv1", "conv2"])
    for name, value in ours.state_dict().items():
        taken = name.split(".")[0] in ("conv1", "conv2")
        assert torch.equal(value, source.network.state_dict()[name] if taken else before[name])


def test_other_sizes_and_other_architectures() -> None:
    source = Recognizer("source", conv(29, 5), FeatureConfig(n_mels=8), ENGLISH)
    with pytest.raises(InputError, match=r"source cannot be begun with.*at conv1"):
        begin_with(conv(33), GERMAN, source)
    with pytest.raises(InputError, match="source cannot be begun with"):
        begin_with(lstm(33), GERMAN, source)


@pytest.fixture
def english(tmp_path: Path) -> Path:
    torch.manual_seed(3)
    network = Wav2Letter(Wav2LetterConfig(n_mels=16, channels=24, wide=32, batch_norm=True))
    features = FeatureConfig(n_mels=16)
    save_recognizer(tmp_path / "en.safetensors", Recognizer("en", network, features, ENGLISH))
    return tmp_path / "en.safetensors"


@pytest.mark.parametrize("fresh_above", [False, True])
def test_frozen_layers_stay_to_the_bit(
    tmp_path: Path, corpus: Path, english: Path, fresh_above: bool
) -> None:
    recipe = config(
        corpus, start=str(english), frozen=8, fresh_above=fresh_above, language="de", steps=5
    )
    train(recipe, tmp_path / "run", say=quiet)
    before, after = load_file(english), load_file(tmp_path / "run" / "last.safetensors")
    for name, value in before.items():
        layer = int(name.split(".")[0].removeprefix("conv"))
        if layer <= 8:
            assert torch.equal(after[name], value), name
        elif name.endswith(".weight") and value.ndim == 3 and layer < 11:
            assert not torch.equal(after[name], value), name
            # Five steps do not carry a weight far from where it began.
            near = float((after[name] - value).norm() / value.norm()) < 0.5
            assert near != fresh_above


def test_freezing_needs_a_start_and_layers(tmp_path: Path, corpus: Path, english: Path) -> None:
    with pytest.raises(InputError, match="need a recognizer to start from"):
        train(config(corpus, frozen=2), tmp_path / "run", say=quiet)
    with pytest.raises(InputError, match="frozen: 11, but 10 layers lie below"):
        train(config(corpus, frozen=11, start=str(english)), tmp_path / "run", say=quiet)
