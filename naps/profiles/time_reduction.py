"""Profiles without time: each event's window reduced so that it matters no more when things were.

The published time-independent NAPs (Krug, Knaebel & Stober 2018) do not fix the reduction in what
is known of them here; these are choices of ours, each of which a shift of the window round its
ends does not change. ``centre_t`` is so only after alignment, which is what moves it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from naps.errors import InputError

Reduction = Literal["mean_t", "max_t", "sorted_t", "hist_t", "fft_t", "centre_t"]
REDUCTIONS: tuple[Reduction, ...] = get_args(Reduction)

# For activations behind a ReLU, whatever their scale: practically silent, then two octaves a bin.
RELU_EDGES = (0.0, 2.0**-8, 2.0**-6, 2.0**-4, 2.0**-2, 1.0, 4.0, 16.0, 64.0)


@dataclass(frozen=True)
class ReducedAxis:
    """What stands in the place of time.

    Attributes
    ----------
    name : str
        ``mean``, ``max``, ``rank``, ``bin``, ``frequency`` or ``lag``.
    values : array of float64, shape (width,)
        Ranks from 0, the greatest first; lower edges of bins; frequencies; 0 for a single value.
    units : str
        ``steps``, ``activation``, ``Hz`` or nothing.
    """

    name: str
    values: npt.NDArray[np.float64]
    units: str


def reduced_axis(
    reduction: str, width: int, step_ms: float, edges: Sequence[float] = RELU_EDGES
) -> ReducedAxis:
    """Describe the axis that a reduction of windows leaves.

    Parameters
    ----------
    reduction : str
        One of `REDUCTIONS`.
    width : int
        Steps of a window.
    step_ms : float
        Milliseconds between steps.
    edges : sequence of float
        Of the bins of ``hist_t``.

    Raises
    ------
    InputError
        If there is no such reduction, or the edges do not rise.
    """
    _check(reduction, edges)
    if reduction == "sorted_t":
        return ReducedAxis("rank", np.arange(width, dtype=np.float64), "")
    if reduction == "hist_t":
        return ReducedAxis("bin", np.asarray(edges[:-1], np.float64), "activation")
    if reduction == "fft_t":
        return ReducedAxis("frequency", _frequencies(width, step_ms), "Hz")
    if reduction == "centre_t":
        return ReducedAxis("lag", np.zeros(1), "steps")
    return ReducedAxis(reduction.removesuffix("_t"), np.zeros(1), "")


def reduce_time(
    values: Tensor, valid: Tensor, reduction: str, edges: Sequence[float] = RELU_EDGES
) -> tuple[Tensor, Tensor]:
    """Reduce every event's window.

    ``mean_t`` and ``max_t`` are over the valid steps. ``sorted_t`` holds each channel's values
    from the greatest to the least, those of steps that are not valid last, as not valid.
    ``hist_t`` is the share of valid steps in each bin [edge, next edge); below the first and
    from the last edge on they count to the outer bins. ``fft_t`` is |rfft| / width, zeros where
    not valid, so that its first value is the size of the mean. ``centre_t`` is step ``width // 2``,
    to which alignment brings what mattered most.

    Parameters
    ----------
    values : Tensor, shape (events, width, channels)
        Of windows, aligned or not, masked or not.
    valid : Tensor of bool, shape (events, width)
        Where an event has a value.
    reduction : str
        One of `REDUCTIONS`.
    edges : sequence of float
        Of the bins of ``hist_t``, rising.

    Returns
    -------
    values : Tensor, shape (events, width', channels)
        ``width'`` is the length of `reduced_axis`; zero where not valid.
    valid : Tensor of bool, shape (events, width')

    Raises
    ------
    InputError
        If there is no such reduction, or the edges do not rise.
    """
    _check(reduction, edges)
    steps = valid.sum(1)
    if reduction == "sorted_t":
        return _sorted(values, valid)
    if reduction == "hist_t":
        reduced = _histogram(values, valid, edges)
    elif reduction == "centre_t":
        middle = slice(values.shape[1] // 2, values.shape[1] // 2 + 1)
        return values[:, middle] * valid[:, middle, None], valid[:, middle]
    else:
        reduced = _WHOLE[reduction](values, valid)
    return reduced, (steps > 0)[:, None].expand(reduced.shape[:2])


def _mean(values: Tensor, valid: Tensor) -> Tensor:
    total = (values * valid[:, :, None]).sum(1, keepdim=True)
    return total / valid.sum(1).clamp_min(1)[:, None, None]


def _maximum(values: Tensor, valid: Tensor) -> Tensor:
    greatest = values.masked_fill(~valid[:, :, None], -torch.inf).amax(1, keepdim=True)
    return greatest.masked_fill(~valid.any(1)[:, None, None], 0)


def _spectrum(values: Tensor, valid: Tensor) -> Tensor:
    spectrum: Tensor = torch.fft.rfft(values * valid[:, :, None], dim=1, norm="forward")
    return spectrum.abs()


def _frequencies(width: int, step_ms: float) -> npt.NDArray[np.float64]:
    return np.arange(width // 2 + 1, dtype=np.float64) * 1000 / (width * step_ms)


def _sorted(values: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
    ranked = values.masked_fill(~valid[:, :, None], -torch.inf).sort(1, descending=True).values
    known = torch.arange(values.shape[1], device=values.device) < valid.sum(1)[:, None]
    return ranked.masked_fill(~known[:, :, None], 0), known


def _histogram(values: Tensor, valid: Tensor, edges: Sequence[float]) -> Tensor:
    inner = torch.tensor(edges[1:-1], dtype=values.dtype, device=values.device)
    place = torch.bucketize(values.contiguous(), inner, right=True)
    share = valid[:, :, None] / valid.sum(1).clamp_min(1)[:, None, None].to(values.dtype)
    result = values.new_zeros((len(values), len(edges) - 1, values.shape[2]))
    return result.scatter_add_(1, place, share.to(values.dtype).expand(values.shape))


_WHOLE: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mean_t": _mean,
    "max_t": _maximum,
    "fft_t": _spectrum,
}


def _check(reduction: str, edges: Sequence[float]) -> None:
    if reduction not in REDUCTIONS:
        raise InputError(f"no reduction of time {reduction!r}; there are: {', '.join(REDUCTIONS)}")
    if reduction == "hist_t" and (len(edges) < 2 or not (np.diff(edges) > 0).all()):
        raise InputError(f"edges of hist_t must rise, and there must be two or more: {edges!r}")
