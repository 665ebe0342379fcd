"""Common Voice: tables of splits, validated clips, and both vocabularies of gender."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from data_prep import common_voice
from naps.errors import InputError

Sound = Callable[..., Path]
HEADER = ("client_id", "path", "sentence", "up_votes", "age", "gender", "accents", "locale")


def table(path: Path, *rows: tuple[str, ...], header: tuple[str, ...] = HEADER) -> None:
    path.write_text("\n".join("\t".join(row) for row in (header, *rows)) + "\n", encoding="utf-8")


def row(
    name: str, sentence: str = "Hallo.", gender: str = "", locale: str = "de"
) -> tuple[str, ...]:
    return ("c0ffee", name, sentence, "2", "twenties", gender, "", locale)


@pytest.fixture
def corpus(tmp_path: Path, sound: Sound) -> Path:
    for name in "abcd":
        sound(tmp_path / "clips" / f"{name}.mp3")
    table(tmp_path / "train.tsv", row("a.mp3", 'Er sagte: "Nein', "male"))
    table(tmp_path / "dev.tsv", row("b.mp3", gender="female_feminine"))
    table(tmp_path / "test.tsv", row("c.mp3", gender="other", locale="zh-CN"))
    return tmp_path


def test_reads_splits_and_speakers(corpus: Path) -> None:
    a, b, c = common_voice.read(corpus)
    assert [(u.id, u.split, u.sex, u.language) for u in (a, b, c)] == [
        ("a", "train", "m", "de"), ("b", "dev", "f", "de"), ("c", "test", None, "zh")
    ]  # fmt: skip
    assert (a.text, a.speaker, a.audio) == ('Er sagte: "Nein', "c0ffee", corpus / "clips/a.mp3")
    assert dict(a.columns) == {"age": "twenties"}
    assert a.duration_s == pytest.approx(1.0, abs=0.2)


def test_only_validated_clips_have_no_split(corpus: Path) -> None:
    table(corpus / "validated.tsv", row("d.mp3"), row("a.mp3"), row("b.mp3"))
    found = {u.id: u.split for u in common_voice.read(corpus)}
    assert found == {"a": "train", "b": "dev", "c": "test", "d": None}


def test_lengths_are_taken_from_their_table(corpus: Path) -> None:
    table(corpus / "clip_durations.tsv", ("a.mp3", "4321"), header=("clip", "duration[ms]"))
    assert common_voice.read(corpus)[0].duration_s == 4.321
    table(corpus / "clip_durations.tsv", ("a.mp3", "long"), header=("clip", "duration[ms]"))
    with pytest.raises(InputError, match=r"clip_durations\.tsv, line 2"):
        common_voice.read(corpus)


def test_older_columns_and_names_without_ending(tmp_path: Path, sound: Sound) -> None:
    sound(tmp_path / "clips" / "a.mp3")
    table(
        tmp_path / "validated.tsv",
        ("x", "a", "Hello", "male_masculine", "us"),
        header=("client_id", "path", "sentence", "gender", "accent"),
    )
    (utterance,) = common_voice.read(tmp_path)
    assert (utterance.id, utterance.sex, utterance.language) == ("a", "m", None)
    assert dict(utterance.columns) == {"accent": "us"}


def test_malformed_row_is_named(corpus: Path) -> None:
    with (corpus / "dev.tsv").open("a", encoding="utf-8") as file:
        file.write("c0ffee\td.mp3\n")
    with pytest.raises(InputError, match=r"dev\.tsv, line 3: 2 columns where the header has 8"):
        common_voice.read(corpus)


def test_header_needs_its_columns(corpus: Path) -> None:
    table(corpus / "dev.tsv", header=("client_id", "path"))
    with pytest.raises(InputError, match=r"dev\.tsv: the first line lacks the columns sentence"):
        common_voice.read(corpus)


def test_clip_outside_the_folder(corpus: Path) -> None:
    table(corpus / "dev.tsv", row("../../secret.mp3"))
    with pytest.raises(InputError, match=r"dev\.tsv, line 2: .* does not lie inside"):
        common_voice.read(corpus)


@pytest.mark.parametrize("name", ["a.mp3", "b.mp3"])
def test_clip_in_two_splits_or_twice(corpus: Path, name: str) -> None:
    table(corpus / "dev.tsv", row("b.mp3"), row(name))
    with pytest.raises(InputError, match=r"dev\.tsv, line 3: the clip . occurs twice"):
        common_voice.read(corpus)


def test_missing_clips_are_counted_even_if_their_length_is_known(corpus: Path) -> None:
    table(corpus / "clip_durations.tsv", ("b.mp3", "1000"), header=("clip", "duration[ms]"))
    (corpus / "clips" / "b.mp3").unlink()
    with pytest.raises(InputError, match=r"b\.mp3: no such sound file, 1 of 3"):
        common_voice.read(corpus)
