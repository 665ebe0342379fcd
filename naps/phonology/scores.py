"""How well a letter goes with a phone, as learned from a lexicon."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from naps.phonology.inventory import english
from naps.phonology.needleman_wunsch import Columns, Floats, align

_SEED = (
    "B:b CH:c D:d DH:t TH:t F:fp G:g HH:h JH:jg K:kcqx L:l M:m N:n NG:n P:p R:r ER:r "
    "S:scz SH:s V:v W:w Y:yu Z:zs ZH:sgz"
)
_VOWEL_LETTERS = "aeiouy"
_SMOOTHING = 0.1


@dataclass(frozen=True)
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
        """Align a word's letters with its phones; see `needleman_wunsch.align`."""
        return align(
            [self.letters.index(letter) for letter in word],
            [self.phones.index(phone) for phone in pronunciation],
            self.substitution,
            self.deletion,
            self.insertion,
        )


def seed_scores() -> Scores:
    """Return the table that learning starts from.

    A consonant's usual spelling scores 2, another pair of vowels or of consonants 1, a mixed pair
    −1, a silent letter −1 and an inserted phone −1.5.
    """
    letters = "abcdefghijklmnopqrstuvwxyz'"
    inventory = english()
    phones = tuple(inventory)
    usual = {entry.split(":")[0]: entry.split(":")[1] for entry in _SEED.split()}
    table = np.empty((len(letters), len(phones)))
    for i, letter in enumerate(letters):
        for j, phone in enumerate(phones):
            same = (letter in _VOWEL_LETTERS) == (inventory[phone].manner == "vowel")
            table[i, j] = 2.0 if letter in usual.get(phone, "") else 1.0 if same else -1.0
    return Scores(letters, phones, table, np.full(len(letters), -1.0), np.full(len(phones), -1.5))


def fit(
    pairs: Iterable[tuple[str, Sequence[str]]], start: Scores, iterations: int = 5
) -> tuple[Scores, list[float]]:
    """Learn scores by Viterbi expectation–maximisation.

    Each round aligns every pair with the present scores, counts the columns, gaps included, and
    takes their smoothed log shares as the next scores.

    Parameters
    ----------
    pairs : iterable of (word, pronunciation)
        Words of the start table's letters.
    start : Scores
        Such as `seed_scores`.
    iterations : int
        Rounds.

    Returns
    -------
    scores : Scores
    log_likelihoods : list of float
        Mean per word of the best alignment under the scores that each round produced.
    """
    data = [
        (
            np.array([start.letters.index(c) for c in word], np.int64),
            np.array([start.phones.index(p) for p in phones], np.int64),
        )
        for word, phones in pairs
    ]
    scores, history = start, []
    n, m = start.substitution.shape
    for _ in range(iterations):
        counts = np.zeros((n + 1, m + 1))
        for x, y in data:
            for i, j in align(x, y, scores.substitution, scores.deletion, scores.insertion)[1]:
                counts[n if i is None else x[i], m if j is None else y[j]] += 1
        possible = (n + 1) * (m + 1) - 1
        logs = np.log((counts + _SMOOTHING) / (counts.sum() + _SMOOTHING * possible))
        scores = Scores(start.letters, start.phones, logs[:n, :m], logs[:n, m], logs[n, :m])
        # The corner, a gap opposite a gap, is never counted.
        history.append(float((counts * logs).sum()) / len(data))
    return scores, history


@cache
def english_scores() -> Scores:
    """Return the scores learned from the shipped CMUdict."""
    text = resources.files("naps.phonology").joinpath("data", "scores_en.json").read_text("utf-8")
    table = json.loads(text)
    return Scores(
        table["letters"],
        tuple(table["phones"]),
        np.array(table["substitution"]),
        np.array(table["deletion"]),
        np.array(table["insertion"]),
    )
