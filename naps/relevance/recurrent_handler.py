"""Relevance through LSTM and GRU layers that run inside a network."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from naps.relevance.recurrent import row_weights
from naps.relevance.recurrent_pass import RecurrentPass, States
from naps.relevance.way import Call, Way


def recurrent(way: Way, call: Call) -> tuple[Tensor, ...]:
    """Tie what ``torch.lstm`` or ``torch.gru`` gives to its input and initial states."""
    data, *rest = call.args
    # Packed: data, batch sizes, states, weights, …; else: x, states, weights, …, batch_first.
    packed = not isinstance(rest[2], bool)
    sizes, rest = (rest[0], rest[1:]) if packed else (None, rest)
    states, flat, has_biases, layers, _, _, bidirectional = rest[:7]
    batch_first = False if packed else rest[7]
    initial: States = (states,) if isinstance(states, Tensor) else tuple(states)
    if sizes is not None:
        x, lengths = torch._VF._pad_packed_sequence(data, sizes, False, 0.0, len(sizes))
    else:
        x = data.transpose(0, 1) if batch_first else data
        lengths = torch.full((x.shape[1],), len(x))
    directions = 2 if bidirectional else 1
    name = way.call_name()
    weights = row_weights(
        flat, call.name, layers * directions, has_biases=has_biases, name=f"layer {name!r}"
    )
    passed = RecurrentPass(
        call.name, weights, directions, x.detach(), tuple(state.detach() for state in initial),
        lengths, way.composite.gates,
    )  # fmt: skip
    order = _unsorted(way.module_inputs)

    def back(*relevance: Tensor | None) -> tuple[Tensor | None, ...]:
        above = torch.zeros_like(passed.outputs) if relevance[0] is None else relevance[0]
        found = passed.back(above, relevance[1:], units=way.units)
        way.recurrent[name] = found if order is None else found.in_order(order)
        states = zip(*[row.initial for row in found.rows], strict=True)
        return (found.inputs.transpose(0, 1), *(torch.stack(rows) for rows in states))

    way.follow([x])
    tied = way.tie([passed.outputs, *passed.final], [x, *initial], back)
    outputs: Tensor = tied[0]
    if sizes is not None:
        outputs = torch._VF._pack_padded_sequence(outputs, lengths, False)[0]
    elif batch_first:
        outputs = outputs.transpose(0, 1)
    found = (outputs, *tied[1:])
    way.follow(found)
    return found


def _unsorted(inputs: tuple[Any, ...]) -> Tensor | None:
    """Return the order of the batch as the module was given it; packing may have sorted it."""
    packed = inputs[0] if inputs else None
    return packed.unsorted_indices if isinstance(packed, PackedSequence) else None
