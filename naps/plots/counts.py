"""How many events each group has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from naps.errors import InputError
from naps.plots.style import QUIET, blank, marks, short, styled


def count_bars(
    labels: Sequence[str],
    counts: Sequence[int],
    classes: Sequence[str] | None = None,
    *,
    minimum: int | None = None,
    title: str | None = None,
) -> Figure:
    """Draw one bar a group, the most frequent at the top.

    Parameters
    ----------
    labels : sequence of str, length groups
    counts : sequence of int, length groups
    classes : sequence of str, length groups, optional
        For the colours.
    minimum : int, optional
        Fewest events a group needs to be clustered; drawn as a line.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
    """
    if len(labels) != len(counts) or (classes is not None and len(classes) != len(labels)):
        raise InputError(f"{len(labels)} groups but {len(counts)} counts or other classes")
    order = sorted(range(len(labels)), key=lambda index: (-counts[index], labels[index]))
    kinds = list(classes) if classes is not None else [""] * len(labels)
    look = marks(kinds)
    with styled():
        figure = blank(4.4, 0.7 + 0.19 * max(len(labels), 2) + (0.2 if title else 0))
        axes = figure.add_subplot()
        rows = np.arange(len(labels))
        widths = [counts[index] for index in order]
        bars = axes.barh(rows, widths, color=[look[kinds[index]][0] for index in order])
        axes.bar_label(bars, [f"{width:,}" for width in widths], padding=3, fontsize=7.5)
        axes.set_yticks(rows, [short(labels[index]) for index in order])
        axes.set_ylim(len(labels) - 0.4, -0.6)
        axes.set_xlim(0, max([*widths, minimum or 0, 1]) * 1.16)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel("events")
        if minimum is not None and minimum > 1:
            axes.axvline(minimum, color=QUIET, linestyle="--", linewidth=1)
        if title:
            axes.set_title(title)
    return figure
