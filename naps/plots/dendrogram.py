"""The tree that joins labels with similar profiles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from naps.errors import InputError
from naps.plots.names import check_notation, ipa_symbols, label_names
from naps.plots.style import LINE, QUIET, marks, moved, placed, short, styled, text_width

LEAST_SUPPORT = 0.5

_SIZE = 9.0
_SMALL = 7.5
_WIDTH = 4.8
_ROW = 0.19


def dendrogram(
    merges: ArrayLike,
    labels: Sequence[str],
    order: Sequence[int],
    classes: Sequence[str] | None = None,
    *,
    counts: Sequence[int] | None = None,
    support: Sequence[float] | None = None,
    notation: str = "as written",
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
    support : sequence of float, length labels - 1, optional
        Share of bootstrap trees that have the branch of each merge, NaN where unknown. Written
        as percent at the branch where it is at least `LEAST_SUPPORT`; never at the root, which
        every tree has.
    notation : str
        How phones are written, as for `naps.plots.label_names`.
    metric : str
        What the axis measures.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the parts do not fit together, or there is no such notation.
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
    if support is not None and len(support) != len(tree):
        raise InputError(f"{len(tree)} merges but support of {len(support)}")
    look = marks(classes or [""])
    kinds = list(classes) if classes is not None else [""] * number
    columns = _columns(labels, order, counts, notation)
    rows = (len(look) + 2) // 3 if classes is not None else 0
    top = 0.26 if title else 0.06
    with styled():
        figure, axes = placed(
            _WIDTH,
            0.55 + _ROW * (max(number, 2) + 0.4) + 0.18 * rows + top,
            left=0.12,
            bottom=0.5 + 0.18 * rows,
            right=(10 + sum(width for _, width in columns)) / 72,
            top=top,
        )
        height, place = _branches(axes, tree, order, kinds, look)
        _leaves(axes, order, kinds, look, columns)
        if support is not None:
            _support(axes, height[number:-1], place[number:-1], support[:-1])
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
            figure.legend(handles=handles, loc="lower center", ncols=3, handletextpad=0.2)
    return figure


def _columns(
    labels: Sequence[str], order: Sequence[int], counts: Sequence[int] | None, notation: str
) -> list[tuple[list[str], float]]:
    """Give what stands beside the leaves, from top to bottom, with the width in points."""
    check_notation(notation)
    beside = notation == "both"
    names = list(labels) if beside else label_names(labels, notation)
    columns = [[short(names[index]) for index in order]]
    if beside and any(phones := ipa_symbols(labels)):
        columns.append([phones[index] for index in order])
    if counts is not None:
        columns.append([f"{counts[index]:,}" for index in order])
    sizes = [_SIZE, *[_SMALL] * (len(columns) - 1)]
    return [(texts, text_width(texts, z) + 5) for texts, z in zip(columns, sizes, strict=True)]


def _branches(
    axes: Axes,
    tree: NDArray[np.float64],
    order: Sequence[int],
    kinds: Sequence[str],
    look: dict[str, tuple[str, str]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw all branches; give the height and the row of every node, labels first."""
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
    return height, place


def _support(
    axes: Axes,
    height: NDArray[np.float64],
    place: NDArray[np.float64],
    support: Sequence[float],
) -> None:
    for x, y, share in zip(height, place, support, strict=True):
        if share >= LEAST_SUPPORT:
            axes.text(
                x,
                y,
                f"{100 * share:.0f}",
                transform=moved(axes, axes.transData, -2, 1),
                ha="right",
                va="bottom",
                fontsize=6,
                color=QUIET,
            )


def _leaves(
    axes: Axes,
    order: Sequence[int],
    kinds: Sequence[str],
    look: dict[str, tuple[str, str]],
    columns: Sequence[tuple[list[str], float]],
) -> None:
    # One call a class: a marker of its own for each label takes many times as long.
    for kind, (colour, mark) in look.items():
        rows = [row for row, index in enumerate(order) if kinds[index] == kind]
        axes.plot(
            [0] * len(rows), rows, mark, color=colour, markersize=4.5, clip_on=False, zorder=3
        )
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    indent = 7.0
    for column, (texts, width) in enumerate(columns):
        beside = moved(axes, axes.get_yaxis_transform(), indent, 0)
        for row, (text, index) in enumerate(zip(texts, order, strict=True)):
            axes.text(
                1,
                row,
                text,
                transform=beside,
                va="center_baseline",
                fontsize=_SMALL if column else _SIZE,
                fontweight="normal" if column else "bold",
                color=QUIET if column else look[kinds[index]][0],
            )
        indent += width
