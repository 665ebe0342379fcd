"""Which layer of a network gets which rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any

from torch import nn

from naps.errors import InputError
from naps.relevance.gate_rule import GateRule
from naps.relevance.rules import AlphaBeta, Epsilon, Flat, Gamma, Pass, Rule, WSquare, ZBox, ZPlus

KINDS = ("linear", "convolution", "pooling", "normalization")
_WEIGHTED = ("linear", "convolution")
_BY_KIND: Mapping[str, Rule] = MappingProxyType({"pooling": Epsilon(), "normalization": Pass()})


@dataclass(frozen=True)
class Composite:
    """Rules by name, by place, by type and by kind of layer; the first that fits is taken.

    Activation functions pass relevance on; sums of two values share it in proportion to them; of
    a maximum, as in max pooling, the largest gets all.

    Attributes
    ----------
    names : mapping of str to Rule
        By the module's name in the network, ``*`` stands for anything: ``{"features.*": …}``.
    first : Rule or None
        Of the first linear layer or convolution that the input meets, at every call of it.
    types : mapping of module class to Rule
    kinds : mapping of str to Rule
        By what a layer does: ``linear``, ``convolution``, ``pooling``, ``normalization``.
        Poolings share in proportion by default, normalisations pass on; a batch norm that belongs
        to a convolution is better folded into it before.
    default : Rule
        Of linear layers and convolutions that nothing else fits.
    gates : GateRule
        Of LSTM and GRU layers, and of other products of a gate and a signal.

    Raises
    ------
    InputError
        If there is no such kind.
    """

    names: Mapping[str, Rule] = field(default_factory=dict)
    first: Rule | None = None
    types: Mapping[type[nn.Module], Rule] = field(default_factory=dict)
    kinds: Mapping[str, Rule] = field(default_factory=dict)
    default: Rule = field(default_factory=Epsilon)
    gates: GateRule = field(default_factory=GateRule)

    def __post_init__(self) -> None:
        for kind in self.kinds:
            if kind not in KINDS:
                raise InputError(f"no kind of layer {kind!r}; there are: {', '.join(KINDS)}")

    def rule(self, name: str, module: nn.Module, kind: str, *, first: bool) -> Rule:
        """Return the rule of a layer.

        Parameters
        ----------
        name : str
            Of the module that does it.
        module : Module
        kind : str
        first : bool
            Whether it is the first that has weights.
        """
        for pattern, rule in self.names.items():
            if fnmatchcase(name, pattern):
                return rule
        if self.first is not None and first and kind in _WEIGHTED:
            return self.first
        for cls, rule in self.types.items():
            if isinstance(module, cls):
                return rule
        return self.kinds.get(kind) or _BY_KIND.get(kind) or self.default


def _box(low: float | None, high: float | None) -> Rule:
    """Return zB where bounds of the input are known, else w²."""
    if low is None and high is None:
        return WSquare()
    if low is None or high is None:
        raise InputError("give both bounds of the input, low and high, or none")
    return ZBox(low, high)


def epsilon(epsilon: float = 1e-6) -> Composite:
    """LRP-epsilon everywhere."""
    return Composite(default=Epsilon(epsilon))


def epsilon_plus() -> Composite:
    """z⁺ in convolutions, epsilon in linear layers."""
    return Composite(kinds={"convolution": ZPlus()})


def epsilon_plus_flat() -> Composite:
    """z⁺ in convolutions, epsilon in linear layers, flat shares at the input."""
    return Composite(first=Flat(), kinds={"convolution": ZPlus()})


def epsilon_gamma_box(
    low: float | None = None, high: float | None = None, gamma: float = 0.25
) -> Composite:
    """Gamma in convolutions, epsilon in linear layers, zB at the input (w² without bounds)."""
    return Composite(first=_box(low, high), kinds={"convolution": Gamma(gamma)})


def epsilon_alpha2_beta1() -> Composite:
    """Alpha 2, beta 1 in convolutions, epsilon in linear layers."""
    return Composite(kinds={"convolution": AlphaBeta()})


def epsilon_alpha2_beta1_flat() -> Composite:
    """Alpha 2, beta 1 in convolutions, epsilon in linear layers, flat shares at the input."""
    return Composite(first=Flat(), kinds={"convolution": AlphaBeta()})


def deep_taylor(low: float | None = None, high: float | None = None) -> Composite:
    """Deep Taylor decomposition of ReLU networks (Montavon et al. 2017).

    z⁺ everywhere, at the input zB between bounds, w² without. Exact where biases are not positive.
    """
    return Composite(first=_box(low, high), default=ZPlus())


def spectrogram(gamma: float = 0.25) -> Composite:
    """For Wav2Letter: w² at the spectrogram, which has no bounds, then gamma, epsilon at the top.

    The top are its fully connected layers, ``conv9`` to ``conv11``.
    """
    top = dict.fromkeys(("conv9", "conv10", "conv11"), Epsilon())
    return Composite(names=top, first=WSquare(), kinds={"convolution": Gamma(gamma)})


def steady(epsilon: float = 0.1) -> Composite:
    """For recognizers with recurrent layers: LRP-epsilon with a large epsilon, gates included.

    Over hundreds of steps and several layers small denominators multiply: with 0.001 relevances for
    and against a letter are many times its score and cancel (see ``docs/relevance.md``).
    """
    return Composite(default=Epsilon(epsilon), gates=GateRule(epsilon=epsilon))


_MADE = (
    epsilon, epsilon_plus, epsilon_plus_flat, epsilon_gamma_box, epsilon_alpha2_beta1,
    epsilon_alpha2_beta1_flat, deep_taylor, spectrogram, steady,
)  # fmt: skip
COMPOSITES: Mapping[str, Callable[..., Composite]] = MappingProxyType(
    {made.__name__: made for made in _MADE}
)


def find_composite(name: str, **options: Any) -> Composite:
    """Return a composite by name.

    Raises
    ------
    InputError
        If there is no such composite, or it has no such option.
    """
    if name not in COMPOSITES:
        raise InputError(f"no composite {name!r}; there are: {', '.join(COMPOSITES)}")
    try:
        return COMPOSITES[name](**options)
    except TypeError:
        raise InputError(f"composite {name!r} has no options {', '.join(options)}") from None
