"""LibriSpeech as published at openslr.org/12: ``LibriSpeech/<subset>/<speaker>/<chapter>/``."""

from __future__ import annotations

import os
import re
from pathlib import Path
from types import MappingProxyType

from data_prep.audio_files import by_stem, duration_s
from data_prep.librispeech_download import SUBSETS, download
from data_prep.source import collect, existing_folder, read_lines
from naps.corpus.utterance import Utterance
from naps.errors import InputError

__all__ = ["EXPECTED", "SUBSETS", "download", "read"]

EXPECTED = "LibriSpeech/<subset>/<speaker>/<chapter>/*.trans.txt with .flac files beside it"
_ID = re.compile(r"(\d+)-(\d+)-\d+")


def read(source: Path) -> list[Utterance]:
    """Read what is there of LibriSpeech.

    Parameters
    ----------
    source : Path
        The folder ``LibriSpeech``, the folder that holds it, or one subset.

    Returns
    -------
    list of Utterance
        Sorted by id; a recording without a transcript has an empty text.

    Raises
    ------
    InputError
        If there is no transcript, a line of one is malformed, or sound files are missing.
    """
    existing_folder(source)
    root = source / "LibriSpeech" if (source / "LibriSpeech").is_dir() else source
    transcripts = sorted(root.glob("*/*/*/*.trans.txt")) or sorted(root.glob("*/*/*.trans.txt"))
    sexes = _sexes(root)
    utterances: list[Utterance] = []
    for transcript in transcripts:
        utterances += _chapter(transcript, sexes)
    return collect(utterances, source, EXPECTED)


def _chapter(transcript: Path, sexes: dict[str, str]) -> list[Utterance]:
    folder = transcript.parent
    texts: dict[str, str] = {}
    for number, line in read_lines(transcript):
        identifier, _, text = line.strip().partition(" ")
        if not _ID.fullmatch(identifier) or not text.strip():
            raise InputError(f"{transcript}, line {number}: not 'speaker-chapter-number TEXT'")
        if identifier in texts:
            raise InputError(f"{transcript}, line {number}: {identifier} occurs twice")
        texts[identifier] = text.strip()
    files = {stem: path for stem, path in by_stem(folder).items() if _ID.fullmatch(stem)}
    # abspath, as the source may be given as '.' and its name is still the subset's
    subset = Path(os.path.abspath(folder)).parts[-3]
    return [
        Utterance(
            id=identifier,
            audio=(audio := files.get(identifier, folder / f"{identifier}.flac")),
            text=texts.get(identifier, ""),
            speaker=(speaker := identifier.split("-")[0]),
            sex=sexes.get(speaker),
            language="en",
            split=_split(subset),
            duration_s=duration_s(audio),
            columns=MappingProxyType({"subset": subset, "chapter": identifier.split("-")[1]}),
        )
        for identifier in sorted(texts.keys() | files.keys())
    ]


def _split(subset: str) -> str | None:
    part = subset.split("-")[0]
    return part if part in ("train", "dev", "test") else None


def _sexes(root: Path) -> dict[str, str]:
    """Read SPEAKERS.TXT, which stands beside the subsets; its absence costs only the sex."""
    for path in (root / "SPEAKERS.TXT", Path(os.path.abspath(root)).parent / "SPEAKERS.TXT"):
        if path.is_file():
            # The names of readers hold bars and letters of several encodings; ids do not.
            cells = [line.split("|") for _, line in read_lines(path, "latin-1")]
            return {
                row[0].strip(): row[1].strip().lower()
                for row in cells
                if len(row) > 1 and row[1].strip() in ("F", "M")
            }
    return {}
