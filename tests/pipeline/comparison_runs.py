"""Small recognizers, corpora with phone times in two languages, and runs of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import torch

from naps.corpus import FeatureConfig
from naps.models import ENGLISH, Recognizer, Wav2Letter, Wav2LetterConfig, save_recognizer
from naps.pipeline import ProfileRecipe, run_recipe
from tests.conftest import write_corpus

PHONES = {
    "en": ["S", "M", "IY", "T", "N", "SH", "EH", "K", "TH"],
    "de": ["s", "m", "iː", "t", "n", "ʃ", "ɛ", "k", "ç"],
}


def model_file(folder: Path, seed: int, language: str = "en") -> Path:
    """Write a narrow network with random weights."""
    torch.manual_seed(seed)
    config = Wav2LetterConfig(n_mels=16, n_outputs=len(ENGLISH), channels=8, wide=12)
    network = Wav2Letter(config).eval()
    # Random networks say little but one letter; with a louder output they say several.
    with torch.no_grad():
        network.conv11.weight.mul_(20)
    model = Recognizer(f"model{seed}", network, FeatureConfig(n_mels=16), ENGLISH)
    path = folder / f"model{seed}.safetensors"
    save_recognizer(path, replace(model, language=language))
    return path


def corpus_with_times(folder: Path, language: str, tiers: bool = True) -> Path:
    """Write noisy tones, of which a manifest says which phones are where."""
    write_corpus(folder, count=6)
    manifest = folder / "manifest.jsonl"
    rows = [json.loads(line) for line in manifest.read_text("utf-8").splitlines()]
    symbols = PHONES[language]
    for number, row in enumerate(rows):
        row["language"] = language
        times = [
            [0.2 * k, 0.2 * (k + 1), symbols[(k + number) % len(symbols)]] for k in range(1, 19)
        ]
        row |= {"tiers": {"phones": times}} if tiers else {}
    lines = (json.dumps(row, ensure_ascii=False) for row in rows)
    manifest.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def recipe(name: str, model: Path, corpus: Path, **profiles: object) -> ProfileRecipe:
    """Make a recipe of phones in one layer."""
    return ProfileRecipe.model_validate(
        {
            "name": name,
            "model": str(model),
            "corpus": {"path": str(corpus)},
            "events": {"mode": "given"},
            "profiles": {
                "groups": ["phoneme"], "kinds": ["grad"], "layers": ["conv9"],
                "edges": "keep", "blocks": 3, **profiles,
            },
            "clusters": {"min_count": 3, "permutations": 20, "replicates": 20},
        }
    )  # fmt: skip


def make_run(folder: Path, made: ProfileRecipe) -> Path:
    """Run a recipe up to its profiles."""
    run_recipe(made, folder / made.name, until="profiles", device="cpu", say=lambda _: None)
    return folder / made.name
