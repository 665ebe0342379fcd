"""Moving every event's window so that where its input mattered most comes to the middle."""

from __future__ import annotations

import torch
from torch import Tensor


def importance(activation: Tensor, gradient: Tensor) -> Tensor:
    """Return ``|gradient · activation|``, the saliency of GradNAP (Krug & Stober 2020).

    After a ReLU this is the slides' ``|gradient| · activation``; at the input, where values have
    a sign, the size of the product is what counts.
    """
    return (gradient * activation).abs_()


def peak_shifts(saliency: Tensor) -> Tensor:
    """Find how far each window's peak lies from its middle.

    The peak is the step with the greatest mean over channels, the first one on a tie; a window
    whose steps are all alike is not moved.

    Parameters
    ----------
    saliency : Tensor, shape (events, width, channels)

    Returns
    -------
    Tensor of int, shape (events,)
        ``peak - width // 2``.
    """
    score = saliency.mean(2)
    shifts = score.argmax(1) - saliency.shape[1] // 2
    constant = score.amax(1) == score.amin(1)
    return shifts.masked_fill(constant, 0)


def align_time(values: Tensor, shifts: Tensor) -> Tensor:
    """Move windows along time only, zeros where nothing moves in.

    Parameters
    ----------
    values : Tensor, shape (events, width, ...)
    shifts : Tensor of int, shape (events,)
        As from `peak_shifts`.

    Returns
    -------
    Tensor
        ``result[e, t] = values[e, t + shifts[e]]``.
    """
    width = values.shape[1]
    source = torch.arange(width, device=values.device) + shifts[:, None]
    inside = (source >= 0) & (source < width)
    events = torch.arange(len(values), device=values.device)[:, None]
    moved = values[events, source.clamp(0, width - 1)]
    return moved.masked_fill_(~inside.view(*inside.shape, *[1] * (values.ndim - 2)), 0)
