"""The layout of LJ Speech: ``metadata.csv`` beside a folder of sound files.

Many single-voice corpora have it: LJ Speech, Thorsten, Kathleen, Kerstin.
"""

from __future__ import annotations

from pathlib import Path

from data_prep.audio_files import SUFFIXES, by_stem, duration_s
from data_prep.source import collect, existing_folder, read_table
from naps.corpus.utterance import Utterance
from naps.errors import InputError

FOLDERS = ("wavs", "audio")
EXPECTED = f"metadata.csv with lines id|text and sound files in {' or '.join(FOLDERS)}"


def read(source: Path) -> list[Utterance]:
    """Read ``id|text`` or ``id|text|normalised text``; the normalised text is taken if present.

    The layout says nothing about speaker, sex, language or split: they are None.

    Raises
    ------
    InputError
        If ``metadata.csv`` or a sound file is missing, or a line is malformed.
    """
    table = existing_folder(source) / "metadata.csv"
    if not table.is_file():
        raise InputError(f"{table}: no such file; expected {EXPECTED}")
    folder = next((source / name for name in FOLDERS if (source / name).is_dir()), None)
    if folder is None:
        raise InputError(f"{source}: no folder {' or '.join(FOLDERS)}; expected {EXPECTED}")
    files = by_stem(folder)
    utterances = []
    for number, row in read_table(table, "|"):
        where = f"{table}, line {number}"
        identifier = _stem(row[0].strip())
        if not 2 <= len(row) <= 3 or not identifier or "/" in identifier or "\\" in identifier:
            raise InputError(f"{where}: not 'id|text' or 'id|text|normalised text'")
        audio = files.get(identifier, folder / f"{identifier}.wav")
        text = (row[2].strip() if len(row) == 3 else "") or row[1].strip()
        utterances.append(
            Utterance(id=identifier, audio=audio, text=text, duration_s=duration_s(audio))
        )
    return collect(utterances, source, EXPECTED)


def _stem(name: str) -> str:
    """Take off the ending of a sound file, which some tables write; ids may hold other dots."""
    path = Path(name)
    return name[: -len(path.suffix)] if path.suffix.lower() in SUFFIXES else name
