"""Pronouncing dictionaries."""

from __future__ import annotations

import gzip
import re
import unicodedata
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import dropwhile, pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from naps.errors import InputError
from naps.phonology.inventory import TABLE, inventory
from naps.phonology.notation import read_label, readings

Pronunciation = tuple[str, ...]
Stress = Literal["strip", "keep"]

# What the dictionaries of a language are written in, tried in this order for every symbol.
_NOTATIONS = MappingProxyType({"en": ("arpabet", "ipa"), "de": ("wikipron", "ipa")})
# These segments are one phone in Kopf and two in Abfall; only the spelling tells.
_ONE_IF_SPELLED = MappingProxyType({"p f": "pf"})
_GLOTTAL_STOP = "ʔ"
_STRESS = "ˈˌ"
_MOST_PROBABILITIES = 4

_VARIANT = re.compile(r"\(\d+\)$")
_COMMENT = re.compile(r"(?:^|\s)#(?:\s|$)")


@dataclass(frozen=True)
class Lexicon:
    """Words and how they may be said.

    Attributes
    ----------
    name : str
        Where it came from.
    entries : mapping of str to tuple of Pronunciation
        Lower-case words (Unicode NFC); pronunciations in the order of the file.
    language : str
        Whose phones the pronunciations are made of.
    """

    name: str
    entries: Mapping[str, tuple[Pronunciation, ...]]
    language: str = "en"

    def __contains__(self, word: str) -> bool:
        """Say whether a word has a pronunciation."""
        return word in self.entries

    def __getitem__(self, word: str) -> tuple[Pronunciation, ...]:
        """Return the pronunciations of a word."""
        return self.entries[word]

    def __len__(self) -> int:
        """Return the number of words."""
        return len(self.entries)


def read_lexicon(path: Path, *, language: str = "en", stress: Stress = "strip") -> Lexicon:
    """Read a pronouncing dictionary, plain or gzipped.

    Formats are told apart by what a line looks like: CMUdict (a word, with ``(2)`` and so on
    after it for further pronunciations, and its phones between blanks; ``#`` begins a comment,
    ``;;;`` a line of comment), WikiPron (a word, a tab, its segments), MFA (a word, up to four
    columns of probabilities, its phones, all parted by tabs) and Phonetisaurus (a word and one
    or more pronunciations, parted by tabs).

    English phones may be ARPAbet or IPA, German ones the IPA of WikiPron or MFA; they are brought
    to the inventory of the language by the phone table. In German the glottal stop is left out,
    since entries mark it here and not there and no letter stands for it. Words that are
    only noise, such as MFA's ``<unk> spn``, are left out; words of several parts are kept as they
    stand.

    Parameters
    ----------
    path : Path
        UTF-8 text.
    language : str
        ``"en"`` or ``"de"``.
    stress : str
        ``"strip"``, or ``"keep"`` for ``AH0`` and ``ˈaː`` where the file marks stress.

    Raises
    ------
    InputError
        If the file cannot be read, is empty, or a line does not parse or has a phone outside the
        inventory (file, line and phone are named).
    """
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8-sig") as file:
            return _parse(file, str(path), language, stress)
    except (OSError, UnicodeDecodeError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read as a lexicon in UTF-8: {error}") from None


@cache
def cmudict() -> Lexicon:
    """Return the CMU Pronouncing Dictionary that comes with the package (see data/NOTICE)."""
    source = resources.files("naps.phonology").joinpath("data", "cmudict.dict.gz")
    with resources.as_file(source) as path:
        lexicon = read_lexicon(path)
    return Lexicon("cmudict", lexicon.entries)


def _parse(lines: Iterable[str], name: str, language: str, stress: Stress) -> Lexicon:
    inventory(language)
    entries: dict[str, list[Pronunciation]] = {}
    for number, line in enumerate(lines, 1):
        try:
            columns = _columns(unicodedata.normalize("NFC", line))
            if columns is None:
                continue
            word, variants = columns
            found = [_pronunciation(word, segments, language, stress) for segments in variants]
        except InputError as error:
            raise InputError(f"{name}, line {number}: {error}") from None
        for pronunciation in filter(None, found):
            said = entries.setdefault(word, [])
            if pronunciation not in said:
                said.append(pronunciation)
    if not entries:
        raise InputError(f"{name}: holds no words")
    return Lexicon(name, {word: tuple(said) for word, said in entries.items()}, language)


def _pronunciation(
    word: str, segments: Sequence[str], language: str, stress: Stress
) -> Pronunciation:
    if language == "de":
        segments = _joined(word, segments)
    return tuple(p for s in segments for p in _phones(s, language, stress))


def _columns(line: str) -> tuple[str, list[list[str]]] | None:
    """Part a line into its word and the segments of each pronunciation; None for an empty line."""
    if line.startswith(";;;") or not line.strip():
        return None
    if "\t" in line:
        word, *columns = line.split("\t")
        said = list(dropwhile(_is_number, columns))
        if len(columns) - len(said) > _MOST_PROBABILITIES or any(map(_is_number, said)):
            raise InputError(
                f"expected a word, at most {_MOST_PROBABILITIES} probabilities, and phones, parted "
                f"by tabs, found {line.strip()[:60]!r}"
            )
    else:
        entry = _COMMENT.split(line, maxsplit=1)[0].strip()
        if not entry:
            return None
        word, _, rest = entry.partition(" ")
        said = [rest]
    word, variants = _VARIANT.sub("", " ".join(word.split())).lower(), [s.split() for s in said]
    if not word or not variants or not all(variants):
        raise InputError(f"expected a word and its phones, found {line.strip()[:60]!r}")
    return word, variants


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _joined(word: str, segments: Sequence[str]) -> list[str]:
    """Join German segments that make one phone, and leave out glottal stops.

    The stress of a glottal stop goes to the sound behind it.
    """
    known = readings("wikipron", "de")
    joined: list[str] = []
    carried, used = "", False
    for segment, following in pairwise([*segments, ""]):
        if used:
            used = False
            continue
        pair = f"{segment} {following}"
        bare = pair.lstrip(_STRESS)
        used = bare in known and _ONE_IF_SPELLED.get(bare, "") in word
        if segment.lstrip(_STRESS) == _GLOTTAL_STOP:
            carried = segment.removesuffix(_GLOTTAL_STOP)
            continue
        joined.append(carried + (pair if used else segment))
        carried = ""
    return joined


@cache
def _phones(symbol: str, language: str, stress: Stress) -> Pronunciation:
    """Translate a symbol of a dictionary into phones, the first with its stress if that is kept."""
    for notation in _NOTATIONS[language]:
        try:
            phones = read_label(symbol, notation, language)[0]
        except InputError:
            continue
        if stress == "strip" or not phones:
            return phones
        mark = symbol.removesuffix(symbol.lstrip(_STRESS))
        digit = symbol[-1] if symbol[-1] in "012" else ""
        return (mark + phones[0] + digit, *phones[1:])
    raise InputError(
        f"{symbol!r} is no {' or '.join(_NOTATIONS[language])} symbol of a phone of "
        f"language {language!r} (see {TABLE})"
    )
