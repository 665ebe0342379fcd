"""Tiny sound files, and the shared corpora where they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile


@pytest.fixture
def sound() -> Callable[..., Path]:
    """Write a second of quiet at 8 kHz; the ending of the path decides on the format."""

    def write(path: Path, seconds: float = 1.0) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.zeros(round(8000 * seconds), np.float32), 8000)
        return path

    return write


@pytest.fixture
def shared(data: Path) -> Callable[[str], Path]:
    """Give a corpus of the real data, or skip the test."""

    def folder(name: str) -> Path:
        if not (data / name).is_dir():
            pytest.skip(f"the real data lack {name}")
        return data / name

    return folder
