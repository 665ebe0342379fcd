"""What a method found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from naps.relevance.recurrent_pass import RecurrentRelevance


@dataclass(frozen=True)
class Explanation:
    """How much each part of an input did for the score of a class.

    Attributes
    ----------
    method : str
    relevance : Tensor, shape (batch, ...)
        Of the input's values; with one feature only where the method does not tell features of a
        step apart. Zero behind the end of an item.
    scores : Tensor, shape (batch, classes)
        Of the network.
    target : Tensor of int, shape (batch,)
        Class explained.
    start : Tensor, shape (batch,)
        What is shared: the score of the class explained.
    lengths : Tensor of int, shape (batch,), or None
    layers : mapping of str to Tensor
        Of LRP: relevance of the outputs of the layers asked for.
    recurrent : mapping of str to RecurrentRelevance
        Of LRP: relevance inside LSTM and GRU layers, by name.
    absorbed : mapping of str to float
        Of LRP: what biases, stabilizers and constants of each layer took, over the whole batch.
    """

    method: str
    relevance: Tensor
    scores: Tensor
    target: Tensor
    start: Tensor
    lengths: Tensor | None = None
    layers: Mapping[str, Tensor] = field(default_factory=dict)
    recurrent: Mapping[str, RecurrentRelevance] = field(default_factory=dict)
    absorbed: Mapping[str, float] = field(default_factory=dict)

    @property
    def tokens(self) -> Tensor:
        """Relevance of each step, the sum over its values, shape (batch, steps)."""
        return self.relevance.reshape(*self.relevance.shape[:2], -1).sum(2)
