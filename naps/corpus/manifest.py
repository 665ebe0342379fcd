"""Manifests: JSON Lines files with one utterance a line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from types import MappingProxyType
from typing import Any

from naps.corpus.interval import tier_from_json, tier_to_json
from naps.corpus.lines import numbered_lines
from naps.corpus.utterance import Utterance
from naps.errors import InputError
from naps.files import write_text

_KNOWN = ("speaker", "sex", "language", "split")


def read_manifest(path: Path, root: Path | None = None) -> list[Utterance]:
    """Read a manifest.

    Parameters
    ----------
    path : Path
        The JSON Lines file.
    root : Path, optional
        The folder that audio paths are relative to; the manifest's own by default.

    Returns
    -------
    list of Utterance
        In the order of the file, never empty.

    Raises
    ------
    InputError
        If the file is missing, empty, not JSON, repeats an id, or names audio outside ``root``.
        Whether the audio exists is not looked at here.
    """
    root = Path(os.path.abspath(path.parent if root is None else root))
    if not path.exists():
        raise InputError(f"{path}: no such manifest; make one with 'naps prepare'")
    utterances: list[Utterance] = []
    seen: set[str] = set()
    for number, line in numbered_lines(path):
        utterance = _parse(line, root, f"{path}, line {number}")
        if utterance.id in seen:
            raise InputError(f"{path}, line {number}: id {utterance.id!r} occurs twice")
        seen.add(utterance.id)
        utterances.append(utterance)
    if not utterances:
        raise InputError(f"{path}: the manifest is empty")
    return utterances


def _parse(line: str, root: Path, where: str) -> Utterance:
    try:
        record: dict[str, Any] = dict(json.loads(line))
        identifier, audio = str(record.pop("id")), str(record.pop("audio"))
    except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{where}: not an utterance with 'id' and 'audio' ({error!r})") from None
    file = Path(os.path.normpath(root / audio))
    if Path(audio).is_absolute() or not file.is_relative_to(root):
        raise InputError(f"{where}: audio {audio!r} lies outside {root}")
    duration = record.pop("duration_s", None)
    tiers = record.pop("tiers", None) or {}
    if not isinstance(tiers, dict):
        raise InputError(f"{where}: 'tiers' must map names to intervals")
    known = {key: record.pop(key, None) for key in _KNOWN}
    return Utterance(
        id=identifier,
        audio=file,
        text=str(record.pop("text", None) or ""),
        duration_s=float(duration) if isinstance(duration, int | float) else None,
        tiers=MappingProxyType({str(k): tier_from_json(v, where) for k, v in tiers.items()}),
        columns=MappingProxyType(
            {str(k): v for k, v in record.items() if isinstance(v, str | int | float | bool)}
        ),
        **{key: None if value is None else str(value) for key, value in known.items()},
    )


def to_record(utterance: Utterance, root: Path) -> dict[str, Any]:
    """Give the manifest line of an utterance as a dict, audio relative to ``root``.

    Raises
    ------
    InputError
        If the audio does not lie inside ``root``.
    """
    try:
        audio = Path(os.path.abspath(utterance.audio)).relative_to(os.path.abspath(root))
    except ValueError:
        raise InputError(f"{utterance.audio}: lies outside the corpus folder {root}") from None
    record: dict[str, Any] = {
        "id": utterance.id,
        "audio": audio.as_posix(),
        "text": utterance.text,
    }
    for key in _KNOWN:
        value = getattr(utterance, key)
        if value is not None:
            record[key] = value
    if utterance.duration_s is not None:
        record["duration_s"] = round(utterance.duration_s, 4)
    record.update(utterance.columns)
    if utterance.tiers:
        record["tiers"] = {name: tier_to_json(tier) for name, tier in utterance.tiers.items()}
    return record


def write_manifest(path: Path, utterances: Iterable[Utterance], root: Path) -> None:
    """Write a manifest whose audio paths are relative to ``root``."""
    lines = (json.dumps(to_record(u, root), ensure_ascii=False) for u in utterances)
    write_text(path, "\n".join(lines) + "\n")
