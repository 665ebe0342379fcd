"""The recognizers that come with the package."""

from pathlib import Path

import pytest
import torch

import naps.models
from naps.corpus import read_audio, read_manifest
from naps.decoding import error_rates, greedy
from naps.models import load_model, shipped_models
from naps.pipeline.stages import EMBEDDED

WEIGHTS = Path(naps.models.__file__).parent / "weights"
NAMES = ("lstm-de-mini", "lstm-en-mini", "wav2letter-de-mini", "wav2letter-en-mini")


def test_there_are_four_and_they_are_small() -> None:
    assert sorted(shipped_models()) == sorted(NAMES)
    sizes = [(WEIGHTS / f"{name}.safetensors").stat().st_size for name in NAMES]
    assert max(sizes) <= 10e6
    assert sum(sizes) <= 40e6


@pytest.mark.parametrize("name", NAMES)
def test_each_has_a_card_a_delay_and_ears(name: str) -> None:
    card = (WEIGHTS / f"{name}.md").read_text("utf-8")
    assert card.startswith(f"# {name}\n")
    assert "## Error rates" in card
    model = load_model(name)
    assert model.language == name.split("-")[1]
    assert -0.05 < model.delay_s < 0.1
    assert ("ä" in model.alphabet.symbols) is (model.language == "de")
    known = [
        u
        for u in read_manifest(EMBEDDED / "manifest.jsonl", EMBEDDED)
        if u.language == model.language
    ][:4]
    heard = []
    for utterance in known:
        with torch.inference_mode():
            logits = model.network(model.spectrogram(read_audio(utterance.audio))[None])[0]
        units = [letter.unit for letter in greedy(logits, model.alphabet.blank)]
        heard.append(" ".join(model.alphabet.decode(units).split()))
    said = [model.alphabet.normalise(utterance.text)[0] for utterance in known]
    assert error_rates(said, heard).cer < 0.4
