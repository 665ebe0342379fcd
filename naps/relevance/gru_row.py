"""Relevance back through one direction of a GRU layer, in closed form.

With s the sigmoid and ' the step before::

    r, z = s(W x + R h' + b)
    n = tanh(W x + b + r (R h' + b'))
    h = (1 - z) n + z h'

As with the LSTM, all that relevance is multiplied with is computed for all steps at once.
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
    """How the three products of a GRU share their relevance, where gates get some.

    Attributes
    ----------
    candidate, kept : Tensor, shape (steps, batch, hidden)
        Of n in ``(1 - z) n`` and of h' in ``z h'``; z has the rest of both.
    recalled : Tensor, shape (steps, batch, hidden)
        Of ``R h' + b'`` in ``r (R h' + b')``.
    reset : Tensor, shape (steps, batch, hidden)
        The rest of that, for one unit of relevance over pre-activation of n.
    """

    candidate: Tensor
    kept: Tensor
    recalled: Tensor
    reset: Tensor


class GRURow(Row):
    """One direction of a GRU layer over a batch of sequences.

    Relevance as of Mirzavand Borujeni et al. (2023), where gates get none; with other gate rules
    every product is shared as Arras et al. (2019) do it for the LSTM.

    Parameters
    ----------
    weights : RowWeights
    x : Tensor, shape (steps, batch, inputs)
    hidden : Tensor, shape (batch, hidden)
        Initial state.
    rule : GateRule
    """

    @torch.no_grad()
    def __init__(self, weights: RowWeights, x: Tensor, hidden: Tensor, rule: GateRule) -> None:
        self._weights, self._x, self._rule = weights, x, rule
        steps, width = len(x), weights.hidden
        self._pre = torch.addmm(weights.bias_below, x.flatten(0, 1), weights.below.T)
        self._pre = self._pre.view(steps, len(hidden), 3 * width)
        self._gates = x.new_empty(steps, len(hidden), 2 * width)
        self._candidate, self._recalled = (x.new_empty(steps, *hidden.shape) for _ in range(2))
        # With the initial state in front, so that the states before are the same numbers.
        outputs = x.new_empty(steps + 1, *hidden.shape)
        outputs[0] = hidden
        own = weights.own.T.contiguous()
        for step in range(steps):
            recalled = torch.addmm(weights.bias_own, outputs[step], own)
            self._recalled[step] = recalled[:, 2 * width :]
            pre_gates, pre = self._pre[step, :, : 2 * width], self._pre[step, :, 2 * width :]
            pre_gates += recalled[:, : 2 * width]
            torch.sigmoid(pre_gates, out=self._gates[step])
            reset, update = self._gates[step].chunk(2, 1)
            # Here, unlike in the gates, the row's own part is gated.
            pre.addcmul_(reset, self._recalled[step])
            torch.tanh(pre, out=self._candidate[step])
            torch.lerp(self._candidate[step], outputs[step], update, out=outputs[step + 1])
        self._reset, self._update = self._gates.chunk(2, 2)
        self.outputs, self._before = outputs[1:], outputs[:-1]

    @torch.no_grad()
    def back(self, above: Tensor, into_cell: Tensor | None, *, units: bool) -> RowRelevance:
        """See `Row`."""
        weights, handed, shares = self._weights, self._rule.bias_factor, self._shares()
        hidden, inputs = weights.hidden, weights.below.shape[1]
        # Where gates have no relevance, only the candidate has any.
        used = slice(2 * hidden, None) if shares is None else slice(None)
        own, below, pre = weights.own[used], weights.below[used], self._pre[:, :, used]
        sign = slack(pre, self._rule.epsilon)
        factors = 1 / (pre + sign)
        stable = stabilized(self.outputs, self._rule.epsilon)
        to_added = (1 - self._update) * self._candidate / stable
        to_kept = self._update * self._before / stable
        leak = (stable - self.outputs) / stable
        recalling = self._recalling(shares)
        bias = weights.bias_below[used] + recalling * weights.bias_own[used]
        constant = bias + sign

        ratio = torch.empty_like(factors)
        seen: list[tuple[Tensor, ...]] = []
        output = torch.zeros_like(above[0])
        for step in range(len(above) - 1, -1, -1):
            output = above[step] + output
            added, kept = output * to_added[step], output * to_kept[step]
            if handed:
                spread = handed / (2 * hidden) * (output * leak[step]).sum(1, keepdim=True)
                added, kept = added + spread, kept + spread
            if units:
                seen.append((output, added, kept))
            driving, onward = added, kept
            if shares is not None:
                candidate, onward = added * shares.candidate[step], kept * shares.kept[step]
                update = added - candidate + kept - onward
                reset = candidate * factors[step, :, 2 * hidden :] * shares.reset[step]
                driving = torch.cat([reset, update, candidate], 1)
            torch.mul(driving, factors[step], out=ratio[step])
            output = self._before[step] * ((ratio[step] * recalling[step]) @ own) + onward
            if handed:
                taken = (ratio[step] * constant[step]).sum(1, keepdim=True)
                output += handed / (hidden + inputs) * taken
        sums = GateSums(ratio, bias, sign, hidden + inputs, handed)
        inside = None
        if units:
            outputs, let_in, left = (torch.stack(v) for v in zip(*seen[::-1], strict=True))
            by_bias, by_slack = sums.taken()
            by_slack += (1 - handed) * (outputs * leak).sum((0, 2))
            through = sums.through(self._x @ below.T, inputs, hidden)
            inside = UnitRelevance(through, outputs, None, let_in, left, by_bias, by_slack)
        return RowRelevance(sums.read(self._x, below), (output,), inside)

    def _shares(self) -> _Shares | None:
        if self._rule.signal_takes_all:
            return None
        recalled = self._rule.signal_share(self._reset, self._recalled)
        return _Shares(
            candidate=self._rule.signal_share(1 - self._update, self._candidate),
            kept=self._rule.signal_share(self._update, self._before),
            recalled=recalled,
            reset=(1 - recalled) * self._reset * self._recalled,
        )

    def _recalling(self, shares: _Shares | None) -> Tensor:
        """Return what the row's own part counts in each pre-activation that has relevance."""
        if shares is None:
            return self._reset
        ones = torch.ones_like(self._reset)
        return torch.cat([ones, ones, self._reset * shares.recalled], 2)
