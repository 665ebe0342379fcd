"""Which method explains, with which options, as a command gives them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import nn

from naps.errors import InputError
from naps.relevance import LRP, Composite, GateRule, Method, find_composite, find_method
from naps.relevance.frames import recognizer_lrp
from naps.relevance.rules import Epsilon

# Methods whose relevance is the score shared out, so that sums can be set against it.
_SHARING = ("lrp", "integrated_gradients", "contextual_decomposition")
# Of a word, and of a patch of a spectrogram.
_PATCH = (5, 8)


@dataclass(frozen=True)
class MethodOptions:
    """A method by name, and what can be set of layer-wise relevance propagation.

    Attributes
    ----------
    method : str
        Of `naps.relevance.METHODS`.
    gate_rule : str or None
        Of `naps.relevance.GATE_RULES`; ``all`` by default.
    composite : str or None
        Of `naps.relevance.COMPOSITES`, for recognizers.
    epsilon : float or None
        Of gates and of layers that have the epsilon rule.

    Raises
    ------
    InputError
        If an option is for layer-wise relevance propagation and the method is another.
    """

    method: str = "lrp"
    gate_rule: str | None = None
    composite: str | None = None
    epsilon: float | None = None

    def __post_init__(self) -> None:
        given = {"--gate-rule": self.gate_rule, "--composite": self.composite,
                 "--epsilon": self.epsilon}  # fmt: skip
        named = [name for name, value in given.items() if value is not None]
        if self.method != "lrp" and named:
            raise InputError(f"{named[0]} is for --method lrp, not for {self.method}")

    @property
    def shares(self) -> bool:
        """Whether the method shares out the score."""
        return self.method in _SHARING

    def for_sentences(self) -> tuple[Method, str]:
        """Return the method for a network of words, and what it is called.

        Raises
        ------
        InputError
            If there is no such method or rule.
        """
        if self.method != "lrp":
            return find_method(self.method), self.method
        if self.composite is not None:
            raise InputError("--composite is for recognizers; for sentences there is --gate-rule")
        epsilon = 1e-3 if self.epsilon is None else self.epsilon
        rule = GateRule(self.gate_rule or "all", epsilon)
        chosen = LRP(Composite(default=Epsilon(epsilon), gates=rule))
        return chosen, f"LRP, gate rule {rule.gates}, epsilon {epsilon:g}"

    def for_recognizer(self, network: nn.Module) -> tuple[Method, str]:
        """Return the method for a recognizer's network, and what it is called.

        Raises
        ------
        InputError
            If there is no such method, composite or rule.
        """
        if self.method != "lrp":
            options = {"window": _PATCH} if self.method == "occlusion" else {}
            return find_method(self.method, **options), self.method
        composite, name = recognizer_lrp(network).composite, "the recognizer's own composite"
        if self.composite is not None:
            composite, name = find_composite(self.composite), f"composite {self.composite}"
        if self.epsilon is not None:
            names = {
                key: Epsilon(self.epsilon) if isinstance(rule, Epsilon) else rule
                for key, rule in composite.names.items()
            }
            default = composite.default
            composite = replace(
                composite,
                names=names,
                default=Epsilon(self.epsilon) if isinstance(default, Epsilon) else default,
                gates=replace(composite.gates, epsilon=self.epsilon),
            )
            name += f", epsilon {self.epsilon:g}"
        if self.gate_rule is not None:
            rule = GateRule(self.gate_rule, composite.gates.epsilon)
            composite = replace(composite, gates=rule)
            name += f", gate rule {self.gate_rule}"
        return LRP(composite), f"LRP, {name}"
