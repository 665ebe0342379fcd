"""How many steps a layer makes of an input, found out by trying lengths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# Numbers of steps worked out to find the length that tells most.
_CHOICES = 1_000_000
# Enough to halve what is possible until one pace is left, for strides of some thousand frames.
_MOST_TRIES = 40

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pace:
    """The steps of a layer of convolutions, pooling or anything above them.

    Attributes
    ----------
    stride : int
        Input frames from one step to the next.
    first : int
        Input frames that make one step; negative where padding alone makes some.
    """

    stride: int
    first: int

    def steps(self, frames: int) -> int:
        """Return the number of steps of so many input frames."""
        return max(0, (frames - self.first) // self.stride + 1)

    @property
    def middle(self) -> int:
        """The input frame that step 0 stands for, if either end is padded alike."""
        return (self.first - 1) // 2


def find_paces(
    counts: Mapping[str, Mapping[int, int]],
    lengths: range,
    count: Callable[[int], Mapping[str, int]],
) -> dict[str, Pace]:
    """Find the paces of layers from the numbers of steps that they make.

    Parameters
    ----------
    counts : mapping
        Of each layer, the steps that it made of some lengths; the further the lengths lie
        apart, the fewer have to be tried.
    lengths : range
        Which may be tried beside them.
    count : callable
        Tries a length: gives the number of steps of each layer.

    Returns
    -------
    dict of str to Pace
        Without the layers whose steps are not a whole number of frames apart.
    """
    possible = {name: _pairs(found) for name, found in counts.items()}
    random = np.random.default_rng(0)
    # An odd length in any case: inputs may be padded to a multiple of something.
    length: int | None = lengths[len(lengths) // 2] + 5
    for _ in range(_MOST_TRIES):
        if length is None:
            break
        made = count(length)
        possible = {
            name: pairs[_steps(pairs, length) == made.get(name, -1)]
            for name, pairs in possible.items()
        }
        length = _most_telling(possible.values(), random.permutation(np.asarray(lengths)))
    return {
        name: Pace(int(pairs[0, 0]), int(pairs[0, 1]))
        for name, pairs in possible.items()
        if len(pairs) == 1
    }


def _pairs(counts: Mapping[int, int]) -> Integers:
    """Return all (stride, first) that explain the numbers of steps, shape (pairs, 2)."""
    (short, few), (long, many) = min(counts.items()), max(counts.items())
    if many <= few or few < 1:
        return np.empty((0, 2), np.int64)
    span = long - short
    rows = [np.empty((0, 2), np.int64)]
    for stride in range(max(1, span // (many - few + 1)), span // max(1, many - few - 1) + 1):
        lowest = max(length - steps * stride for length, steps in counts.items()) + 1
        highest = min(length - (steps - 1) * stride for length, steps in counts.items())
        firsts = np.arange(lowest, highest + 1)
        rows.append(np.column_stack([np.full(len(firsts), stride), firsts]))
    return np.concatenate(rows)


def _steps(pairs: Integers, length: int | Integers) -> Integers:
    steps: Integers = (length - pairs[:, 1]) // pairs[:, 0] + 1
    return steps


def _most_telling(possible: Iterable[Integers], lengths: Integers) -> int | None:
    """Return the length that halves best the largest set that any length can part."""
    for pairs in sorted(possible, key=len, reverse=True):
        if len(pairs) < 2:
            return None
        some = lengths[: max(1, _CHOICES // len(pairs))]
        steps = np.sort(_steps(pairs, some[:, None]), axis=1)
        alike = (steps == steps[:, [len(pairs) // 2]]).sum(1)
        if alike.min() < len(pairs):
            return int(some[alike.argmin()])
    return None
