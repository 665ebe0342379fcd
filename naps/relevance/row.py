"""One direction of one recurrent layer: its weights, and the relevance of all that is in it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class RowWeights:
    """Weights of one direction of one layer, gates in torch's order.

    Attributes
    ----------
    below : Tensor, shape (gates * hidden, inputs)
        From what the layer reads.
    own : Tensor, shape (gates * hidden, hidden)
        From its own output one step earlier.
    bias_below, bias_own : Tensor, shape (gates * hidden,)
    """

    below: Tensor
    own: Tensor
    bias_below: Tensor
    bias_own: Tensor

    @property
    def hidden(self) -> int:
        """Units of the row."""
        return self.own.shape[1]

    @property
    def bias(self) -> Tensor:
        """Both biases together, shape (gates * hidden,)."""
        return self.bias_below + self.bias_own

    def flat(self) -> list[Tensor]:
        """Return the weights as torch's functions take them."""
        return [self.below, self.own, self.bias_below, self.bias_own]


@dataclass(frozen=True)
class UnitRelevance:
    """Relevance of everything inside one direction of one layer.

    In a result the batch comes first and steps are in the order of the sequence, of rows that read
    from the end, too; inside a row steps come first, in the order in which it reads.

    Attributes
    ----------
    through : Tensor, shape (batch, steps, hidden)
        Of what the row read, by the unit through which it came: the same sum at each step.
    output : Tensor, shape (batch, steps, hidden)
        Of the units' outputs: for what stands above, and for the row's next step.
    cell : Tensor, shape (batch, steps, hidden), or None
        Of the cell states of an LSTM.
    added : Tensor, shape (batch, steps, hidden)
        Of what the input gate let in at each step; with a GRU of the candidate's part.
    kept : Tensor, shape (batch, steps, hidden)
        Of what the forget gate left of the state before; with a GRU of the update gate's part.
    bias, stabilizer : Tensor, shape (batch,)
        What biases and the stabilizer took.
    """

    through: Tensor
    output: Tensor
    cell: Tensor | None
    added: Tensor
    kept: Tensor
    bias: Tensor
    stabilizer: Tensor


@dataclass(frozen=True)
class RowRelevance:
    """Relevance of what goes into one direction of one layer.

    Attributes
    ----------
    read : Tensor
        Of what the row read: in a result (batch, steps, inputs), inside a row steps first.
    initial : tuple of Tensor, each of shape (batch, hidden)
        Of the hidden state before the first step, and of the cell state of an LSTM.
    units : UnitRelevance or None
        Of what is inside, if it was asked for.
    layer : int
        From 0, the input's side.
    reverse : bool
        Whether the row reads from the end.
    """

    read: Tensor
    initial: tuple[Tensor, ...]
    units: UnitRelevance | None
    layer: int = 0
    reverse: bool = False


class Row(ABC):
    """What the units of one direction did, and the way back through them.

    Inside a row steps come first, in the order in which it reads.

    Attributes
    ----------
    outputs : Tensor, shape (steps, batch, hidden)
    cells : Tensor, shape (steps, batch, hidden), or None
        Cell states of an LSTM.
    """

    outputs: Tensor
    cells: Tensor | None = None

    @abstractmethod
    def back(self, above: Tensor, into_cell: Tensor | None, *, units: bool) -> RowRelevance:
        """Take relevance back through time.

        Parameters
        ----------
        above : Tensor, shape (steps, batch, hidden)
            Of the outputs, from whatever reads them.
        into_cell : Tensor, shape (steps, batch, hidden), or None
            Of cell states, from whatever reads them beside the row itself.
        units : bool
            Whether to keep account of what is inside.
        """


@dataclass(frozen=True)
class GateSums:
    """Relevance of the gates, shared among what their pre-activations sum up.

    Attributes
    ----------
    ratio : Tensor, shape (steps, batch, gates * hidden)
        Relevance divided by the stabilized pre-activation.
    constant : Tensor, shape (steps, batch, gates * hidden)
        What is neither read nor the row's own: the bias.
    slack : Tensor, shape (steps, batch, gates * hidden)
        The stabilizer with its sign.
    terms : int
        Units below, those of the layer and the row's own together.
    handed : float
        Share of what biases and the stabilizer take that the units below get.
    """

    ratio: Tensor
    constant: Tensor
    slack: Tensor
    terms: int
    handed: float

    def read(self, x: Tensor, below: Tensor) -> Tensor:
        """Return the relevance of what was read, shape (steps, batch, inputs)."""
        found = x * (self.ratio @ below)
        if self.handed:
            taken = (self.ratio * (self.constant + self.slack)).sum(2, keepdim=True)
            found += self.handed / self.terms * taken
        return found

    def through(self, read: Tensor, inputs: int, hidden: int) -> Tensor:
        """Return the same by unit; ``read`` is what the inputs gave each pre-activation."""
        parts = self.ratio * read
        if self.handed:
            share = self.handed * inputs / self.terms
            parts += share * self.ratio * (self.constant + self.slack)
        return parts.view(*parts.shape[:2], -1, hidden).sum(2)

    def taken(self) -> tuple[Tensor, Tensor]:
        """Return what biases and the stabilizer took, each of shape (batch,)."""
        rest = 1 - self.handed
        return (
            rest * (self.ratio * self.constant).sum((0, 2)),
            rest * (self.ratio * self.slack).sum((0, 2)),
        )
