"""Fetching pronouncing dictionaries: CMUdict, and German words of Wiktionary from WikiPron."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO
from urllib.request import urlopen

from naps.errors import InputError
from naps.files import replacing
from naps.phonology import read_lexicon

_TIMEOUT_S = 60
_MOST_BYTES = 64 * 2**20
_CHUNK = 2**16


@dataclass(frozen=True, slots=True)
class Source:
    """Where a dictionary is published.

    Attributes
    ----------
    address : str
        Of the file; https.
    language : str
        Of its words.
    """

    address: str
    language: str


LEXICA: Mapping[str, Source] = MappingProxyType(
    {
        "cmudict": Source(
            "https://raw.githubusercontent.com/cmusphinx/cmudict/master/cmudict.dict", "en"
        ),
        "wikipron_de": Source(
            "https://raw.githubusercontent.com/CUNY-CL/wikipron/master/data/scrape/tsv/"
            "deu_latn_broad_filtered.tsv",
            "de",
        ),
    }
)


def download_lexicon(name: str, folder: Path) -> Path:
    """Download a pronouncing dictionary; one that is there is kept.

    The file is put in place when all of it has come and has been read as a dictionary.

    Parameters
    ----------
    name : str
        ``"cmudict"`` (BSD-style licence) or ``"wikipron_de"`` (CC BY-SA, from Wiktionary).
    folder : Path
        Gets the file under the name it is published by.

    Returns
    -------
    Path
        The file, for `naps.phonology.read_lexicon`.

    Raises
    ------
    InputError
        If the name is unknown, the file cannot be fetched or written, or is no dictionary.
    """
    if name not in LEXICA:
        raise InputError(f"unknown dictionary {name!r}; choose one of {', '.join(LEXICA)}")
    source = LEXICA[name]
    path = folder / source.address.rpartition("/")[2]
    if path.is_file():
        return path
    with replacing(path) as temporary:
        try:
            with _open(source.address) as response, temporary.open("wb") as file:
                _copy(response, file, source.address)
        except (OSError, HTTPException) as error:
            raise InputError(
                f"{name}: {source.address} could not be downloaded to {folder} "
                f"({_line(error)}); check the network and the disk and start again, or put the "
                f"file there yourself"
            ) from None
        try:
            read_lexicon(temporary, language=source.language)
        except InputError as error:
            said = str(error).replace(str(temporary), source.address)
            raise InputError(f"{name}: what was downloaded is no dictionary: {said}") from None
    return path


def _open(address: str) -> HTTPResponse:
    response: HTTPResponse = urlopen(address, timeout=_TIMEOUT_S)
    return response


def _copy(response: HTTPResponse, file: BinaryIO, address: str) -> None:
    """Copy a response into a file.

    Raises
    ------
    InputError
        If it was redirected away from https, is too large, or ends too early.
    """
    if not response.url.startswith("https:"):
        raise InputError(f"{address} leads to {response.url}, which is not https; not downloaded")
    received = 0
    while chunk := response.read(_CHUNK):
        received += len(chunk)
        if received > _MOST_BYTES:
            raise InputError(f"{address} has more than {_MOST_BYTES >> 20} MiB; not downloaded")
        file.write(chunk)
    # A connection that breaks within the body is no error of read(n).
    if response.headers["Content-Length"] not in (None, str(received)):
        raise InputError(
            f"{address}: {received} of {response.headers['Content-Length']} bytes came; start again"
        )


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
