"""The phones of English in ARPAbet and their phonetic classes.

The tables are ``data/phones_en.csv`` (classes after CMUdict's own list, place and vowel features
after the IPA chart) and ``data/espeak_en.csv`` (labels of espeak-ng's American voice).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

from naps.errors import InputError

FEATURES = ("manner", "place", "voicing", "height", "backness", "rounding")
VOWEL_LETTERS = frozenset("aeiouäöü")


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone of the inventory; features that do not apply are empty."""

    phone: str
    ipa: str
    example: str
    manner: str
    place: str
    voicing: str
    height: str
    backness: str
    rounding: str


def _rows(name: str) -> list[dict[str, str]]:
    text = resources.files("naps.phonology").joinpath("data", name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def english() -> Mapping[str, Phone]:
    """Return the 39 ARPAbet phones, by symbol."""
    return MappingProxyType({row["phone"]: Phone(**row) for row in _rows("phones_en.csv")})


@cache
def _espeak() -> Mapping[str, tuple[str, ...]]:
    return MappingProxyType(
        {row["espeak"]: tuple(row["phones"].split()) for row in _rows("espeak_en.csv")}
    )


def espeak_to_arpabet(label: str) -> tuple[str, ...]:
    """Translate a label of espeak-ng's American English voice into ARPAbet phones.

    Raises
    ------
    InputError
        If the label is not in the table.
    """
    try:
        return _espeak()[label]
    except KeyError:
        raise InputError(
            f"espeak label {label!r} is not in naps/phonology/data/espeak_en.csv"
        ) from None


def classes(labels: list[str], feature: str = "manner") -> list[str] | None:
    """Give the class of each label by one feature, or None where labels are no phones.

    Parameters
    ----------
    labels : list of str
        ARPAbet phones.
    feature : str
        One of `FEATURES`.
    """
    inventory = english()
    if feature not in FEATURES:
        raise InputError(f"{feature!r} is no feature; there are: {', '.join(FEATURES)}")
    if not all(label in inventory for label in labels):
        return None
    return [str(getattr(inventory[label], feature)) for label in labels]


def letter_classes(labels: list[str]) -> list[str] | None:
    """Give ``vowel`` or ``consonant`` for each letter, or None where a label is no letter.

    The apostrophe counts with the consonants, so that one class is the vowel letters.
    """
    if not all(len(label) == 1 and (label.isalpha() or label == "'") for label in labels):
        return None
    return ["vowel" if label in VOWEL_LETTERS else "consonant" for label in labels]
