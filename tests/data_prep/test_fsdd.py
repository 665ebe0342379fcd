"""The Free Spoken Digit Dataset."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from data_prep import fsdd
from naps.corpus.manifest import read_manifest
from naps.errors import InputError

Sound = Callable[..., Path]


def test_the_name_tells_all(tmp_path: Path, sound: Sound) -> None:
    for name in ("0_theo_4.wav", "7_theo_9.flac", "9_anna_10.wav"):
        sound(tmp_path / "recordings" / name, 0.5)
    zero, seven, nine = fsdd.read(tmp_path)
    assert (zero.text, zero.split, zero.sex, zero.language) == ("zero", "test", "m", "en")
    assert (seven.text, seven.split, seven.speaker) == ("seven", "dev", "theo")
    assert (nine.text, nine.split, nine.sex) == ("nine", "train", None)
    assert dict(nine.columns) == {"label": 9, "repetition": 10}
    assert nine.duration_s == 0.5


@pytest.mark.parametrize("name", ["10_theo_1.wav", "theo_1.wav", "1_theo.wav", "1_theo_x.wav"])
def test_other_names_are_refused(tmp_path: Path, sound: Sound, name: str) -> None:
    sound(tmp_path / "recordings" / name)
    with pytest.raises(InputError, match=f"{name}: the name is not <digit>_<speaker>"):
        fsdd.read(tmp_path)


def test_unreadable_sound_is_kept(tmp_path: Path) -> None:
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "1_theo_1.wav").touch()
    assert fsdd.read(tmp_path)[0].duration_s is None


@pytest.mark.data
def test_real_data(shared: Callable[[str], Path]) -> None:
    source = shared("fsdd")
    known = sorted(read_manifest(source / "manifest.jsonl"), key=lambda utterance: utterance.id)
    for found, other in zip(fsdd.read(source), known, strict=True):
        assert found.duration_s == pytest.approx(other.duration_s, abs=1e-4)
        assert (found.id, found.audio, found.text, found.speaker, found.sex, found.split) == (
            other.id, other.audio, other.text, other.speaker, other.sex, other.split
        )  # fmt: skip
        assert found.columns == other.columns
