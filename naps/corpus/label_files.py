"""Which label files of a folder belong to an utterance, and what they say."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import soundfile

from naps.corpus.interval import Tiers
from naps.corpus.lablaut import read_lablaut
from naps.corpus.textgrid import read_textgrid
from naps.corpus.timit import read_timit
from naps.corpus.utterance import Utterance
from naps.errors import InputError

SUFFIXES = (".TextGrid", ".phn", ".wrd", ".lablaut")
_SUFFIXES = frozenset(suffix.lower() for suffix in SUFFIXES)
# EmoDB's label files have letters behind the id, as in 03a01Faxx.
_EMODB = re.compile(r"(\d\d[a-z]\d\d[A-Z][a-z])\w*")
_PLAIN = frozenset("-_.,=+@~()[]' ")


def file_stem(utterance: str) -> str:
    """Name the files of an utterance: its id, where that is safe in every file system.

    Letters, digits and ``-_.,=+@~()[]'`` stay, and blanks inside; all else, such as ``/`` or a
    leading dot, becomes ``%`` and hexadecimal digits as in addresses on the web. No two ids
    have one name.
    """
    ends = (0, len(utterance) - 1)
    stem = "".join(
        c
        if c.isalnum() or (c in _PLAIN and not (c in ". " and place in ends))
        else "".join(f"%{byte:02X}" for byte in c.encode("utf-8", "surrogatepass"))
        for place, c in enumerate(utterance)
    )
    return stem or "%"


class LabelFolder:
    """A folder with label files, looked through once.

    Parameters
    ----------
    folder : Path
        Links to folders inside it are not followed.
    """

    def __init__(self, folder: Path) -> None:
        # Place of a file (its path in the folder without the suffix) -> suffix -> file.
        self._files: dict[str, dict[str, Path]] = {}
        self._places: dict[str, list[str]] = {}
        for parent, folders, names in os.walk(folder):
            folders.sort()
            inside = Path(parent).relative_to(folder)
            for name in sorted(names):
                stem, suffix = os.path.splitext(name)
                if suffix.lower() not in _SUFFIXES:
                    continue
                if suffix.lower() == ".lablaut" and (match := _EMODB.fullmatch(stem)):
                    stem = match[1]
                place = (inside / stem).as_posix()
                if place not in self._files:
                    self._files[place] = {}
                    self._places.setdefault(stem, []).append(place)
                self._files[place].setdefault(suffix.lower(), Path(parent, name))

    def find(self, utterance: Utterance) -> Mapping[str, Path]:
        """Give the label files of an utterance by their suffix in lower case; may be empty.

        They are named after its id, or stand where the end of its audio's path says, such as
        ``dr1/fcjf0/sa1.phn`` for ``timit/train/dr1/fcjf0/sa1.wav``; the most of that path
        counts. Failing both, they have its id for a name, in whatever subfolder.

        Raises
        ------
        InputError
            If several subfolders have files that are named after the id.
        """
        stem = file_stem(utterance.id)
        parts = (*utterance.audio.parent.parts, utterance.audio.stem)
        tails = ("/".join(parts[start:]) for start in range(len(parts)))
        for place in (utterance.id, stem, *tails):
            if place in self._files:
                return self._files[place]
        places = self._places.get(utterance.id) or self._places.get(stem, [])
        if len(places) > 1:
            raise InputError(
                f"{len(places)} label files are named after {utterance.id!r}, such as "
                f"{places[0]!r} and {places[1]!r}; keep one of them"
            )
        return self._files[places[0]] if places else {}


def read_label_files(files: Mapping[str, Path], audio: Path) -> Tiers:
    """Read the label files of one utterance, times as samples at 16 kHz.

    Parameters
    ----------
    files : mapping of str to Path
        From `LabelFolder.find`. Of several kinds the first counts: TextGrid, TIMIT, EmoDB.
    audio : Path
        Its recording; TIMIT's times are samples of that.

    Raises
    ------
    InputError
        If a file is malformed, or the recording's rate is needed and unknown.
    """
    if ".textgrid" in files:
        return read_textgrid(files[".textgrid"])
    timit = {name: files[s] for name, s in (("phones", ".phn"), ("words", ".wrd")) if s in files}
    if not timit:
        return {"phones": read_lablaut(files[".lablaut"])}
    try:
        rate = soundfile.info(str(audio)).samplerate
    except (soundfile.LibsndfileError, RuntimeError, OSError) as error:
        raise InputError(
            f"{audio}: not a readable sound file, but the times in {next(iter(timit.values()))} "
            f"are samples of it: {error}"
        ) from None
    return {
        name: tuple(
            interval.at_rate(16_000)
            for interval in read_timit(file, rate, may_overlap=name == "words")
        )
        for name, file in timit.items()
    }
