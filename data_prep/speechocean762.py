"""speechocean762 (OpenSLR 101): the published Kaldi folders, or tables beside ``audio/``."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

from data_prep.audio_files import by_stem, duration_s
from data_prep.source import (
    collect,
    existing_folder,
    inside,
    read_lines,
    read_records,
    read_table,
)
from naps.corpus.utterance import Scalar, Utterance
from naps.errors import InputError

PARTS = ("train", "test")
EXPECTED = (
    "train/ and test/ with wav.scp and text beside WAVE/SPEAKER*/, or text.txt and speakers.csv"
    " beside audio/<speaker>/"
)
_PREFIX = "SPEAKER"


def read(source: Path) -> list[Utterance]:
    """Read whichever of the two layouts is there.

    The canonical phones become the column ``canonical_phones``: ARPAbet with stress digits, a
    bar between words.

    Raises
    ------
    InputError
        If neither layout is there, a line is malformed, or sound files are missing.
    """
    existing_folder(source)
    if (source / "text.txt").is_file():
        utterances = _derived(source)
    else:
        phones = _phones(source / "resource" / "text-phone")
        utterances = [
            utterance
            for part in PARTS
            if (source / part / "wav.scp").is_file()
            for utterance in _part(source, part, phones)
        ]
    return collect(utterances, source, EXPECTED)


def _part(source: Path, part: str, phones: dict[str, str]) -> list[Utterance]:
    folder = source / part
    texts = _pairs(folder / "text")
    ages = _by_speaker(folder / "spk2age")
    sexes = _by_speaker(folder / "spk2gender")
    utterances = []
    for identifier, name in _pairs(folder / "wav.scp").items():
        # Kaldi would run a name that ends in '|' as a command; here it is only a missing file.
        audio = inside(source, name, f"{folder / 'wav.scp'}, {identifier}")
        if identifier not in texts:
            raise InputError(f"{folder / 'text'}: no text for {identifier}; fetch the file again")
        speaker = audio.parent.name.removeprefix(_PREFIX)
        utterances.append(
            _utterance(
                identifier, audio, texts[identifier], speaker, sexes.get(speaker),
                ages.get(speaker), part, {**_canonical(phones, identifier), "published_part": part},
                folder / "spk2age",
            )
        )  # fmt: skip
    return utterances


def _derived(source: Path) -> list[Utterance]:
    speakers = {
        row["speaker"]: row
        for _, row in read_records(
            source / "speakers.csv", ",", ("speaker", "age", "sex"), quoted=True
        )
    }
    phones = _phones(source / "canonical_phones.txt")
    texts = _pairs(source / "text.txt")
    audio = source / "audio"
    folders = sorted(path for path in audio.iterdir() if path.is_dir()) if audio.is_dir() else []
    files = {stem: path for folder in folders for stem, path in by_stem(folder).items()}
    utterances = []
    for identifier, text in texts.items():
        if identifier not in files:
            missing = sum(name not in files for name in texts)
            raise InputError(
                f"{audio}: no sound file for {identifier}, {missing} of {len(texts)} are missing;"
                " fetch them or remove their lines from text.txt"
            )
        speaker = files[identifier].parent.name
        known = speakers.get(speaker, {})
        utterances.append(
            _utterance(
                identifier, files[identifier], text, speaker, known.get("sex"), known.get("age"),
                known.get("split") or None, _canonical(phones, identifier),
                source / "speakers.csv",
            )
        )  # fmt: skip
    return utterances


def _utterance(
    identifier: str,
    audio: Path,
    text: str,
    speaker: str,
    sex: str | None,
    age: str | None,
    split: str | None,
    columns: dict[str, Scalar],
    ages: Path,
) -> Utterance:
    if age:
        if not age.isdecimal():
            raise InputError(f"{ages}: the age of speaker {speaker} is {age!r}, not a number")
        columns = {"age": int(age), **columns}
    return Utterance(
        id=identifier,
        audio=audio,
        text=text,
        speaker=speaker,
        sex=sex.lower() if sex and sex.lower() in ("f", "m") else None,
        language="en",
        split=split,
        duration_s=duration_s(audio),
        columns=MappingProxyType(columns),
    )


def _by_speaker(path: Path) -> dict[str, str]:
    """Read what is known of speakers, who are ``0001`` or ``SPEAKER0001``; it may be absent."""
    if not path.is_file():
        return {}
    return {key.removeprefix(_PREFIX): value for key, value in _pairs(path).items()}


def _pairs(path: Path) -> dict[str, str]:
    """Read ``key value`` lines; a tab or blanks stand between."""
    pairs: dict[str, str] = {}
    for number, line in read_lines(path):
        words = line.split(maxsplit=1)
        if len(words) != 2 or words[0] in pairs:
            raise InputError(f"{path}, line {number}: not 'key value', or a key seen before")
        pairs[words[0]] = words[1].strip()
    return pairs


def _phones(path: Path) -> dict[str, str]:
    """Read ``id.wordnumber<TAB>phones``; the marks of position in the word are taken off."""
    if not path.is_file():
        return {}
    words: dict[str, list[str]] = {}
    for number, row in read_table(path, "\t"):
        identifier, _, position = row[0].rpartition(".")
        if len(row) != 2 or not identifier or not position.isdecimal():
            raise InputError(f"{path}, line {number}: not 'id.wordnumber<TAB>phones'")
        symbols = (symbol.partition("_")[0] for symbol in row[1].split())
        words.setdefault(identifier, []).append(" ".join(symbols))
    return {identifier: " | ".join(spelled) for identifier, spelled in words.items()}


def _canonical(phones: dict[str, str], identifier: str) -> dict[str, Scalar]:
    return {"canonical_phones": phones[identifier]} if identifier in phones else {}
