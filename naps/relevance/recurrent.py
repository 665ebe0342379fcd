"""Relevance through a whole `nn.LSTM` or `nn.GRU`."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from naps.errors import InputError
from naps.relevance.gate_rule import GateRule
from naps.relevance.recurrent_pass import RecurrentPass, RecurrentRelevance, States
from naps.relevance.row import RowWeights


def row_weights(
    flat: Sequence[Tensor], cell: str, rows: int, *, has_biases: bool, name: str
) -> list[RowWeights]:
    """Sort a module's flat weights by row.

    Raises
    ------
    InputError
        If outputs are projected (``proj_size``).
    """
    each = len(flat) // rows
    if each > (4 if has_biases else 2):
        raise InputError(
            f"{name}: an {cell.upper()} with proj_size has no relevance rule; there are rules for "
            f"nn.LSTM and nn.GRU with proj_size=0"
        )
    found = []
    for index in range(rows):
        below, own, *biases = (value.detach() for value in flat[index * each : (index + 1) * each])
        if not has_biases:
            biases = [below.new_zeros(len(below))] * 2
        found.append(RowWeights(below, own, *biases))
    return found


def recurrent_relevance(
    module: nn.LSTM | nn.GRU,
    inputs: Tensor | PackedSequence,
    relevance: Tensor | PackedSequence,
    *,
    lengths: Sequence[int] | Tensor | None = None,
    initial: Tensor | States | None = None,
    final: Sequence[Tensor | None] = (),
    rule: GateRule | None = None,
    units: bool = True,
) -> RecurrentRelevance:
    """Take relevance of a recurrent module's outputs back to its inputs.

    By hand and in closed form: the module is only read, no autograd graph is built.

    Parameters
    ----------
    module : nn.LSTM or nn.GRU
        With any number of layers, one or both directions.
    inputs : Tensor or PackedSequence
        As the module takes them, (steps, batch, features) or, if ``batch_first``, (batch, steps,
        features).
    relevance : Tensor or PackedSequence
        Of the module's outputs, in the same form.
    lengths : sequence of int, optional
        Real steps of each sequence; all by default. The backward rows then start at each
        sequence's own end, as with packed sequences.
    initial : Tensor or tuple of Tensor, optional
        Initial states as the module takes them; zeros by default.
    final : sequence of Tensor or None
        Relevance of the final hidden states and cell states, each of shape (rows, batch, hidden).
    rule : GateRule, optional
        ``GateRule()`` by default.
    units : bool
        Whether to keep account of units, biases and the stabilizer; without, it is faster.

    Returns
    -------
    RecurrentRelevance

    Raises
    ------
    InputError
        If the module is of another kind, projects its outputs or trains with dropout, or shapes
        do not fit.
    """
    if not isinstance(module, nn.LSTM | nn.GRU):
        raise InputError(
            f"{type(module).__name__} has no recurrent relevance; there are rules for LSTM and GRU"
        )
    if module.training and module.dropout:
        raise InputError("the module drops out at random; put it in eval mode with .eval() first")
    cell = "lstm" if isinstance(module, nn.LSTM) else "gru"
    directions = 2 if module.bidirectional else 1
    rows = module.num_layers * directions
    flat = [weight for layer in module.all_weights for weight in layer]
    weights = row_weights(flat, cell, rows, has_biases=module.bias, name=type(module).__name__)
    x, real = steps_first(inputs, lengths, batch_first=module.batch_first)
    above, _ = steps_first(relevance, real, batch_first=module.batch_first)
    if above.shape != (*x.shape[:2], directions * module.hidden_size):
        raise InputError(
            f"relevance of {above.shape[1]} sequences, {above.shape[0]} steps and {above.shape[2]} "
            f"units; the module gives {x.shape[1]}, {x.shape[0]} and "
            f"{directions * module.hidden_size}"
        )
    given = (initial,) if isinstance(initial, Tensor) else initial
    if given is None:
        zeros = x.new_zeros(rows, x.shape[1], module.hidden_size)
        given = (zeros, zeros) if cell == "lstm" else (zeros,)
    passed = RecurrentPass(cell, weights, directions, x, given, real, rule or GateRule())
    return passed.back(above, final, units=units)


def steps_first(
    value: Tensor | PackedSequence, lengths: Sequence[int] | Tensor | None, *, batch_first: bool
) -> tuple[Tensor, Tensor]:
    """Return sequences as (steps, batch, features), and their lengths.

    Raises
    ------
    InputError
        If a sequence is empty, or longer than the batch has steps.
    """
    if isinstance(value, PackedSequence):
        return pad_packed_sequence(value)
    steps = value.transpose(0, 1) if batch_first else value
    if lengths is None:
        lengths = [len(steps)] * steps.shape[1]
    real = torch.as_tensor(lengths, dtype=torch.long, device=value.device)
    check_lengths(real, steps.shape[1], len(steps))
    return steps, real


def check_lengths(lengths: Tensor, batch: int, steps: int) -> None:
    """Refuse lengths that do not fit a batch.

    Raises
    ------
    InputError
    """
    if len(lengths) != batch:
        raise InputError(f"{len(lengths)} lengths for a batch of {batch}")
    for item, length in enumerate(lengths.tolist()):
        if length < 1:
            raise InputError(f"sequence {item} is empty: there is nothing to explain")
        if length > steps:
            raise InputError(f"sequence {item} has {length} steps, the batch only {steps}")
