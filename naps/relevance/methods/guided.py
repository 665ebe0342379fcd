"""Guided backpropagation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor
from torch.overrides import TorchFunctionMode

from naps.errors import InputError
from naps.relevance.methods.method import Method
from naps.relevance.redirect import redirect
from naps.relevance.subject import Subject


class _GuidedReLUs(TorchFunctionMode):
    """While it is entered, ReLUs let back positive gradients only."""

    count = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "") not in ("relu", "relu_"):
            return func(*args, **(kwargs or {}))
        self.count += 1
        x: Tensor = args[0] if args else (kwargs or {})["input"]
        open_ = x.detach() > 0
        (output,) = redirect(
            [x.detach().clamp(min=0)], [x], lambda gradient: (gradient.clamp(min=0) * open_,)
        )
        return output


@dataclass(frozen=True)
class GuidedBackprop(Method):
    """The gradient, of which every ReLU lets back only what is positive (Springenberg et al. 2015).

    It hardly changes when upper layers are randomised (Adebayo et al. 2018), so it shows what the
    input looks like rather than why the network decided; see `randomisation`.
    """

    name: ClassVar[str] = "guided_backprop"

    def relevance(self, subject: Subject) -> Tensor:
        """See `Method`."""
        with _GuidedReLUs() as relus:
            found = subject.gradient(subject.inputs)
        if not relus.count:
            raise InputError(
                "guided backpropagation needs ReLUs, and the network has none; 'gradient' is what "
                "it would be"
            )
        return found
