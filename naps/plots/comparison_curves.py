"""How alike two networks or two languages are, from layer to layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from naps.errors import InputError
from naps.plots.curves import Curve
from naps.plots.style import GRID, QUIET, blank, short, styled

_VALUE = "#1d4ed8"
_INTERVAL = "#bfd0f7"
_CHANCE = "#cfd6dd"
_CEILING = "#9a5200"


def comparison_curve(layers: Sequence[str], curve: Curve, *, measure: str) -> Figure:
    """Draw a measure of likeness over the layers, with its interval, chance and noise ceiling.

    Parameters
    ----------
    layers : sequence of str
        From the input up.
    curve : Curve
        NaN where there is no number. Chance may be known on average only. Filled dots are
        ``significant``, or else above the 99th percentile of chance.
    measure : str
        Name of the vertical axis.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If there is no layer, or a line has not one value for each.
    """
    lines = {
        name: np.full(len(layers), np.nan) if line is None else np.asarray(line, dtype=float)
        for name, line in (
            ("value", curve.value), ("low", curve.low), ("high", curve.high),
            ("mean", curve.chance_mean), ("p99", curve.chance_p99), ("ceiling", curve.ceiling),
        )
    }  # fmt: skip
    above = lines["value"] > lines["p99"] if curve.significant is None else curve.significant
    if not layers or any(len(line) != len(layers) for line in (*lines.values(), above)):
        raise InputError(f"{measure}: a curve over layers needs one value for each, and a layer")
    with styled():
        figure = blank(4.6, 3.2)
        axes = figure.add_subplot()
        axes.axhline(0.0, color=GRID, linewidth=0.9, zorder=0)
        _chance(axes, lines)
        _value(axes, lines, np.asarray(above, bool))
        if np.isfinite(lines["ceiling"]).any():
            axes.plot(
                lines["ceiling"], color=_CEILING, linewidth=1.1, linestyle="-.", marker="_",
                markersize=9, label="noise ceiling",
            )  # fmt: skip
        axes.grid(axis="y", color=GRID, linewidth=0.7)
        axes.set_axisbelow(True)
        names = [short(layer, 16) for layer in layers]
        axes.set_xticks(range(len(names)), names, rotation=60, ha="right", rotation_mode="anchor")
        axes.tick_params(axis="x", labelsize=8)
        axes.set_xlim(-0.5, len(layers) - 0.5)
        axes.set_ylabel(measure)
        figure.legend(
            loc="outside lower center", ncols=3, fontsize=7.5, columnspacing=1.0,
            handletextpad=0.4, handlelength=1.6,
        )  # fmt: skip
    return figure


def _chance(axes: Axes, lines: dict[str, NDArray[np.float64]]) -> None:
    place, mean, high = np.arange(len(lines["mean"])), lines["mean"], lines["p99"]
    if np.isfinite(high).any():
        axes.fill_between(place, mean, high, color=_CHANCE, label="chance, mean to 99 %")
        # fill_between shows nothing at all for a layer that stands alone.
        axes.vlines(place, mean, high, color=_CHANCE, linewidth=5)
    if np.isfinite(mean).any():
        axes.plot(
            place, mean, color=QUIET, linewidth=1, linestyle="--", marker="_", markersize=5,
            label="chance mean",
        )  # fmt: skip


def _value(axes: Axes, lines: dict[str, NDArray[np.float64]], above: NDArray[np.bool_]) -> None:
    place, value, low, high = (
        np.arange(len(above)), lines["value"], lines["low"], lines["high"],
    )  # fmt: skip
    if np.isfinite(low).any():
        axes.fill_between(place, low, high, color=_INTERVAL, alpha=0.7, label="95 % interval")
        axes.vlines(place, low, high, color=_VALUE, linewidth=1.1)
    axes.plot(place, value, color=_VALUE, linewidth=1.4)
    known = np.isfinite(value)
    for chosen, face, name in (
        (known & above, _VALUE, "above chance"), (known & ~above, "white", "not above"),
    ):  # fmt: skip
        if chosen.any():
            axes.plot(
                place[chosen], value[chosen], "o", color=_VALUE, markersize=5,
                markerfacecolor=face, label=name,
            )  # fmt: skip
