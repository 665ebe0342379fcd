"""The Free Spoken Digit Dataset: ``recordings/<digit>_<speaker>_<repetition>.wav``."""

from __future__ import annotations

import re
from pathlib import Path
from types import MappingProxyType

from data_prep.audio_files import by_stem, duration_s
from data_prep.source import collect, existing_folder
from naps.corpus.utterance import Utterance
from naps.errors import InputError

EXPECTED = "recordings/<digit>_<speaker>_<repetition>.wav or .flac"
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
# The publisher's metadata.py names these speakers; all are male.
SEXES = dict.fromkeys(("george", "jackson", "lucas", "nicolas", "theo", "yweweler"), "m")
_NAME = re.compile(r"([0-9])_([^_]+)_([0-9]+)")


def read(source: Path) -> list[Utterance]:
    """Read the digits; repetitions 0-4 are test, as published, 5-9 dev, the others train.

    Raises
    ------
    InputError
        If there is no recording or a name has another form.
    """
    utterances = []
    for stem, audio in by_stem(existing_folder(source) / "recordings").items():
        match = _NAME.fullmatch(stem)
        if match is None:
            raise InputError(f"{audio}: the name is not <digit>_<speaker>_<repetition>")
        digit, speaker, repetition = int(match[1]), match[2], int(match[3])
        utterances.append(
            Utterance(
                id=stem,
                audio=audio,
                text=WORDS[digit],
                speaker=speaker,
                sex=SEXES.get(speaker),
                language="en",
                split="test" if repetition < 5 else "dev" if repetition < 10 else "train",
                duration_s=duration_s(audio),
                columns=MappingProxyType({"label": digit, "repetition": repetition}),
            )
        )
    return collect(utterances, source, EXPECTED)
