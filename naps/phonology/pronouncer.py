"""How words are said, and which of their letters stands for which phone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from naps.errors import InputError
from naps.phonology.g2p import G2P, load_g2p, shipped_g2p
from naps.phonology.lexicon import Lexicon, Pronunciation, cmudict, read_lexicon
from naps.phonology.needleman_wunsch import Columns
from naps.phonology.scores import Scores, learned_scores

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word, said.

    Attributes
    ----------
    phones : tuple of str
        The pronunciation.
    letters : tuple of (int or None)
        For each letter of the word the index of its phone; None for a silent letter.
    source : {"lexicon", "g2p"}
        Who knew it.
    variant : int
        Which of the lexicon's pronunciations it is, from 1.
    confidence : float
        Probability that the G2P model gives to it; 1 for the lexicon's.
    """

    phones: Pronunciation
    letters: tuple[int | None, ...]
    source: Literal["lexicon", "g2p"]
    variant: int = 1
    confidence: float = 1.0

    def inserted(self) -> dict[int, int]:
        """Return the phones that no letter stands for, and the letter in front of each.

        Returns
        -------
        dict
            Index of the phone → index of the last letter with an earlier phone; the first letter
            with a phone where there is none earlier.
        """
        owner = {phone: letter for letter, phone in enumerate(self.letters) if phone is not None}
        if not owner:
            return {}
        result: dict[int, int] = {}
        last = owner[min(owner)]
        for phone in range(len(self.phones)):
            if phone in owner:
                last = owner[phone]
            else:
                result[phone] = last
        return result


class Pronouncer:
    """Says words with a lexicon, and with a G2P model what the lexicon lacks.

    Of several pronunciations in the lexicon the one whose alignment with the spelling scores
    highest is taken, the first of them on a tie.

    Parameters
    ----------
    lexicon : Lexicon or None
    g2p : G2P or None
        At least one of the two should be there; with neither no word can be said.
    scores : Scores
        Of letters with phones, of the same language.
    """

    def __init__(self, lexicon: Lexicon | None, g2p: G2P | None, scores: Scores) -> None:
        self._lexicon = lexicon
        self._g2p = g2p
        self._scores = scores
        self._known: dict[str, SpokenWord | None] = {}

    def learn(self, words: Iterable[str]) -> None:
        """Look words up, those that need the G2P model all at once."""
        missing = []
        for word in sorted(set(words) - self._known.keys()):
            self._known[word] = None
            if not word or set(word) - set(self._scores.letters):
                continue
            if self._lexicon is not None and word in self._lexicon:
                said = self._lexicon[word]
                best, columns = self._scores.best(word, said)
                letters = _opposite(word, columns)
                self._known[word] = SpokenWord(said[best], letters, "lexicon", variant=best + 1)
            else:
                missing.append(word)
        if self._g2p is None or not missing:
            return
        for word, guess in zip(missing, self._g2p.pronounce(missing), strict=True):
            if guess.phones:
                letters = _opposite(word, self._scores.align(word, guess.phones)[1])
                self._known[word] = SpokenWord(
                    guess.phones, letters, "g2p", confidence=guess.confidence
                )

    def __call__(self, word: str) -> SpokenWord | None:
        """Say a word, or None for one that cannot be said."""
        if word not in self._known:
            self.learn([word])
        return self._known[word]


def _opposite(word: str, columns: Columns) -> tuple[int | None, ...]:
    """Return for each letter the phone that an alignment puts opposite."""
    letters: list[int | None] = [None] * len(word)
    for i, j in columns:
        if i is not None:
            letters[i] = j
    return tuple(letters)


def find_pronouncer(
    language: str, lexicon: str | Path | Lexicon | None, g2p: str | Path | G2P | None
) -> Pronouncer | None:
    """Put a pronouncer together from names.

    Parameters
    ----------
    language : str
        Two-letter code.
    lexicon : str, Path, Lexicon or None
        ``"auto"`` is CMUdict for English and none for German, ``"cmudict"`` comes with the
        package, a path names a dictionary in any format of `read_lexicon`.
    g2p : str, Path, G2P or None
        ``"auto"`` is the model that comes with the package, a path names another.

    Returns
    -------
    Pronouncer or None
        None where there is neither a lexicon nor a model.

    Raises
    ------
    InputError
        If a file cannot be read, or lexicon or model are of another language.
    """
    if lexicon == AUTO:
        lexicon = "cmudict" if language == "en" else None
    if lexicon == "cmudict":
        lexicon = cmudict()
    elif lexicon is not None and not isinstance(lexicon, Lexicon):
        lexicon = read_lexicon(Path(lexicon), language=language)
    if g2p == AUTO:
        g2p = shipped_g2p(language)
    elif g2p is not None and not isinstance(g2p, G2P):
        g2p = load_g2p(Path(g2p))
    for source in (lexicon, g2p):
        if source is not None and source.language != language:
            raise InputError(
                f"{source.name} is of language {source.language!r}, but {language!r} is spoken"
            )
    if lexicon is None and g2p is None:
        return None
    return Pronouncer(lexicon, g2p, learned_scores(language))
