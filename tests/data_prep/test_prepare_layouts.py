"""Every layout: its manifest, and what is said when there is no corpus."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from data_prep import LAYOUTS, prepare
from naps.corpus.manifest import read_manifest
from naps.errors import InputError

Sound = Callable[..., Path]


def test_writes_a_manifest_into_the_corpus(tmp_path: Path, sound: Sound) -> None:
    sound(tmp_path / "recordings" / "3_theo_7.wav", 0.5)
    path = prepare("fsdd", tmp_path)
    assert path == tmp_path / "manifest.jsonl"
    (utterance,) = read_manifest(path)
    assert utterance.audio == tmp_path / "recordings" / "3_theo_7.wav"
    assert (utterance.text, utterance.duration_s) == ("three", 0.5)


def test_writes_a_manifest_elsewhere(tmp_path: Path, sound: Sound) -> None:
    audio = sound(tmp_path / "corpus" / "a.wav")
    path = prepare("folder", tmp_path / "corpus", tmp_path / "out" / "m.jsonl")
    assert path == tmp_path / "out" / "m.jsonl"
    assert read_manifest(path, tmp_path / "corpus")[0].audio == audio
    assert not (tmp_path / "corpus" / "manifest.jsonl").exists()


def test_a_second_run_gives_the_same_bytes(tmp_path: Path, sound: Sound) -> None:
    for name in ("b", "a", "c/d"):
        sound(tmp_path / f"{name}.flac")
    first = prepare("folder", tmp_path).read_bytes()
    assert prepare("folder", tmp_path).read_bytes() == first


def test_a_relative_source(tmp_path: Path, sound: Sound, monkeypatch: pytest.MonkeyPatch) -> None:
    sound(tmp_path / "a.wav")
    monkeypatch.chdir(tmp_path)
    assert read_manifest(prepare("folder", Path()))[0].audio == tmp_path / "a.wav"


def test_unknown_layout_lists_the_known(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'timit'; choose one of common_voice, emodb, folder"):
        prepare("timit", tmp_path)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_missing_folder(tmp_path: Path, layout: str) -> None:
    with pytest.raises(InputError, match="absent: no such folder"):
        prepare(layout, tmp_path / "absent")
    with pytest.raises(InputError, match="absent: no such folder"):
        LAYOUTS[layout](tmp_path / "absent")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_empty_folder_says_what_was_expected(tmp_path: Path, layout: str) -> None:
    with pytest.raises(InputError, match=r"expected .+") as caught:
        prepare(layout, tmp_path)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
