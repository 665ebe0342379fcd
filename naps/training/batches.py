"""Batches of utterances of like length, each a pure function of seed and step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from naps.errors import UtteranceError
from naps.training.augment import augment
from naps.training.config import AugmentConfig, TrainConfig
from naps.training.examples import Example, Spectrograms

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


def same_length_batches(
    lengths: Sequence[int], size: int, seed: int, epoch: int
) -> list[list[int]]:
    """Cut an epoch into batches of examples of one length each.

    Parameters
    ----------
    lengths : sequence of int
        Of each example.
    size : int
        The most examples of a batch.
    seed, epoch : int
        Decide the order.

    Returns
    -------
    list of list of int
        Indices; every example occurs once.
    """
    known = np.asarray(lengths)
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(len(known))
    # A stable sort keeps the order among examples of one length.
    by_length = order[np.argsort(known[order], kind="stable")]
    ends = np.flatnonzero(np.diff(known[by_length])) + 1
    batches = [
        same[at : at + size].tolist()
        for same in np.split(by_length, ends)
        for at in range(0, len(same), size)
    ]
    return [batches[i] for i in random.permutation(len(batches))]


def batches_from(
    step: int, epoch_of: Callable[[int], list[list[int]]]
) -> Iterator[tuple[int, list[int]]]:
    """Give (epoch, batch) without end, from the given step on.

    Parameters
    ----------
    step : int
    epoch_of : callable
        Gives the batches of an epoch by its number, such as `epoch_batches`.
    """
    for epoch in count():
        batches = epoch_of(epoch)
        for batch in batches[step:]:
            yield epoch, batch
        step = max(0, step - len(batches))


@dataclass(frozen=True)
class Batch:
    """What one process learns from in one step.

    Attributes
    ----------
    step, epoch : int
        Which.
    features : Tensor, shape (utterances, frames, n_mels)
        Changed at random; zeros (their mean) after the end of the shorter ones.
    lengths : list of int
        Real frames of each.
    texts : list of str
        In letters of the alphabet.
    weights : list of float
        What each utterance counts in the mean of the loss; they sum to 1 over all processes.
    lost : list of (id, reason)
        Utterances of the batch whose sound turned out to be unusable.
    """

    step: int
    epoch: int
    features: Tensor
    lengths: list[int]
    texts: list[str]
    weights: list[float]
    lost: list[tuple[str, str]]


Key = tuple[int, int, list[int]]


class BatchMaker(Dataset[Batch]):
    """Makes the batch of a key (step, epoch, indices of examples).

    Every random number comes from the seed, the step and the place in the batch, so that it does
    not matter which process makes a batch, or when.

    Parameters
    ----------
    examples : sequence of Example
        To choose from.
    config : TrainConfig
        Its features and what is changed at random.
    rank, world : int
        This process of so many; it gets every ``world``-th utterance of a batch.
    """

    def __init__(
        self, examples: Sequence[Example], config: TrainConfig, rank: int = 0, world: int = 1
    ) -> None:
        self._examples = examples
        self._config = config
        self._rank, self._world = rank, world
        room = int(config.cache_gib * 2**30) // max(1, config.workers)
        self._spectrograms = Spectrograms(config.features, room)

    def __getitem__(self, key: Key) -> Batch:
        """Read and change the utterances of a batch."""
        step, epoch, indices = key
        config = self._config
        spectrograms, texts, lost = [], [], []
        for place in range(self._rank, len(indices), self._world):
            example = self._examples[indices[place]]
            generator = torch.Generator().manual_seed(_seed(config.seed, step, place))
            speed = choose_speed(config.augment, generator)
            try:
                plain = self._spectrograms(example, speed)
            except UtteranceError as error:
                lost.append((example.utterance.id, f"{error.reason}: {error}"))
                continue
            changed = augment(plain, config.augment, config.features.frame_s, generator)
            spectrograms.append(changed)
            texts.append(example.text)
        weights = [1 / len(indices)] * len(texts)
        if not spectrograms:
            # A process must not sit a step out; silence that counts nothing keeps it in.
            spectrograms = [torch.zeros(200, config.features.n_mels)]
            texts, weights = [" "], [0.0]
        features, lengths = pad(spectrograms)
        return Batch(step, epoch, features, lengths, texts, weights, lost)


def training_batches(
    examples: Sequence[Example],
    config: TrainConfig,
    step: int,
    end: int,
    rank: int = 0,
    world: int = 1,
) -> Iterator[Batch]:
    """Give the batches of the steps from ``step`` up to ``end``, read ahead by workers."""
    frames = round(config.batch_s / config.features.frame_s)
    lengths = [e.frames for e in examples]
    found = batches_from(step, lambda epoch: epoch_batches(lengths, frames, config.seed, epoch))
    loader: DataLoader[Batch] = DataLoader(
        BatchMaker(examples, config, rank, world),
        batch_size=None,
        sampler=((at, *next(found)) for at in range(step, end)),
        num_workers=config.workers,
    )
    return iter(loader)


def choose_speed(config: AugmentConfig, generator: torch.Generator) -> float:
    """Draw one of the speeds."""
    if len(config.speeds) == 1:
        return config.speeds[0]
    return config.speeds[int(torch.randint(len(config.speeds), (), generator=generator))]


def pad(spectrograms: Sequence[Tensor]) -> tuple[Tensor, list[int]]:
    """Stack spectrograms, zeros (their mean) after the end of the shorter ones."""
    lengths = [len(s) for s in spectrograms]
    return torch.nn.utils.rnn.pad_sequence(list(spectrograms), batch_first=True), lengths


def _seed(*numbers: int) -> int:
    # 63 bits: torch takes no more.
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)
