"""Exact gradients of single outputs of stacked LSTM layers, by hand.

torch's own LSTM reads the utterance once, without a graph. Gates and cell states follow from
what went into each row and came out of it. Then the gradients of many events at a time go down,
layer by layer, each through the whole of a row's time: nothing is truncated. Only steps at which
an event's gradient must be zero, or of which no window shows anything, are passed over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional

from naps.models import LSTMRecognizer, Window
from naps.profiles.cell_row import CellRow
from naps.profiles.event_order import EventOrder
from naps.profiles.layers import INPUT, owner
from naps.profiles.trace import Trace, TracedLayer
from naps.profiles.way_back import DirectStep

_FRONT = "conv1"


@dataclass(frozen=True)
class _Plan:
    """What has to be gone through for the layers wanted.

    Attributes
    ----------
    lowest : int
        The last LSTM layer, from 1 up, through whose rows the gradients go.
    span : Window or None
        Steps at which gradients leave those rows downwards; None if they do not.
    first, last : int
        Steps from an event's frame to the ends of what is wanted of its rows.
    """

    lowest: int
    span: Window | None
    first: int
    last: int


class RecurrentTrace(Trace):
    """An utterance's way through an `LSTMRecognizer`.

    Parameters
    ----------
    network : LSTMRecognizer
        Without batch norm.
    spectrogram : Tensor, shape (frames, n_mels)
    windows : mapping of str to Window
        Of the layers and taps wanted.

    Raises
    ------
    ValueError
        If the network has batch norm.
    """

    @torch.no_grad()
    def __init__(
        self, network: LSTMRecognizer, spectrogram: Tensor, windows: Mapping[str, Window]
    ) -> None:
        if network.config.batch_norm:
            raise ValueError("trace needs a fused network")
        self._network = network
        self._outputs = {INPUT: spectrogram}
        x = spectrogram[None]
        if network.front is not None:
            x = network.front(x)
            self._outputs[_FRONT] = x[0]
        for number, layer in enumerate(network.recurrent, 1):
            x = layer(x, None)
            self._outputs[f"lstm{number}"] = x[0]
        self.logits = network.output(x)[0]
        self.layers = {
            name: TracedLayer.padded(self._values(name), window, len(self.logits))
            for name, window in windows.items()
        }

    @cached_property
    def _rows(self) -> list[tuple[CellRow, ...]]:
        """The rows of every LSTM layer, from the input up."""
        layers = self._network.recurrent
        outputs = list(self._outputs.values())[-len(layers) - 1 :]
        return [
            tuple(
                CellRow.recompute(lstm, read, part, turned=turned)
                for lstm, part, turned in zip(
                    layer.rows, given.chunk(len(layer.rows), 1), (False, True), strict=False
                )
            )
            for layer, read, given in zip(layers, outputs, outputs[1:], strict=False)
        ]

    def _values(self, name: str) -> Tensor:
        """Return what a layer or tap gave, shape (steps, channels)."""
        if name in self._outputs:
            return self._outputs[name]
        rows = self._rows[_number(owner(name)) - 1]
        return torch.cat([row.values(_place(name)) for row in rows], 1)

    @torch.no_grad()
    def gradients(
        self, frames: Tensor, units: Tensor, wanted: Collection[str]
    ) -> Iterator[tuple[str, Tensor, Tensor]]:
        """Give activations and gradients over the events' windows, from the top layer down.

        A layer's gradient is with respect to what it hands to the layer above; what its rows
        carry on to their next steps belongs to the layer. The gradient of a tap, a cell state or
        a gate, takes along all that follows from it, in later steps too.
        """
        if not wanted:
            return
        plan, order, top = self._plan(wanted), EventOrder(frames), len(self._rows)
        steps, hidden = len(self.logits), self._network.config.hidden
        above = self.logits.new_zeros(steps, len(frames), self._network.config.channels)
        above[frames, order.position] = self._network.output.weight[units]
        below = torch.empty_like(above) if plan.lowest < top else None
        states = above.new_empty(steps, len(frames), 2 * hidden)
        read: list[Tensor] = []
        for number in range(top, plan.lowest - 1, -1):
            name, rows = f"lstm{number}", self._rows[number - 1]
            if name in wanted:
                yield self._shown(name, frames, order.cut(above, self._places(name, frames)))
            taps: dict[str, list[Tensor]] = {tap: [] for tap in wanted if owner(tap) == name}
            onward = below if number > plan.lowest else None
            if onward is not None:
                onward.zero_()
            for row, part in zip(rows, above.chunk(len(rows), 2), strict=True):
                first, last = self._bounds(plan, number, turned=row.turned)
                row.carry(part, order.between(steps, first, last), states, onward)
                for tap, found in taps.items():
                    at = self._places(tap, frames)
                    found.append(row.at(_place(tap), order.cut(states, at), at))
                if onward is None and plan.span is not None:
                    at = _inside(plan.span, frames, steps)
                    read.append(row.read(order.cut(states, at), at))
            for tap, found in taps.items():
                yield self._shown(tap, frames, torch.cat(found, 2))
            if onward is not None:
                above, below = onward, above
        if plan.lowest > top:
            name = f"lstm{top}"
            yield self._shown(name, frames, order.cut(above, self._places(name, frames)))
        elif plan.span is not None:
            yield from self._lower(plan, frames, torch.stack(read).sum(0), wanted)

    def _plan(self, wanted: Collection[str]) -> _Plan:
        lowest = min(map(_lowest, wanted))
        shown = [self.layers[name].window for name in wanted if name not in (INPUT, _FRONT)]
        beneath = []
        if lowest > 1:
            beneath = [self.layers[name].window for name in wanted if name == f"lstm{lowest - 1}"]
        elif self._network.front is None:
            beneath = [self.layers[name].window for name in wanted if name == INPUT]
        else:
            beneath = [self.layers[name].window for name in wanted if name == _FRONT]
            beneath += [self._heard(self.layers[INPUT].window)] if INPUT in wanted else []
        first = min(w.offset for w in [*shown, *beneath])
        last = max(w.offset + w.width - 1 for w in [*shown, *beneath])
        span = None
        if beneath:
            start = min(w.offset for w in beneath)
            span = Window(1, start, max(w.offset + w.width for w in beneath) - start)
        return _Plan(lowest, span, first, last)

    def _heard(self, frames: Window) -> Window:
        """Give the steps of the convolution that see any frame of a window."""
        geometry = self._network.conv1.geometry
        start = frames.offset + geometry.left
        first = -((geometry.kernel - 1 - start) // geometry.stride)
        return Window(1, first, (start + frames.width - 1) // geometry.stride - first + 1)

    def _bounds(self, plan: _Plan, number: int, *, turned: bool) -> tuple[int | None, int | None]:
        """Say between which steps from its frame an event matters to a row."""
        single = not self._network.config.bidirectional
        # Where all that comes from above is the event's own frame, or reads the same way.
        sided = single or number == len(self._rows)
        pruned = single or number == plan.lowest
        if turned:
            return (0 if sided else None), (plan.last if pruned else None)
        return (plan.first if pruned else None), (0 if sided else None)

    def _lower(
        self, plan: _Plan, frames: Tensor, read: Tensor, wanted: Collection[str]
    ) -> Iterator[tuple[str, Tensor, Tensor]]:
        """Give what lies below the lowest rows, from the gradients at the steps of the span."""
        assert plan.span is not None
        front = self._network.front
        if plan.lowest > 1 or front is None:
            yield self._shown(f"lstm{plan.lowest - 1}" if plan.lowest > 1 else INPUT, frames, read)
            return
        if _FRONT in wanted:
            yield self._shown(_FRONT, frames, _part(read, plan.span, self.layers[_FRONT].window))
        if INPUT in wanted:
            output = TracedLayer.padded(self._outputs[_FRONT], plan.span, len(self.logits))
            passed = read * (output.windows(frames) > 0)
            gradient = DirectStep(front.weight, front.geometry.stride)(passed)
            stride = front.geometry.stride
            offset = stride * plan.span.offset - front.geometry.left
            have = Window(stride, offset, gradient.shape[1])
            yield self._shown(INPUT, frames, _part(gradient, have, self.layers[INPUT].window))

    def _shown(self, name: str, frames: Tensor, gradient: Tensor) -> tuple[str, Tensor, Tensor]:
        return name, self.layers[name].windows(frames), gradient

    def _places(self, name: str, frames: Tensor) -> Tensor:
        return _inside(self.layers[name].window, frames, len(self.logits))


def _inside(window: Window, frames: Tensor, steps: int) -> Tensor:
    """Return the steps of windows; the nearest real one for those outside the utterance."""
    starts = window.stride * frames[:, None] + window.offset
    return (starts + torch.arange(window.width, device=frames.device)).clamp(0, steps - 1)


def _part(gradient: Tensor, have: Window, wanted: Window) -> Tensor:
    """Cut a window out of another, zeros where the other has nothing."""
    before = have.offset - wanted.offset
    after = wanted.offset + wanted.width - have.offset - have.width
    return functional.pad(gradient, (0, 0, before, after))


def _number(layer: str) -> int:
    return int(layer.removeprefix("lstm"))


def _place(tap: str) -> str:
    return tap.rpartition(".")[2]


def _lowest(name: str) -> int:
    """Return the last LSTM layer through whose rows gradients go on their way to a layer."""
    if name in (INPUT, _FRONT):
        return 1
    return _number(owner(name)) if owner(name) else _number(name) + 1
