"""From activations and gradients of events to sums: moved, masked and added in one go."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from naps.profiles import compiled_sums as compiled
from naps.profiles.moments import Moments
from naps.profiles.options import MaskKind
from naps.profiles.trace import TracedLayer

Weights = Literal["grad_act", "grad", "grad_times_act", "act", "given"]
Align = Literal["layer", "none"]
Ints = npt.NDArray[np.int64]
Task = Callable[[int, int], None]

_SALIENCIES: dict[Weights, int] = {
    "grad_act": compiled.SIZE_OF_PRODUCT,
    "grad": compiled.SIZE_OF_GRADIENT,
    "grad_times_act": compiled.POSITIVE_PRODUCT,
    "act": compiled.SIZE_OF_ACTIVATION,
    "given": compiled.GIVEN,
}
_MASKS: dict[MaskKind, int] = {
    "soft": compiled.SHARE,
    "quantile": compiled.THRESHOLD,
    "group": compiled.ASIDE,
    "none": compiled.ONES,
}
# Some tenths of a millisecond; with less to share, a thread is not worth its start.
_VALUES_PER_THREAD = 500_000


def add_plain(
    sums: Mapping[str, Moments],
    codes: Mapping[str, Tensor],
    layer: TracedLayer,
    frames: Tensor,
    *,
    threads: int | None = None,
) -> None:
    """Add the windows of events in one layer, as they are, to the sums of several groupings.

    Parameters
    ----------
    sums : mapping of str to Moments
        Of the layer, by grouping.
    codes : mapping of str to Tensor of int, shape (events,)
        By grouping, the group of each event; −1 for an event that is in none.
    layer : TracedLayer
    frames : Tensor of int, shape (events,)
        Output frames of the events.
    threads : int, optional
        As many as torch takes by default. Sums have the same bits for any number.

    Raises
    ------
    IndexError
        If there is no such frame or group.
    ValueError
        If codes or sums are of another shape.
    """
    source = _flat(layer.activation, _precision(layer.activation))
    rows, channels = _rows(layer, frames), layer.activation.shape[1]
    shape = (len(rows), layer.window.width, channels)
    tasks: list[Task] = [
        partial(
            compiled.add_plain_cells, source, rows * channels,
            *_members(codes[name], moments, shape), _cells(moments.total), _cells(moments.squares),
        )
        for name, moments in sums.items()
    ]  # fmt: skip
    _share(tasks, layer.window.width * channels, len(rows), threads)
    valid = _between(_known_steps(layer, rows), layer.window.width)
    for name, moments in sums.items():
        moments.count_events(codes[name].cpu(), valid)


def add_adjusted(
    sums: Mapping[str, Moments],
    codes: Mapping[str, Tensor],
    layer: TracedLayer,
    frames: Tensor,
    weights: Tensor,
    *,
    saliency: Weights = "grad_act",
    align: Align = "layer",
    mask: MaskKind = "soft",
    quantile: float = 0.5,
    complete: bool = True,
    shifts: Tensor | None = None,
    threads: int | None = None,
) -> Tensor:
    """Add the windows of events in one layer, moved and masked, to the sums of several groupings.

    Windows are moved along time only, zeros where nothing moves in, and then masked::

        moved[t] = window[t + shift]        shift = peak - width // 2

    The peak is the step with the greatest mean saliency over channels, in the precision of the
    values, the first one on a tie; a window whose steps are all alike is not moved. Steps outside
    the utterance have no saliency and stay zero.

    Parameters
    ----------
    sums, codes, layer, frames, threads
        As for `add_plain`. With no sums at all, shifts are found all the same.
    weights : Tensor, shape (events, width, channels)
        Gradients, or the saliency itself; finite. What they are outside the utterance is ignored.
    saliency : {"grad_act", "grad", "grad_times_act", "act", "given"}
        What says how much a value mattered, as in `naps.profiles.saliency`: |gradient ·
        activation|, |gradient|, the positive part of the product, |activation|, or ``weights``
        themselves, none of them negative.
    align : {"layer", "none"}
        Whether windows are moved.
    mask : {"soft", "quantile", "group", "none"}
        Made of the saliency of the moved window. ``soft`` divides it by its greatest value.
        ``quantile`` is 1 at or above the value at that rank, where there is any saliency, and
        else 0. ``group`` is the saliency as it is, added up beside values that are not masked, to
        be scaled to a peak of 1 and applied once. ``none`` is 1 everywhere.
    quantile : float
        Of all cells of the window, for ``quantile``.
    complete : bool
        Whether nothing beyond a window has an influence on the event. If so, values masked by
        ``soft`` or ``quantile`` are known there: they are zero, and every event counts at every
        lag.
    shifts : Tensor of int, shape (events,), optional
        Moves windows by these instead, whatever ``align``.

    Returns
    -------
    Tensor of int64, shape (events,)
        The shifts.

    Raises
    ------
    IndexError
        If there is no such frame or group.
    ValueError
        If something is of another shape, or ``sums`` have no masks.
    """
    rows, width, channels = _rows(layer, frames), layer.window.width, layer.activation.shape[1]
    shape, cells = (len(rows), width, channels), width * channels
    if tuple(weights.shape) != shape:
        raise ValueError(f"weights are {tuple(weights.shape)} where {shape} is needed")
    if shifts is not None and shifts.shape != frames.shape:
        raise ValueError(f"shifts are {tuple(shifts.shape)} where {shape[:1]} is needed")
    into: list[tuple[Any, ...]] = []
    for name, moments in sums.items():
        if moments.mask is None:
            raise ValueError(f"the sums of {name} have no room for masks")
        arrays = (_cells(x) for x in (moments.total, moments.squares, moments.mask))
        into.append((*_members(codes[name], moments, shape), *arrays))
    precision = _precision(layer.activation, weights)
    source, given = _flat(layer.activation, precision), _flat(weights, precision)
    starts, steps = rows * channels, _known_steps(layer, rows)
    found = torch.zeros_like(frames) if shifts is None else shifts
    moves = found.to("cpu", torch.int64, copy=True)
    scales = np.empty(len(rows), source.dtype)
    kinds = (_SALIENCIES[saliency], _MASKS[mask])
    rank = min(max(1, round(quantile * cells)), cells)

    def find_peaks(first: int, last: int) -> None:
        room = np.empty(cells, source.dtype)
        bits: compiled.Bits = room.view(np.int32 if room.itemsize == 4 else np.int64)
        compiled.find_peaks(
            *kinds, rank, align == "layer" and shifts is None, source, starts, given, room, bits,
            np.empty(width, source.dtype), steps, moves.numpy(), scales, first, last,
        )  # fmt: skip

    _share([find_peaks], len(rows), cells, threads)
    tasks: list[Task] = [
        partial(
            compiled.add_masked_cells, *kinds, source, starts, given, channels, steps,
            moves.numpy(), scales, *arrays,
        )
        for arrays in into
    ]  # fmt: skip
    _share(tasks, cells, len(rows), threads)
    valid = _between(steps, width)
    if complete and mask in ("soft", "quantile"):
        valid = torch.ones_like(valid)
    for name, moments in sums.items():
        moments.count_events(codes[name].cpu(), valid, moves)
    return moves


def _share(tasks: Sequence[Task], length: int, values: int, threads: int | None) -> None:
    """Run tasks over all of their length, in parts if that is worth it.

    Parameters
    ----------
    tasks : sequence of callable
        Of the first and one past the last place of a part.
    length : int
    values : int
        At each place.
    threads : int or None
    """
    worth = 1 + length * values * len(tasks) // _VALUES_PER_THREAD
    threads = min(threads or torch.get_num_threads(), worth)
    cuts = [length * part // (4 * threads) for part in range(4 * threads + 1)]
    parts = pairwise(cuts if threads > 1 else (0, length))
    waiting = iter([(task, *part) for part in parts for task in tasks])

    def work() -> None:
        for task, first, last in waiting:
            task(first, last)

    # Whoever is free takes the next part. This thread works too: others may come late.
    helpers = [_pool().submit(work) for _ in range(threads - 1)]
    work()
    for helper in helpers:
        if not helper.cancel():
            helper.result()


@cache
def _pool() -> ThreadPoolExecutor:
    # Threads of Python rather than numba's: see `naps.phonology.needleman_wunsch`. They stay, as
    # the start of a thread takes as long as many a layer.
    return ThreadPoolExecutor(thread_name_prefix="naps-sums")


# A child has none of its parent's threads.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)


def _precision(*tensors: Tensor) -> torch.dtype:
    """Return the floating type that holds all of them, single precision at least."""
    found = torch.float32
    for tensor in tensors:
        found = torch.promote_types(found, tensor.dtype)
    return found


def _flat(values: Tensor, precision: torch.dtype) -> npt.NDArray[Any]:
    found: npt.NDArray[Any] = values.detach().to("cpu", precision).contiguous().view(-1).numpy()
    return found


def _cells(sums: Tensor) -> npt.NDArray[np.float64]:
    """Return the memory of sums, shape (groups, cells)."""
    found: npt.NDArray[np.float64] = sums.view(len(sums), sums.shape[1] * sums.shape[2]).numpy()
    return found


def _rows(layer: TracedLayer, frames: Tensor) -> Ints:
    """Return the first row of each window in the padded activation."""
    rows: Ints = layer.rows(frames.to("cpu", torch.int64)).numpy()
    last = len(layer.activation) - layer.window.width
    # The compiled loops would read whatever lies there.
    if len(rows) and not 0 <= rows.min() <= rows.max() <= last:
        raise IndexError("frames lie outside the traced utterance")
    return rows


def _known_steps(layer: TracedLayer, rows: Ints) -> Ints:
    """Return first and one past the last step of windows inside the utterance, (events, 2)."""
    edges = np.array([0, layer.steps]) + layer.left
    steps: Ints = np.clip(edges - rows[:, None], 0, layer.window.width)
    return steps


def _between(steps: Ints, width: int) -> Tensor:
    """Say which steps lie between first and last ones, shape (events, width)."""
    first, last = torch.from_numpy(steps)[:, :, None].unbind(1)
    lags = torch.arange(width)
    return (lags >= first) & (lags < last)


def _members(codes: Tensor, moments: Moments, shape: tuple[int, int, int]) -> tuple[Ints, Ints]:
    """Return the events of all groups, one group after the other, and where each begins.

    Parameters
    ----------
    codes : Tensor of int, shape (events,)
    moments : Moments
    shape : tuple of int
        Events, width and channels: what all has to fit.
    """
    of, groups = codes.to("cpu", torch.int64).numpy(), len(moments.count)
    if len(of) != shape[0] or moments.total.shape[1:] != shape[1:]:
        found = (len(of), *moments.total.shape[1:])
        raise ValueError(f"codes and sums are of {found} where {shape} is needed")
    if len(of) and of.max() >= groups:
        raise IndexError(f"there are {groups} groups, and an event is in group {of.max()}")
    known = np.flatnonzero(of >= 0)
    order = known[np.argsort(of[known], kind="stable")]
    return order, np.searchsorted(of[order], np.arange(groups + 1))
