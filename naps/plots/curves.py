"""A statistic from layer to layer, with what chance gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from naps.errors import InputError
from naps.plots.style import QUIET, blank, short, styled

_VALUE = "#b3261e"
_BAND = "#cfd6dd"


@dataclass(frozen=True)
class Curve:
    """One statistic over the layers; NaN where a layer has none.

    Attributes
    ----------
    name : str
        Title of the panel, such as ``"phoneme · manner"``.
    value, chance_mean, chance_p99 : sequence of float, length layers
        The statistic, and the mean and 99th percentile of it with shuffled classes.
    """

    name: str
    value: Sequence[float]
    chance_mean: Sequence[float]
    chance_p99: Sequence[float]


def curves(layers: Sequence[str], panels: Sequence[Curve], *, statistic: str) -> Figure:
    """Draw one panel a curve, one below the other, over the same layers and values.

    The band reaches from the chance mean to the 99th percentile; a value above that percentile
    is a filled dot, others are open.

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
    """
    if not panels or not layers:
        raise InputError("a curve over layers needs at least one curve and one layer")
    place = np.arange(len(layers))
    with styled():
        figure = blank(4.4, 0.9 + 1.35 * len(panels))
        grid = figure.subplots(len(panels), 1, sharex=True, sharey=True, squeeze=False)
        for axes, panel in zip(grid[:, 0], panels, strict=True):
            value, mean, high = (
                np.asarray(line, dtype=float)
                for line in (panel.value, panel.chance_mean, panel.chance_p99)
            )
            if not len(value) == len(mean) == len(high) == len(layers):
                raise InputError(f"{panel.name}: the curve has not one value for each layer")
            axes.fill_between(place, mean, high, color=_BAND, label="chance, mean to 99 %")
            # fill_between shows nothing at all for a layer that stands alone.
            axes.vlines(place, mean, high, color=_BAND, linewidth=5)
            axes.plot(place, mean, color=QUIET, linewidth=1, linestyle="--", label="chance mean")
            axes.plot(place, value, color=_VALUE, linewidth=1.4)
            above = value > high
            axes.plot(
                place[above], value[above], "o", color=_VALUE, markersize=5, label="above chance"
            )
            axes.plot(
                place[~above],
                value[~above],
                "o",
                color=_VALUE,
                markersize=5,
                markerfacecolor="white",
                label="not above",
            )
            axes.set_title(panel.name)
            axes.grid(axis="y", color="#e6e9ed", linewidth=0.7)
            axes.set_axisbelow(True)
        bottom = grid[-1, 0]
        bottom.set_xticks(place, [short(layer, 16) for layer in layers], rotation=60, ha="right")
        bottom.tick_params(axis="x", labelsize=8)
        bottom.set_xlim(-0.5, len(layers) - 0.5)
        for text in bottom.get_xticklabels():
            text.set_rotation_mode("anchor")
        figure.supylabel(statistic, fontsize=9)
        handles, names = bottom.get_legend_handles_labels()
        figure.legend(
            handles,
            names,
            loc="outside lower center",
            ncols=4,
            fontsize=7,
            columnspacing=1.0,
            handletextpad=0.3,
            handlelength=1.4,
        )
    return figure
