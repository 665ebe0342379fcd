"""What order on a sheet costs: Moran's I over the error rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from naps.plots.style import LINE, QUIET, blank, styled

_COLOURS = ("#1d4ed8", "#b3261e", "#1b7a3d")
_MARKERS = "osD"
# Names of lines nearer than this share of the panel would lie on each other.
_NEAR = 0.06
_PANELS = (("kernels", "Moran's I of kernels"), ("profiles", "Moran's I of profiles"))


def order_over_errors(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw order over error for every kind and weight of topography.

    Parameters
    ----------
    rows : sequence of mapping
        Of ``sweep.csv``: ``kind`` (empty without topography), ``weight``, ``layout``, ``kernels``,
        ``profiles`` (both None where there was no order to measure) and error rates
        ``"CORPUS dev cer"``, or any others that end in ``cer``.

    Returns
    -------
    matplotlib.figure.Figure
        Layouts made afterwards are lines across.
    """
    columns = [key for key in rows[0] if key.endswith(" cer")]
    columns = [key for key in columns if key.endswith(" dev cer")] or columns
    kinds = list(dict.fromkeys(row["kind"] for row in rows if row["kind"]))
    with styled():
        figure = blank(7.4, 3.6)
        for axes, (key, title) in zip(figure.subplots(1, 2), _PANELS, strict=True):
            axes.set_title(title)
            measured = [row for row in rows if row[key] is not None]
            learned = [row for row in measured if row["layout"] == "grid"]
            for row in learned:
                if not row["kind"]:
                    axes.plot(
                        [_error(row, columns)], [row[key]], linestyle="none", marker="*",
                        markersize=10, color=QUIET, label="without topography",
                    )  # fmt: skip
            for number, kind in enumerate(kinds):
                found = sorted((r for r in learned if r["kind"] == kind), key=lambda r: r["weight"])
                if not found:
                    continue
                places = [(_error(row, columns), row[key]) for row in found]
                colour = _COLOURS[number % 3]
                axes.plot(
                    *zip(*places, strict=True), "-", marker=_MARKERS[number % 3], color=colour,
                    linewidth=1, label=kind,
                )  # fmt: skip
                for rank, (row, place) in enumerate(zip(found, places, strict=True)):
                    # Small weights lie close together: every other one is named from below.
                    axes.annotate(
                        f"{row['weight']:g}", place, textcoords="offset points",
                        xytext=(5, -9 if rank % 2 else 4), fontsize=7, color=colour,
                    )  # fmt: skip
            _draw_afterwards(axes, measured, key)
            axes.set_xlabel("mean dev CER (%)" if "dev" in columns[0] else "mean CER (%)")
            axes.grid(axis="y", color="#e6e9ed", linewidth=0.7)
            axes.set_axisbelow(True)
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=7)
    return figure


def _draw_afterwards(axes: Axes, rows: Sequence[Mapping[str, Any]], key: str) -> None:
    """Draw a line across for each layout made afterwards; those too near share a name."""
    others = sorted((row for row in rows if row["layout"] != "grid"), key=lambda row: row[key])
    near = _NEAR * float(np.ptp([row[key] for row in rows])) if rows else 0.0
    names: list[str] = []
    for row, above in zip(others, [*others, None][1:], strict=True):
        axes.axhline(row[key], color=LINE, linestyle="--", linewidth=0.8)
        names.append(row["layout"])
        if above is None or above[key] - row[key] > near:
            axes.annotate(
                f"{', '.join(names)} afterwards", (1, row[key]), fontsize=7, color=QUIET,
                xycoords=("axes fraction", "data"), textcoords="offset points",
                xytext=(-2, 2), ha="right",
            )  # fmt: skip
            names = []


def _error(row: Mapping[str, Any], columns: Sequence[str]) -> float:
    return 100 * sum(float(row[key]) for key in columns) / len(columns)
