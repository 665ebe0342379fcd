"""Fixtures for all tests: a small recognizer, a small corpus, and where the real data lies."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import settings

from naps.corpus import FeatureConfig
from naps.models import ENGLISH, Recognizer, Wav2Letter, Wav2LetterConfig

settings.register_profile("naps", deadline=None)
settings.load_profile("naps")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real speech; tests that need it are skipped where it is not."""
    folder = Path(os.environ.get("NAPS_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder} is not a folder (set NAPS_DATA)")
    return folder


@pytest.fixture
def recognizer() -> Recognizer:
    """A narrow network with random weights; the same at every call."""
    torch.manual_seed(0)
    features = FeatureConfig(n_mels=16)
    config = Wav2LetterConfig(n_mels=16, n_outputs=len(ENGLISH), channels=8, wide=12)
    return Recognizer("small", Wav2Letter(config).eval(), features, ENGLISH)


def write_corpus(folder: Path, count: int = 4, seconds: float = 4.0) -> Path:
    """Write noisy tones with texts and a manifest; return the folder."""
    random = np.random.default_rng(1)
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for i in range(count):
        n = int(seconds * 16_000)
        t = np.arange(n) / 16_000
        tone = 0.2 * np.sin(2 * np.pi * (200 + 300 * i + 100 * np.sin(7 * t)) * t)
        samples = tone + 0.05 * random.standard_normal(n)
        soundfile.write(folder / f"u{i}.wav", samples, 16_000)
        record = {"id": f"u{i}", "audio": f"u{i}.wav", "text": "the cat sat on the mat"}
        record |= {"speaker": f"s{i % 2}", "split": "test", "language": "en", "room": f"r{i % 2}"}
        lines.append(json.dumps(record | {"duration_s": seconds}))
    (folder / "manifest.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder with four short recordings and a manifest."""
    return write_corpus(tmp_path / "corpus")
