"""The letters a recognizer writes, and how text is brought to them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from naps.errors import InputError

_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'"})

# Of Unicode, for private use: no text has these characters.
_PRIVATE = 0xF0000


@dataclass(frozen=True, slots=True)
class Alphabet:
    """The output symbols of a recognizer; the CTC blank comes after them, last.

    Attributes
    ----------
    symbols : str
        One character each, in the order of the output units.
    """

    symbols: str

    def __post_init__(self) -> None:
        if len(set(self.symbols)) != len(self.symbols):
            raise ValueError(f"alphabet {self.symbols!r} repeats a symbol")

    def __len__(self) -> int:
        """Return the number of output units, the blank included."""
        return len(self.symbols) + 1

    @property
    def blank(self) -> int:
        """Index of the CTC blank."""
        return len(self.symbols)

    def normalise(self, text: str) -> tuple[str, str]:
        """Lower-case text and drop punctuation; keep what the alphabet can write.

        Hyphens, dashes and slashes part words. Letters with a mark that the alphabet lacks lose
        the mark (é → e).

        Returns
        -------
        clean : str
            Words of the alphabet's characters, single spaces between them.
        unknown : str
            Letters and digits that could not be written, in order, each once.
        """
        clean: list[str] = []
        unknown: dict[str, None] = {}
        for character in unicodedata.normalize("NFC", text).lower().translate(_APOSTROPHES):
            if character in self.symbols:
                clean.append(character)
            elif character.isspace() or character in "-–—/_":
                clean.append(" ")
            elif character.isalnum():
                plain = "".join(
                    c for c in unicodedata.normalize("NFKD", character) if c in self.symbols
                )
                clean.append(plain)
                if not plain:
                    unknown[character] = None
        return " ".join("".join(clean).split()), "".join(unknown)

    def encode(self, clean: str) -> list[int]:
        """Give the output units of normalised text."""
        return [self.symbols.index(character) for character in clean]

    def decode(self, units: Sequence[int]) -> str:
        """Give the text of output units, none of them the blank."""
        return "".join(self.symbols[unit] for unit in units)


ENGLISH = Alphabet("abcdefghijklmnopqrstuvwxyz '")
GERMAN = Alphabet("abcdefghijklmnopqrstuvwxyz 'äöüß")


def letters_of(
    labels: Sequence[str], *, blank: str = "-", space: str = "|"
) -> tuple[Alphabet, tuple[int, ...]]:
    """Read the labels that another recognizer's output units have.

    Parameters
    ----------
    labels : sequence of str
        One for each output unit. Capitals become small letters; a label that is no single
        letter, such as ``"<unk>"``, is left out.
    blank, space : str
        The labels of the CTC blank and of what parts words.

    Returns
    -------
    alphabet : Alphabet
        Letters in the order of the units.
    order : tuple of int
        The unit of each letter, the blank's last: the order of an `Adapter`.

    Raises
    ------
    InputError
        If no unit is the blank, or two would write the same letter.
    """
    if blank not in labels:
        raise InputError(f"none of the labels is the blank {blank!r}; they are: {' '.join(labels)}")
    letters: dict[str, int] = {}
    for unit, label in enumerate(labels):
        letter = " " if label == space else label.lower()
        if label == blank or len(letter) != 1:
            continue
        if letter in letters:
            raise InputError(f"labels {labels[letters[letter]]!r} and {label!r} are one letter")
        letters[letter] = unit
    return Alphabet("".join(letters)), (*letters.values(), list(labels).index(blank))


def no_letters(units: int) -> Alphabet:
    """Return a stand-in for the alphabet of a network whose output units are no letters.

    Parameters
    ----------
    units : int
        Of the output, none of which is a blank.
    """
    return Alphabet("".join(chr(_PRIVATE + unit) for unit in range(units - 1)))
