"""Keeping denominators away from zero."""

from __future__ import annotations

import torch
from torch import Tensor


def slack(z: Tensor, epsilon: float) -> Tensor:
    """Return ``epsilon * sign(z)``, with a sign of +1 for zero (Bach et al. 2015)."""
    # Adding zero makes a plain zero of a negative one; a choice by comparison takes ten times as
    # long.
    return torch.copysign(z.new_tensor(epsilon), z + 0.0)


def stabilized(z: Tensor, epsilon: float) -> Tensor:
    """Return ``z + epsilon * sign(z)``."""
    return slack(z, epsilon).add_(z)
