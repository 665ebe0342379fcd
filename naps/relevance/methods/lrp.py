"""Layer-wise relevance propagation through any network."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor

from naps.errors import InputError
from naps.relevance.composite import Composite
from naps.relevance.explanation import Explanation
from naps.relevance.handlers import HANDLERS
from naps.relevance.methods.method import Method
from naps.relevance.subject import Subject
from naps.relevance.way import Way


@dataclass(frozen=True)
class LRP(Method):
    """Layer-wise relevance propagation (Bach et al. 2015), through LSTMs as of Arras et al. (2017).

    The score is shared among the units of the layer below, their relevance among those of the
    next, down to the input.

    Attributes
    ----------
    composite : Composite
        Which layer gets which rule.
    layers : tuple of str
        Modules whose outputs' relevance is kept.
    units : bool
        Whether to keep the relevance of units inside LSTM and GRU layers.
    positive : bool
        Explain nothing where the score is negative, as deep Taylor decomposition does.
    """

    name: ClassVar[str] = "lrp"
    composite: Composite = field(default_factory=Composite)
    layers: tuple[str, ...] = ()
    units: bool = False
    positive: bool = False

    def relevance(self, subject: Subject) -> Tensor:
        """See `Method`."""
        return self.explain(subject).relevance

    def explain(self, subject: Subject) -> Explanation:
        """Return relevance of the input, of layers and inside recurrent layers."""
        way = Way(subject.network, self.composite, HANDLERS, units=self.units)
        x = subject.inputs.detach().requires_grad_()
        way.follow([x])
        kept: dict[str, Tensor] = {}
        with ExitStack() as stack:
            self._keep(subject, kept, stack)
            stack.enter_context(way.entered())
            scores = subject.scores(x)
        if not way.follows(scores):
            raise InputError("the scores do not depend on the input")
        if way.is_gate(scores):
            raise InputError(
                "the network ends in a softmax or sigmoid, which hides what the scores were; "
                "explain the scores before it (say with output= which they are)"
            )
        target = subject.target_among(scores)
        chosen = scores.gather(1, target[:, None])[:, 0]
        start = chosen.detach().clamp(min=0) if self.positive else chosen.detach()
        found = torch.autograd.grad(
            chosen, [x, *kept.values()], start, allow_unused=True, materialize_grads=True
        )
        relevance = found[0] * subject.real()
        lost = float((found[0] - relevance).sum())
        return Explanation(
            self.name,
            relevance,
            scores.detach(),
            target,
            start,
            subject.lengths,
            layers=dict(zip(kept, found[1:], strict=True)),
            recurrent=way.recurrent,
            absorbed=way.absorbed | ({"padding": lost} if lost else {}),
        )

    def _keep(self, subject: Subject, kept: dict[str, Tensor], stack: ExitStack) -> None:
        """Keep the outputs of the layers asked for."""
        modules = dict(subject.network.named_modules())
        for name in self.layers:
            if name not in modules:
                raise InputError(
                    f"no layer {name!r}; there are: {', '.join(filter(None, modules))}"
                )

            def hook(_module: Any, _inputs: Any, output: Any, name: str = name) -> None:
                kept[name] = output if isinstance(output, Tensor) else output[0]

            stack.callback(modules[name].register_forward_hook(hook).remove)
