"""What says how much every unit of a window mattered for the prediction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor

from naps.errors import InputError
from naps.profiles.alignment import importance

# Of activation and gradient, both (events, width, channels); gives a tensor of the same shape.
Saliency = Callable[[Tensor, Tensor], Tensor]


def gradient_size(_: Tensor, gradient: Tensor) -> Tensor:
    """Return ``|gradient|``, the sensitivity (Simonyan, Vedaldi & Zisserman 2014)."""
    return gradient.abs()


def positive_product(activation: Tensor, gradient: Tensor) -> Tensor:
    """Return the positive part of ``gradient · activation``: what spoke for the prediction.

    Gradient × input at a layer (Shrikumar et al. 2017); summed over channels, before negative
    values are dropped, it is HiResCAM (Draelos & Carin 2020).
    """
    return (gradient * activation).clamp_min_(0)


def activation_size(activation: Tensor, _: Tensor) -> Tensor:
    """Return ``|activation|``, whatever it does to the prediction: a control for the others."""
    return activation.abs()


SALIENCIES: Mapping[str, Saliency] = MappingProxyType(
    {
        "grad_act": importance,
        "grad": gradient_size,
        "grad_times_act": positive_product,
        "act": activation_size,
    }
)


def find_saliency(choice: str | Saliency) -> Saliency:
    """Return a saliency by name, or a function of one's own with its results checked.

    Saliency-adjusted profiles take any (SNAPs, Krug et al. 2021).

    Parameters
    ----------
    choice : str or callable
        A name in `SALIENCIES`: ``grad_act`` |gradient · activation| (GradNAP, Krug & Stober 2020),
        ``grad`` |gradient|, ``grad_times_act`` the positive part of gradient · activation,
        ``act`` |activation|. Or a function of activation and gradient that gives a tensor of their
        shape, finite and not negative.

    Raises
    ------
    InputError
        If there is no such name; and by the function that is returned, if one's own gives
        something else.
    """
    if isinstance(choice, str):
        if choice not in SALIENCIES:
            raise InputError(f"no saliency {choice!r}; there are: {', '.join(SALIENCIES)}")
        return SALIENCIES[choice]
    name = saliency_name(choice)

    def checked(activation: Tensor, gradient: Tensor) -> Tensor:
        result = choice(activation, gradient)
        if not isinstance(result, Tensor) or result.shape != activation.shape:
            given = tuple(result.shape) if isinstance(result, Tensor) else type(result).__name__
            raise InputError(
                f"saliency {name} gives {given}, where {tuple(activation.shape)} is needed"
            )
        if not bool(torch.isfinite(result).all()) or bool((result < 0).any()):
            raise InputError(f"saliency {name} gives values that are negative or not finite")
        return result.detach().to(activation)

    return checked


def saliency_name(choice: str | Saliency) -> str:
    """Return the name under which a file states the saliency: Python's own for a function."""
    if isinstance(choice, str):
        return choice
    return str(getattr(choice, "__qualname__", type(choice).__qualname__))
