"""The phones of English and German and their phonetic classes.

The table is ``data/phones.csv``: one row per phone, with its symbol in each language that has it,
its features, and the labels by which notations write it (`naps.phonology.notation` reads those).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

from naps.errors import InputError

FEATURES = ("manner", "place", "voicing", "height", "backness", "rounding", "length")
TABLE = "naps/phonology/data/phones.csv"
VOWEL_LETTERS = frozenset("aeiouäöü")

_COLUMNS = MappingProxyType({"en": "english", "de": "german"})


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone of one language; features that do not apply are empty.

    Attributes
    ----------
    symbol : str
        As the project writes it: ARPAbet without stress for English, IPA for German.
    ipa, xsampa : str
        In these two notations.
    example : str
        A word with it.
    manner, place, voicing, height, backness, rounding : str
        After the IPA chart; manners are named as in CMUdict. A diphthong has the height, backness
        and rounding of its beginning.
    length : str
        ``long`` or ``short`` for German vowels; American English does not use it alone.
    """

    symbol: str
    ipa: str
    xsampa: str
    example: str
    manner: str
    place: str
    voicing: str
    height: str
    backness: str
    rounding: str
    length: str


@cache
def table() -> tuple[Mapping[str, str], ...]:
    """Return the rows of the phone table by column; its comments say what they mean."""
    source = resources.files("naps.phonology").joinpath("data", "phones.csv")
    lines = source.read_text("utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return tuple(MappingProxyType(row) for row in rows)


def languages() -> tuple[str, ...]:
    """Return the codes of the languages that have an inventory."""
    return tuple(_COLUMNS)


def symbols(row: Mapping[str, str], language: str) -> tuple[str, ...] | None:
    """Return the phones that a row of the table stands for, or None if not in this language.

    Raises
    ------
    InputError
        If the language has no inventory.
    """
    if language not in _COLUMNS:
        raise InputError(
            f"no phone inventory for language {language!r}; there are: {', '.join(_COLUMNS)}"
        )
    cell = row[_COLUMNS[language]]
    return None if not cell else () if cell == "∅" else tuple(cell.split())


@cache
def inventory(language: str) -> Mapping[str, Phone]:
    """Return the phones of a language by symbol, in the order of the table.

    Parameters
    ----------
    language : str
        ``"en"`` (39 ARPAbet symbols) or ``"de"`` (IPA).

    Raises
    ------
    InputError
        If the language has no inventory.
    """
    phones: dict[str, Phone] = {}
    for row in table():
        found = symbols(row, language)
        if not found or not row["manner"]:
            continue
        (symbol,) = found
        phones[symbol] = Phone(
            symbol=symbol,
            ipa=symbol if language == "de" else row["ipa"].split()[0],
            xsampa=row["xsampa"].split()[0],
            example=row[f"example_{language}"],
            manner=row["manner"],
            place=row["place"],
            voicing=row["voicing"],
            height=row["height"],
            backness=row["backness"],
            rounding=row["rounding"],
            length=row.get(f"length_{language}", ""),
        )
    return MappingProxyType(phones)


def shared_phones() -> tuple[tuple[str, str], ...]:
    """Return the pairs of an English and a German symbol that stand for the same phone.

    The table decides, by quality: the consonants but for r, the lax vowels and the closing
    diphthongs are shared; r, the low vowels and plain eː and oː beside the English diphthongs
    are not.
    """
    return tuple(
        (row["english"], row["german"])
        for row in table()
        if row["manner"] and row["english"] and row["german"]
    )


def classes(labels: Sequence[str], feature: str = "manner") -> list[str] | None:
    """Give the class of each label by one feature, or None where some label is no phone.

    Parameters
    ----------
    labels : sequence of str
        Symbols of either inventory or of both.
    feature : str
        One of `FEATURES`.

    Raises
    ------
    InputError
        If there is no such feature.
    """
    if feature not in FEATURES:
        raise InputError(f"{feature!r} is no feature; there are: {', '.join(FEATURES)}")
    # The symbols of the two languages never meet: ARPAbet is written in capitals.
    phones = {**inventory("en"), **inventory("de")}
    if not all(label in phones for label in labels):
        return None
    return [str(getattr(phones[label], feature)) for label in labels]


def letter_classes(labels: Sequence[str]) -> list[str] | None:
    """Give ``vowel`` or ``consonant`` for each letter, or None where a label is no letter.

    The apostrophe counts with the consonants, so that one class is the vowel letters.
    """
    if not all(len(label) == 1 and (label.isalpha() or label == "'") for label in labels):
        return None
    return ["vowel" if label in VOWEL_LETTERS else "consonant" for label in labels]
