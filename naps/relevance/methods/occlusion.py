"""Occlusion: what the score loses when a part of the input is taken away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import torch
from torch import Tensor

from naps.errors import InputError
from naps.relevance.methods.method import Method
from naps.relevance.subject import Subject

_ROWS = 256


@dataclass(frozen=True)
class Occlusion(Method):
    """The score less the score without a part (Zeiler & Fergus 2014, Li et al. 2016).

    Attributes
    ----------
    window : tuple of int
        Size of the part along each axis behind the batch; 0, as for axes left out, is all of it.
        One step by default: a word, a frame.
    stride : tuple of int, or None
        Steps between parts; as far as they are large by default. Where parts overlap, a value has
        the mean of those it belongs to.
    baseline : float
        What is put in its place.
    probability : bool
        Compare probabilities, the softmax of the scores, in place of scores.
    """

    name: ClassVar[str] = "occlusion"
    window: tuple[int, ...] = (1,)
    stride: tuple[int, ...] | None = None
    baseline: float = 0.0
    probability: bool = False

    def __post_init__(self) -> None:
        if any(size < 0 for size in self.window) or any(step < 1 for step in self.stride or ()):
            raise InputError(
                f"occlusion of window {self.window}, stride {self.stride}: sizes must not be "
                f"negative, strides be 1 or more"
            )

    @torch.no_grad()
    def relevance(self, subject: Subject) -> Tensor:
        """See `Method`."""
        x = subject.inputs
        sizes = self._sizes(x.shape[1:])
        parts = list(self._parts(x.shape[1:], sizes))
        # An axis that is taken away as a whole has one value in the result.
        shape = [n if size else 1 for n, size in zip(x.shape[1:], sizes, strict=True)]
        found, times = x.new_zeros(len(x), *shape), x.new_zeros(shape)
        for part in parts:
            times[part] += 1
        whole = self._value(subject.original, subject.target)
        # What begins behind an item's end is not there to be taken away.
        begins = torch.tensor([part[0].start for part in parts], device=x.device)
        ends = begins.new_tensor([x.shape[1]]) if subject.lengths is None else subject.lengths
        places, items = (begins[:, None] < ends.expand(len(x))).nonzero().unbind(1)
        for start in range(0, len(places), _ROWS):
            some, rows = places[start : start + _ROWS].tolist(), items[start : start + _ROWS]
            copies = x[rows]
            for copy, place in zip(copies, some, strict=True):
                copy[parts[place]] = self.baseline
            lost = whole[rows] - self._value(subject.scores(copies, rows), subject.target[rows])
            for loss, place, row in zip(lost, some, rows.tolist(), strict=True):
                region = found[row][parts[place]]
                region += loss / region.numel()
        return found / times

    def _value(self, scores: Tensor, target: Tensor) -> Tensor:
        values = scores.softmax(1) if self.probability else scores
        return values.gather(1, target[:, None])[:, 0]

    def _sizes(self, shape: Sequence[int]) -> tuple[int, ...]:
        if len(self.window) > len(shape) or len(self.stride or ()) > len(shape):
            raise InputError(
                f"occlusion of window {self.window}, stride {self.stride}, for an input of "
                f"{len(shape)} axes"
            )
        return (*self.window, *[0] * (len(shape) - len(self.window)))

    def _parts(self, shape: Sequence[int], sizes: Sequence[int]) -> Iterator[tuple[slice, ...]]:
        """Give the parts; the last along an axis ends with it, so that none is left out."""
        strides = (*(self.stride or ()), *[0] * len(shape))
        along = []
        for length, size, stride in zip(shape, sizes, strides, strict=False):
            reach = min(size or length, length)
            starts = [*range(0, length - reach, stride or reach), length - reach]
            along.append([slice(start, start + reach) for start in starts])
        return product(*along)
