"""Batches of utterances of like length, each a pure function of seed and epoch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from naps.training.examples import Example

# Lengths are blurred by this much before sorting, so that batches change between epochs.
_BLUR = 0.1


def epoch_batches(lengths: Sequence[int], frames: int, seed: int, epoch: int) -> list[list[int]]:
    """Cut an epoch into batches of about ``frames`` frames, padding included.

    Parameters
    ----------
    lengths : sequence of int
        Frames of each example.
    frames : int
        The most that a batch may hold, unless one example is longer.
    seed, epoch : int
        Decide the order.

    Returns
    -------
    list of list of int
        Indices; every example occurs once.
    """
    random = np.random.default_rng([seed, epoch])
    blurred = np.asarray(lengths) * random.uniform(1 - _BLUR, 1 + _BLUR, len(lengths))
    batches: list[list[int]] = []
    current: list[int] = []
    longest = 0
    for index in np.argsort(blurred).tolist():
        longest = max(longest, lengths[index])
        if current and longest * (len(current) + 1) > frames:
            batches.append(current)
            current, longest = [], lengths[index]
        current.append(index)
    if current:
        batches.append(current)
    return [batches[i] for i in random.permutation(len(batches))]


def batches_from(
    lengths: Sequence[int], frames: int, seed: int, step: int
) -> Iterator[tuple[int, list[int]]]:
    """Give (epoch, batch) without end, from the given step on."""
    epoch = 0
    while True:
        batches = epoch_batches(lengths, frames, seed, epoch)
        for batch in batches[step:]:
            yield epoch, batch
        step = max(0, step - len(batches))
        epoch += 1


def collate(examples: Sequence[Example]) -> tuple[list[Tensor], list[str]]:
    """Give spectrograms in single precision and texts."""
    return [e.features.float() for e in examples], [e.text for e in examples]


def pad(spectrograms: Sequence[Tensor]) -> tuple[Tensor, list[int]]:
    """Stack spectrograms, zeros (their mean) after the end of the shorter ones."""
    lengths = [len(s) for s in spectrograms]
    return torch.nn.utils.rnn.pad_sequence(list(spectrograms), batch_first=True), lengths
