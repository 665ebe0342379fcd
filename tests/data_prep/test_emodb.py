"""EmoDB: names that tell all, and phone labels made by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from data_prep import emodb
from naps.corpus.interval import read_tiers
from naps.corpus.manifest import read_manifest
from naps.errors import InputError

Sound = Callable[..., Path]
HEADER = "signal wochenAO\ntype 0\ncomment f\xfcr xlabel\nnfields 1\n#\n"


def labels(path: Path, *rows: str, header: str = HEADER) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(header + "\n".join(rows) + "\n", encoding="latin-1")
    return path


@pytest.mark.parametrize(("folder", "suffix"), [("wav", "wav"), ("flac", "flac")])
def test_reads_names_and_clips_phones(
    tmp_path: Path, sound: Sound, folder: str, suffix: str
) -> None:
    sound(tmp_path / folder / f"03a01Fa.{suffix}", 0.25)
    sound(tmp_path / folder / f"16b10Wb.{suffix}")
    rows = ("0.1 -1 a", "0.2 -1 b", "0.3 -1 c", "0.4 -1 .")
    labels(tmp_path / "lablaut" / "03a01Faxx.lablaut", *rows)
    first, second = emodb.read(tmp_path)
    assert (first.id, first.speaker, first.sex, first.language) == ("03a01Fa", "03", "m", "de")
    assert first.text == "Der Lappen liegt auf dem Eisschrank."
    assert dict(first.columns) == {
        "emotion": "happiness", "text_code": "a01", "take": "a", "age": 31, "truncated": True
    }  # fmt: skip
    assert [(i.start, i.end, i.label) for i in first.tiers["phones"]] == [
        (1600, 3200, "a"), (3200, 4000, "b")
    ]  # fmt: skip
    assert (second.sex, second.columns["emotion"], second.columns["age"]) == ("f", "anger", 31)
    assert dict(second.tiers) == {}


@pytest.mark.parametrize("name", ["03a01Xa", "03a99Fa", "nonsense", "03a01F"])
def test_other_names_are_refused(tmp_path: Path, sound: Sound, name: str) -> None:
    sound(tmp_path / "wav" / f"{name}.wav")
    with pytest.raises(InputError, match=rf"{name}\.wav: the name is not <speaker><sentence>"):
        emodb.read(tmp_path)


def test_unreadable_sound_keeps_all_its_phones(tmp_path: Path) -> None:
    (tmp_path / "wav").mkdir()
    (tmp_path / "wav" / "03a01Fa.wav").touch()
    labels(tmp_path / "lablaut" / "03a01Fa.lablaut", "0.1 -1 a", "90 -1 .")
    (utterance,) = emodb.read(tmp_path)
    assert utterance.duration_s is None
    assert utterance.tiers["phones"][0].end_s == 90


@pytest.mark.data
def test_real_data(shared: Callable[[str], Path]) -> None:
    source = shared("emodb_de")
    known = sorted(read_manifest(source / "manifest.jsonl"), key=lambda utterance: utterance.id)
    for found, other in zip(emodb.read(source), known, strict=True):
        assert (found.id, found.audio, found.text, found.speaker, found.sex, found.split) == (
            other.id, other.audio, other.text, other.speaker, other.sex, other.split
        )  # fmt: skip
        for column in ("emotion", "text_code", "truncated"):
            assert found.columns[column] == other.columns[column]


@pytest.mark.data
def test_real_phones(shared: Callable[[str], Path]) -> None:
    known = read_tiers(shared("alignments") / "emodb_de.jsonl")
    found = {u.id: u.tiers["phones"] for u in emodb.read(shared("emodb_de"))}
    assert found.keys() == known.keys()
    for name, phones in found.items():
        others = known[name]["phones"]
        assert [phone.label for phone in phones] == [phone.label for phone in others], name
        for phone, other in zip(phones, others, strict=True):
            # Those times were rounded to 0.1 ms first, which is 1.6 samples.
            assert abs(phone.start - other.start) <= 2, name
            assert abs(phone.end - other.end) <= 2, name
