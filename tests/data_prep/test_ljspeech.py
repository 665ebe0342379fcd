"""Single-voice corpora with a metadata.csv."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from data_prep import ljspeech
from naps.corpus.manifest import read_manifest
from naps.errors import InputError

Sound = Callable[..., Path]


@pytest.mark.parametrize("folder", ["wavs", "audio"])
@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_reads_text_and_length(tmp_path: Path, sound: Sound, folder: str, suffix: str) -> None:
    audio = sound(tmp_path / folder / f"LJ-1.{suffix}")
    (tmp_path / "metadata.csv").write_text('LJ-1|Er sagte "ja", 3.\n', encoding="utf-8")
    (utterance,) = ljspeech.read(tmp_path)
    assert (utterance.id, utterance.audio) == ("LJ-1", audio)
    assert utterance.text == 'Er sagte "ja", 3.'
    assert utterance.duration_s == pytest.approx(1.0, abs=0.2)  # MP3 is padded
    unknown = (utterance.speaker, utterance.sex, utterance.language, utterance.split)
    assert unknown == (None, None, None, None)


def test_the_normalised_text_is_taken_where_there_is_one(tmp_path: Path, sound: Sound) -> None:
    for name in ("b", "a.5", "c"):
        sound(tmp_path / "wavs" / f"{name}.wav")
    (tmp_path / "metadata.csv").write_text(
        "b|In 3.|In three.\na.5|One.|\nc.wav|Two.\n", encoding="utf-8"
    )
    assert [(u.id, u.text) for u in ljspeech.read(tmp_path)] == [
        ("a.5", "One."), ("b", "In three."), ("c", "Two.")
    ]  # fmt: skip


@pytest.mark.parametrize("line", ["b", "b|x|y|z", "|text", "../b|text", "sub/b|text"])
def test_malformed_line_is_named(tmp_path: Path, sound: Sound, line: str) -> None:
    sound(tmp_path / "wavs" / "a.wav")
    (tmp_path / "metadata.csv").write_text(f"a|one\n\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"metadata\.csv, line 3: not 'id\|text'"):
        ljspeech.read(tmp_path)


def test_missing_sound_is_named_and_counted(tmp_path: Path, sound: Sound) -> None:
    sound(tmp_path / "wavs" / "a.wav")
    (tmp_path / "metadata.csv").write_text("a|one\nb|two\nc|three\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"b\.wav: no such sound file, 2 of 3 are missing"):
        ljspeech.read(tmp_path)


def test_id_twice(tmp_path: Path, sound: Sound) -> None:
    sound(tmp_path / "wavs" / "a.wav")
    (tmp_path / "metadata.csv").write_text("a|one\na|two\n", encoding="utf-8")
    with pytest.raises(InputError, match="'a' occurs twice"):
        ljspeech.read(tmp_path)


def test_needs_table_and_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"metadata\.csv: no such file"):
        ljspeech.read(tmp_path)
    (tmp_path / "metadata.csv").write_text("a|one\n", encoding="utf-8")
    with pytest.raises(InputError, match="no folder wavs or audio"):
        ljspeech.read(tmp_path)
    (tmp_path / "wavs").mkdir()
    (tmp_path / "metadata.csv").write_text("\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"no utterances found; expected metadata\.csv"):
        ljspeech.read(tmp_path)


@pytest.mark.data
@pytest.mark.parametrize("name", ["kathleen_en", "kerstin_de"])
def test_real_data(shared: Callable[[str], Path], name: str) -> None:
    source = shared(name)
    known = sorted(read_manifest(source / "manifest.jsonl"), key=lambda utterance: utterance.id)
    found = ljspeech.read(source)
    assert [(u.id, u.audio, u.text) for u in found] == [(u.id, u.audio, u.text) for u in known]
    assert [u.duration_s for u in found] == pytest.approx([u.duration_s for u in known], abs=1e-4)
