"""Moving every event's window so that where its input mattered most comes to the middle."""

from __future__ import annotations

from torch import Tensor

from naps.models import Layer, Window


def importance(activation: Tensor, gradient: Tensor) -> Tensor:
    """Return ``|gradient · activation|``, the saliency of GradNAP (Krug & Stober 2020).

    After a ReLU this is the slides' ``|gradient| · activation``; at the input, where values have
    a sign, the size of the product is what counts.
    """
    return (gradient * activation).abs_()


def carried_shifts(shifts: Tensor, source: Layer, target: Layer, window: Window) -> Tensor:
    """Turn the shifts found in one layer, usually the input, into those of another.

    Both move by the same time: by ``shift · source stride / target stride`` steps, rounded to the
    nearest; half a step does not count, so that rounding moves neither way on average. No window
    moves farther than its own steps reach: at most until its first or last step is in the middle.
    A layer with one step in its window is never moved.

    Parameters
    ----------
    shifts : Tensor of int, shape (events,)
        Of the source, as from `naps.profiles.accumulation.add_adjusted`.
    source, target : Layer
    window : Window
        Of the target.

    Returns
    -------
    Tensor of int, shape (events,)
        For `naps.profiles.accumulation.add_adjusted`.
    """
    # In integers: a |shift| / b to the nearest, halves down, is (2 a |shift| + b − 1) // 2b.
    sizes = (2 * source.stride * shifts.abs() + target.stride - 1) // (2 * target.stride)
    middle = window.width // 2
    return (shifts.sign() * sizes).clamp(-middle, window.width - 1 - middle)
