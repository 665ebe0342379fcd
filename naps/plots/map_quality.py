"""How good maps are: every method, every seed a dot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator

from naps.errors import InputError
from naps.plots.style import GRID, INK, placed, short, styled

# Measure, what it is called, and whether more is better.
MEASURES: dict[str, tuple[str, bool]] = {
    "morans_i": ("Moran's I", True),
    "trustworthiness": ("trustworthiness", True),
    "continuity": ("continuity", True),
    "rank_correlation": ("rank correlation", True),
    "resize_auc": ("loss by shrinking", False),
    "blur_auc": ("loss by blurring", False),
    "unevenness": ("unevenness", False),
    "disparity": ("disparity of seeds", False),
    "seconds": ("seconds", False),
}
_DOT = "#1d4ed8"


def quality_dots(
    values: Mapping[str, Mapping[str, Sequence[float]]], *, title: str | None = None
) -> Figure:
    """Draw a panel for every measure, a row for every method and a dot for every seed.

    Parameters
    ----------
    values : mapping
        Of methods to measures (keys of `MEASURES`) to the values of seeds; NaN is left out.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If there is no method or no such measure.
    """
    known = [name for name in MEASURES if any(name in row for row in values.values())]
    unknown = sorted({name for row in values.values() for name in row} - set(MEASURES))
    if not known or unknown:
        raise InputError(f"no measure {', '.join(unknown)}; there are: {', '.join(MEASURES)}")
    methods = list(values)
    panel, left, above = 1.2, 1.45, 0.95 if title else 0.65
    width = left + panel * len(known) + 0.15
    height = 0.2 * len(methods) + above + 0.4
    with styled():
        figure, first = placed(width, height, left=left, bottom=0.4, right=0.15, top=above)
        box = first.get_position()
        first.remove()
        for number, name in enumerate(known):
            text, more = MEASURES[name]
            axes = figure.add_axes(
                (box.x0 + number * box.width / len(known), box.y0,
                 0.86 * box.width / len(known), box.height)
            )  # fmt: skip
            for row, method in enumerate(methods):
                found = np.asarray(values[method].get(name, ()), float)
                found = found[np.isfinite(found)]
                axes.axhline(row, color=GRID, linewidth=0.6, zorder=0)
                axes.scatter(
                    found, np.full(len(found), row), s=7, color=_DOT, alpha=0.35, linewidths=0
                )
                if len(found):
                    axes.plot(
                        [np.median(found)] * 2, [row - 0.36, row + 0.36], color=INK, linewidth=1.4
                    )
            axes.set_ylim(len(methods) - 0.4, -0.6)
            axes.set_yticks(
                range(len(methods)), [short(m, 20) for m in methods] if number == 0 else []
            )
            axes.tick_params(axis="y", length=0)
            axes.tick_params(axis="x", labelsize=7)
            if name == "seconds":
                axes.set_xscale("log")
                # Labels are no formulas here, see `naps.plots.style`.
                axes.xaxis.set_major_locator(LogLocator(numticks=3))
                axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
                axes.minorticks_off()
            else:
                axes.locator_params(axis="x", nbins=3)
            axes.spines["left"].set_visible(False)
            axes.set_title(
                f"{text}\n{'more' if more else 'less'} is better", fontsize=7.5, loc="left"
            )
        if title:
            figure.text(0.1 / width, 1 - 0.25 / height, title, fontsize=10, fontweight="bold")
    return figure
