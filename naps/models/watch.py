"""Looking at what submodules give while their network runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from naps.errors import InputError
from naps.models.form import Form

Hook = Callable[[str, tuple[Any, ...], Any], Any]


@contextmanager
def hooked(modules: Mapping[str, nn.Module], hook: Hook) -> Iterator[None]:
    """Call ``hook(name, inputs, output)`` whenever one of the modules has run.

    What it returns takes the place of the output, unless it is None.
    """

    def named(name: str) -> Callable[[nn.Module, tuple[Any, ...], Any], Any]:
        return lambda _module, inputs, output: hook(name, inputs, output)

    handles = [module.register_forward_hook(named(name)) for name, module in modules.items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def watch(
    modules: Mapping[str, nn.Module], forms: Mapping[str, Form], run: Callable[[], object]
) -> tuple[dict[str, Tensor], object]:
    """Run a network and keep the activations of some of its submodules, tied by autograd.

    What comes after a submodule is computed from the very tensor that is kept, brought back to
    the shape that the network expects: a gradient with respect to it is that of the network.

    Parameters
    ----------
    modules : mapping of str to Module
        To look at.
    forms : mapping of str to Form
        Of their outputs.
    run : callable
        Runs the network.

    Returns
    -------
    activations : dict of str to Tensor, shape (batch, steps, channels)
    output : object
        What ``run`` gave.

    Raises
    ------
    InputError
        If a submodule gives what has not the form that it had.
    """
    found: dict[str, Tensor] = {}

    def keep(name: str, _inputs: tuple[Any, ...], output: Any) -> object:
        try:
            value = forms[name].take(output)
        except (AttributeError, IndexError, RuntimeError):
            raise InputError(
                f"layer {name!r} gives {_told(output)} now, and gave something else when the "
                f"network was looked over; leave it out with profiles.layers"
            ) from None
        if torch.is_grad_enabled() and not value.requires_grad:
            # Weights may be frozen; the gradient wanted is not theirs.
            value = value.detach().requires_grad_()
        found[name] = value
        return forms[name].put(output, value)

    with hooked(modules, keep):
        output = run()
    return found, output


def _told(output: object) -> str:
    shape = f" of shape {tuple(output.shape)}" if isinstance(output, Tensor) else ""
    return f"a {type(output).__name__}{shape}"
