"""How phones are written: ARPAbet, IPA, X-SAMPA, and the labels of espeak, EmoDB and WikiPron.

The labels of each notation are a column of the phone table (``data/phones.csv``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from naps.errors import InputError
from naps.phonology.inventory import TABLE, inventory, symbols, table

Phones = tuple[str, ...]

NOTATIONS = ("arpabet", "ipa", "xsampa", "emodb", "espeak", "wikipron")

_COLUMNS = MappingProxyType(
    {
        ("arpabet", "en"): "arpabet",
        ("ipa", "en"): "ipa",
        ("ipa", "de"): "ipa",
        ("xsampa", "en"): "xsampa",
        ("xsampa", "de"): "xsampa",
        ("emodb", "de"): "emodb",
        ("espeak", "en"): "espeak_en",
        ("espeak", "de"): "espeak_de",
        ("wikipron", "de"): "wikipron_de",
    }
)
# Signs before a label that say nothing of the phone.
_STRESS = MappingProxyType({"arpabet": "", "xsampa": '"%', "emodb": ""})
_IPA_STRESS = "ˈˌ"
# Tie bars, rings of devoicing, dental bridges, and raised h, j and w.
_IPA_MARKS = re.compile("[\u0361\u035c\u0325\u030a\u032aʰʲʷ]")


@cache
def readings(notation: str, language: str) -> Mapping[str, tuple[Phones, ...]]:
    """Return all labels of a notation and what each may mean, as `read_label` does for one.

    A label with a blank is two segments that make one phone together.

    Raises
    ------
    InputError
        If there is no such notation, or it does not write this language.
    """
    column = _column(notation, language)
    found: dict[str, tuple[Phones, ...]] = {}
    for row in table():
        meaning = symbols(row, language)
        if meaning is None:
            continue
        labels = _labels(row, column, language)
        if notation == "arpabet" and row["manner"] == "vowel":
            labels += [label + digit for label in labels for digit in "012"]
        for label in labels:
            if meaning not in found.get(label, ()):
                found[label] = (*found.get(label, ()), meaning)
    return MappingProxyType(found)


def read_label(label: str, notation: str, language: str) -> tuple[Phones, ...]:
    """Translate a label into phones.

    Stress is ignored, and in IPA also such marks as tie bars and aspiration, unless the table has
    the label with them.

    Parameters
    ----------
    label : str
        One label of a tier or one symbol of a pronunciation.
    notation : str
        One of `NOTATIONS`; ``"wikipron"`` is IPA in the manner of WikiPron's German data.
    language : str
        ``"en"`` or ``"de"``.

    Returns
    -------
    tuple of tuple of str
        What the label may mean, in the order of the table: mostly one thing, and that one phone.
        Silence, noise and the slips of a labeller are ``((),)``.

    Raises
    ------
    InputError
        If the notation does not write the language, or the label is not in the table.
    """
    known = readings(notation, language)
    whole = unicodedata.normalize("NFC", label)
    unstressed = whole.lstrip(_STRESS.get(notation, _IPA_STRESS))
    unmarked = unstressed if notation in _STRESS else _IPA_MARKS.sub("", unstressed)
    for candidate in (whole, unstressed, unmarked):
        if candidate in known:
            return known[candidate]
    raise InputError(f"{label!r} is no {notation} label for language {language!r} in {TABLE}")


def write_label(phone: str, notation: str, language: str) -> str:
    """Return the label by which a notation writes a phone, the preferred one if it has several.

    Parameters
    ----------
    phone : str
        A symbol of the inventory of the language.
    notation : str
        One of `NOTATIONS`.
    language : str
        ``"en"`` or ``"de"``.

    Raises
    ------
    InputError
        If the phone is not in the inventory, or the notation does not write the language.
    """
    preferred = _preferred(notation, language)
    if phone not in preferred:
        raise InputError(
            f"{phone!r} is no phone of language {language!r}; "
            f"there are: {' '.join(inventory(language))}"
        )
    return preferred[phone]


@cache
def _preferred(notation: str, language: str) -> Mapping[str, str]:
    """Map each phone of a language to the label that stands first in its row."""
    column = _column(notation, language)
    written: dict[str, str] = {}
    for row in table():
        meaning = symbols(row, language)
        if meaning and row["manner"]:
            written[meaning[0]] = _labels(row, column, language)[0]
    return MappingProxyType(written)


def _column(notation: str, language: str) -> str:
    """Return the column of the table that holds a notation."""
    inventory(language)
    if notation not in NOTATIONS:
        raise InputError(f"unknown notation {notation!r}; choose one of {', '.join(NOTATIONS)}")
    if (notation, language) not in _COLUMNS:
        raise InputError(f"{TABLE} has no {notation} labels for language {language!r}")
    return _COLUMNS[notation, language]


def _labels(row: Mapping[str, str], column: str, language: str) -> list[str]:
    """Return the labels in a cell of the table; German IPA begins with the symbol itself."""
    text = unicodedata.normalize("NFC", row[column])
    labels = [
        label.replace("+", " ") if column == "wikipron_de" else label for label in text.split()
    ]
    if column == "ipa" and language == "de" and row["manner"]:
        return [row["german"], *labels]
    return labels
