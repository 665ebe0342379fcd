"""Relevance back through one direction of an LSTM layer, in closed form.

With s the sigmoid and ' the step before::

    i, f, o = s(W x + R h' + b)      g = tanh(W x + R h' + b)
    c = f c' + i g                   h = o tanh(c)

Needs no autograd graph: gates and states are kept on the way forward. What relevance is multiplied
with on its way from a state to the gates depends on them alone and is computed for all steps at
once; a step back is one small matrix product, and what was read is done in one for all steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from naps.relevance.gate_rule import GateRule
from naps.relevance.row import GateSums, Row, RowRelevance, RowWeights, UnitRelevance
from naps.relevance.stabilizer import slack, stabilized


@dataclass(frozen=True)
class _Shares:
    """How the three products of a cell share their relevance, where gates get some.

    Attributes
    ----------
    gates : Tensor, shape (steps, batch, 4 * hidden)
        Of the input gate, the forget gate, the candidate and the output gate.
    kept, shown : Tensor, shape (steps, batch, hidden)
        Of the state before, and of the state in what is shown of it.
    """

    gates: Tensor
    kept: Tensor
    shown: Tensor


class LSTMRow(Row):
    """One direction of an LSTM layer over a batch of sequences.

    Relevance as of Arras et al. (2017); gate rules of Arras et al. (2019).

    Parameters
    ----------
    weights : RowWeights
    x : Tensor, shape (steps, batch, inputs)
    hidden, cell : Tensor, shape (batch, hidden)
        Initial states.
    rule : GateRule
    """

    cells: Tensor

    @torch.no_grad()
    def __init__(
        self, weights: RowWeights, x: Tensor, hidden: Tensor, cell: Tensor, rule: GateRule
    ) -> None:
        self._weights, self._x, self._rule = weights, x, rule
        steps, width = len(x), weights.hidden
        self._pre = torch.addmm(weights.bias, x.flatten(0, 1), weights.below.T)
        self._pre = self._pre.view(steps, len(hidden), 4 * width)
        # Where gates get no relevance their values are not asked for again.
        self._gates = self._pre.new_empty(
            1 if rule.signal_takes_all else steps, *self._pre.shape[1:]
        )
        self._added, self._kept = (x.new_empty(steps, *hidden.shape) for _ in range(2))
        # With the initial states in front, so that the states before are the same numbers.
        outputs, cells = (x.new_empty(steps + 1, *hidden.shape) for _ in range(2))
        outputs[0], cells[0] = hidden, cell
        own = weights.own.T.contiguous()
        output, last = hidden, cell
        gate_values = self._gates.expand_as(self._pre)
        kept = self._pre, gate_values, self._added, self._kept, outputs[1:], cells[1:]
        for pre, gates, added, left, next_output, next_cell in zip(
            *(value.unbind() for value in kept), strict=True
        ):
            pre.addmm_(output, own)
            torch.sigmoid(pre, out=gates)
            inward, forget, candidate, outward = gates.chunk(4, 1)
            torch.tanh(pre[:, 2 * width : 3 * width], out=candidate)
            torch.mul(inward, candidate, out=added)
            torch.mul(forget, last, out=left)
            last = torch.add(left, added, out=next_cell)
            output = torch.mul(outward, last.tanh(), out=next_output)
        self.outputs, self._before = outputs[1:], outputs[:-1]
        self.cells, self._cells_before = cells[1:], cells[:-1]

    @torch.no_grad()
    def back(self, above: Tensor, into_cell: Tensor | None, *, units: bool) -> RowRelevance:
        """See `Row`."""
        weights, handed, shares = self._weights, self._rule.bias_factor, self._shares()
        hidden, inputs = weights.hidden, weights.below.shape[1]
        # Where gates have no relevance, only the candidate has any.
        used = slice(2 * hidden, 3 * hidden) if shares is None else slice(None)
        pre, own, below = self._pre[:, :, used], weights.own[used], weights.below[used]
        sign = slack(pre, self._rule.epsilon)
        counted = bool(handed) or units
        # Fresh memory costs more than the sums: what is not asked for again is overwritten.
        factors = torch.add(pre, sign, out=None if counted else sign).reciprocal_()
        if shares is not None:
            factors *= shares.gates
        stable = stabilized(self.cells, self._rule.epsilon)
        leak = (stable - self.cells) / stable if counted else stable
        to_added = self._added / stable
        to_kept = self._kept / stable
        bias = weights.bias[used]
        constant = bias + sign if handed else sign

        ratio = torch.empty_like(factors)
        seen: list[tuple[Tensor, ...]] = []
        output = cell = torch.zeros_like(above[0])
        for step in range(len(above) - 1, -1, -1):
            output = above[step] + output
            cell = cell + (output if shares is None else output * shares.shown[step])
            if into_cell is not None:
                cell = cell + into_cell[step]
            added, kept = cell * to_added[step], cell * to_kept[step]
            if handed:
                spread = handed / (2 * hidden) * (cell * leak[step]).sum(1, keepdim=True)
                added, kept = added + spread, kept + spread
            if units:
                seen.append((output, cell, added, kept))
            driving = added if shares is None else torch.cat([added, kept, added, output], 1)
            torch.mul(driving, factors[step], out=ratio[step])
            output = (ratio[step] @ own).mul_(self._before[step])
            if handed:
                taken = (ratio[step] * constant[step]).sum(1, keepdim=True)
                output += handed / (hidden + inputs) * taken
            cell = kept if shares is None else kept * shares.kept[step]
        sums = GateSums(ratio, bias, sign, hidden + inputs, handed)
        inside = None
        if units:
            outputs, cells, let_in, left = (torch.stack(v) for v in zip(*seen[::-1], strict=True))
            by_bias, by_slack = sums.taken()
            by_slack += (1 - handed) * (cells * leak).sum((0, 2))
            through = sums.through(self._x @ below.T, inputs, hidden)
            inside = UnitRelevance(through, outputs, cells, let_in, left, by_bias, by_slack)
        return RowRelevance(sums.read(self._x, below), (output, cell), inside)

    def _shares(self) -> _Shares | None:
        if self._rule.signal_takes_all:
            return None
        inward, forget, candidate, outward = self._gates.chunk(4, 2)
        added = self._rule.signal_share(inward, candidate)
        kept = self._rule.signal_share(forget, self._cells_before)
        shown = self._rule.signal_share(outward, self.cells.tanh())
        return _Shares(torch.cat([1 - added, 1 - kept, added, 1 - shown], 2), kept, shown)
