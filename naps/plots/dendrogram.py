"""The tree that joins labels with similar profiles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from naps.errors import InputError
from naps.plots.style import LINE, QUIET, blank, marks, short, styled


def dendrogram(
    merges: ArrayLike,
    labels: Sequence[str],
    order: Sequence[int],
    classes: Sequence[str] | None = None,
    *,
    counts: Sequence[int] | None = None,
    metric: str = "cosine",
    title: str | None = None,
) -> Figure:
    """Draw a tree from root (left) to labels (right).

    A branch has the colour of a class where all labels under it are of that class.

    Parameters
    ----------
    merges : array_like, shape (labels - 1, 4)
        SciPy's linkage matrix.
    labels : sequence of str, length labels
    order : sequence of int, length labels
        Leaf order as indices into ``labels``; the first is drawn at the top.
    classes : sequence of str, length labels, optional
        Class of each label; an empty one means "no class".
    counts : sequence of int, length labels, optional
        Events averaged, written beside the labels.
    metric : str
        What the axis measures.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
    """
    tree = np.asarray(merges, dtype=float).reshape(-1, 4)
    number = len(labels)
    if sorted(order) != list(range(number)) or len(tree) != max(0, number - 1):
        raise InputError(
            f"a tree of {number} labels needs {max(0, number - 1)} merges and an order of all "
            f"labels; got {len(tree)} merges and an order of {len(order)}"
        )
    if classes is not None and len(classes) != number:
        raise InputError(f"{number} labels but {len(classes)} classes")
    look = marks(classes or [""])
    kinds = list(classes) if classes is not None else [""] * number
    rows = (len(look) + 2) // 3 if classes is not None else 0
    with styled():
        figure = blank(4.4, 0.75 + 0.19 * max(number, 2) + 0.18 * rows + (0.2 if title else 0))
        axes = figure.add_subplot()
        _branches(axes, tree, order, kinds, look)
        _leaves(axes, labels, order, kinds, look, counts)
        deepest = float(np.nanmax(tree[:, 2], initial=0.0))
        axes.set_xlim((deepest or 1.0) * 1.04, 0)
        axes.set_ylim(number - 0.4, -0.6)
        axes.set_xlabel(f"{metric} distance")
        if title:
            axes.set_title(title)
        if classes is not None:
            handles = [
                Line2D([], [], color=colour, marker=mark, ls="", label=name or "none")
                for name, (colour, mark) in look.items()
            ]
            figure.legend(handles=handles, loc="outside lower center", ncols=3, handletextpad=0.2)
    return figure


def _branches(
    axes: Axes,
    tree: np.ndarray,
    order: Sequence[int],
    kinds: Sequence[str],
    look: dict[str, tuple[str, str]],
) -> None:
    number = len(kinds)
    height = np.zeros(number + len(tree))
    place = np.zeros(number + len(tree))
    place[list(order)] = np.arange(number)
    below = [{kind} for kind in kinds]
    lines: list[list[tuple[float, float]]] = []
    colours: list[str] = []
    for step, (first, second, distance, _) in enumerate(tree):
        a, b, joint = int(first), int(second), number + step
        height[joint] = distance if np.isfinite(distance) else 0.0
        place[joint] = (place[a] + place[b]) / 2
        below.append(below[a] | below[b])
        for child in (a, b):
            lines.append(
                [
                    (height[child], place[child]),
                    (height[joint], place[child]),
                    (height[joint], place[joint]),
                ]
            )
            (only, *more) = below[child]
            pure = below[joint] == below[child] and not more and only
            colours.append(look[only][0] if pure else LINE)
    axes.add_collection(LineCollection(lines, colors=colours, linewidths=1.4, capstyle="round"))


def _leaves(
    axes: Axes,
    labels: Sequence[str],
    order: Sequence[int],
    kinds: Sequence[str],
    look: dict[str, tuple[str, str]],
    counts: Sequence[int] | None,
) -> None:
    shown = [short(labels[index]) for index in order]
    for row, index in enumerate(order):
        colour, mark = look[kinds[index]]
        axes.plot(0, row, mark, color=colour, markersize=4.5, clip_on=False, zorder=3)
    axes.yaxis.tick_right()
    axes.spines["left"].set_visible(False)
    axes.set_yticks(range(len(order)), shown)
    axes.tick_params(axis="y", length=0, pad=7)
    for text, index in zip(axes.get_yticklabels(), order, strict=True):
        text.set_color(look[kinds[index]][0])
        text.set_fontweight("bold")
    if counts is not None:
        # The labels are about 6.6 points a letter wide; the counts stand in a column after them.
        indent = 16 + 6.6 * max((len(text) for text in shown), default=0)
        for row, index in enumerate(order):
            axes.annotate(
                f"{counts[index]:,}",
                (1, row),
                xycoords=("axes fraction", "data"),
                xytext=(indent, 0),
                textcoords="offset points",
                va="center",
                fontsize=7.5,
                color=QUIET,
            )
