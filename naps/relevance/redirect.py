"""Relevance in place of gradients: what autograd carries back through a function of our own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

# From the relevance of the outputs, None for outputs that have none, to that of the inputs.
Back = Callable[..., tuple[Tensor | None, ...]]


class _Redirect(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, back: Back, outputs: tuple[Tensor, ...], *inputs: Tensor) -> Any:
        ctx.back = back
        ctx.set_materialize_grads(False)
        return outputs

    @staticmethod
    def backward(ctx: Any, *relevance: Tensor | None) -> Any:
        return (None, None, *ctx.back(*relevance))


def redirect(outputs: Sequence[Tensor], inputs: Sequence[Tensor], back: Back) -> tuple[Tensor, ...]:
    """Tie outputs to inputs, so that what comes back through them is what ``back`` says.

    Parameters
    ----------
    outputs : sequence of Tensor
        Computed without a graph.
    inputs : sequence of Tensor
    back : callable
        Gets as many tensors as there are outputs, gives as many as there are inputs.
    """
    tied: tuple[Tensor, ...] = _Redirect.apply(back, tuple(outputs), *inputs)  # type: ignore[no-untyped-call]
    return tied
