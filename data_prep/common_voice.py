"""Mozilla Common Voice: tables ``train.tsv``, ``dev.tsv``, ``test.tsv`` beside ``clips/``."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

from data_prep.audio_files import duration_s
from data_prep.source import collect, existing_folder, inside, read_records
from naps.corpus.utterance import Scalar, Utterance
from naps.errors import InputError

SPLITS = ("train", "dev", "test")
EXPECTED = "train.tsv, dev.tsv, test.tsv or validated.tsv, and the folder clips"
_COLUMNS = ("client_id", "path", "sentence")
_SEXES = {"male": "m", "male_masculine": "m", "female": "f", "female_feminine": "f"}


def read(source: Path) -> list[Utterance]:
    """Read the tables of one language.

    Clips that are only in ``validated.tsv`` have no split. Age and accent become columns.

    Parameters
    ----------
    source : Path
        The folder of a language, such as ``cv-corpus-17.0-2024-03-15/de``.

    Returns
    -------
    list of Utterance
        Sorted by id, the name of the clip without its ending.

    Raises
    ------
    InputError
        If there is no table, a row is malformed or in two splits, or clips are missing.
    """
    existing_folder(source)
    lengths = _lengths(source / "clip_durations.tsv")
    utterances: dict[str, Utterance] = {}
    for split in (*SPLITS, None):
        table = source / f"{split or 'validated'}.tsv"
        if not table.is_file():
            continue
        here: set[str] = set()
        for number, row in read_records(table, "\t", _COLUMNS):
            where = f"{table}, line {number}"
            utterance = _utterance(source, row, split, lengths, where)
            known = utterances.get(utterance.id)
            if utterance.id in here or (known is not None and split is not None):
                raise InputError(f"{where}: the clip {utterance.id} occurs twice; remove one line")
            here.add(utterance.id)
            if known is None:
                utterances[utterance.id] = utterance
    return collect(list(utterances.values()), source, EXPECTED)


def _utterance(
    source: Path, row: dict[str, str], split: str | None, lengths: dict[str, float], where: str
) -> Utterance:
    name = row["path"].strip()
    audio = inside(source / "clips", name, where)
    if not audio.suffix:  # the first releases left out the ending
        audio = audio.with_name(f"{audio.name}.mp3")
    columns: dict[str, Scalar] = {
        "age": row.get("age", "").strip(),
        "accent": (row.get("accents") or row.get("accent") or "").strip(),
    }
    length = lengths.get(audio.name) if audio.is_file() else None
    return Utterance(
        id=audio.stem,
        audio=audio,
        text=row["sentence"].strip(),
        speaker=row["client_id"].strip() or None,
        sex=_SEXES.get(row.get("gender", "").strip()),
        language=row.get("locale", "").strip().split("-")[0] or None,
        split=split,
        duration_s=duration_s(audio) if length is None else length,
        columns=MappingProxyType({key: value for key, value in columns.items() if value}),
    )


def _lengths(table: Path) -> dict[str, float]:
    """Read the lengths that newer releases bring, which saves opening every clip."""
    if not table.is_file():
        return {}
    lengths = {}
    for number, row in read_records(table, "\t", ("clip", "duration[ms]")):
        try:
            lengths[row["clip"]] = int(row["duration[ms]"]) / 1000
        except ValueError:
            raise InputError(f"{table}, line {number}: the length is not a number") from None
    return lengths
