"""Fetching LibriSpeech from openslr.org."""

from __future__ import annotations

import os
import shutil
import tarfile
import zlib
from http.client import HTTPException
from pathlib import Path

from naps.errors import InputError

SUBSETS = (
    "dev-clean",
    "dev-other",
    "test-clean",
    "test-other",
    "train-clean-100",
    "train-clean-360",
    "train-other-500",
)


def download(subset: str, root: Path) -> Path:
    """Download and unpack a subset; torchaudio verifies its checksum.

    The archive is unpacked beside its final place and moved when it is complete, so an
    interrupted download is never taken for a whole subset. A subset that is there is kept.

    Parameters
    ----------
    subset : str
        One of `SUBSETS`.
    root : Path
        Gets the folder ``LibriSpeech``.

    Returns
    -------
    Path
        The folder ``LibriSpeech``, with this subset and those fetched before.

    Raises
    ------
    InputError
        If the subset is unknown, cannot be fetched, or fails its checksum.
    """
    if subset not in SUBSETS:
        raise InputError(
            f"unknown LibriSpeech subset {subset!r}; choose one of {', '.join(SUBSETS)}"
        )
    corpus = root / "LibriSpeech"
    if (corpus / subset).is_dir():
        return corpus
    beside = root / f".librispeech-{subset}"
    try:
        # What an interrupted run unpacked is incomplete; the archive itself is kept.
        shutil.rmtree(beside / "LibriSpeech", ignore_errors=True)
        beside.mkdir(parents=True, exist_ok=True)
        _fetch(subset, beside)
        corpus.mkdir(exist_ok=True)
        for path in sorted((beside / "LibriSpeech").iterdir()):
            if path.name == subset or not (corpus / path.name).exists():
                os.replace(path, corpus / path.name)
    except (
        OSError,
        HTTPException,
        RuntimeError,
        tarfile.TarError,
        EOFError,
        zlib.error,
    ) as error:
        # RuntimeError is torch's word for a wrong checksum
        raise InputError(
            f"LibriSpeech {subset}: could not be downloaded to {root} ({_line(error)});"
            " check the network and the disk and start again"
        ) from None
    shutil.rmtree(beside)
    return corpus


def _fetch(subset: str, folder: Path) -> None:
    # Imported here: readers of a corpus on disk need no torchaudio.
    from torchaudio.datasets import LIBRISPEECH

    LIBRISPEECH(folder, url=subset, download=True)


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
