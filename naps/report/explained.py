"""What a page about relevance shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Sentence:
    """Relevance of the words of a sentence.

    Attributes
    ----------
    words : tuple of str
    relevance : tuple of float
        Of each word.
    probabilities : tuple of float
        Of the classes: the softmax of the scores.
    predicted, target : int
        Classes: the most probable, and the one explained.
    score : float
        Of the class explained, before the softmax.
    unknown : tuple of str
        Words that the model does not know.
    """

    words: tuple[str, ...]
    relevance: tuple[float, ...]
    probabilities: tuple[float, ...]
    predicted: int
    target: int
    score: float
    unknown: tuple[str, ...] = ()

    @property
    def total(self) -> float:
        """Relevance of all words."""
        return float(sum(self.relevance))


@dataclass(frozen=True)
class ExplainedSentences:
    """Sentences explained by one method.

    Attributes
    ----------
    model : str
    classes : tuple of str
    method : str
        Its name and options.
    shared : bool
        Whether the method shares out the score, so that the words' relevance can be compared with
        it.
    sentences : tuple of Sentence
    provenance : mapping of str to str
    """

    model: str
    classes: tuple[str, ...]
    method: str
    shared: bool
    sentences: tuple[Sentence, ...]
    provenance: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Explained:
    """What is explained at one output frame of a recognizer.

    Attributes
    ----------
    frame : int
    time_s : float
        Of the frame, as the input counts it.
    label : str
        Of the event: the predicted letter, or a phone.
    target : str
        The letter explained.
    probability, score : float
        Of that letter there.
    total : float
        Relevance of all of the spectrogram.
    cancellation : float
        Sum of the sizes of all relevance by the size of the score.
    near, near_even : float
        Share of the relevance, by size, within 100 ms of the frame; and if it were spread evenly
        over all that the letter depends on.
    """

    frame: int
    time_s: float
    label: str
    target: str
    probability: float
    score: float
    total: float
    cancellation: float
    near: float
    near_even: float

    @property
    def error(self) -> float:
        """Share of the score that the spectrogram has not got, or got too much."""
        return abs(self.score - self.total) / max(abs(self.score), 1e-12)


@dataclass(frozen=True)
class Judged:
    """What removing what is relevant does to the scores, beside removing by chance.

    Attributes
    ----------
    curve, chance : array, shape (regions + 1,)
        Mean score after 0, 1, … regions.
    fall, fall_low, fall_high : float
        Mean fall of the score over the curve, and its 95 % interval over letters.
    chance_fall : float
    items : int
        Letters it was measured with.
    share : float
        Of what a letter depends on, that all regions together are.
    region : tuple of (int, int)
        Frames and mel bands of a region.
    """

    curve: npt.NDArray[np.float64]
    chance: npt.NDArray[np.float64]
    fall: float
    fall_low: float
    fall_high: float
    chance_fall: float
    items: int
    share: float
    region: tuple[int, int]


@dataclass(frozen=True, eq=False)
class ExplainedSpeech:
    """An utterance explained.

    Attributes
    ----------
    model : str
    utterance : str
        Its name.
    heard : str
        What the recognizer writes.
    method : str
        Its name and options.
    shared : bool
        Whether the method shares out the score.
    spectrogram : array, shape (frames, mel bands)
        As the recognizer gets it.
    frame_s : float
        Seconds between its frames.
    mel_hz : array, shape (mel bands,)
        Centres of the bands.
    items : tuple of Explained
    relevance : array, shape (items, frames, mel bands)
    left_out : int
        Letters of the utterance that were not explained.
    judged : Judged or None
    provenance : mapping of str to str
    """

    model: str
    utterance: str
    heard: str
    method: str
    shared: bool
    spectrogram: npt.NDArray[np.float32]
    frame_s: float
    mel_hz: npt.NDArray[np.float64]
    items: tuple[Explained, ...]
    relevance: npt.NDArray[np.float32]
    left_out: int = 0
    judged: Judged | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)
