"""The methods that are compared with one another, with the options they are compared with."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from types import MappingProxyType

from naps.relevance import GATE_RULES, LRP, METHODS, Composite, GateRule, Method
from naps.relevance.methods import IntegratedGradients, SmoothGrad
from naps.relevance.rules import Epsilon

Make = Callable[[float, int], Method]


def _lrp(gates: str) -> Make:
    def make(epsilon: float, _: int) -> Method:
        # What the warning says is what the comparison is to show.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rule = GateRule(gates, epsilon)
        return LRP(Composite(default=Epsilon(epsilon), gates=rule))

    return make


def _plain(name: str) -> Make:
    return lambda *_: METHODS[name]()


# Guided backpropagation is about ReLUs, which an LSTM has none of; chance is there in any case.
CHANCE = "random"
_OTHERS = tuple(name for name in METHODS if name not in ("lrp", "guided_backprop", CHANCE))
EXPLAINERS: Mapping[str, Make] = MappingProxyType(
    {f"lrp_{gates}": _lrp(gates) for gates in GATE_RULES}
    | {name: _plain(name) for name in _OTHERS}
    | {
        IntegratedGradients.name: lambda _, samples: IntegratedGradients(steps=samples),
        SmoothGrad.name: lambda _, samples: SmoothGrad(samples=samples),
    }
)


def explainer(name: str, epsilon: float, samples: int) -> Method:
    """Return a method by name.

    Parameters
    ----------
    name : str
        ``lrp_all``, ``lrp_half``, ``lrp_prop``, ``lrp_abs``: layer-wise relevance propagation by
        its gate rules; ``random``; or another name in `EXPLAINERS`.
    epsilon : float
        Stabilizer of layer-wise relevance propagation.
    samples : int
        Points of integrated gradients, noisy copies of SmoothGrad.
    """
    return METHODS[CHANCE]() if name == CHANCE else EXPLAINERS[name](epsilon, samples)
