"""Two trees face to face, the same labels joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from naps.errors import InputError
from naps.plots.style import LINE, blank, marks, short, styled


@dataclass(frozen=True, eq=False)
class Side:
    """One of the two trees.

    Attributes
    ----------
    title : str
    labels : sequence of str
        The same groups in the same order on both sides, each as this side writes it.
    order : sequence of int, length labels
        Leaf order as indices into ``labels``; the first is drawn at the top.
    merges : array_like, shape (labels - 1, 4)
        SciPy's linkage matrix.
    """

    title: str
    labels: Sequence[str]
    order: Sequence[int]
    merges: ArrayLike


def tanglegram(
    left: Side,
    right: Side,
    classes: Sequence[str] | None = None,
    *,
    metric: str = "cosine",
) -> Figure:
    """Draw two trees with their leaves towards each other and join the leaves of one group.

    Level lines say that both trees put a group in the same place.

    Parameters
    ----------
    left, right : Side
    classes : sequence of str, length labels, optional
        Class of each group, for the colours; an empty one means "no class".
    metric : str
        What the axes measure.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the sides are not trees of equally many labels.
    """
    number = len(left.labels)
    for side in (left, right):
        tree = np.asarray(side.merges, dtype=float).reshape(-1, 4)
        fits = sorted(side.order) == list(range(number)) and len(tree) == max(0, number - 1)
        if len(side.labels) != number or not fits:
            raise InputError(
                f"two trees of {number} labels each are drawn side by side; {side.title!r} has "
                f"{len(side.labels)} labels, {len(tree)} merges and an order of {len(side.order)}"
            )
    if classes is not None and len(classes) != number:
        raise InputError(f"{number} labels but {len(classes)} classes")
    kinds = list(classes) if classes is not None else [""] * number
    look = marks(kinds)
    rows = (len(look) + 3) // 4 if classes is not None else 0
    with styled():
        figure = blank(5.6, 1.0 + 0.19 * max(number, 2) + 0.2 * rows)
        grid = figure.subplots(1, 3, sharey=True, width_ratios=(1.0, 0.9, 1.0))
        for axes, side, outward in ((grid[0], left, False), (grid[2], right, True)):
            _tree(axes, side, outward)
            axes.set_title(short(side.title, 32), loc="right" if outward else "left")
            axes.set_xlabel(f"{metric} distance")
            _leaves(axes, side, [look[kind][0] for kind in kinds], outward)
        _joins(grid[1], left, right, [look[kind] for kind in kinds])
        grid[0].set_ylim(number - 0.4, -0.6)
        if classes is not None:
            handles = [
                Line2D([], [], color=colour, marker=mark, label=name or "none")
                for name, (colour, mark) in look.items()
            ]
            figure.legend(handles=handles, loc="outside lower center", ncols=4, handletextpad=0.4)
    return figure


def _tree(axes: Axes, side: Side, outward: bool) -> None:
    merges = np.asarray(side.merges, dtype=float).reshape(-1, 4)
    axes.add_collection(
        LineCollection(_brackets(merges, side.order), colors=LINE, linewidths=1.3, capstyle="round")
    )
    deepest = float(np.nanmax(merges[:, 2], initial=0.0)) or 1.0
    edges = (0.0, 1.04 * deepest)
    axes.set_xlim(*(edges if outward else edges[::-1]))


def _brackets(merges: NDArray[np.float64], order: Sequence[int]) -> list[NDArray[np.float64]]:
    """Give each merge as a line of four points: distance and row."""
    number = len(order)
    height = np.zeros(number + len(merges))
    row = np.zeros(number + len(merges))
    row[list(order)] = np.arange(number)
    lines = []
    for joint, (first, second, distance, _) in enumerate(merges, number):
        a, b = int(first), int(second)
        height[joint] = distance if np.isfinite(distance) else 0.0
        row[joint] = (row[a] + row[b]) / 2
        points = [(height[a], row[a]), (height[joint], row[a])]
        lines.append(np.array([*points, (height[joint], row[b]), (height[b], row[b])]))
    return lines


def _leaves(axes: Axes, side: Side, colours: Sequence[str], outward: bool) -> None:
    axes.spines["left"].set_visible(False)
    # The trees share their rows, and so would their ticks: the names are texts of their own.
    axes.tick_params(axis="y", left=False, labelleft=False)
    for row, index in enumerate(side.order):
        axes.annotate(
            short(side.labels[index], 12),
            (0.0, row),
            xytext=(-6 if outward else 6, 0),
            textcoords="offset points",
            ha="right" if outward else "left",
            va="center",
            color=colours[index],
            fontweight="bold",
            annotation_clip=False,
        )


def _joins(axes: Axes, left: Side, right: Side, look: Sequence[tuple[str, str]]) -> None:
    row_left = {index: row for row, index in enumerate(left.order)}
    row_right = {index: row for row, index in enumerate(right.order)}
    for index, (colour, mark) in enumerate(look):
        rows = [row_left[index], row_right[index]]
        axes.plot([0, 1], rows, color=colour, linewidth=1.3, marker=mark, markersize=3.5)
    axes.set_xlim(-0.03, 1.03)
    axes.set_axis_off()
