"""Plain folders of sound files and texts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from data_prep import folder
from naps.errors import InputError

Sound = Callable[..., Path]


def test_reads_sound_and_text_at_any_depth(tmp_path: Path, sound: Sound) -> None:
    sound(tmp_path / "b.wav", 0.5)
    sound(tmp_path / "anna" / "b.flac")
    sound(tmp_path / "de" / "otto" / "c.d.ogg")
    (tmp_path / "b.txt").write_text("Guten\n  Morgen \n", encoding="utf-8")
    (tmp_path / "anna" / "b.lab").write_text("hello", encoding="utf-8")
    (tmp_path / "README.txt").write_text("not a transcript", encoding="utf-8")
    assert [(u.id, u.text, u.speaker) for u in folder.read(tmp_path)] == [
        ("anna/b", "hello", "anna"), ("b", "Guten Morgen", None), ("de/otto/c.d", "", "otto")
    ]  # fmt: skip
    assert folder.read(tmp_path)[1].duration_s == 0.5
    assert folder.read(tmp_path)[1].language is None


def test_txt_goes_before_lab(tmp_path: Path, sound: Sound) -> None:
    sound(tmp_path / "a.wav")
    (tmp_path / "a.txt").write_text("text", encoding="utf-8")
    (tmp_path / "a.lab").write_text("label", encoding="utf-8")
    assert folder.read(tmp_path)[0].text == "text"


def test_hidden_files_are_left_alone(tmp_path: Path, sound: Sound) -> None:
    sound(tmp_path / "a.wav")
    sound(tmp_path / ".trash" / "b.wav")
    (tmp_path / "._a.wav").touch()
    assert [u.id for u in folder.read(tmp_path)] == ["a"]


def test_two_sounds_with_one_name(tmp_path: Path, sound: Sound) -> None:
    sound(tmp_path / "a.wav")
    sound(tmp_path / "a.flac")
    with pytest.raises(InputError, match="'a' occurs twice"):
        folder.read(tmp_path)


def test_text_in_another_encoding_is_named(tmp_path: Path, sound: Sound) -> None:
    sound(tmp_path / "a.wav")
    (tmp_path / "a.txt").write_bytes("Tür".encode("latin-1"))
    with pytest.raises(InputError, match=r"a\.txt: cannot be read as text"):
        folder.read(tmp_path)


def test_texts_alone_are_no_corpus(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text", encoding="utf-8")
    with pytest.raises(InputError, match=r"no utterances found; expected sound files \(\.flac"):
        folder.read(tmp_path)
