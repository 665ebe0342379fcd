"""Utterances as the trainer sees them: where their sound is, how long it is, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import librosa
import torch
from torch import Tensor

from naps.corpus.audio import SAMPLE_RATE, count_samples, read_audio
from naps.corpus.features import FeatureConfig, LogMel
from naps.corpus.utterance import Utterance
from naps.errors import InputError, UtteranceError
from naps.models.alphabet import Alphabet


@dataclass(frozen=True)
class Example:
    """One utterance to learn from or to be scored on.

    Attributes
    ----------
    utterance : Utterance
        Where it came from.
    frames : int
        Of its spectrogram.
    text : str
        In the letters of the alphabet.
    """

    utterance: Utterance
    frames: int
    text: str


class Spectrograms:
    """Spectrograms of examples, kept in half precision while there is room.

    Half precision halves the memory and loses nothing that training could see.

    Parameters
    ----------
    features : FeatureConfig
        What to compute.
    room : int
        Bytes to keep.
    """

    def __init__(self, features: FeatureConfig, room: int) -> None:
        self._extractor = LogMel(features)
        self._room = room
        self._kept: dict[tuple[str, float], Tensor] = {}

    def __call__(self, example: Example, speed: float = 1.0) -> Tensor:
        """Return the spectrogram of an example at a speed, shape (frames, n_mels).

        Raises
        ------
        UtteranceError
            If the sound cannot be read.
        """
        key = (str(example.utterance.audio), speed)
        found = self._kept.get(key)
        if found is None:
            samples = read_audio(example.utterance.audio)
            if speed != 1.0:
                # Fewer samples for the same sound: faster, and higher.
                samples = librosa.resample(
                    samples, orig_sr=SAMPLE_RATE * speed, target_sr=SAMPLE_RATE, res_type="soxr_hq"
                )
            found = self._extractor(torch.from_numpy(samples)).half()
            size = found.numel() * found.element_size()
            if size <= self._room:
                self._room -= size
                self._kept[key] = found
        return found.float()


def find_examples(
    utterances: Sequence[Utterance],
    features: FeatureConfig,
    alphabet: Alphabet,
    output_length: Callable[[int], int],
    *,
    max_bad_share: float = 0.05,
) -> tuple[list[Example], list[tuple[str, str]]]:
    """See which utterances can be learned from; only the heads of their files are read.

    Returns
    -------
    examples : list of Example
        In the order given.
    dropped : list of (id, reason)
        Unreadable sound, text without letters or with characters outside the alphabet, and text
        that CTC could not write in so few output frames.

    Raises
    ------
    InputError
        If more than ``max_bad_share`` of the utterances are dropped.
    """
    examples: list[Example] = []
    dropped: list[tuple[str, str]] = []
    for utterance in utterances:
        text, unknown = alphabet.normalise(utterance.text)
        if unknown or not text:
            dropped.append((utterance.id, f"text: cannot write {unknown!r}"))
            continue
        try:
            frames = count_samples(utterance.audio) // features.hop + 1
        except UtteranceError as error:
            dropped.append((utterance.id, f"{error.reason}: {error}"))
            continue
        repeats = sum(a == b for a, b in pairwise(text))
        if output_length(frames) < len(text) + repeats:
            dropped.append((utterance.id, "text longer than CTC can write in its frames"))
            continue
        examples.append(Example(utterance, frames, text))
    refuse_too_many(dropped, len(utterances), max_bad_share)
    return examples, dropped


def refuse_too_many(dropped: Sequence[tuple[str, str]], of: int, max_bad_share: float) -> None:
    """Stop when more than a share of the utterances cannot be used.

    Raises
    ------
    InputError
        That names the first of them.
    """
    if len(dropped) > max_bad_share * of:
        shown = "; ".join(f"{name}: {reason}" for name, reason in dropped[:3])
        raise InputError(
            f"{len(dropped)} of {of} utterances cannot be used ({shown}); "
            f"mend the manifest or --set max_bad_share"
        )
