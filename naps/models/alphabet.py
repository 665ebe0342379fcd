"""The letters a recognizer writes, and how text is brought to them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'"})


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
