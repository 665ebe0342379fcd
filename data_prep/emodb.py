"""EmoDB, the Berlin Database of Emotional Speech, with its manual phone labels."""

from __future__ import annotations

import re
from pathlib import Path
from types import MappingProxyType

from data_prep.audio_files import by_stem, duration_s
from data_prep.source import collect, existing_folder
from naps.corpus.interval import Interval
from naps.corpus.lablaut import read_lablaut
from naps.corpus.utterance import Scalar, Utterance
from naps.errors import InputError

EXPECTED = "wav/*.wav (or flac/*.flac) and lablaut/*.lablaut"
SENTENCES = {
    "a01": "Der Lappen liegt auf dem Eisschrank.",
    "a02": "Das will sie am Mittwoch abgeben.",
    "a04": "Heute abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.",
    "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
}
SPEAKERS = {
    "03": ("m", 31),
    "08": ("f", 34),
    "09": ("f", 21),
    "10": ("m", 32),
    "11": ("m", 26),
    "12": ("m", 30),
    "13": ("f", 32),
    "14": ("f", 35),
    "15": ("m", 25),
    "16": ("f", 31),
}
EMOTIONS = {
    "W": "anger",
    "L": "boredom",
    "E": "disgust",
    "A": "fear",
    "F": "happiness",
    "T": "sadness",
    "N": "neutral",
}
_NAME = re.compile(r"(\d\d)([ab]\d\d)([WLEAFTN])([a-z])")


def read(source: Path) -> list[Utterance]:
    """Read recordings, their emotions and their phones (tier ``phones``).

    Phones that lie behind the end of the sound are cut off, and ``truncated`` says so. The
    database has no splits and is small: all of it is ``test``.

    Raises
    ------
    InputError
        If there is no recording, a name has another form, or a label file is malformed.
    """
    existing_folder(source)
    folder = source / "wav" if (source / "wav").is_dir() else source / "flac"
    labels = {path.name[:7]: path for path in sorted((source / "lablaut").glob("*.lablaut"))[::-1]}
    utterances = [
        _utterance(stem, audio, labels.get(stem)) for stem, audio in by_stem(folder).items()
    ]
    return collect(utterances, source, EXPECTED)


def _utterance(stem: str, audio: Path, labels: Path | None) -> Utterance:
    match = _NAME.fullmatch(stem)
    if match is None or match[2] not in SENTENCES:
        raise InputError(
            f"{audio}: the name is not <speaker><sentence><emotion><take>, such as 03a01Fa"
        )
    speaker, code, emotion, take = match.groups()
    sex, age = SPEAKERS.get(speaker, (None, None))
    length = duration_s(audio)
    columns: dict[str, Scalar] = {
        "emotion": EMOTIONS[emotion],
        "text_code": code,
        "take": take,
    }
    if age is not None:
        columns["age"] = age
    tiers: dict[str, tuple[Interval, ...]] = {}
    if labels is not None:
        phones = read_lablaut(labels)
        tiers["phones"] = phones if length is None else _clip(phones, length)
        columns["truncated"] = tiers["phones"] != phones
    return Utterance(
        id=stem,
        audio=audio,
        text=SENTENCES[code],
        speaker=speaker,
        sex=sex,
        language="de",
        split="test",
        duration_s=length,
        tiers=MappingProxyType(tiers),
        columns=MappingProxyType(columns),
    )


def _clip(phones: tuple[Interval, ...], length: float) -> tuple[Interval, ...]:
    return tuple(
        Interval(phone.start, min(phone.end, round(length * phone.rate)), phone.label, phone.rate)
        for phone in phones
        if phone.start < round(length * phone.rate)
    )
