"""How phones are written in figures: as they are, in IPA, or both."""

from __future__ import annotations

from collections.abc import Sequence

from naps.errors import InputError
from naps.phonology.inventory import inventory

NOTATIONS = ("as written", "ipa", "both")


def label_names(labels: Sequence[str], notation: str = "as written") -> list[str]:
    """Write labels as people read them.

    Parameters
    ----------
    labels : sequence of str
    notation : str
        ``"as written"``; ``"ipa"`` puts English phones, which are written in ARPAbet, into IPA;
        ``"both"`` puts the IPA behind them, as in ``"SH ʃ"``. Every other label stays: German
        phones are in IPA already.

    Returns
    -------
    list of str, length labels

    Raises
    ------
    InputError
        If there is no such notation.
    """
    check_notation(notation)
    if notation == "as written":
        return list(labels)
    if notation == "ipa":
        return [ipa or label for label, ipa in zip(labels, ipa_symbols(labels), strict=True)]
    return [
        f"{label} {ipa}" if ipa else label
        for label, ipa in zip(labels, ipa_symbols(labels), strict=True)
    ]


def ipa_symbols(labels: Sequence[str]) -> list[str]:
    """Give the IPA of every English phone among labels, and nothing for other labels."""
    phones = inventory("en")
    return [phones[label].ipa if label in phones else "" for label in labels]


def check_notation(notation: str) -> None:
    """Refuse a notation that there is not."""
    if notation not in NOTATIONS:
        raise InputError(f"no notation {notation!r}; there are: {', '.join(NOTATIONS)}")
