"""Where in a module's output its activation is, whatever shape the output has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence


@dataclass(frozen=True, slots=True)
class Form:
    """How to take the activation out of a module's output, and how to put it back.

    An output is a tensor, a packed sequence, or a tuple or list that holds one.

    Attributes
    ----------
    time : int
        Axis of the steps; the first of the others is the batch, and all further ones together
        are the channels.
    overwritten : bool
        Whether a later module changes the output in place.
    """

    time: int
    overwritten: bool = False

    def take(self, output: object) -> Tensor:
        """Return the activation, shape (batch, steps, channels).

        Raises
        ------
        AttributeError, IndexError
            If the output has not this form.
        """
        value = plain(output)
        if value is None:
            raise AttributeError("no tensor")
        return value.movedim(self.time, 1).flatten(2)

    def put(self, output: object, activation: Tensor) -> object:
        """Return an output like the given one, with the activation in place of its own."""
        held = first(output)
        assert held is not None
        # Else what is changed in place would be the activation that is looked at.
        value = activation.clone() if self.overwritten else activation
        if isinstance(held, PackedSequence):
            return _replaced(output, _packed(value, held))
        shape = held.movedim(self.time, 1).shape
        return _replaced(output, value.reshape(shape).movedim(1, self.time))


def first(output: object) -> Tensor | PackedSequence | None:
    """Return the tensor or packed sequence that an output is, or the first that it holds."""
    # A packed sequence is a tuple, too.
    if isinstance(output, Tensor | PackedSequence):
        return output
    if isinstance(output, tuple | list):
        return next((x for x in output if isinstance(x, Tensor | PackedSequence)), None)
    return None


def plain(output: object) -> Tensor | None:
    """Return the first tensor of an output; a packed sequence as (batch, steps, channels)."""
    held = first(output)
    if isinstance(held, PackedSequence):
        return pad_packed_sequence(held, batch_first=True)[0]
    return held


def copied(output: object) -> object:
    """Return an output whose first tensor is a copy, for others to change in place."""
    held = first(output)
    return _replaced(output, held.clone()) if isinstance(held, Tensor) else output


def _replaced(output: object, value: Tensor | PackedSequence) -> object:
    if isinstance(output, Tensor | PackedSequence):
        return value
    assert isinstance(output, tuple | list)
    place = next(i for i, x in enumerate(output) if isinstance(x, Tensor | PackedSequence))
    items: list[Any] = [*output[:place], value, *output[place + 1 :]]
    if isinstance(output, list):
        return items
    # A named tuple takes its fields one by one.
    return type(output)(*items) if hasattr(output, "_fields") else tuple(items)


def _packed(activation: Tensor, like: PackedSequence) -> PackedSequence:
    # How many utterances reach each step, turned into how many steps each utterance has.
    lengths = [int((like.batch_sizes > i).sum()) for i in range(int(like.batch_sizes[0]))]
    order = like.sorted_indices
    rows = activation if order is None else activation.index_select(0, order)
    data = pack_padded_sequence(rows, torch.tensor(lengths), batch_first=True).data
    return PackedSequence(data, like.batch_sizes, order, like.unsorted_indices)
