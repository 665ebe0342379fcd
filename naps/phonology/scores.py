"""How well a letter goes with a phone, as learned from a lexicon."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from itertools import chain
from pathlib import Path

import numpy as np

from naps.errors import InputError
from naps.files import write_text
from naps.phonology.inventory import inventory
from naps.phonology.lexicon import Lexicon
from naps.phonology.needleman_wunsch import (
    BatchAlignment,
    Columns,
    Floats,
    Ints,
    align_batch,
    with_none,
)

Pair = tuple[str, Sequence[str]]

_SMOOTHING = 0.1


@dataclass(frozen=True)
class _Spelling:
    """The letters of a language, which of them are vowels, and how consonants are spelled."""

    letters: str
    vowels: str
    consonants: str


_SPELLINGS = {
    "en": _Spelling(
        letters="abcdefghijklmnopqrstuvwxyz'",
        vowels="aeiouy",
        consonants=(
            "B:b CH:c D:d DH:t TH:t F:fp G:g HH:h JH:jg K:kcqx L:l M:m N:n NG:n P:p R:r ER:r "
            "S:scz SH:s V:v W:w Y:yu Z:zs ZH:sgz"
        ),
    ),
    # Final devoicing gives p, t, k and ç to b, d and g; ɐ is what becomes of r after a vowel.
    "de": _Spelling(
        letters="abcdefghijklmnopqrstuvwxyzäöüß'",
        vowels="aeiouyäöü",
        consonants=(
            "b:b p:pb d:d t:td ɡ:g k:kcgqx m:m n:n ŋ:n f:fvp v:wv s:sßcz z:s ʃ:s ʒ:gj ç:cg x:c "
            "h:h ʁ:r ɐ:r l:l j:jy pf:p ts:ztc tʃ:tc dʒ:dj"
        ),
    ),
}


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of pairing letters with phones.

    Attributes
    ----------
    letters, phones : str, tuple of str
        Symbols in the order of the arrays.
    substitution : array, shape (letters, phones)
    deletion : array, shape (letters,)
        Of a silent letter.
    insertion : array, shape (phones,)
        Of a phone that no letter stands for.
    """

    letters: str
    phones: tuple[str, ...]
    substitution: Floats
    deletion: Floats
    insertion: Floats

    def align(self, word: str, pronunciation: Sequence[str]) -> tuple[float, Columns]:
        """Align a word's letters with its phones.

        Returns
        -------
        score : float
        columns : list of (int or None, int or None)
            Positions in the word and the pronunciation, None for a gap.

        Raises
        ------
        InputError
            If a letter or a phone has no scores.
        """
        batch = self.align_all([(word, pronunciation)])
        return float(batch.scores[0]), with_none(batch.columns)

    def best(self, word: str, pronunciations: Sequence[Sequence[str]]) -> tuple[int, Columns]:
        """Find the pronunciation that aligns best with a word, the first of them on a tie.

        Returns
        -------
        index : int
            Of the pronunciation.
        columns : list of (int or None, int or None)
            Positions in the word and in this pronunciation, None for a gap.

        Raises
        ------
        InputError
            If there are no pronunciations, or a letter or a phone has no scores.
        """
        if not pronunciations:
            raise InputError(f"{word!r} has no pronunciation to choose from")
        batch = self.align_all([(word, said) for said in pronunciations])
        index = int(batch.scores.argmax())
        return index, with_none(batch[index])

    def align_all(self, pairs: Sequence[Pair], threads: int | None = None) -> BatchAlignment:
        """Align many words with their phones.

        Parameters
        ----------
        pairs : sequence of (word, pronunciation)
        threads : int, optional
            As for `align_batch`.

        Raises
        ------
        InputError
            If a letter or a phone has no scores; the word is named.
        """
        return _Encoded.of(pairs, self).align(self, threads)

    @cached_property
    def letter_index(self) -> Mapping[str, int]:
        """Where a letter stands in the arrays."""
        return {letter: i for i, letter in enumerate(self.letters)}

    @cached_property
    def phone_index(self) -> Mapping[str, int]:
        """Where a phone stands in the arrays."""
        return {phone: j for j, phone in enumerate(self.phones)}

    def write(self, path: Path, source: str) -> None:
        """Write the scores as JSON with four decimals, and what they were learned from."""
        table = {
            "source": source,
            "letters": self.letters,
            "phones": self.phones,
            "substitution": self.substitution.round(4).tolist(),
            "deletion": self.deletion.round(4).tolist(),
            "insertion": self.insertion.round(4).tolist(),
        }
        text = json.dumps(table, ensure_ascii=False, separators=(",", ":"))
        write_text(path, text + "\n")


@dataclass(frozen=True, eq=False)
class _Encoded:
    """Words and pronunciations as indices into scores, all in one array."""

    x: Ints
    x_offsets: Ints
    y: Ints
    y_offsets: Ints

    @classmethod
    def of(cls, pairs: Sequence[Pair], scores: Scores) -> _Encoded:
        words = [word for word, _ in pairs]
        x, x_offsets = _encode(words, words, scores.letter_index, "letter")
        said = [pronunciation for _, pronunciation in pairs]
        y, y_offsets = _encode(said, words, scores.phone_index, "phone")
        return cls(x, x_offsets, y, y_offsets)

    def align(self, scores: Scores, threads: int | None = None) -> BatchAlignment:
        return align_batch(
            self.x,
            self.x_offsets,
            self.y,
            self.y_offsets,
            scores.substitution,
            scores.deletion,
            scores.insertion,
            threads,
        )

    def counts(self, batch: BatchAlignment, letters: int, phones: int) -> Floats:
        """Count the columns, shape (letters + 1, phones + 1); the last of each is the gap."""
        lengths = np.diff(batch.offsets)
        sides = []
        for side, (flat, offsets, gap) in enumerate(
            ((self.x, self.x_offsets, letters), (self.y, self.y_offsets, phones))
        ):
            position = batch.columns[:, side]
            symbols = np.full(len(position), gap, np.int64)
            paired = position >= 0
            symbols[paired] = flat[(position + np.repeat(offsets[:-1], lengths))[paired]]
            sides.append(symbols)
        counted = np.bincount(
            sides[0] * (phones + 1) + sides[1], minlength=(letters + 1) * (phones + 1)
        )
        return counted.reshape(letters + 1, phones + 1).astype(np.float64)


def _encode(
    sequences: Sequence[Sequence[str]],
    words: Sequence[str],
    index: Mapping[str, int],
    kind: str,
) -> tuple[Ints, Ints]:
    offsets = np.zeros(len(sequences) + 1, np.int64)
    np.cumsum([len(sequence) for sequence in sequences], out=offsets[1:])
    try:
        symbols = map(index.__getitem__, chain.from_iterable(sequences))
        return np.fromiter(symbols, np.int64, offsets[-1]), offsets
    except KeyError as error:
        unknown = error.args[0]
    word = next(w for w, sequence in zip(words, sequences, strict=True) if unknown in sequence)
    raise InputError(f"{kind} {unknown!r} of the word {word!r} has no scores")


def seed_scores(language: str) -> Scores:
    """Return the table that learning starts from.

    A consonant's usual spelling scores 2, another pair of vowels or of consonants 1, any other
    pair −1, a silent letter −1 and an inserted phone −1.5. The apostrophe is neither a vowel nor a
    consonant.

    Parameters
    ----------
    language : str
        ``"en"`` or ``"de"``.

    Raises
    ------
    InputError
        If the language has no inventory or no table of spellings.
    """
    phones = inventory(language)
    if language not in _SPELLINGS:
        raise InputError(f"no table of spellings for language {language!r}")
    spelling = _SPELLINGS[language]
    usual = dict(entry.split(":") for entry in spelling.consonants.split())
    table = np.empty((len(spelling.letters), len(phones)))
    for i, letter in enumerate(spelling.letters):
        for j, (symbol, phone) in enumerate(phones.items()):
            same = letter.isalpha() and (letter in spelling.vowels) == (phone.manner == "vowel")
            table[i, j] = 2.0 if letter in usual.get(symbol, "") else 1.0 if same else -1.0
    silent, inserted = np.full(len(spelling.letters), -1.0), np.full(len(phones), -1.5)
    return Scores(spelling.letters, tuple(phones), table, silent, inserted)


def fit(pairs: Iterable[Pair], start: Scores, iterations: int = 5) -> tuple[Scores, list[float]]:
    """Learn scores by Viterbi expectation–maximisation.

    Each round aligns every pair with the present scores, counts the columns, gaps included, and
    takes their smoothed log shares as the next scores.

    Parameters
    ----------
    pairs : iterable of (word, pronunciation)
        In the letters and phones of the start table.
    start : Scores
        Such as `seed_scores`.
    iterations : int
        Rounds.

    Returns
    -------
    scores : Scores
    log_likelihoods : list of float
        Mean per word of the best alignments under the scores that each round produced.

    Raises
    ------
    InputError
        If there are no pairs, or a letter or a phone has no scores; the word is named.
    """
    words = _Encoded.of(list(pairs), start)
    if len(words.x_offsets) == 1:
        raise InputError("there are no words to learn from")
    scores, history = start, []
    n, m = start.substitution.shape
    # The corner, a gap opposite a gap, is never counted.
    possible = (n + 1) * (m + 1) - 1
    batch = words.align(scores)
    for _ in range(iterations):
        counts = words.counts(batch, n, m)
        logs = _exact(np.log((counts + _SMOOTHING) / (counts.sum() + _SMOOTHING * possible)))
        scores = Scores(start.letters, start.phones, logs[:n, :m], logs[:n, m], logs[n, :m])
        batch = words.align(scores)
        history.append(float(batch.scores.mean()))
    return scores, history


def _exact(scores: Floats) -> Floats:
    """Round to a millionth, as a power of two: sums of such numbers have no rounding error.

    Which of the two letters l in tell has the phone is a tie, then, and the order of moves decides
    it in every word alike. Otherwise the last bit would decide, here for the one and there for
    the other.
    """
    return np.round(scores * 2.0**20) / 2.0**20


def learn(lexicon: Lexicon, iterations: int = 5) -> tuple[Scores, tuple[str, ...]]:
    """Learn scores from all pronunciations of a lexicon, starting from its language's seed.

    A letter with a mark that the language does not know is learned as the letter without it, the
    é of Café as e; a word with other characters is left out.

    Returns
    -------
    scores : Scores
    left_out : tuple of str
        Words.

    Raises
    ------
    InputError
        If the language has no seed scores or no word is left.
    """
    start = seed_scores(lexicon.language)
    pairs: list[Pair] = []
    left_out = []
    for word, pronunciations in lexicon.entries.items():
        plain = _plain(word, start.letters)
        if plain is None:
            left_out.append(word)
        else:
            pairs += [(plain, said) for said in pronunciations]
    return fit(pairs, start, iterations)[0], tuple(left_out)


def _plain(word: str, letters: str) -> str | None:
    """Write a word in the given letters, one for one, or return None."""
    plain = "".join(c if c in letters else unicodedata.normalize("NFD", c)[0] for c in word)
    return plain if all(c in letters for c in plain) else None


@cache
def learned_scores(language: str) -> Scores:
    """Return the scores that come with the package.

    Those for English were learned from the shipped CMUdict, those for German from WikiPron's
    ``deu_latn_broad_filtered.tsv``; `learn` and `Scores.write` make the files again.

    Parameters
    ----------
    language : str
        ``"en"`` or ``"de"``.

    Raises
    ------
    InputError
        If there are none for the language.
    """
    source = resources.files("naps.phonology").joinpath("data", f"scores_{language}.json")
    if language not in _SPELLINGS:
        raise InputError(f"no letter–phone scores for language {language!r}")
    table = json.loads(source.read_text("utf-8"))
    return Scores(
        table["letters"],
        tuple(table["phones"]),
        *(_exact(np.array(table[name])) for name in ("substitution", "deletion", "insertion")),
    )
