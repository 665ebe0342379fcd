"""Methods that ask how the score changes with the input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from naps.errors import InputError
from naps.relevance.methods.method import Method
from naps.relevance.subject import Subject


@dataclass(frozen=True)
class Gradient(Method):
    """The gradient of the score (Simonyan et al. 2014)."""

    name: ClassVar[str] = "gradient"

    def relevance(self, subject: Subject) -> Tensor:
        """See `Method`."""
        return subject.gradient(subject.inputs)


@dataclass(frozen=True)
class Sensitivity(Method):
    """The squared gradient; of a step, the squared norm of the gradient (Li et al. 2016)."""

    name: ClassVar[str] = "sensitivity"

    def relevance(self, subject: Subject) -> Tensor:
        """See `Method`."""
        return subject.gradient(subject.inputs).square()


@dataclass(frozen=True)
class GradientTimesInput(Method):
    """Gradient times input (Shrikumar et al. 2017)."""

    name: ClassVar[str] = "gradient_times_input"

    def relevance(self, subject: Subject) -> Tensor:
        """See `Method`."""
        return subject.gradient(subject.inputs) * subject.inputs


@dataclass(frozen=True)
class IntegratedGradients(Method):
    """The mean gradient between a baseline and the input, times their difference.

    Its sum is the difference of their scores (Sundararajan et al. 2017). The mean is an integral
    by Gauss and Legendre's rule.

    Attributes
    ----------
    steps : int
        Points of the rule.
    baseline : float
        Value of all inputs at the start: 0, the zero vector of a word or a normalised
        spectrogram's mean.
    """

    name: ClassVar[str] = "integrated_gradients"
    steps: int = 50
    baseline: float = 0.0

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise InputError(f"integrated gradients take 1 step or more, not {self.steps}")

    def relevance(self, subject: Subject) -> Tensor:
        """See `Method`."""
        way = subject.inputs - self.baseline
        points, weights = np.polynomial.legendre.leggauss(self.steps)
        total = torch.zeros_like(way)
        for point, weight in zip((points + 1) / 2, weights / 2, strict=True):
            total += float(weight) * subject.gradient(self.baseline + float(point) * way)
        return total * way


@dataclass(frozen=True)
class SmoothGrad(Method):
    """The mean gradient at noisy copies of the input (Smilkov et al. 2017).

    Attributes
    ----------
    samples : int
    noise : float
        Standard deviation, as a share of the range of the item's values.
    seed : int
    """

    name: ClassVar[str] = "smoothgrad"
    samples: int = 50
    noise: float = 0.15
    seed: int = 0

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise InputError(f"SmoothGrad takes 1 sample or more, not {self.samples}")
        if not 0 <= self.noise < float("inf"):
            raise InputError(f"noise {self.noise} is not a number from 0 up")

    def relevance(self, subject: Subject) -> Tensor:
        """See `Method`."""
        x = subject.inputs
        random = torch.Generator().manual_seed(self.seed)
        flat = x.flatten(1)
        span = (flat.amax(1) - flat.amin(1)).view(-1, *[1] * (x.ndim - 1))
        total = torch.zeros_like(x)
        for _ in range(self.samples):
            noise = torch.randn(x.shape, generator=random, dtype=torch.float64).to(x)
            total += subject.gradient(x + self.noise * span * noise)
        return total / self.samples
