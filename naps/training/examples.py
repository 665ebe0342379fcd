"""Utterances as the trainer sees them: a spectrogram and a row of letters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from naps.corpus.audio import read_audio
from naps.corpus.features import FeatureConfig, LogMel
from naps.corpus.utterance import Utterance
from naps.errors import InputError, UtteranceError
from naps.models.alphabet import Alphabet


@dataclass(frozen=True)
class Example:
    """One utterance in memory.

    Attributes
    ----------
    utterance : Utterance
        Where it came from.
    features : Tensor of float16, shape (frames, n_mels)
        Half precision halves the memory and loses nothing that training could see.
    text : str
        In the letters of the alphabet.
    """

    utterance: Utterance
    features: Tensor
    text: str


def load_examples(
    utterances: Sequence[Utterance],
    features: FeatureConfig,
    alphabet: Alphabet,
    output_length: Callable[[int], int],
    *,
    max_bad_share: float = 0.05,
) -> tuple[list[Example], list[tuple[str, str]]]:
    """Read sound and text of utterances; leave out what cannot be learned from.

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
    extractor = LogMel(features)
    examples: list[Example] = []
    dropped: list[tuple[str, str]] = []
    for utterance in utterances:
        text, unknown = alphabet.normalise(utterance.text)
        if unknown or not text:
            dropped.append((utterance.id, f"text: cannot write {unknown!r}"))
            continue
        try:
            spectrogram = extractor(torch.from_numpy(read_audio(utterance.audio)))
        except UtteranceError as error:
            dropped.append((utterance.id, f"{error.reason}: {error}"))
            continue
        repeats = sum(a == b for a, b in pairwise(text))
        if output_length(len(spectrogram)) < len(text) + repeats:
            dropped.append((utterance.id, "text longer than CTC can write in its frames"))
            continue
        examples.append(Example(utterance, spectrogram.half(), text))
    if len(dropped) > max_bad_share * len(utterances):
        shown = "; ".join(f"{name}: {reason}" for name, reason in dropped[:3])
        raise InputError(
            f"{len(dropped)} of {len(utterances)} utterances cannot be used ({shown}); "
            f"mend them or raise max_bad_share"
        )
    return examples, dropped
