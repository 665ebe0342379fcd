"""Rules that share relevance among the inputs of a layer that is linear but for its bias.

With ``z_ij = x_i w_ij`` and ``z_j`` their sum and the bias, input i gets from output j
``z_ij / z_j`` of its relevance, or a relative of it (Bach et al. 2015, Montavon et al. 2017,
2019). Each rule is a forward pass with changed inputs and weights, a division, and its gradient.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from naps.errors import InputError
from naps.relevance.gate_rule import check_bias_factor, check_epsilon
from naps.relevance.stabilizer import slack, stabilized

Pairs = Sequence[tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class LinearStep:
    """What a linear layer, a convolution, a pooling or a normalisation does to its input.

    Attributes
    ----------
    apply : callable
        Of input and weight, linear in both; the bias left out.
    weight : Tensor
    bias : Tensor or None
        To be added to the output.
    """

    apply: Callable[[Tensor, Tensor], Tensor]
    weight: Tensor
    bias: Tensor | None = None

    def shares(
        self, pairs: Pairs, relevance: Tensor, epsilon: float, bias: Tensor | None = None
    ) -> Tensor:
        """Share relevance in proportion to the products of inputs and weights.

        Parameters
        ----------
        pairs : sequence of (Tensor, Tensor)
            Inputs and weights, whose sums are added up.
        relevance : Tensor
            Of the output.
        epsilon : float
            Stabilizer of the sums.
        bias : Tensor, optional
            What belongs to the sums beside.

        Returns
        -------
        Tensor, of the input's shape
        """
        # Behind a ReLU there are no negative inputs, and half of a rule's passes are for nothing.
        used = [pair for pair in pairs if bool(pair[0].any())] or pairs[:1]
        with torch.enable_grad():
            inputs = [x.detach().requires_grad_() for x, _ in used]
            whole = torch.stack(
                [self.apply(x, weight) for x, (_, weight) in zip(inputs, used, strict=True)]
            ).sum(0)
        sums = whole.detach() if bias is None else whole.detach() + bias
        ratio = relevance / stabilized(sums, epsilon)
        gradients = torch.autograd.grad(whole, inputs, ratio)
        return torch.stack([x * g for (x, _), g in zip(used, gradients, strict=True)]).sum(0)

    def output(self, x: Tensor) -> Tensor:
        """Return what the layer gives, the bias included."""
        found = self.apply(x, self.weight)
        return found if self.bias is None else found + self.bias


class Rule(ABC):
    """How a layer's relevance is shared among its inputs."""

    @abstractmethod
    def share(self, step: LinearStep, x: Tensor, relevance: Tensor) -> Tensor:
        """Return the relevance of the input, of the input's shape."""


@dataclass(frozen=True)
class Epsilon(Rule):
    """``z_ij / (z_j + epsilon sign(z_j))``: LRP-epsilon; of a pooling, shares of its sum.

    Attributes
    ----------
    epsilon : float
    bias_factor : float
        Share, 0 to 1, of what bias and stabilizer take that is handed on to all inputs of an
        output, to each the same (Arras et al. 2017).
    """

    epsilon: float = 1e-6
    bias_factor: float = 0.0

    def __post_init__(self) -> None:
        check_epsilon(self.epsilon)
        check_bias_factor(self.bias_factor)

    def share(self, step: LinearStep, x: Tensor, relevance: Tensor) -> Tensor:
        """See `Rule`."""
        found = step.shares([(x, step.weight)], relevance, self.epsilon, step.bias)
        if not self.bias_factor:
            return found
        output = step.output(x)
        taken = slack(output, self.epsilon)
        ratio = relevance / (output + taken)
        constant = taken if step.bias is None else taken + step.bias
        return found + self.bias_factor * Flat().share(step, x, constant * ratio)


@dataclass(frozen=True)
class Zero(Epsilon):
    """``z_ij / z_j``: LRP-0, the stabilizer far below rounding."""

    epsilon: float = 1e-16


@dataclass(frozen=True)
class Gamma(Rule):
    """``w + gamma w⁺`` in place of w: what speaks for an output counts more (Montavon et al. 2019).

    Generalised to inputs and outputs of any sign (Andéol et al. 2021): an output below zero is
    explained with the signs turned round.

    Attributes
    ----------
    gamma, epsilon : float
    """

    gamma: float = 0.25
    epsilon: float = 1e-6

    def __post_init__(self) -> None:
        check_epsilon(self.epsilon)
        if not 0 <= self.gamma < float("inf"):
            raise InputError(f"gamma {self.gamma} is not a number from 0 up")

    def share(self, step: LinearStep, x: Tensor, relevance: Tensor) -> Tensor:
        """See `Rule`."""
        positive = step.output(x) > 0
        raised, lowered = self._favoured(step.weight)
        bias, bias_lowered = (None, None) if step.bias is None else self._favoured(step.bias)
        up, down = x.clamp(min=0), x.clamp(max=0)
        for_up = step.shares(
            [(up, raised), (down, lowered)], relevance * positive, self.epsilon, bias
        )
        for_down = step.shares(
            [(up, lowered), (down, raised)], relevance * ~positive, self.epsilon, bias_lowered
        )
        return for_up + for_down

    def _favoured(self, value: Tensor) -> tuple[Tensor, Tensor]:
        return value + self.gamma * value.clamp(min=0), value + self.gamma * value.clamp(max=0)


@dataclass(frozen=True)
class AlphaBeta(Rule):
    """``alpha z⁺_ij / Σ z⁺ - beta z⁻_ij / Σ z⁻``, with ``alpha - beta = 1`` (Bach et al. 2015).

    Attributes
    ----------
    alpha, beta, epsilon : float
    """

    alpha: float = 2.0
    beta: float = 1.0
    epsilon: float = 1e-9

    def __post_init__(self) -> None:
        check_epsilon(self.epsilon)
        if self.beta < 0 or abs(self.alpha - self.beta - 1) > 1e-9:
            raise InputError(
                f"alpha {self.alpha} and beta {self.beta}: alpha must be beta + 1, beta not "
                f"negative, or relevance is not kept"
            )

    def share(self, step: LinearStep, x: Tensor, relevance: Tensor) -> Tensor:
        """See `Rule`."""
        up, down = x.clamp(min=0), x.clamp(max=0)
        raising, lowering = step.weight.clamp(min=0), step.weight.clamp(max=0)
        bias = None if step.bias is None else step.bias.clamp(min=0)
        found = self.alpha * step.shares(
            [(up, raising), (down, lowering)], relevance, self.epsilon, bias
        )
        if not self.beta:
            return found
        bias = None if step.bias is None else step.bias.clamp(max=0)
        return found - self.beta * step.shares(
            [(up, lowering), (down, raising)], relevance, self.epsilon, bias
        )


@dataclass(frozen=True)
class ZPlus(AlphaBeta):
    """Only what speaks for an output: z⁺, alpha 1 and beta 0 (Montavon et al. 2017)."""

    alpha: float = 1.0
    beta: float = 0.0


@dataclass(frozen=True)
class ZBox(Rule):
    """``x w - low w⁺ - high w⁻``: zB, for inputs between two bounds (Montavon et al. 2017).

    Attributes
    ----------
    low, high : float
        Bounds of every input value.
    epsilon : float
    """

    low: float
    high: float
    epsilon: float = 1e-9

    def __post_init__(self) -> None:
        check_epsilon(self.epsilon)
        if not self.low < self.high:
            raise InputError(f"bounds {self.low} and {self.high}: the first must be the lower one")

    def share(self, step: LinearStep, x: Tensor, relevance: Tensor) -> Tensor:
        """See `Rule`."""
        pairs = [
            (x, step.weight),
            (torch.full_like(x, -self.low), step.weight.clamp(min=0)),
            (torch.full_like(x, -self.high), step.weight.clamp(max=0)),
        ]
        return step.shares(pairs, relevance, self.epsilon)


@dataclass(frozen=True)
class WSquare(Rule):
    """``w_ij² / Σ w²``: w², for inputs without bounds (Montavon et al. 2017)."""

    def share(self, step: LinearStep, x: Tensor, relevance: Tensor) -> Tensor:
        """See `Rule`."""
        return step.shares([(torch.ones_like(x), step.weight.square())], relevance, _NEAR_NOTHING)


@dataclass(frozen=True)
class Flat(Rule):
    """To all inputs of an output the same (Lapuschkin et al. 2019)."""

    def share(self, step: LinearStep, x: Tensor, relevance: Tensor) -> Tensor:
        """See `Rule`."""
        ones = torch.ones_like(step.weight)
        return step.shares([(torch.ones_like(x), ones)], relevance, _NEAR_NOTHING)


@dataclass(frozen=True)
class Pass(Rule):
    """Every input has what its output has: for layers whose values stay in their places."""

    def share(self, step: LinearStep, x: Tensor, relevance: Tensor) -> Tensor:
        """See `Rule`."""
        if relevance.shape != x.shape:
            raise InputError(
                f"rule 'pass' is for layers that keep the shape, this one makes "
                f"{tuple(relevance.shape)} of {tuple(x.shape)}"
            )
        return relevance


_NEAR_NOTHING = 1e-16

RULES: dict[str, type[Rule]] = {
    "0": Zero, "epsilon": Epsilon, "gamma": Gamma, "alpha_beta": AlphaBeta, "z+": ZPlus,
    "zB": ZBox, "w2": WSquare, "flat": Flat, "pass": Pass,
}  # fmt: skip
