"""A statistic from layer to layer, with what chance and control networks give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from naps.errors import InputError
from naps.plots.style import GRID, LINE, QUIET, short, styled, text_width

SERIES = ("#b3261e", "#1d4ed8", "#1b7a3d", "#7e22ce", "#9a5200", "#00707a")

_BAND = "#cfd6dd"
_CEILING = "#9a5200"
_FLOORS = (("#1d4ed8", (0, (4, 1.5))), ("#5b6b00", (0, (1, 1))), ("#7e22ce", (0, (5, 1, 1, 1))))
_MARKS = "osD^vP"


@dataclass(frozen=True)
class Curve:
    """One statistic over the layers; NaN where a layer has none.

    Attributes
    ----------
    name : str
        Title of the panel, such as ``"phoneme · manner"``.
    value, chance_mean, chance_p99 : sequence of float, length layers
        The statistic, and the mean and 99th percentile of it with shuffled classes.
    significant : sequence of bool, length layers, optional
        Where the statistic is above chance; else where it exceeds the 99th percentile.
    low, high : sequence of float, length layers, optional
        The interval of the statistic.
    ceiling : sequence of float, length layers, optional
        The most that noise leaves room for.
    floors : mapping of str to sequence of float, length layers
        The statistic in control networks, by the control's name.
    """

    name: str
    value: Sequence[float]
    chance_mean: Sequence[float]
    chance_p99: Sequence[float]
    significant: Sequence[bool] | None = None
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None
    ceiling: Sequence[float] | None = None
    floors: Mapping[str, Sequence[float]] = field(default_factory=lambda: MappingProxyType({}))


def curves(layers: Sequence[str], panels: Sequence[Curve], *, statistic: str) -> Figure:
    """Draw one panel a curve, one below the other, over the same layers and values.

    The band reaches from the chance mean to the 99th percentile; a value above chance is a
    filled dot, one that is not is open. Thin lines are the same statistic in control networks.

    Parameters
    ----------
    layers : sequence of str
        From the input up.
    panels : sequence of Curve
    statistic : str
        Name of the vertical axis.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If there is no layer or curve, or a line has not one value for each layer.
    """
    _check(layers, panels)
    names = [short(layer, 16) for layer in layers]
    below = 0.3 + text_width(names, 8) * 0.6 / 72
    legend = 0.17 * -(-_entries(panels) // 3)
    width, panel, gap = 4.6, 1.02, 0.33
    height = 0.25 + len(panels) * (panel + gap) - gap + below + legend
    with styled():
        figure = Figure(figsize=(width, height))
        first: Axes | None = None
        for row, curve in enumerate(panels):
            bottom = height - 0.25 - row * (panel + gap) - panel
            box = (0.7 / width, bottom / height, 1 - 0.76 / width, panel / height)
            axes = figure.add_axes(box, sharex=first, sharey=first)
            first = first or axes
            _panel(axes, curve)
            axes.set_title(curve.name)
            axes.tick_params(labelbottom=curve is panels[-1])
        _layer_axis(axes, names)
        middle = (below + legend + height - 0.25) / 2 / height
        figure.text(
            0.04 / width, middle, statistic, rotation=90, va="center", ha="left", fontsize=9
        )
        known = {
            name: handle
            for axes in figure.axes
            for handle, name in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        figure.legend(
            list(known.values()), list(known), loc="lower center", ncols=3, fontsize=7.5,
            columnspacing=1.2, handletextpad=0.4, handlelength=1.8, borderaxespad=0.1,
        )  # fmt: skip
    return figure


def overlaid_curves(
    layers: Sequence[str], series: Sequence[Curve], *, statistic: str, title: str | None = None
) -> Figure:
    """Draw several curves in one panel, each with a chance band of its colour.

    Parameters
    ----------
    layers : sequence of str
        From the input up.
    series : sequence of Curve
        At most six.
    statistic : str
        Name of the vertical axis.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If there is no layer or curve, or a line has not one value for each layer.
    """
    _check(layers, series)
    names = [short(layer, 16) for layer in layers]
    below = 0.25 + text_width(names, 8) * 0.6 / 72
    legend, top = 0.36, 0.3 if title else 0.1
    width, height = 7.4, 2.5 + below + legend + top
    with styled():
        figure = Figure(figsize=(width, height))
        box = (0.7 / width, (below + legend) / height, 1 - 0.8 / width, 2.5 / height)
        axes = figure.add_axes(box)
        place = np.arange(len(layers))
        for curve, colour, mark in zip(series, SERIES, _MARKS, strict=False):
            value, mean, high = _lines(curve)
            axes.fill_between(place, mean, high, color=colour, alpha=0.14, linewidth=0)
            _alone(axes, mean, high, colour, 0.14)
            axes.plot(place, high, color=colour, linewidth=0.7, linestyle=":")
            axes.plot(
                place, value, color=colour, linewidth=1.7, marker=mark, markersize=6,
                markerfacecolor="white", label=curve.name,
            )  # fmt: skip
            above = _above(curve, value, high)
            axes.plot(place[above], value[above], mark, color=colour, markersize=6)
        axes.grid(axis="y", color=GRID, linewidth=0.7)
        axes.set_axisbelow(True)
        _layer_axis(axes, names)
        axes.set_ylabel(statistic)
        if title:
            axes.set_title(title)
        figure.legend(loc="lower center", ncols=3, fontsize=9, borderaxespad=0.1)
    return figure


def _check(layers: Sequence[str], panels: Sequence[Curve]) -> None:
    if not panels or not layers:
        raise InputError("a curve over layers needs at least one curve and one layer")
    for panel in panels:
        lines = (
            panel.value, panel.chance_mean, panel.chance_p99, panel.significant, panel.low,
            panel.high, panel.ceiling, *panel.floors.values(),
        )  # fmt: skip
        if any(line is not None and len(line) != len(layers) for line in lines):
            raise InputError(f"{panel.name}: the curve has not one value for each layer")


def _lines(curve: Curve) -> list[NDArray[np.float64]]:
    lines = (curve.value, curve.chance_mean, curve.chance_p99)
    return [np.asarray(line, dtype=float) for line in lines]


def _above(
    curve: Curve, value: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.bool_]:
    return value > high if curve.significant is None else np.asarray(curve.significant, bool)


def _entries(panels: Sequence[Curve]) -> int:
    """Count the entries of the legend, those for dots included."""
    chance = any(np.isfinite(panel.chance_p99).any() for panel in panels)
    ceiling = any(panel.ceiling is not None for panel in panels)
    interval = any(panel.low is not None for panel in panels)
    floors = {name for panel in panels for name in panel.floors}
    return 2 + 2 * chance + ceiling + interval + len(floors)


def _layer_axis(axes: Axes, names: Sequence[str]) -> None:
    axes.set_xticks(range(len(names)), names, rotation=60, ha="right", rotation_mode="anchor")
    axes.tick_params(axis="x", labelsize=8)
    axes.set_xlim(-0.5, len(names) - 0.5)


def _alone(
    axes: Axes, low: NDArray[np.float64], high: NDArray[np.float64], colour: str, alpha: float
) -> None:
    """Draw the band of layers that stand alone, of which ``fill_between`` shows nothing."""
    known = np.isfinite(low) & np.isfinite(high)
    beside = np.r_[False, known[:-1]] | np.r_[known[1:], False]
    rows = np.flatnonzero(known & ~beside)
    axes.vlines(rows, low[rows], high[rows], color=colour, alpha=alpha, linewidth=5)


def _panel(axes: Axes, curve: Curve) -> None:
    value, mean, high = _lines(curve)
    place = np.arange(len(value))
    if np.isfinite(high).any():
        axes.fill_between(place, mean, high, color=_BAND, label="chance, mean to 99 %")
        _alone(axes, mean, high, _BAND, 1.0)
        axes.plot(place, mean, color=QUIET, linewidth=1, linestyle="--", label="chance mean")
    for (name, line), (colour, dashes) in zip(curve.floors.items(), _FLOORS, strict=False):
        axes.plot(place, line, color=colour, linewidth=0.9, linestyle=dashes, label=name)
    if curve.ceiling is not None:
        axes.plot(place, curve.ceiling, color=_CEILING, linewidth=1, label="noise ceiling")
    if curve.low is not None and curve.high is not None:
        axes.vlines(place, curve.low, curve.high, color=LINE, linewidth=1.6, label="interval")
    axes.plot(place, value, color=SERIES[0], linewidth=1.4)
    tested = np.isfinite(high) | (curve.significant is not None)
    above = _above(curve, value, high)
    for rows, face, name in (
        (tested & above, SERIES[0], "above chance"),
        (tested & ~above & np.isfinite(value), "white", "not above"),
        (~tested & np.isfinite(value), SERIES[0], "value"),
    ):
        if rows.any():
            axes.plot(
                place[rows], value[rows], "o", color=SERIES[0], markersize=5,
                markerfacecolor=face, label=name,
            )  # fmt: skip
    axes.grid(axis="y", color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.locator_params(axis="y", nbins=4)
