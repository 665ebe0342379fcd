"""How early or late events are, class by class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from naps.plots.style import INK, LINE, blank, marks, styled


def offset_boxes(
    offsets_ms: Mapping[str, Sequence[float]],
    *,
    tolerance_ms: float | None = None,
    title: str | None = None,
) -> Figure:
    """Draw the distribution of time offsets, a box for each class.

    Boxes hold the middle half, whiskers reach from the 5th to the 95th percentile.

    Parameters
    ----------
    offsets_ms : mapping of str to sequence of float
        Milliseconds from the middle of the phone to the event, by class; late is positive.
        Classes without a value are left out.
    tolerance_ms : float, optional
        Shaded on both sides of zero.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
    """
    shown = {name: np.asarray(values, float) for name, values in offsets_ms.items() if len(values)}
    colours = marks(list(shown))
    with styled():
        figure = blank(5.6, 0.8 + 0.3 * max(1, len(shown)) + (0.2 if title else 0))
        axes = figure.add_subplot()
        if tolerance_ms is not None:
            axes.axvspan(-tolerance_ms, tolerance_ms, color=LINE, alpha=0.12, linewidth=0)
        axes.axvline(0.0, color=LINE, linewidth=0.8)
        if shown:
            boxes = axes.boxplot(
                list(shown.values()),
                orientation="horizontal",
                whis=(5, 95),
                showfliers=False,
                patch_artist=True,
                widths=0.6,
                medianprops={"color": INK},
                tick_labels=[f"{name} ({len(values):,})" for name, values in shown.items()],
            )
            for box, name in zip(boxes["boxes"], shown, strict=True):
                box.set(facecolor=colours[name][0], alpha=0.35, edgecolor=colours[name][0])
        axes.invert_yaxis()
        axes.set_xlabel("event after the middle of its phone (ms)")
        if title:
            axes.set_title(title)
    return figure
