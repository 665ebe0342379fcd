"""What ties the results of torch functions to their inputs, so that relevance comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from naps.relevance.recurrent_handler import recurrent
from naps.relevance.rules import LinearStep
from naps.relevance.stabilizer import stabilized
from naps.relevance.way import Call, Handler, Way

_EPSILON = 1e-6

# Dropout does nothing in eval mode.
_ACTIVATIONS = (
    "relu", "relu6", "leaky_relu", "prelu", "rrelu", "elu", "celu", "selu", "gelu", "silu", "mish",
    "softplus", "softsign", "tanh", "tanhshrink", "hardtanh", "hardswish", "hardshrink",
    "softshrink", "logsigmoid", "threshold", "clamp", "clamp_min", "neg", "dropout", "dropout1d",
    "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout",
)  # fmt: skip
_GATES = ("sigmoid", "hardsigmoid", "softmax")
_CONVOLUTIONS = ("conv1d", "conv2d", "conv3d")
_POOLINGS = (
    "avg_pool1d", "avg_pool2d", "avg_pool3d", "adaptive_avg_pool1d", "adaptive_avg_pool2d",
    "adaptive_avg_pool3d", "mean", "sum",
)  # fmt: skip


def _stepped(way: Way, call: Call, x: Tensor, kind: str, step: LinearStep) -> Tensor:
    """Tie a linear step's result to its input by the rule that the composite has for it."""
    weighted = kind in ("linear", "convolution")
    if weighted and way.first is None:
        way.first = step.weight.data_ptr()
    # A network that reads step by step meets its first layer again at every step.
    first = weighted and step.weight.data_ptr() == way.first
    rule = way.composite.rule(way.name, way.module, kind, first=first)
    with torch.no_grad():
        output = call.run()
    held = x.detach()
    return way.tie([output], [x], lambda relevance: (rule.share(step, held, relevance),))[0]


def _weights(way: Way, call: Call) -> tuple[Tensor, Tensor, Tensor | None]:
    x, weight, bias = (call.operand(i, n) for i, n in enumerate(("input", "weight", "bias")))
    if way.follows(weight) or way.follows(bias):
        raise way.refuse("its weights depend on the input")
    return x, weight.detach(), None if bias is None else bias.detach()


def _linear(way: Way, call: Call) -> Tensor:
    x, weight, bias = _weights(way, call)
    step = LinearStep(torch.nn.functional.linear, weight, bias)
    return _stepped(way, call, x, "linear", step)


def _convolution(way: Way, call: Call) -> Tensor:
    x, weight, bias = _weights(way, call)
    rest, named = call.args[3:], {
        k: v for k, v in call.kwargs.items() if k not in ("input", "weight", "bias")
    }  # fmt: skip

    def apply(x: Tensor, weight: Tensor) -> Tensor:
        found: Tensor = call.function(x, weight, None, *rest, **named)
        return found

    if bias is not None:
        bias = bias.view(-1, *[1] * (weight.ndim - 2))
    return _stepped(way, call, x, "convolution", LinearStep(apply, weight, bias))


def _pooling(way: Way, call: Call) -> Tensor:
    x = call.operand(0, "input")
    rest, named = call.args[1:], {k: v for k, v in call.kwargs.items() if k != "input"}

    def apply(x: Tensor, weight: Tensor) -> Tensor:
        found: Tensor = call.function(x, *rest, **named)
        return found * weight

    return _stepped(way, call, x, "pooling", LinearStep(apply, x.new_ones(())))


def _normalization(way: Way, call: Call) -> Tensor:
    names = ("input", "running_mean", "running_var", "weight", "bias")
    x, mean, variance, weight, bias = (call.operand(i, name) for i, name in enumerate(names))
    if call.operand(5, "training", False):
        raise way.refuse("batch norm with the statistics of the batch cannot be explained")
    scale = (variance + call.operand(7, "eps", 1e-5)).rsqrt()
    scale = scale if weight is None else scale * weight
    shift = -mean * scale if bias is None else bias - mean * scale
    shape = (-1, *[1] * (x.ndim - 2))
    step = LinearStep(torch.mul, scale.detach().view(shape), shift.detach().view(shape))
    return _stepped(way, call, x, "normalization", step)


def _activation(way: Way, call: Call, *, gate: bool = False) -> Tensor:
    x = call.operand(0, "input")
    if "dropout" in call.name and call.operand(2, "training", True):
        raise way.refuse("dropout that is on makes every run another")
    with torch.no_grad():
        output = call.run()
    gate = gate or way.is_gate(x)
    return way.tie([output], [x], lambda relevance: (relevance,), gate=gate)[0]


def _sum(way: Way, call: Call) -> Tensor:
    a, b = call.operand(0, "input"), call.operand(1, "other")
    factor = call.kwargs.get("alpha", 1)
    terms = {"add": ((a, 1), (b, factor)), "sub": ((a, 1), (b, -factor))}.get(call.name)
    followed = [(x, sign) for x, sign in terms or ((a, -1), (b, 1)) if way.follows(x)]
    with torch.no_grad():
        output = call.run()
    inputs = [x for x, _ in followed]
    if len(inputs) == 1 and way.is_gate(inputs[0]):
        # A gate, or one less it: what closes a gate opens its counterpart.
        return way.tie([output], inputs, lambda r: (r.sum_to_size(inputs[0].shape),), gate=True)[0]

    def back(relevance: Tensor) -> tuple[Tensor, ...]:
        ratio = relevance / stabilized(output, _EPSILON)
        return tuple((sign * x.detach() * ratio).sum_to_size(x.shape) for x, sign in followed)

    return way.tie([output], inputs, back)[0]


def _product(way: Way, call: Call) -> Tensor:
    a, b = call.operand(0, "input"), call.operand(1, "other")
    if call.name in ("div", "true_divide") and way.follows(b):
        raise way.refuse("it divides by a value that depends on the input")
    with torch.no_grad():
        output = call.run()
    if not (way.follows(a) and way.follows(b)):
        x = a if way.follows(a) else b
        shape, gate = x.shape, way.is_gate(x)
        return way.tie([output], [x], lambda r: (r.sum_to_size(shape),), gate=gate)[0]
    gate_value, signal = _gate_first(way, a, b)
    share = way.composite.gates.signal_share(
        gate_value.detach().expand_as(output), signal.detach().expand_as(output)
    )

    def back(relevance: Tensor) -> tuple[Tensor, Tensor]:
        to_signal = share * relevance
        return (
            (relevance - to_signal).sum_to_size(gate_value.shape),
            to_signal.sum_to_size(signal.shape),
        )

    return way.tie([output], [gate_value, signal], back)[0]


def _matrix_product(way: Way, call: Call) -> Tensor:
    a, b = call.operand(0, "input"), call.operand(1, "other", call.kwargs.get("mat2"))
    kind, signal = "linear", a if way.follows(a) else b
    if way.follows(a) and way.follows(b):
        # Attention: weighted means, the weights being a gate that gets nothing.
        kind, (_, signal) = "pooling", _gate_first(way, a, b)
    product: Callable[..., Any] = call.function

    def apply(x: Tensor, weight: Tensor) -> Tensor:
        found: Tensor = product(x, weight) if signal is a else product(weight, x)
        return found

    weight = b if signal is a else a
    return _stepped(way, call, signal, kind, LinearStep(apply, weight.detach()))


def _gate_first(way: Way, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    if way.is_gate(a) == way.is_gate(b):
        which = "both are gates" if way.is_gate(a) else "neither is a gate"
        raise way.refuse(f"a product of two values that depend on the input, of which {which}")
    return (a, b) if way.is_gate(a) else (b, a)


def _gate(way: Way, call: Call) -> Tensor:
    return _activation(way, call, gate=True)


_FAMILIES: tuple[tuple[Handler, tuple[str, ...]], ...] = (
    (_linear, ("linear",)),
    (_convolution, _CONVOLUTIONS),
    (_pooling, _POOLINGS),
    (_normalization, ("batch_norm",)),
    (_activation, _ACTIVATIONS),
    (_gate, _GATES),
    (_sum, ("add", "sub", "__rsub__", "rsub")),
    (_product, ("mul", "multiply", "div", "true_divide")),
    (_matrix_product, ("matmul", "mm", "bmm")),
    (recurrent, ("lstm", "gru")),
)
HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {name: handler for handler, names in _FAMILIES for name in names}
)
