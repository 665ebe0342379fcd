"""A forward pass whose way back carries relevance in place of gradients.

While a network runs, every call of a torch function is looked at. Where a value that depends on
the input goes through a layer or an activation function, the result is tied to it by a rule;
what merely moves, copies or picks values is left to autograd, whose gradient of it is exactly the
relevance. So networks need not be rewritten, whatever modules or functions they are made of. What
there is no rule for is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.hooks import RemovableHandle

from naps.errors import InputError
from naps.relevance.composite import Composite
from naps.relevance.recurrent_pass import RecurrentRelevance
from naps.relevance.redirect import Back, redirect

# Move, copy or pick values, or leave them as they are.
_MOVING = frozenset((
    "view", "view_as", "reshape", "reshape_as", "flatten", "unflatten", "squeeze", "unsqueeze",
    "transpose", "swapaxes", "swapdims", "permute", "movedim", "moveaxis", "t", "T", "mT", "H",
    "mH", "contiguous", "clone", "to", "type", "type_as", "float", "double", "cpu", "cuda",
    "expand", "expand_as", "repeat", "repeat_interleave", "tile", "flip", "roll", "rot90",
    "index_select", "gather", "take_along_dim", "__getitem__", "select", "narrow", "split",
    "chunk", "unbind", "tensor_split", "cat", "concat", "concatenate", "stack", "hstack", "vstack",
    "pad", "masked_fill", "masked_select", "where", "unfold", "diagonal", "max", "min", "amax",
    "amin", "maximum", "minimum", "sort", "topk", "max_pool1d", "max_pool2d", "max_pool3d",
    "adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d", "_pack_padded_sequence",
    "_pad_packed_sequence",
))  # fmt: skip

# Give or change what autograd does not see.
_LOSING = ("detach", "data", "__setitem__")

Handler = Callable[["Way", "Call"], object]


class Call:
    """A call of a torch function.

    Attributes
    ----------
    function : callable
    name : str
        Of the function, without the underscore of those that work in place.
    args, kwargs
        As it was called.
    in_place : bool
        Whether its first argument would be changed.
    """

    def __init__(self, function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        self.args, self.kwargs = list(args), dict(kwargs)
        name = str(getattr(function, "__name__", function))
        if name == "__get__":
            name = str(getattr(function.__self__, "__name__", name))
        base = name.removesuffix("_")
        self.in_place = name.endswith("_") and not name.endswith("__")
        if self.in_place and hasattr(Tensor, base):
            function = getattr(Tensor, base)
        # torch's own activation functions take the wish to work in place as their last argument.
        if self.kwargs.pop("inplace", False):
            self.in_place = True
        self.function, self.name = function, base if self.in_place else name

    def tensors(self) -> Iterator[Tensor]:
        """Give all tensors among the arguments."""
        yield from _tensors([self.args, self.kwargs])

    def run(self) -> Any:
        """Call the function."""
        return self.function(*self.args, **self.kwargs)

    def operand(self, place: int, name: str, default: Any = None) -> Any:
        """Return an argument given by place or by name."""
        if place < len(self.args):
            return self.args[place]
        return self.kwargs.get(name, default)


class Way(TorchFunctionMode):
    """While it is entered, values that depend on followed ones are tied by rules.

    Parameters
    ----------
    network : Module
        In eval mode; it is left as it is.
    composite : Composite
    handlers : mapping of str to callable
        By name of the torch function, what ties its result to its input.
    units : bool
        Whether to keep account of units inside LSTM and GRU layers.

    Attributes
    ----------
    composite, units
    absorbed : dict of str to float
        After the way back, by module: the relevance that biases, stabilizers and constants took.
    recurrent : dict of str to RecurrentRelevance
        After the way back, by module: relevance inside LSTM and GRU layers. A module's second call
        has the name ``name#2``, and so on.
    """

    def __init__(
        self,
        network: nn.Module,
        composite: Composite,
        handlers: Mapping[str, Handler],
        *,
        units: bool = False,
    ) -> None:
        super().__init__()
        self.composite, self.units = composite, units
        self.absorbed: dict[str, float] = {}
        self.recurrent: dict[str, RecurrentRelevance] = {}
        self._network, self._handlers = network, handlers
        self._stack: list[tuple[str, nn.Module, tuple[Any, ...]]] = [("", network, ())]
        self._calls: dict[str, int] = {}
        # By identity; holding the tensors keeps identities from being used again.
        self._followed: dict[int, Tensor] = {}
        self._gates: set[int] = set()
        self._stale: dict[int, Tensor] = {}
        # Where the weights of the first layer are that has any.
        self.first: int | None = None

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Look at all that happens, and know in which module."""
        with ExitStack() as stack:
            for name, module in self._network.named_modules():
                for handle in self._watch(name, module):
                    stack.callback(handle.remove)
            stack.enter_context(torch.enable_grad())
            stack.enter_context(self)
            yield

    def _watch(self, name: str, module: nn.Module) -> Iterable[RemovableHandle]:
        if not name:
            return
        yield module.register_forward_pre_hook(
            lambda module, inputs: self._stack.append((name, module, inputs))
        )
        yield module.register_forward_hook(lambda *_: self._leave())

    def _leave(self) -> None:
        self._stack.pop()

    @property
    def name(self) -> str:
        """Name of the module that is running; ``network`` for the whole."""
        return self._stack[-1][0] or "network"

    @property
    def module(self) -> nn.Module:
        """The module that is running."""
        return self._stack[-1][1]

    @property
    def module_inputs(self) -> tuple[Any, ...]:
        """What the module that is running was given."""
        return self._stack[-1][2]

    def call_name(self) -> str:
        """Name the running module's call: its name, from the second call on with its number."""
        count = self._calls[self.name] = self._calls.get(self.name, 0) + 1
        return self.name if count == 1 else f"{self.name}#{count}"

    def follow(self, values: Iterable[Tensor], *, gate: bool = False) -> None:
        """Take note that values depend on the input; and whether they are those of a gate."""
        for value in values:
            self._followed[id(value)] = value
            if gate:
                self._gates.add(id(value))

    def follows(self, value: object) -> bool:
        """Say whether a value depends on the input."""
        return isinstance(value, Tensor) and id(value) in self._followed

    def is_gate(self, value: object) -> bool:
        """Say whether a value is that of a gate."""
        return id(value) in self._gates

    def tie(
        self, outputs: Sequence[Tensor], inputs: Sequence[Tensor], back: Back, *, gate: bool = False
    ) -> tuple[Tensor, ...]:
        """Tie outputs to inputs by a rule, and keep account of what it keeps back."""
        name, watched = self.name, [self.follows(x) for x in inputs]

        def accounted(*relevance: Tensor | None) -> tuple[Tensor | None, ...]:
            found = back(*relevance)
            given = _total(relevance)
            passed = _total([r for r, kept in zip(found, watched, strict=True) if kept])
            self.absorbed[name] = self.absorbed.get(name, 0.0) + given - passed
            return found

        tied = redirect(outputs, inputs, accounted)
        self.follow(tied, gate=gate)
        return tied

    def refuse(self, what: str) -> InputError:
        """Make the error that says what cannot be explained and what can."""
        kind = type(self.module).__name__
        return InputError(
            f"layer {self.name!r} ({kind}): {what}; there are rules for linear layers, embeddings, "
            f"convolutions, poolings, batch norm, activation functions, sums, products of a gate "
            f"and a signal, LSTM and GRU"
        )

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """See torch: called in place of every torch function."""
        tensors = list(_tensors([args, kwargs or {}]))
        if any(id(value) in self._stale for value in tensors):
            raise self.refuse("a value is used again after it was changed in place")
        followed = [value for value in tensors if id(value) in self._followed]
        if not followed:
            return func(*args, **(kwargs or {}))
        call = Call(func, args, kwargs or {})
        if call.in_place:
            # What comes of it is a value of its own: the first argument stays as it was.
            self._stale[id(tensors[0])] = tensors[0]
        if call.name in self._handlers:
            return self._handlers[call.name](self, call)
        found = call.run()
        results = [value for value in _tensors(found) if value.requires_grad]
        if not results and call.name not in _LOSING:
            return found
        if call.name not in _MOVING:
            raise self.refuse(f"no rule for {call.name!r}")
        self.follow(results, gate=all(self.is_gate(value) for value in followed))
        return found


def _tensors(value: object) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _tensors(item)
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))


def _total(values: Iterable[Tensor | None]) -> float:
    return float(sum(value.sum(dtype=torch.float64) for value in values if value is not None))
