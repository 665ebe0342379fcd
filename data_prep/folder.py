"""A plain folder: sound files, and the text of each in a file of the same name beside it."""

from __future__ import annotations

from pathlib import Path

from data_prep.audio_files import SUFFIXES, duration_s, is_audio
from data_prep.source import collect, existing_folder, read_lines
from naps.corpus.utterance import Utterance

TEXTS = (".txt", ".lab")
EXPECTED = f"sound files ({' '.join(SUFFIXES)}) with their text in a .txt or .lab beside them"


def read(source: Path) -> list[Utterance]:
    """Read every sound file of a folder and the folders below it.

    The id is the path without its ending. The speaker is the folder that holds the file, unless
    that is ``source`` itself. A recording without a text is kept with an empty one.

    Raises
    ------
    InputError
        If there is no sound file, two differ only in their ending, or a text is not UTF-8.
    """
    existing_folder(source)
    utterances = []
    for audio in sorted(source.rglob("*")):
        name = audio.relative_to(source)
        hidden = any(part.startswith(".") for part in name.parts)
        if hidden or not is_audio(audio) or not audio.is_file():
            continue
        utterances.append(
            Utterance(
                id=name.with_suffix("").as_posix(),
                audio=audio,
                text=_text(audio),
                speaker=audio.parent.name if len(name.parts) > 1 else None,
                duration_s=duration_s(audio),
            )
        )
    return collect(utterances, source, EXPECTED)


def _text(audio: Path) -> str:
    for suffix in TEXTS:
        path = audio.with_suffix(suffix)
        if path.is_file():
            return " ".join(" ".join(line for _, line in read_lines(path)).split())
    return ""
