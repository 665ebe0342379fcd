"""Contextual decomposition: every value of an LSTM as a part from a phrase and a part not.

After Murdoch, Liu & Yu (2018). A sigmoid or tanh of a sum is taken apart by the mean of what each
part adds, over the orders in which it may be added.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from naps.relevance.row import RowWeights
from naps.relevance.turning import at_end, mirror, turned


@dataclass(frozen=True)
class Parts:
    """A value as the sum of two.

    Attributes
    ----------
    relevant, rest : Tensor
        What comes from the phrase, by itself or with what is around it, and all else.
    """

    relevant: Tensor
    rest: Tensor

    def map(self, change: Callable[[Tensor], Tensor]) -> Parts:
        """Return the same change of both."""
        return Parts(change(self.relevant), change(self.rest))


def _three(a: Tensor, b: Tensor, c: Tensor, phi: Callable[[Tensor], Tensor]) -> tuple[Tensor, ...]:
    """Take ``phi(a + b + c)`` apart; the last, a bias, is always added first."""
    with_a, with_b, alone, all_three = phi(a + c), phi(b + c), phi(c), phi(a + b + c)
    first = 0.5 * (with_a - alone + all_three - with_b)
    second = 0.5 * (with_b - alone + all_three - with_a)
    return first, second, alone


def _two(a: Tensor, b: Tensor) -> Parts:
    """Take ``tanh(a + b)`` apart."""
    both, of_a, of_b = (a + b).tanh(), a.tanh(), b.tanh()
    return Parts(0.5 * (of_a + both - of_b), 0.5 * (of_b + both - of_a))


def decompose_row(
    weights: RowWeights, read: Parts, inside: Tensor, hidden: Tensor, cell: Tensor
) -> tuple[Parts, Parts]:
    """Take one direction of an LSTM layer apart.

    Parameters
    ----------
    weights : RowWeights
    read : Parts of shape (steps, rows, inputs)
        Of what it reads.
    inside : Tensor of bool, shape (steps, rows)
        Where the product of input gate's and candidate's biases counts as the phrase's.
    hidden, cell : Tensor, shape (rows, hidden)
        Initial states, no part of the phrase.

    Returns
    -------
    outputs, cells : Parts of shape (steps, rows, hidden)
    """
    bias = weights.bias.view(4, -1)
    below = read.map(lambda x: x @ weights.below.T)
    h = Parts(torch.zeros_like(hidden), hidden)
    c = Parts(torch.zeros_like(cell), cell)
    found: list[tuple[Parts, Parts]] = []
    for step, (relevant, rest) in enumerate(zip(below.relevant, below.rest, strict=True)):
        from_phrase = (relevant + h.relevant @ weights.own.T).chunk(4, 1)
        from_rest = (rest + h.rest @ weights.own.T).chunk(4, 1)
        (ri, ii, bi), (rf, if_, bf), (rg, ig, bg) = (
            _three(from_phrase[gate], from_rest[gate], bias[gate], phi)
            for gate, phi in enumerate((torch.sigmoid, torch.sigmoid, torch.tanh))
        )
        biases = bi * bg
        within = inside[step, :, None]
        c = Parts(
            ri * (rg + bg) + bi * rg + biases * within + (rf + bf) * c.relevant,
            ii * (rg + ig + bg) + (ri + bi) * ig + biases * ~within
            + (rf + if_ + bf) * c.rest + if_ * c.relevant,
        )  # fmt: skip
        outward = (from_phrase[3] + from_rest[3] + bias[3]).sigmoid()
        shown = _two(c.relevant, c.rest)
        h = Parts(outward * shown.relevant, outward * shown.rest)
        found.append((h, c))
    outputs, cells = (_joined([pair[place] for pair in found], torch.stack) for place in (0, 1))
    return outputs, cells


@dataclass(frozen=True)
class Decomposition:
    """A stack of LSTM layers taken apart.

    Attributes
    ----------
    outputs : Parts of shape (steps, rows, directions * hidden)
        Of the uppermost layer.
    final : tuple of Parts of shape (layers * directions, rows, hidden)
        Hidden and cell states.
    """

    outputs: Parts
    final: tuple[Parts, Parts]


@dataclass(frozen=True)
class Phrase:
    """A stretch of steps in each of a number of sequences.

    Attributes
    ----------
    start, stop : Tensor of int, shape (rows,)
        First and last step.
    lengths : Tensor of int, shape (rows,)
        Of the sequences.
    last_bias : bool
        Whether the product of biases at the last step read counts as the phrase's.
    """

    start: Tensor
    stop: Tensor
    lengths: Tensor
    last_bias: bool = True

    def inside(self, steps: int) -> Tensor:
        """Say which steps are inside, shape (steps, rows)."""
        step = torch.arange(steps, device=self.start.device)[:, None]
        return (step >= self.start) & (step <= self.stop)

    def biased(self, steps: int) -> Tensor:
        """Say at which steps products of biases are the phrase's."""
        stop = self.stop if self.last_bias else self.stop - 1
        return replace(self, stop=stop).inside(steps)

    def turned(self) -> Phrase:
        """Return the phrase as a row meets it that reads from the end."""
        end = self.lengths - 1
        return replace(self, start=end - self.stop, stop=end - self.start)


@torch.no_grad()
def decompose(
    weights: Sequence[RowWeights],
    directions: int,
    x: Tensor,
    initial: tuple[Tensor, Tensor],
    phrase: Phrase,
) -> Decomposition:
    """Take a stack of LSTM layers apart.

    Parameters
    ----------
    weights : sequence of RowWeights
        Layer by layer, in each the forward row first.
    directions : int
        Rows of a layer.
    x : Tensor, shape (steps, rows, features)
    initial : tuple of Tensor, each of shape (layers * directions, rows, hidden)
        Hidden and cell states; no part of the phrase.
    phrase : Phrase
    """
    steps = len(x)
    order = mirror(phrase.lengths, steps)
    within = phrase.inside(steps)[:, :, None]
    read = Parts(x * within, x * ~within)
    hidden, cell = [], []
    for number in range(0, len(weights), directions):
        outputs = []
        for side in range(directions):
            index = number + side
            own, met = (read, phrase) if side == 0 else (_turned(read, order), phrase.turned())
            states = initial[0][index], initial[1][index]
            given, kept = decompose_row(weights[index], own, met.biased(steps), *states)
            hidden.append(given.map(lambda value: at_end(value, phrase.lengths)))
            cell.append(kept.map(lambda value: at_end(value, phrase.lengths)))
            outputs.append(given if side == 0 else _turned(given, order))
        read = _joined(outputs, lambda values: torch.cat(values, 2))
    return Decomposition(read, (_joined(hidden, torch.stack), _joined(cell, torch.stack)))


def _turned(parts: Parts, order: Tensor) -> Parts:
    return parts.map(lambda value: turned(value, order))


def _joined(parts: Sequence[Parts], join: Callable[[list[Tensor]], Tensor]) -> Parts:
    return Parts(join([p.relevant for p in parts]), join([p.rest for p in parts]))
