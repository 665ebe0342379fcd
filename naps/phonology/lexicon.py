"""Pronouncing dictionaries."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from naps.errors import InputError
from naps.phonology.inventory import english

Pronunciation = tuple[str, ...]

_VARIANT = re.compile(r"\(\d+\)$")


@dataclass(frozen=True)
class Lexicon:
    """Words and how they may be said.

    Attributes
    ----------
    name : str
        Where it came from.
    entries : mapping of str to tuple of Pronunciation
        Lower-case words; pronunciations in the order of the file.
    """

    name: str
    entries: Mapping[str, tuple[Pronunciation, ...]]

    def __contains__(self, word: str) -> bool:
        """Say whether a word has a pronunciation."""
        return word in self.entries

    def __getitem__(self, word: str) -> tuple[Pronunciation, ...]:
        """Return the pronunciations of a word."""
        return self.entries[word]

    def __len__(self) -> int:
        """Return the number of words."""
        return len(self.entries)


def _parse(lines: Iterator[str], name: str) -> Lexicon:
    phones = english()
    entries: dict[str, list[Pronunciation]] = {}
    for number, line in enumerate(lines, 1):
        if line.startswith(";;;") or not line.strip():
            continue
        word, *symbols = line.split("#")[0].split()
        pronunciation = tuple(symbol.rstrip("012") for symbol in symbols)
        unknown = [p for p in pronunciation if p not in phones]
        if not pronunciation or unknown:
            raise InputError(
                f"{name}, line {number}: expected a word and its ARPAbet phones, "
                f"found {line.strip()[:60]!r}"
            )
        said = entries.setdefault(_VARIANT.sub("", word).lower(), [])
        if pronunciation not in said:
            said.append(pronunciation)
    if not entries:
        raise InputError(f"{name}: holds no words")
    return Lexicon(name, {word: tuple(said) for word, said in entries.items()})


def read_lexicon(path: Path) -> Lexicon:
    """Read a dictionary in the format of CMUdict, plain or gzipped; stress is dropped.

    A line is a word, with ``(2)`` and so on after it for further pronunciations, and its phones.

    Raises
    ------
    InputError
        If the file cannot be read, is empty, or a line does not parse (named by its number).
    """
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8") as file:
            return _parse(iter(file), str(path))
    except (OSError, UnicodeDecodeError, EOFError) as error:
        raise InputError(f"{path}: cannot be read as a lexicon: {error}") from None


@cache
def cmudict() -> Lexicon:
    """Return the CMU Pronouncing Dictionary that comes with the package (see data/NOTICE)."""
    source = resources.files("naps.phonology").joinpath("data", "cmudict.dict.gz")
    with resources.as_file(source) as path:
        lexicon = read_lexicon(path)
    return Lexicon("cmudict", lexicon.entries)
