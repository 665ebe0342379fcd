"""How a product of a gate and a signal shares its relevance, and what else a cell needs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from naps.errors import InputError


def _half(_: Tensor, signal: Tensor) -> Tensor:
    return torch.full_like(signal, 0.5)


def _proportional(gate: Tensor, signal: Tensor) -> Tensor:
    whole = gate + signal
    # Where both cancel there is no share; both zero means a product without relevance.
    return torch.where(whole == 0, 0.5, signal / torch.where(whole == 0, 1.0, whole))


def _absolute(gate: Tensor, signal: Tensor) -> Tensor:
    return _proportional(gate.abs(), signal.abs())


_SHARES: Mapping[str, Callable[[Tensor, Tensor], Tensor] | None] = MappingProxyType(
    {"all": None, "half": _half, "prop": _proportional, "abs": _absolute}
)
GATE_RULES = tuple(_SHARES)


@dataclass(frozen=True)
class GateRule:
    """Layer-wise relevance propagation through LSTM and GRU cells.

    Attributes
    ----------
    gates : {"all", "half", "prop", "abs"}
        Who gets the relevance of gate times signal. ``all``: the signal gets all (Arras et al.
        2017), ``half``: each a half, ``prop``: in proportion to their values, ``abs``: to their
        absolute values (Arras et al. 2019). ``prop`` divides by what may be near zero, so its
        relevances can exceed the score by many powers of ten; a warning says so.
    epsilon : float
        Stabilizer of every division, added with the sign of the denominator.
    bias_factor : float
        Share, 0 to 1, of what biases and the stabilizer take that is handed on to the units below,
        to each the same. With 1 inputs and initial states have all the relevance.

    Raises
    ------
    InputError
        If there is no such rule, or a number is out of range.
    """

    gates: str = "all"
    epsilon: float = 1e-3
    bias_factor: float = 0.0

    def __post_init__(self) -> None:
        if self.gates not in _SHARES:
            raise InputError(f"no gate rule {self.gates!r}; there are: {', '.join(GATE_RULES)}")
        check_epsilon(self.epsilon)
        check_bias_factor(self.bias_factor)
        if self.gates == "prop":
            warnings.warn(
                "gate rule 'prop' divides by the sum of gate and signal, which may be near zero: "
                "relevances can be huge; 'all' and 'abs' are stable",
                stacklevel=3,
            )

    @property
    def signal_takes_all(self) -> bool:
        """Whether gates get nothing."""
        return self.gates == "all"

    def signal_share(self, gate: Tensor, signal: Tensor) -> Tensor:
        """Return the share of the signal in the relevance of the product; the gate has the rest.

        Both tensors of any one shape, values behind their sigmoid or tanh.
        """
        share = _SHARES[self.gates]
        return torch.ones_like(signal) if share is None else share(gate, signal)


def check_epsilon(epsilon: float) -> None:
    """Refuse a stabilizer that is not a small positive number.

    Raises
    ------
    InputError
    """
    if not 0 < epsilon < float("inf"):
        raise InputError(f"epsilon {epsilon} is not a positive number; for none take 1e-16")


def check_bias_factor(factor: float) -> None:
    """Refuse a share that is none.

    Raises
    ------
    InputError
    """
    if not 0 <= factor <= 1:
        raise InputError(f"bias factor {factor} is not between 0 and 1")
