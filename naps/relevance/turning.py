"""The order in which a backward row reads: each sequence from its own end."""

from __future__ import annotations

import torch
from torch import Tensor


def mirror(lengths: Tensor, steps: int) -> Tensor:
    """Return for each step the one that mirrors it within its sequence, shape (steps, batch).

    Steps behind the end stay where they are.
    """
    step = torch.arange(steps, device=lengths.device)[:, None]
    return torch.where(step < lengths, lengths - 1 - step, step)


def turned(value: Tensor, order: Tensor) -> Tensor:
    """Return values (steps, batch, features) in another order of steps."""
    return value.gather(0, order.unsqueeze(2).expand_as(value))


def at_end(value: Tensor, lengths: Tensor) -> Tensor:
    """Return the values (batch, features) at the last real steps."""
    return value[lengths - 1, torch.arange(len(lengths), device=lengths.device)]
