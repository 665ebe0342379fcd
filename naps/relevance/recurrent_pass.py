"""Stacked recurrent rows over a batch of unequal lengths, and the way back through them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor

from naps.errors import InputError
from naps.relevance.gate_rule import GateRule
from naps.relevance.gru_row import GRURow
from naps.relevance.lstm_row import LSTMRow
from naps.relevance.row import Row, RowRelevance, RowWeights, UnitRelevance
from naps.relevance.turning import at_end, mirror, turned

States = tuple[Tensor, ...]


@dataclass(frozen=True)
class RecurrentRelevance:
    """Where the relevance of a recurrent module's outputs comes from.

    Steps after the end of a sequence have none.

    Attributes
    ----------
    given : Tensor, shape (batch,)
        Relevance that was handed in.
    inputs : Tensor, shape (batch, steps, features)
    rows : tuple of RowRelevance
        Layer by layer from the input's side, the forward row of a layer first.
    """

    given: Tensor
    inputs: Tensor
    rows: tuple[RowRelevance, ...]

    @property
    def initial(self) -> Tensor:
        """Relevance of all initial states, shape (batch,)."""
        return torch.stack([state.sum(1) for row in self.rows for state in row.initial]).sum(0)

    @property
    def bias(self) -> Tensor:
        """What biases took, shape (batch,)."""
        return torch.stack([units.bias for units in self.units]).sum(0)

    @property
    def stabilizer(self) -> Tensor:
        """What the stabilizer took, shape (batch,)."""
        return torch.stack([units.stabilizer for units in self.units]).sum(0)

    @property
    def error(self) -> Tensor:
        """What was handed in and is not accounted for, shape (batch,); zero but for rounding."""
        return self.given - self.inputs.sum((1, 2)) - self.initial - self.bias - self.stabilizer

    @property
    def units(self) -> tuple[UnitRelevance, ...]:
        """Relevance inside each row.

        Raises
        ------
        InputError
            If it was not asked for.
        """
        found = tuple(row.units for row in self.rows if row.units is not None)
        if len(found) < len(self.rows):
            raise InputError("relevance of units was not kept; ask for it with units=True")
        return found

    def in_order(self, order: Tensor) -> RecurrentRelevance:
        """Return the same for a batch in another order."""
        rows = tuple(
            replace(
                row,
                read=row.read[order],
                initial=tuple(state[order] for state in row.initial),
                units=_each(row.units, lambda value: value[order]),
            )
            for row in self.rows
        )
        return RecurrentRelevance(self.given[order], self.inputs[order], rows)


class RecurrentPass:
    """What a stack of recurrent layers did with a batch, and the way back through it.

    Parameters
    ----------
    cell : {"lstm", "gru"}
    weights : sequence of RowWeights
        Layer by layer, in each the forward row first.
    directions : int
        Rows of a layer.
    x : Tensor, shape (steps, batch, features)
    initial : tuple of Tensor, each of shape (rows, batch, hidden)
        Hidden states, and of an LSTM cell states.
    lengths : Tensor of int, shape (batch,)
    rule : GateRule
    """

    @torch.no_grad()
    def __init__(
        self,
        cell: str,
        weights: Sequence[RowWeights],
        directions: int,
        x: Tensor,
        initial: States,
        lengths: Tensor,
        rule: GateRule,
    ) -> None:
        self._lengths = lengths = lengths.to(x.device)
        self._directions = directions
        # The order that turns sequences round; None where all are as long as the batch.
        self._mirror = self._real = None
        if bool((lengths < len(x)).any()):
            self._mirror = mirror(lengths, len(x))
            self._real = (torch.arange(len(x), device=x.device)[:, None] < lengths).unsqueeze(2)
        self._rows: list[Row] = []
        for number in range(0, len(weights), directions):
            outputs = []
            for side in range(directions):
                index = number + side
                hidden, *cells = (state[index] for state in initial)
                read = self._turned(x) if side else x
                row: Row = (
                    LSTMRow(weights[index], read, hidden, cells[0], rule)
                    if cell == "lstm"
                    else GRURow(weights[index], read, hidden, rule)
                )
                self._rows.append(row)
                outputs.append(self._turned(row.outputs) if side else row.outputs)
            x = torch.cat(outputs, 2) if directions > 1 else outputs[0]
        self.outputs = self._only_real(x)
        self.final: States = (self._last([row.outputs for row in self._rows]),)
        states = [row.cells for row in self._rows if row.cells is not None]
        if states:
            self.final += (self._last(states),)

    @torch.no_grad()
    def back(
        self, relevance: Tensor, final: Sequence[Tensor | None] = (), *, units: bool
    ) -> RecurrentRelevance:
        """Take relevance back to the input.

        Parameters
        ----------
        relevance : Tensor, shape (steps, batch, directions * hidden)
            Of the outputs.
        final : sequence of Tensor or None, each of shape (rows, batch, hidden)
            Of the final hidden states and cell states; none by default.
        units : bool
            Whether to keep account of what is inside.
        """
        hidden, cell = (*final, None, None)[:2]
        above = self._only_real(relevance)
        given = above.sum((0, 2))
        for state in (hidden, cell):
            given = given if state is None else given + state.sum((0, 2))
        found: list[RowRelevance] = []
        for number in range(len(self._rows) - self._directions, -1, -self._directions):
            read: list[Tensor] = []
            for side, part in enumerate(above.chunk(self._directions, 2)):
                index = number + side
                into = self._turned(part) if side else part
                if hidden is not None:
                    into = into + self._at_end(hidden[index], len(into))
                into_cell = None if cell is None else self._at_end(cell[index], len(into))
                row = self._rows[index].back(into, into_cell, units=units)
                row = self._arranged(row, number // self._directions, reverse=side == 1)
                read.append(row.read)
                found.append(row)
            above = torch.stack(read).sum(0).transpose(0, 1)
        found.sort(key=lambda row: (row.layer, row.reverse))
        return RecurrentRelevance(given, above.transpose(0, 1), tuple(found))

    def _arranged(self, row: RowRelevance, layer: int, *, reverse: bool) -> RowRelevance:
        """Bring a row's relevance into the order of the sequence, the batch first."""

        def ordered(value: Tensor) -> Tensor:
            return (self._turned(value) if reverse else value).transpose(0, 1)

        units = _each(row.units, lambda value: ordered(value) if value.ndim == 3 else value)
        return RowRelevance(ordered(row.read), row.initial, units, layer, reverse)

    def _turned(self, value: Tensor) -> Tensor:
        return value.flip(0) if self._mirror is None else turned(value, self._mirror)

    def _only_real(self, value: Tensor) -> Tensor:
        return value if self._real is None else value * self._real

    def _last(self, values: Sequence[Tensor]) -> Tensor:
        return torch.stack([at_end(value, self._lengths) for value in values])

    def _at_end(self, state: Tensor, steps: int) -> Tensor:
        """Place what concerns a final state at the last step of each sequence."""
        placed = state.new_zeros(steps, *state.shape)
        batch = torch.arange(len(self._lengths), device=self._lengths.device)
        placed[self._lengths - 1, batch] = state
        return placed


def _each(units: UnitRelevance | None, change: Callable[[Tensor], Tensor]) -> UnitRelevance | None:
    if units is None:
        return None
    values = {field.name: getattr(units, field.name) for field in fields(units)}
    changed: dict[str, Any] = {k: v if v is None else change(v) for k, v in values.items()}
    return UnitRelevance(**changed)
