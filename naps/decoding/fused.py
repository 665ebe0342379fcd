"""CTC prefix beam search with a language model."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from naps.decoding.language_model import END, UNKNOWN, LanguageModel, State
from naps.models.alphabet import Alphabet

_Floats = npt.NDArray[np.float64]
_Ints = npt.NDArray[np.int64]


@dataclass(slots=True, eq=False)
class _Prefix:
    """A beginning of a text, as a node of the tree of all that were in the beam.

    ``unit`` is its last letter, ``word`` the unfinished word at its end, ``state`` the language
    model's before that word, and ``language`` its score so far. ``settled`` says that the
    unfinished word is in that score already, as an unknown one. ``gain`` is what each unit would
    add to the score.
    """

    above: _Prefix | None
    unit: int
    word: str
    state: State
    language: float
    settled: bool
    gain: _Floats
    below: dict[int, _Prefix] = field(default_factory=dict)


class _Speller:
    """Lengthens prefixes and keeps their language score."""

    def __init__(
        self, alphabet: Alphabet, model: LanguageModel, weight: float, bonus: float, unknown: float
    ) -> None:
        self.alphabet = alphabet
        self.space = alphabet.symbols.find(" ")
        self.model = model
        self.weight = weight
        self.bonus = bonus
        self.unknown = unknown
        self.nothing = np.zeros(len(alphabet))
        # What prefixes with the same end have in common.
        self.strangers: dict[str, _Floats] = {}
        self.words: dict[tuple[State, str], tuple[float, State]] = {}

    def first(self) -> _Prefix:
        state = self.model.start
        return _Prefix(None, -1, "", state, 0.0, False, self.gain("", state))

    def longer(self, prefix: _Prefix, unit: int) -> _Prefix:
        """Return the prefix with one more letter; the same object at every call."""
        if unit in prefix.below:
            return prefix.below[unit]
        language = prefix.language + float(prefix.gain[unit])
        if unit == self.space:
            word, settled = "", False
            state = self.word(prefix.state, prefix.word)[1] if prefix.word else prefix.state
        else:
            word, state = prefix.word + self.alphabet.symbols[unit], prefix.state
            settled = prefix.settled or not self.model.begins_a_word(word)
        gain = self.nothing if settled else self.gain(word, state)
        child = _Prefix(prefix, unit, word, state, language, settled, gain)
        prefix.below[unit] = child
        return child

    def gain(self, word: str, state: State) -> _Floats:
        """Give what each unit adds to the score after this unfinished word, if it may be known."""
        if word not in self.strangers:
            begins = self.model.begins_a_word
            self.strangers[word] = np.array(
                [s != " " and not begins(word + s) for s in self.alphabet.symbols] + [False],
                np.float64,
            )
        gain = self.strangers[word] * self.word(state, UNKNOWN)[0]
        if word and self.space >= 0:
            gain[self.space] = self.word(state, word)[0]
        return gain

    def word(self, state: State, word: str) -> tuple[float, State]:
        """Give the weighed score of a whole word, its bonus included, and the state after it."""
        key = (state, word)
        if key not in self.words:
            score, after = self.model.score(state, word)
            if score == -math.inf:
                score = self.unknown
            elif word not in self.model:
                score += self.unknown
            self.words[key] = self.weight * score + self.bonus, after
        return self.words[key]

    def ending(self, prefix: _Prefix) -> float:
        """Give what the end of the text adds to the score."""
        score, state = 0.0, prefix.state
        if prefix.word:
            score, state = self.word(state, prefix.word)
        end = self.model.score(state, END)[0]
        if end == -math.inf:
            end = self.unknown
        return (0.0 if prefix.settled else score) + self.weight * end


def _merge(grown: _Floats, stay_unit: _Floats, prefixes: list[_Prefix], tried: _Ints) -> None:
    """Move the score of letters that lead to a prefix of the beam to that prefix, in place."""
    place = {prefix: i for i, prefix in enumerate(prefixes)}
    row = {unit: i for i, unit in enumerate(tried.tolist())}
    moves = [
        (row[prefix.unit], place[prefix.above], i)
        for i, prefix in enumerate(prefixes)
        if prefix.above in place and prefix.unit in row
    ]
    if moves:
        rows, parents, children = np.array(moves).T
        stay_unit[children] = np.logaddexp(stay_unit[children], grown[rows, parents])
        grown[rows, parents] = -np.inf


def _best(total: _Floats, beam: int) -> _Ints:
    """Return where the highest totals are, best first, the former first on a tie."""
    least = np.partition(total, -beam)[-beam] if len(total) > beam else -np.inf
    candidates = np.flatnonzero((total >= least) & (total > -np.inf))
    order = np.argsort(-total[candidates], kind="stable")[:beam]
    kept: _Ints = candidates[order]
    return kept


def fused_search(
    logits: Tensor,
    alphabet: Alphabet,
    model: LanguageModel,
    *,
    beam: int = 64,
    weight: float = 0.5,
    bonus: float = 1.0,
    unknown: float = -10.0,
    floor: float = 1e-5,
) -> tuple[list[int], float]:
    """Find the text that recognizer and language model together hold most probable.

    Prefix beam search with shallow fusion (Hannun et al. 2014). The score of a text is
    log P(text | sound) + ``weight`` · log P(its words, end of sentence) + ``bonus`` · its words.
    A word's share comes with the space after it or at the end of the text; that of a word that no
    known word begins like comes as soon as that is so, since nothing can change it any more.
    Spaces in a row, at the beginning and at the end hold no words.

    Parameters
    ----------
    logits : Tensor, shape (frames, units)
        Before or after log-softmax.
    alphabet : Alphabet
        What the units stand for. Without a space in it the text is one word.
    model : LanguageModel
        Of words, as `read_language_model` gives it.
    beam : int
        Prefixes kept after each frame.
    weight : float
        Of the language model. With 0, and no bonus, the text is that of `beam_search`.
    bonus : float
        For each word, known or not, since a language model on its own favours few words.
    unknown : float
        Natural logarithm: the spelling of an unknown word, beside the probability of ``<unk>``.
        It stands alone for what the model holds impossible or has no ``<unk>`` for.
    floor : float
        Units less probable than this in a frame are not tried there.

    Returns
    -------
    units : list of int
        The text, without blanks; `forced_path` says when its letters were heard.
    score : float
        Of recognizer and language model together, from the paths that stayed in the beam.

    Raises
    ------
    ValueError
        If the logits have other units than the alphabet.
    """
    if logits.shape[1] != len(alphabet):
        raise ValueError(f"logits of {logits.shape[1]} units, an alphabet of {len(alphabet)}")
    scores = torch.log_softmax(logits.detach().double().cpu(), 1).numpy()
    speller = _Speller(alphabet, model, weight, bonus, unknown)
    prefixes = [speller.first()]
    # Log probability of the paths of a prefix that end in blank, and in its last unit.
    ends_blank, ends_unit = np.zeros(1), np.full(1, -np.inf)
    for here in scores:
        size = len(prefixes)
        tried = np.flatnonzero(here >= math.log(floor))
        tried = tried[tried != alphabet.blank]
        last = np.array([prefix.unit for prefix in prefixes])
        either = np.logaddexp(ends_blank, ends_unit)
        stay_blank = either + here[alphabet.blank]
        # Nothing ends in the last unit of the empty prefix, whatever unit -1 is.
        stay_unit = ends_unit + here[last]
        repeats = tried[:, None] == last
        grown = np.where(repeats, ends_blank, either) + here[tried][:, None]
        _merge(grown, stay_unit, prefixes, tried)
        language = np.array([prefix.language for prefix in prefixes])
        gain = np.stack([prefix.gain for prefix in prefixes])[:, tried].T
        total = np.concatenate(
            [np.logaddexp(stay_blank, stay_unit) + language, (grown + language + gain).ravel()]
        )
        kept = _best(total, beam)
        letters = tried.tolist()
        prefixes = [
            prefixes[i] if i < size else speller.longer(prefixes[i % size], letters[i // size - 1])
            for i in kept.tolist()
        ]
        ends_blank = np.concatenate([stay_blank, np.full(grown.size, -np.inf)])[kept]
        ends_unit = np.concatenate([stay_unit, grown.ravel()])[kept]
    total = np.logaddexp(ends_blank, ends_unit)
    total += [prefix.language + speller.ending(prefix) for prefix in prefixes]
    best = int(total.argmax())
    units: list[int] = []
    at: _Prefix | None = prefixes[best]
    while at is not None and at.above is not None:
        units.append(at.unit)
        at = at.above
    return units[::-1], float(total[best])
