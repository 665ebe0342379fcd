"""Values with intervals, a row each, beside what chance gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from naps.errors import InputError
from naps.plots.curves import SERIES
from naps.plots.style import GRID, INK, QUIET, placed, short, styled, text_width

_MARKS = "osD^vP"


@dataclass(frozen=True)
class Dots:
    """One value in each row; NaN where there is none.

    Attributes
    ----------
    name : str
    value, low, high : sequence of float
        With the ends of the interval.
    """

    name: str
    value: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


def interval_dots(
    rows: Sequence[str],
    series: Sequence[Dots],
    *,
    statistic: str,
    chance: Sequence[float] | None = None,
    chance_name: str = "chance",
) -> Figure:
    """Draw a dot with its interval in each row.

    Parameters
    ----------
    rows : sequence of str
        From the top down.
    series : sequence of Dots
        At most six; they share the rows.
    statistic : str
        Name of the horizontal axis.
    chance : sequence of float, optional
        What chance gives in each row.
    chance_name : str

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If there is nothing to draw, too many series, or one has not a value for each row.
    """
    lines = [line for dots in series for line in (dots.value, dots.low, dots.high)]
    lines += [] if chance is None else [chance]
    if not rows or not 1 <= len(series) <= len(_MARKS):
        raise InputError(f"{len(rows)} rows of {len(series)} series cannot be drawn")
    if any(len(line) != len(rows) for line in lines):
        raise InputError(f"each series needs a value for each of {len(rows)} rows")
    names = [short(name, 34) for name in rows]
    left = 0.2 + text_width(names, 8.5) * 0.8 / 72
    step = 0.26 if len(series) == 1 else 0.14 * len(series) + 0.1
    legend = 0.28 if len(series) > 1 or chance is not None else 0.0
    with styled():
        figure, axes = placed(
            left + 4.4, step * len(rows) + 0.75 + legend, left=left, bottom=0.5 + legend,
            right=0.15, top=0.12,
        )  # fmt: skip
        place = np.arange(len(rows), dtype=float)
        if chance is not None:
            axes.vlines(
                chance, place - 0.4, place + 0.4, color=QUIET, linewidth=1.6,
                linestyle=(0, (1.5, 1)), label=chance_name,
            )  # fmt: skip
        for number, dots in enumerate(series):
            offset = (number - (len(series) - 1) / 2) * 0.7 / len(series)
            colour = SERIES[number]
            axes.hlines(place + offset, dots.low, dots.high, color=colour, linewidth=1.5)
            axes.plot(
                dots.value, place + offset, _MARKS[number], color=colour, markersize=5,
                label=dots.name,
            )  # fmt: skip
        axes.set_yticks(place, names, color=INK, fontsize=8.5)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(statistic)
        axes.axvline(0, color=GRID, linewidth=1)
        axes.grid(axis="x", color=GRID, linewidth=0.7)
        axes.set_axisbelow(True)
        if legend:
            figure.legend(
                loc="lower center", ncols=len(series) + 1, fontsize=8, borderaxespad=0.1,
                columnspacing=1.2, handletextpad=0.4,
            )  # fmt: skip
    return figure
