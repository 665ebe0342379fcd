"""Sound files of a folder, and their length as their headers say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import soundfile

SUFFIXES = (".flac", ".wav", ".ogg", ".opus", ".mp3")


def is_audio(path: Path) -> bool:
    """Tell by the ending whether a file is a sound file; hidden files are not."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def audio_files(folder: Path) -> Iterator[Path]:
    """Give the sound files of a folder, not of those below it, sorted by name."""
    if folder.is_dir():
        yield from sorted(path for path in folder.iterdir() if is_audio(path) and path.is_file())


def by_stem(folder: Path) -> dict[str, Path]:
    """Map names without ending to sound files; of two with one stem, FLAC and WAV win."""
    files: dict[str, Path] = {}
    for path in audio_files(folder):
        known = files.get(path.stem)
        if known is None or _rank(path) < _rank(known):
            files[path.stem] = path
    return files


def duration_s(path: Path) -> float | None:
    """Return the length in seconds from the header, or None if libsndfile cannot open it.

    An unreadable file is no error here: it stays in the manifest and is dropped and counted
    where its samples are needed.
    """
    try:
        information = soundfile.info(str(path))
    except (soundfile.LibsndfileError, RuntimeError, OSError):
        return None
    return float(information.frames / information.samplerate) if information.samplerate else None


def _rank(path: Path) -> int:
    return SUFFIXES.index(path.suffix.lower())
