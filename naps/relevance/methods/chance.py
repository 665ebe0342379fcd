"""Relevance by chance: what any method has to be better than."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from naps.relevance.methods.method import Method
from naps.relevance.subject import Subject


@dataclass(frozen=True)
class Random(Method):
    """Independent normal numbers.

    Attributes
    ----------
    seed : int
    """

    name: ClassVar[str] = "random"
    seed: int = 0

    def relevance(self, subject: Subject) -> Tensor:
        """See `Method`."""
        random = torch.Generator().manual_seed(self.seed)
        drawn = torch.randn(subject.inputs.shape, generator=random, dtype=torch.float64)
        return drawn.to(subject.inputs)
