"""Which steps of each layer belong to an event."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from naps.errors import InputError
from naps.models import Layer, Recognizer, Window
from naps.profiles.layers import INPUT, input_layer, owner
from naps.profiles.options import View

DEFAULT_LAGS_MS = (-500.0, 500.0)
# Lags come as milliseconds: 480 / 10 must be 48 steps whatever the last bit says.
_ROUNDING = 1e-6


@dataclass(frozen=True)
class EventWindows:
    """The window of every layer around an event.

    Attributes
    ----------
    by_layer : mapping of str to Window
        By name; the input is always there.
    output : Layer
        That events count their frames in.
    lags_ms : tuple of float or None
        How far the windows reach, where that was chosen; None where they are what an output
        frame sees.
    """

    by_layer: Mapping[str, Window]
    output: Layer
    lags_ms: tuple[float, float] | None = None

    @property
    def complete(self) -> bool:
        """Whether nothing beyond a window has an influence on the event's output."""
        return self.lags_ms is None

    def lags(self, layer: Layer) -> npt.NDArray[np.int64]:
        """Return the place of every step of a layer's window.

        Counted from the event's own step, or from the middle where the window is what an
        output frame sees.
        """
        window = self.by_layer[layer.name]
        own = window.width // 2
        if self.lags_ms is not None:
            own = own_step(layer, self.output) - window.offset
        return np.arange(window.width, dtype=np.int64) - own

    def centres(self, layer: Layer) -> npt.NDArray[np.float64]:
        """Return the middle of every step of a layer's window, in input frames from the event."""
        window = self.by_layer[layer.name]
        steps = np.arange(window.width, dtype=np.float64) + window.offset
        origin = 0.0 if self.lags_ms is None else self.output.centre(0)
        return layer.centre(0) + layer.stride * steps - origin


def own_step(layer: Layer, output: Layer) -> int:
    """Return the step of a layer whose middle is nearest to that of output frame 0."""
    return math.floor((output.centre(0) - layer.centre(0)) / layer.stride + 0.5)


def lag_window(layer: Layer, output: Layer, lags: tuple[float, float]) -> Window:
    """Give the window that reaches so far from the event's own step.

    Parameters
    ----------
    layer, output : Layer
    lags : tuple of float
        First and last, in input frames; ends count.

    Raises
    ------
    InputError
        If output frames do not fall on steps of the layer, or no step lies between the lags.
    """
    if output.stride % layer.stride:
        raise InputError(
            f"layer {layer.name!r} has a step every {layer.stride} input frames and the output "
            f"one every {output.stride}, which is no multiple: its steps cannot be counted from "
            f"an event; leave it out with profiles.layers"
        )
    first = math.ceil(lags[0] / layer.stride - _ROUNDING)
    last = math.floor(lags[1] / layer.stride + _ROUNDING)
    if last < first:
        raise InputError(f"profiles.lags_ms: no step of layer {layer.name!r} lies between them")
    return Window(
        stride=output.stride // layer.stride,
        offset=own_step(layer, output) + first,
        width=last - first + 1,
    )


def event_windows(
    model: Recognizer,
    layers: Sequence[Layer],
    lags_ms: tuple[float, float] | None = None,
    view: View | None = None,
) -> EventWindows:
    """Give the window of an event in some layers.

    Parameters
    ----------
    model : Recognizer
    layers : sequence of Layer
        As from `choose_layers`.
    lags_ms : tuple of float or None
        How far the windows of a sequence reach; ±500 ms for None.
    view : {"crop", "sequence"} or None
        ``crop``: the steps that an output frame sees. ``sequence``: from the first lag to the
        last. None is ``crop`` where an output frame sees a stretch of its input.

    Raises
    ------
    InputError
        If the network has no crops, lags are no such pair or are given for crops, or do not fit a
        layer.
    """
    exact = model.network.windows
    if view == "crop" and exact is None:
        raise InputError(
            f"profiles.view: an output frame of {model.name} depends on the whole utterance, so "
            f"there is no crop; take view=sequence"
        )
    if exact is None or view == "sequence":
        return _sequence(model, layers, DEFAULT_LAGS_MS if lags_ms is None else lags_ms)
    if lags_ms is not None:
        raise InputError(
            f"profiles.lags_ms: the windows of {model.name} are those of its receptive field; "
            f"leave lags_ms out, or take view=sequence"
        )
    known = dict(zip([INPUT, *(layer.name for layer in model.layers)], exact, strict=True))
    for layer in layers:
        known.setdefault(layer.name, known[owner(layer.name) or layer.name])
    return EventWindows(known, model.layers[-1])


def _sequence(
    model: Recognizer, layers: Sequence[Layer], lags_ms: tuple[float, float]
) -> EventWindows:
    output, (first, last) = model.layers[-1], lags_ms
    if not (math.isfinite(first) and math.isfinite(last) and first < last):
        raise InputError(f"profiles.lags_ms: {first:g} is not below {last:g}")
    frame_ms = 1000 * model.features.frame_s
    lags = (first / frame_ms, last / frame_ms)
    return EventWindows(
        {layer.name: lag_window(layer, output, lags) for layer in (input_layer(model), *layers)},
        output,
        (float(first), float(last)),
    )
