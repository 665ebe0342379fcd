"""One reader per corpus: from the layout in which it was published to a manifest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from data_prep import (
    common_voice,
    emodb,
    folder,
    fsdd,
    librispeech,
    ljspeech,
    speechocean762,
)
from data_prep.source import existing_folder
from naps.corpus.manifest import write_manifest
from naps.corpus.utterance import Utterance
from naps.errors import InputError

Reader = Callable[[Path], list[Utterance]]

LAYOUTS: Mapping[str, Reader] = MappingProxyType(
    {
        "common_voice": common_voice.read,
        "emodb": emodb.read,
        "folder": folder.read,
        "fsdd": fsdd.read,
        "librispeech": librispeech.read,
        "ljspeech": ljspeech.read,
        "speechocean762": speechocean762.read,
    }
)

__all__ = ["LAYOUTS", "Reader", "prepare"]


def prepare(layout: str, source: Path, out: Path | None = None) -> Path:
    """Read a corpus on disk and write its manifest.

    Parameters
    ----------
    layout : str
        A key of `LAYOUTS`.
    source : Path
        The folder that holds the corpus; audio paths of the manifest are relative to it.
    out : Path, optional
        The manifest to write; ``manifest.jsonl`` in ``source`` by default.

    Returns
    -------
    Path
        The manifest.

    Raises
    ------
    InputError
        If the layout is unknown, the folder missing, or its content not what the layout says.
    """
    if layout not in LAYOUTS:
        raise InputError(f"unknown corpus layout {layout!r}; choose one of {', '.join(LAYOUTS)}")
    path = source / "manifest.jsonl" if out is None else out
    write_manifest(path, LAYOUTS[layout](existing_folder(source)), source)
    return path
