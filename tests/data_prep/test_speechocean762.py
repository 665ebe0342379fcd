"""speechocean762 in both of its layouts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from data_prep import speechocean762
from naps.corpus.manifest import read_manifest
from naps.errors import InputError

Sound = Callable[..., Path]


@pytest.fixture
def published(tmp_path: Path, sound: Sound) -> Path:
    for part, speaker, prefix in (("train", "0001", ""), ("test", "0003", "SPEAKER")):
        name = f"WAVE/SPEAKER{speaker}/0{speaker}0011.WAV"
        sound(tmp_path / name)
        folder = tmp_path / part
        folder.mkdir()
        (folder / "wav.scp").write_text(f"0{speaker}0011\t{name}\n")
        (folder / "text").write_text(f"0{speaker}0011\tWE CALL IT\n")
        (folder / "spk2age").write_text(f"{prefix}{speaker} 6\n")
        (folder / "spk2gender").write_text(f"{prefix}{speaker}\tm\n")
    (tmp_path / "resource").mkdir()
    (tmp_path / "resource" / "text-phone").write_text(
        "000010011.0\tW_B IY0_E\n000010011.1\tK_B AO0_I L_E\n"
    )
    return tmp_path


@pytest.fixture
def derived(tmp_path: Path, sound: Sound) -> Path:
    sound(tmp_path / "audio" / "0024" / "000240010.ogg")
    (tmp_path / "text.txt").write_text("000240010\tIT WAS GOOD\n")
    (tmp_path / "speakers.csv").write_text('speaker,age,sex,split\n0024,25,f,dev\n0036,"21",f,\n')
    return tmp_path


def test_published_layout(published: Path) -> None:
    train, test = speechocean762.read(published)
    assert (train.id, train.text, train.split) == ("000010011", "WE CALL IT", "train")
    assert (train.speaker, train.sex, train.language) == ("0001", "m", "en")
    assert train.audio == published / "WAVE" / "SPEAKER0001" / "000010011.WAV"
    assert dict(train.columns) == {
        "age": 6, "canonical_phones": "W IY0 | K AO0 L", "published_part": "train"
    }  # fmt: skip
    assert (test.split, test.speaker, test.sex) == ("test", "0003", "m")
    assert dict(test.columns) == {"age": 6, "published_part": "test"}


def test_facts_of_speakers_may_be_absent(published: Path) -> None:
    for name in ("train/spk2age", "train/spk2gender", "resource/text-phone"):
        (published / name).unlink()
    train = speechocean762.read(published)[0]
    assert train.sex is None
    assert dict(train.columns) == {"published_part": "train"}


def test_derived_layout(derived: Path) -> None:
    (utterance,) = speechocean762.read(derived)
    assert (utterance.text, utterance.speaker, utterance.sex) == ("IT WAS GOOD", "0024", "f")
    assert (utterance.split, dict(utterance.columns)) == ("dev", {"age": 25})


@pytest.mark.parametrize("name", ["rm -rf x |", "/etc/passwd", "../x.wav"])
def test_names_are_neither_run_nor_followed(published: Path, name: str) -> None:
    (published / "train" / "wav.scp").write_text(f"000010011\t{name}\n")
    with pytest.raises(InputError, match=r"does not lie inside|no such sound file"):
        speechocean762.read(published)


def test_missing_text_and_sound(published: Path) -> None:
    (published / "WAVE" / "SPEAKER0003" / "000030011.WAV").unlink()
    with pytest.raises(InputError, match=r"000030011\.WAV: no such sound file, 1 of 2"):
        speechocean762.read(published)
    (published / "train" / "text").write_text("000010035\tZERO\n")
    with pytest.raises(InputError, match="no text for 000010011"):
        speechocean762.read(published)


def test_missing_sound_of_the_derived_layout(derived: Path) -> None:
    (derived / "text.txt").write_text("000240010\tIT WAS\n000240011\tGOOD\n")
    with pytest.raises(InputError, match="no sound file for 000240011, 1 of 2 are missing"):
        speechocean762.read(derived)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train/text", "000010011\n", r"text, line 1: not 'key value'"),
        ("train/wav.scp", "a b\na c\n", r"wav\.scp, line 2: not 'key value', or a key seen"),
        ("train/spk2age", "0001 six\n", r"spk2age: the age of speaker 0001 is 'six'"),
        ("resource/text-phone", "x.0\tW\nx\tW\n", r"text-phone, line 2: not 'id.wordnumber"),
    ],
)
def test_malformed_lines(published: Path, name: str, content: str, message: str) -> None:
    (published / name).write_text(content)
    with pytest.raises(InputError, match=message):
        speechocean762.read(published)


@pytest.mark.data
def test_real_data(shared: Callable[[str], Path]) -> None:
    source = shared("speechocean762")
    known = sorted(read_manifest(source / "manifest.jsonl"), key=lambda utterance: utterance.id)
    for found, other in zip(speechocean762.read(source), known, strict=True):
        assert (found.id, found.audio, found.text, found.speaker, found.sex, found.split) == (
            other.id, other.audio, other.text, other.speaker, other.sex, other.split
        )  # fmt: skip
        assert found.columns["age"] == other.columns["age"]
        assert len(str(found.columns["canonical_phones"]).split("|")) == len(found.text.split())
