"""One row of LSTM cells over an utterance, and gradients back through its time, by hand.

At every step, with s the sigmoid and ' the step before in the row's own direction::

    i, f, o = s(W x + R h' + b)      g = tanh(W x + R h' + b)
    c = f c' + i g                   h = o tanh(c)

A gradient that reaches h and c of a step goes on to the gates multiplied by numbers that depend
on the step alone, not on whose gradient it is. So the sum over the four gates is taken once a
step, in the weights, instead of once an event, in the gradients; what is left for each event is a
product with (dc, dh), half as wide as the gates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from naps.models.lstm import GATES


@dataclass(frozen=True)
class CellRow:
    """What the cells of one row did, in the order of the utterance.

    Attributes
    ----------
    weights : Tensor, shape (4, hidden, hidden + inputs)
        From the row's own outputs and from the layer below to the gates.
    gates : Tensor, shape (steps, 4, hidden)
        Input gate, forget gate, candidate, output gate.
    cell, before : Tensor, shape (steps, hidden)
        Cell states, and those of the step before in the row's direction.
    turned : bool
        Whether the row reads from the end.
    """

    weights: Tensor
    gates: Tensor
    cell: Tensor
    before: Tensor
    turned: bool

    @classmethod
    @torch.no_grad()
    def recompute(cls, lstm: nn.LSTM, inputs: Tensor, outputs: Tensor, *, turned: bool) -> CellRow:
        """Work out gates and cell states from what went in and what came out.

        Parameters
        ----------
        lstm : nn.LSTM
            One layer, one direction.
        inputs : Tensor, shape (steps, inputs)
        outputs : Tensor, shape (steps, hidden)
        turned : bool
        """
        below, own, first_bias, second_bias = lstm.all_weights[0]
        here, last = slice(1, None), slice(None, -1)
        if turned:
            here, last = last, here
        flat = torch.addmm(first_bias + second_bias, inputs, below.T)
        flat[here].addmm_(outputs[last], own.T)
        gates = flat.view(len(flat), 4, lstm.hidden_size)
        gates[:, :2].sigmoid_()
        gates[:, 2].tanh_()
        gates[:, 3].sigmoid_()
        cell = gates[:, 0] * gates[:, 2]
        states, forget = cell.unbind(), gates[:, 1].unbind()
        order = range(len(cell))[:: -1 if turned else 1]
        for step, previous in zip(order[1:], order, strict=False):
            states[step].addcmul_(forget[step], states[previous])
        before = torch.zeros_like(cell)
        before[here] = cell[last]
        weights = torch.cat([own, below], 1).view(4, lstm.hidden_size, -1)
        return cls(weights, gates, cell, before, turned)

    @property
    def hidden(self) -> int:
        """Cells of the row."""
        return self.cell.shape[1]

    @cached_property
    def squashed(self) -> Tensor:
        """The tanh of the cell states, shape (steps, hidden)."""
        return self.cell.tanh()

    @cached_property
    def to_cell(self) -> Tensor:
        """What a step's output gives its cell state of its gradient, shape (steps, hidden)."""
        return self.gates[:, 3] * (1 - self.squashed.square())

    @cached_property
    def to_gates(self) -> Tensor:
        """What dc (the first three) and dh (the last) give the gates before their sigmoid or tanh.

        Shape (steps, 4, hidden).
        """
        i, f, g, o = self.gates.unbind(1)
        return torch.stack(
            [
                g * i * (1 - i),
                self.before * f * (1 - f),
                i * (1 - g.square()),
                self.squashed * o * (1 - o),
            ],
            1,
        )

    @torch.no_grad()
    def carry(
        self,
        above: Tensor,
        active: Sequence[tuple[int, int]],
        states: Tensor,
        below: Tensor | None,
    ) -> None:
        """Take gradients back through the row's time.

        Parameters
        ----------
        above : Tensor, shape (steps, events, hidden)
            With respect to the row's output, as it goes to the layer above.
        active : sequence of (int, int)
            For each step, first and one past the last event whose gradient is neither zero nor
            unwanted there; an event that has stopped being active never starts again.
        states : Tensor, shape (steps, events, 2 * hidden)
            Where to write the gradients with respect to the cell state and to the output, with
            everything that follows from it; zero where not active.
        below : Tensor, shape (steps, events, inputs), or None
            Where to add the gradients with respect to what the row read.
        """
        hidden = self.hidden
        width = self.weights.shape[2] if below is not None else hidden
        weights = self.weights[:, :, :width]
        folded = weights.new_empty(2 * hidden, width)
        coming = above.new_zeros(above.shape[1], hidden)
        forget, to_cell, last = self.gates[:, 1], self.to_cell, -1
        order = range(len(self.cell))
        for step in order if self.turned else reversed(order):
            first, end = active[step]
            states[step, :first].zero_()
            states[step, end:].zero_()
            if first >= end:
                continue
            both = states[step, first:end]
            cell, output = both[:, :hidden], both[:, hidden:]
            torch.add(above[step, first:end], coming[first:end], out=output)
            torch.mul(output, to_cell[step], out=cell)
            if last >= 0:
                cell.addcmul_(states[last, first:end, :hidden], forget[last])
            self._fold(weights, step, folded)
            torch.mm(both, folded[:, :hidden], out=coming[first:end])
            if below is not None:
                below[step, first:end].addmm_(both, folded[:, hidden:])
            last = step

    def _fold(self, weights: Tensor, step: int, out: Tensor) -> None:
        """Write the weights that take (dc, dh) of a step to what the gates read."""
        i, f, g, o = self.to_gates[step, :, :, None].unbind()
        cell, output = out.chunk(2)
        torch.mul(i, weights[0], out=cell)
        cell.addcmul_(f, weights[1]).addcmul_(g, weights[2])
        torch.mul(o, weights[3], out=output)

    def read(self, states: Tensor, steps: Tensor) -> Tensor:
        """Take gradients to what the row read at single steps.

        Parameters
        ----------
        states : Tensor, shape (events, width, 2 * hidden)
            As `carry` writes them, at these steps.
        steps : Tensor of int, shape (events, width)

        Returns
        -------
        Tensor, shape (events, width, inputs)
        """
        factors = self.to_gates[steps]
        cell, output = states.unsqueeze(2).chunk(2, 3)
        gates = torch.cat([cell * factors[:, :, :3], output * factors[:, :, 3:]], 2)
        return gates.flatten(2) @ self.weights[:, :, self.hidden :].flatten(0, 1)

    def values(self, place: str) -> Tensor:
        """Return what stood at a place, one of `naps.models.lstm.PLACES`.

        Shape (steps, hidden).
        """
        if place == "hidden":
            return self.gates[:, 3] * self.squashed
        return self.cell if place == "cell" else self.gates[:, GATES.index(place)]

    def at(self, place: str, states: Tensor, steps: Tensor) -> Tensor:
        """Take gradients to a place at single steps; see `read`.

        Returns
        -------
        Tensor, shape (events, width, hidden)
        """
        cell, output = states.chunk(2, 2)
        if place == "hidden":
            return output
        if place == "cell":
            return cell
        if place == "output":
            return output * self.squashed[steps]
        i, _, g, _ = self.gates.unbind(1)
        return cell * {"input": g, "forget": self.before, "candidate": i}[place][steps]
