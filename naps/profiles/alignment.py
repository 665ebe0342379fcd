"""Moving every event's window so that where its input mattered most comes to the middle."""

from __future__ import annotations

import torch
from torch import Tensor

from naps.models import Layer, Window


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


def carried_shifts(shifts: Tensor, source: Layer, target: Layer, window: Window) -> Tensor:
    """Turn the shifts found in one layer, usually the input, into those of another.

    Both move by the same time: by ``shift · source stride / target stride`` steps, rounded to the
    nearest; half a step does not count, so that rounding moves neither way on average. No window
    moves farther than its own steps reach: at most until its first or last step is in the middle.
    A layer with one step in its window is never moved.

    Parameters
    ----------
    shifts : Tensor of int, shape (events,)
        As from `peak_shifts` of the source.
    source, target : Layer
    window : Window
        Of the target.

    Returns
    -------
    Tensor of int, shape (events,)
        For `align_time`.
    """
    # In integers: a |shift| / b to the nearest, halves down, is (2 a |shift| + b − 1) // 2b.
    sizes = (2 * source.stride * shifts.abs() + target.stride - 1) // (2 * target.stride)
    middle = window.width // 2
    return (shifts.sign() * sizes).clamp(-middle, window.width - 1 - middle)
