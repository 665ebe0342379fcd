"""The loops over events behind `naps.profiles.accumulation`, compiled.

Arrays are flat: a cell is a channel at a step, step by step, so a window is one stretch of cells,
moved or not. A call goes through the events of a group in their order and writes sums of its own
cells only. So sums have the same bits for any number of threads.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.floating[Any]]
Bits = npt.NDArray[np.signedinteger[Any]]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# What the saliency is: |gradient · activation|, |gradient|, the positive part of the product,
# |activation|, or given.
SIZE_OF_PRODUCT, SIZE_OF_GRADIENT, POSITIVE_PRODUCT, SIZE_OF_ACTIVATION, GIVEN = range(5)
# What the mask is: the saliency over a scale, with and without an effect on the values; 1 at a
# threshold and above; 1 everywhere.
SHARE, ASIDE, THRESHOLD, ONES = range(4)
# Cells that are added to at a time: their sums stay near the core while a group's events pass.
_BLOCK = 2048


@numba.njit(cache=True, nogil=True)
def _weigh(
    kind: int, given: Values, activation: Values, scale: np.floating[Any], out: Values
) -> None:
    """Write the saliency of some cells, over a scale."""
    if kind == SIZE_OF_PRODUCT:
        for j in range(len(out)):
            out[j] = abs(given[j] * activation[j]) / scale
    elif kind == SIZE_OF_GRADIENT:
        for j in range(len(out)):
            out[j] = abs(given[j]) / scale
    elif kind == POSITIVE_PRODUCT:
        nothing = out.dtype.type(0)
        for j in range(len(out)):
            product = given[j] * activation[j]
            out[j] = (nothing if product < 0 else product) / scale
    elif kind == SIZE_OF_ACTIVATION:
        for j in range(len(out)):
            out[j] = abs(activation[j]) / scale
    else:
        for j in range(len(out)):
            out[j] = given[j] / scale


# In double precision, floats hardly feel the order in which they are added: the compiler may
# choose one in which it adds many at a time.
@numba.njit(cache=True, nogil=True, fastmath={"reassoc", "nsz"})
def _sum(values: Values) -> float:
    total = 0.0
    for j in range(len(values)):
        total += values[j]
    return total


@numba.njit(cache=True, nogil=True)
def _greatest(bits: Bits) -> int:
    """Return the bits of the greatest value, NaN above all, or those of zero.

    Values that are not negative are in the order of their bits, and of integers the compiler
    compares many at a time.
    """
    greatest = 0
    for j in range(len(bits)):
        greatest = max(greatest, bits[j])
    return greatest


@numba.njit(cache=True, nogil=True)
def _ranked(bits: Bits, zeros: int, rank: int) -> int:
    """Return the bits of the value of a rank, from 1 up, among these and so many zeros."""
    low, high = 0, _greatest(bits)
    while low < high:
        middle = low + (high - low) // 2
        count = zeros
        for j in range(len(bits)):
            count += bits[j] <= middle
        if count >= rank:
            high = middle
        else:
            low = middle + 1
    return low


@numba.njit(cache=True, nogil=True)
def _peak(scores: Values) -> int:
    """Return the step with the highest score, the first on a tie; the middle if all are alike."""
    best, alike = 0, True
    for step in range(1, len(scores)):
        alike = alike and scores[step] == scores[0]
        # NaN is above all, as for torch.
        if not scores[step] <= scores[best] and scores[best] == scores[best]:
            best = step
    return len(scores) // 2 if alike else best


@numba.njit(cache=True, nogil=True)
def find_peaks(
    kind: int,
    mask: int,
    rank: int,
    align: bool,
    source: Values,
    starts: Ints,
    given: Values,
    values: Values,
    bits: Bits,
    scores: Values,
    steps: Ints,
    shifts: Ints,
    scales: Values,
    first: int,
    last: int,
) -> None:
    """Find where the events from ``first`` to ``last`` matter most, and how much.

    Parameters
    ----------
    first, last : int
    kind : int
        What the saliency is.
    mask : int
        What the mask is.
    rank : int
        Of the threshold among all cells of a window, from 1 up.
    align : bool
        Whether to look for shifts; else they are there.
    source : array, shape (rows * channels,)
        Padded activation.
    starts : array of int64, shape (events,)
        Where in ``source`` each event's window begins.
    given : array, shape (events * cells,)
        Gradient or saliency.
    values : array, shape (cells,)
        Room for the saliency of an event.
    bits : array of int, shape (cells,)
        The same memory.
    scores : array, shape (width,)
        Room for the mean saliency of each step.
    steps : array of int64, shape (events, 2)
        First and one past the last step of each event's window that lies in the utterance; of
        the moved window in the end.
    shifts : array of int64, shape (events,)
        Steps by which windows move.
    scales : array, shape (events,)
        Gets what the saliency is to be divided by, or the threshold; of the moved window.
    """
    width, cells = len(scores), len(values)
    channels, one = cells // width, values.dtype.type(1)
    for event in range(first, last):
        start, end = steps[event, 0], steps[event, 1]
        if align or mask in (SHARE, THRESHOLD):
            count = (end - start) * channels
            here, there = event * cells + start * channels, starts[event] + start * channels
            _weigh(
                kind, given[here : here + count], source[there : there + count], one, values[:count]
            )
        if align:
            scores[:] = 0
            for step in range(start, end):
                at = (step - start) * channels
                scores[step] = _sum(values[at : at + channels]) / channels
            shifts[event] = _peak(scores) - width // 2
        left = max(start, shifts[event])
        right = max(left, min(end, width + shifts[event]))
        steps[event, 0], steps[event, 1] = left - shifts[event], right - shifts[event]
        left, right = (left - start) * channels, (right - start) * channels
        scales[event] = 1
        # What is found as bits is read as a value.
        if mask == SHARE:
            bits[0] = _greatest(bits[left:right])
            scales[event] = max(values[0], np.finfo(values.dtype).tiny)
        elif mask == THRESHOLD:
            bits[0] = _ranked(bits[left:right], cells - (right - left), rank)
            scales[event] = values[0]


@numba.njit(cache=True, nogil=True)
def _add(values: Values, total: Floats, squares: Floats) -> None:
    for j in range(len(values)):
        value = np.float64(values[j])
        total[j] += value
        squares[j] += value * value


@numba.njit(cache=True, nogil=True)
def _add_two(first: Values, second: Values, total: Floats, squares: Floats) -> None:
    for j in range(len(first)):
        one, two = np.float64(first[j]), np.float64(second[j])
        total[j] = total[j] + one + two
        squares[j] = squares[j] + one * one + two * two


@numba.njit(cache=True, nogil=True)
def _add_masked(
    values: Values, mask: Values, total: Floats, squares: Floats, masks: Floats
) -> None:
    for j in range(len(values)):
        value = np.float64(values[j] * mask[j])
        total[j] += value
        squares[j] += value * value
        masks[j] += mask[j]


@numba.njit(cache=True, nogil=True)
def add_plain_cells(
    source: Values,
    starts: Ints,
    order: Ints,
    bounds: Ints,
    total: Floats,
    squares: Floats,
    first: int,
    last: int,
) -> None:
    """Add the cells from ``first`` to ``last`` of all windows.

    Parameters
    ----------
    first, last : int
    source, starts
        As for `find_peaks`; zero outside the utterance.
    order : array of int64, shape (members,)
        Events that are in a group, group by group.
    bounds : array of int64, shape (groups + 1,)
        The events of group g are ``order[bounds[g] : bounds[g + 1]]``.
    total, squares : array, shape (groups, cells)
    """
    for group in range(len(bounds) - 1):
        for left in range(first, last, _BLOCK):
            right = min(left + _BLOCK, last)
            sums, powers = total[group, left:right], squares[group, left:right]
            at, end = bounds[group], bounds[group + 1]
            # Two at a time, so that the sums go to the core and back half as often.
            while at + 1 < end:
                one, two = starts[order[at]], starts[order[at + 1]]
                _add_two(
                    source[one + left : one + right], source[two + left : two + right], sums, powers
                )
                at += 2
            if at < end:
                one = starts[order[at]]
                _add(source[one + left : one + right], sums, powers)


@numba.njit(cache=True, nogil=True)
def add_masked_cells(
    kind: int,
    mask: int,
    source: Values,
    starts: Ints,
    given: Values,
    channels: int,
    steps: Ints,
    shifts: Ints,
    scales: Values,
    order: Ints,
    bounds: Ints,
    total: Floats,
    squares: Floats,
    masks: Floats,
    first: int,
    last: int,
) -> None:
    """Add the cells from ``first`` to ``last`` of all windows, moved and masked.

    Parameters
    ----------
    first, last : int
    kind, mask, source, starts, given, steps, shifts, scales
        As `find_peaks` takes and leaves them.
    channels : int
    order, bounds, total, squares
        As for `add_plain_cells`.
    masks : array, shape (groups, cells)
    """
    cells = total.shape[1]
    room = np.empty(_BLOCK, source.dtype)
    for group in range(len(bounds) - 1):
        for block in range(first, last, _BLOCK):
            for at in range(bounds[group], bounds[group + 1]):
                event = order[at]
                left = max(block, steps[event, 0] * channels)
                right = min(block + _BLOCK, last, steps[event, 1] * channels)
                if left >= right:
                    continue
                weights = room[: right - left]
                here = left + shifts[event] * channels
                there, here = starts[event] + here, event * cells + here
                values = source[there : there + len(weights)]
                if mask == ONES:
                    weights[:] = 1
                else:
                    scale = scales.dtype.type(1) if mask == THRESHOLD else scales[event]
                    _weigh(kind, given[here : here + len(weights)], values, scale, weights)
                    if mask == THRESHOLD:
                        for j in range(len(weights)):
                            weights[j] = weights[j] >= scales[event] and weights[j] > 0
                sums, powers = total[group, left:right], squares[group, left:right]
                if mask == ASIDE:
                    _add(values, sums, powers)
                    for j in range(len(weights)):
                        masks[group, left + j] += weights[j]
                else:
                    _add_masked(values, weights, sums, powers, masks[group, left:right])
