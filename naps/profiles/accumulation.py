"""From activations and gradients of events to sums: moved, masked and added in one go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from naps.profiles import compiled_sums as compiled
from naps.profiles.moments import Moments
from naps.profiles.options import Align, MaskKind
from naps.profiles.trace import TracedLayer

Weights = Literal["grad_act", "grad", "grad_times_act", "act", "given"]
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
    """
    source = _flat(layer.activation, _precision(layer.activation))
    starts, valid = _starts(layer, frames), layer.valid(frames).cpu()
    tasks: list[Task] = []
    for name, moments in sums.items():
        order, bounds = _members(codes[name], moments)
        tasks.append(
            partial(
                compiled.add_plain_cells, source, starts, order, bounds,
                _cells(moments.total), _cells(moments.squares),
            )
        )  # fmt: skip
        moments.count_events(codes[name], valid)
    _share(tasks, layer.window.width * layer.activation.shape[1], len(starts), threads)


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
        If ``weights`` or ``shifts`` are of another shape.
    """
    starts, width, channels = _starts(layer, frames), layer.window.width, layer.activation.shape[1]
    events, cells = len(starts), width * channels
    if weights.shape != (events, width, channels):
        raise ValueError(f"{tuple(weights.shape)} where {(events, width, channels)} is needed")
    if shifts is not None and shifts.shape != (events,):
        raise ValueError(f"{tuple(shifts.shape)} shifts where {(events,)} are needed")
    precision = _precision(layer.activation, weights)
    source, given = _flat(layer.activation, precision), _flat(weights, precision)
    steps = _known_steps(layer, frames)
    moves = (torch.zeros(events) if shifts is None else shifts).to("cpu", torch.int64, copy=True)
    scales = np.empty(events, source.dtype)
    what = (_SALIENCIES[saliency], _MASKS[mask])
    rank = min(max(1, round(quantile * cells)), cells)

    def find_peaks(first: int, last: int) -> None:
        room = np.empty(cells, source.dtype)
        bits: compiled.Bits = room.view(np.int32 if room.itemsize == 4 else np.int64)
        compiled.find_peaks(
            *what, rank, align == "layer" and shifts is None, source, starts, given, room, bits,
            np.empty(width, source.dtype), steps, moves.numpy(), scales, first, last,
        )  # fmt: skip

    _share([find_peaks], events, cells, threads)
    lags = torch.arange(width)
    known = torch.from_numpy(steps)
    valid = (lags >= known[:, :1]) & (lags < known[:, 1:])
    if complete and mask in ("soft", "quantile"):
        valid = torch.ones_like(valid)
    tasks: list[Task] = []
    for name, moments in sums.items():
        if moments.mask is None:
            raise ValueError(f"the sums of {name} have no room for a mask")
        order, bounds = _members(codes[name], moments)
        tasks.append(
            partial(
                compiled.add_masked_cells, *what, source, starts, given, channels, steps,
                moves.numpy(), scales, order, bounds,
                _cells(moments.total), _cells(moments.squares), _cells(moments.mask),
            )
        )  # fmt: skip
        moments.count_events(codes[name], valid, moves)
    _share(tasks, cells, events, threads)
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
    if threads == 1:
        for task in tasks:
            task(0, length)
        return
    # Threads of Python rather than numba's: see `naps.phonology.needleman_wunsch`.
    cuts = np.linspace(0, length, 2 * threads + 1).astype(np.int64).tolist()
    with ThreadPoolExecutor(threads) as pool:
        running = [pool.submit(task, *part) for task in tasks for part in pairwise(cuts)]
    for part in running:
        part.result()


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


def _starts(layer: TracedLayer, frames: Tensor) -> npt.NDArray[np.int64]:
    """Return where each window begins in the flat activation."""
    rows: npt.NDArray[np.int64] = layer.rows(frames).to("cpu", torch.int64).numpy()
    last = len(layer.activation) - layer.window.width
    # The compiled loops would read whatever lies there.
    if len(rows) and not 0 <= rows.min() <= rows.max() <= last:
        raise IndexError("frames lie outside the traced utterance")
    return rows * layer.activation.shape[1]


def _known_steps(layer: TracedLayer, frames: Tensor) -> npt.NDArray[np.int64]:
    """Return first and one past the last step of windows inside the utterance, (events, 2)."""
    first = layer.left - layer.rows(frames).to("cpu", torch.int64)
    found = torch.stack([first, first + layer.steps], 1).clamp_(0, layer.window.width)
    steps: npt.NDArray[np.int64] = found.numpy()
    return steps


def _members(
    codes: Tensor, moments: Moments
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the events of all groups, one group after the other, and where each begins."""
    groups, of = len(moments.count), codes.to("cpu", torch.int64).numpy()
    if len(of) and of.max() >= groups:
        raise IndexError(f"there are {groups} groups, and an event is in group {of.max()}")
    known = np.flatnonzero(of >= 0)
    order = known[np.argsort(of[known], kind="stable")]
    return order, np.searchsorted(of[order], np.arange(groups + 1))
