"""What a prediction becomes as inputs are deleted in the order of their relevance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from naps.errors import InputError
from naps.plots.curves import SERIES
from naps.plots.style import GRID, QUIET, short, styled

_MARKS = "osD^vPX*<>hp"
_DASHES = ("-", (0, (4, 1.5)))


@dataclass(frozen=True)
class DeletionCurve:
    """Accuracy after 0, 1, … deletions.

    Attributes
    ----------
    accuracy, low, high : sequence of float
        Its mean and 95 % interval.
    """

    accuracy: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


def deletion_curves(
    panels: Mapping[str, Mapping[str, DeletionCurve]],
    chance: Mapping[str, DeletionCurve],
    *,
    unit: str = "words",
) -> Figure:
    """Draw the accuracy over the number of deletions, a panel beside the other.

    Intervals stand at the last deletion only, where curves are furthest apart; random deletion is
    a grey band.

    Parameters
    ----------
    panels : mapping of str to mapping of str to DeletionCurve
        Curves by method, by the title of their panel; at most twelve methods.
    chance : mapping of str to DeletionCurve
        Of random deletion, by the title of the panel.
    unit : str
        What is deleted.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If there is nothing to draw, or too many methods.
    """
    methods = list(dict.fromkeys(name for curves in panels.values() for name in curves))
    if not methods or len(methods) > len(_MARKS):
        raise InputError(
            f"deletion curves of 1 to {len(_MARKS)} methods can be drawn, not of {len(methods)}"
        )
    looks = {name: _look(place) for place, name in enumerate(methods)}
    columns = 3
    legend = 0.2 * -(-(len(methods) + 1) // columns) + 0.1
    with styled():
        figure = Figure(figsize=(7.6, 3.5 + legend))
        height = figure.get_figheight()
        first: Axes | None = None
        for place, (title, curves) in enumerate(panels.items()):
            width = 0.92 / len(panels)
            box = (0.075 + place * width, (legend + 0.5) / height, width - 0.06, 2.65 / height)
            axes = figure.add_axes(box, sharey=first)
            first = first or axes
            if title in chance:
                _band(axes, chance[title])
            for name, curve in curves.items():
                # The first are drawn last, on top of the others.
                _draw(axes, curve, name, *looks[name], zorder=3 - 0.01 * methods.index(name))
            axes.set_title(title)
            axes.set_xlabel(f"{unit} deleted")
            axes.grid(axis="y", color=GRID, linewidth=0.7)
            axes.set_axisbelow(True)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        assert first is not None
        first.set_ylabel("accuracy")
        known = {
            name: handle
            for axes in figure.axes
            for handle, name in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        figure.legend(
            list(known.values()), list(known), loc="lower center", ncols=columns, fontsize=8,
            columnspacing=1.4, handlelength=2.4, borderaxespad=0.1,
        )  # fmt: skip
    return figure


def _look(place: int) -> tuple[str, str, object]:
    return SERIES[place % len(SERIES)], _MARKS[place], _DASHES[place // len(SERIES)]


def _band(axes: Axes, curve: DeletionCurve) -> None:
    place = np.arange(len(curve.accuracy))
    axes.fill_between(place, curve.low, curve.high, color="#cfd6dd", linewidth=0)
    axes.plot(
        place, curve.accuracy, color=QUIET, linewidth=1.2, linestyle=(0, (1, 1)),
        label="random (chance)",
    )  # fmt: skip


def _draw(
    axes: Axes,
    curve: DeletionCurve,
    name: str,
    colour: str,
    mark: str,
    dashes: object,
    *,
    zorder: float,
) -> None:
    place = np.arange(len(curve.accuracy))
    axes.plot(
        place, curve.accuracy, color=colour, marker=mark, markersize=4.5, linewidth=1.3,
        linestyle=dashes, label=short(name, 32), zorder=zorder,
    )  # fmt: skip
    axes.vlines(place[-1:], curve.low[-1:], curve.high[-1:], color=colour, linewidth=1, alpha=0.6)
