"""What a layer's channels do around the events of each group."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from scipy.cluster.hierarchy import leaves_list, linkage

from naps.errors import InputError
from naps.plots.names import label_names
from naps.plots.style import placed, short, styled, text_width

COLOURS = "RdBu_r"


def profile_map(
    dataset: xr.Dataset,
    order: Sequence[str] | None = None,
    *,
    channels: Sequence[int] | None = None,
    notation: str = "as written",
    limit: float | None = None,
    title: str | None = None,
) -> Figure:
    """Draw the mean of every group of one layer, in colours that are alike for all groups.

    One heat map of time by channel a group, or one of group by channel when the profile has a
    single lag. White is zero; the limits are ±max|mean| over all groups, or those given.

    Parameters
    ----------
    dataset : xarray.Dataset
        ``mean`` over (label, lag, channel), usually after `naps.profiles.contrast`, with the
        coordinate ``time_ms`` along lag if there is one.
    order : sequence of str, optional
        Labels to draw, the first at the top left.
    channels : sequence of int, length channel, optional
        Order of the channels, as from `channel_order`; else as in the layer.
    notation : str
        How phones are written, as for `naps.plots.label_names`.
    limit : float, optional
        Where the strongest colours begin; all beyond has them, too. `symmetric_limit` gives one
        that single large values do not make all others pale.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
    """
    labels = [str(label) for label in dataset["label"].values]
    chosen = list(order) if order is not None else labels
    missing = [label for label in chosen if label not in labels]
    if missing or not chosen:
        raise InputError(f"the profile has no label {', '.join(map(repr, missing)) or 'at all'}")
    mean = dataset["mean"].transpose("label", "lag", "channel").values.astype(float)
    mean = mean[[labels.index(label) for label in chosen]]
    if channels is not None:
        mean = mean[:, :, list(channels)]
    time, unit = _axis(dataset)
    limit = limit or symmetric_limit(mean)
    chosen = label_names(chosen, notation)
    with styled():
        if mean.shape[1] == 1:
            return _single(mean[:, 0], chosen, limit, title, channels is not None)
        return _multiples(mean, chosen, time, unit, limit, title)


def _axis(dataset: xr.Dataset) -> tuple[NDArray[np.float64], str]:
    """Return the values along ``lag`` and what they are."""
    if "time_ms" in dataset.coords:
        aligned = dataset.attrs.get("align", "none") != "none"
        unit = f"time from {'the peak of importance' if aligned else 'the event'} (ms)"
        return np.asarray(dataset["time_ms"].values, float), unit
    # What stands in the place of time: a rank, a frequency, a bin of values.
    others = [str(n) for n, c in dataset.coords.items() if c.dims == ("lag",) and n != "lag"]
    name = others[0] if others else "lag"
    values = np.asarray(dataset[name].values, float)
    if name in ("lag", "bin"):
        # Edges of bins lie at no regular distance.
        return np.arange(len(values), dtype=float), "lag (steps)" if name == "lag" else "bin"
    units = dataset[name].attrs.get("units")
    return values, f"{name} ({units})" if units else name


# A few units do many times as much as all others, which would be white beside them: the share of
# values whose colours are told apart.
SHOWN = 0.995


def symmetric_limit(values: NDArray[np.floating], share: float = 1.0) -> float:
    """Return what a share of all |values| is not above, or 1 where there are but zeros and gaps.

    Where the share has zeros alone it is the largest.
    """
    finite = np.abs(values[np.isfinite(values)])
    if not finite.size:
        return 1.0
    return float(np.quantile(finite, share)) or float(finite.max()) or 1.0


def _scale(
    figure: Figure, image: AxesImage, axes: Axes, values: NDArray[np.float64], limit: float
) -> None:
    """Draw the scale of colours, with points where there are values beyond it."""
    beyond = "both" if symmetric_limit(values) > limit else "neither"
    figure.colorbar(image, cax=axes, extend=beyond).ax.tick_params(labelsize=7)


def channel_order(dataset: xr.Dataset) -> list[int]:
    """Order the channels so that those with similar responses are neighbours.

    Average linkage of the channels' responses, each scaled to unit length; dead channels count
    as all zero.

    Parameters
    ----------
    dataset : xarray.Dataset
        ``mean`` over (label, lag, channel).

    Returns
    -------
    list of int, length channel
    """
    mean = dataset["mean"].transpose("channel", "label", "lag").values.astype(float)
    rows = np.nan_to_num(mean.reshape(len(mean), -1))
    if len(rows) < 3:
        return list(range(len(rows)))
    norm = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = np.divide(rows, norm, out=np.zeros_like(rows), where=norm > 0)
    return [int(index) for index in leaves_list(linkage(rows, "average"))]


def _multiples(
    mean: NDArray[np.float64],
    labels: list[str],
    time: NDArray[np.float64],
    unit: str,
    limit: float,
    title: str | None,
) -> Figure:
    """Draw all panels as one picture: forty axes take ten times as long."""
    lags, channels = mean.shape[1:]
    columns = min(len(labels), 7)
    rows = -(-len(labels) // columns)
    across, down = 1.12, 1.32  # a panel and the gap behind it
    sheet = np.full((round(rows * down * channels), round(columns * across * lags)), np.nan)
    corners = []
    for place, values in enumerate(mean):
        top = round(place // columns * down * channels)
        left = round(place % columns * across * lags)
        sheet[top : top + channels, left : left + lags] = values.T[::-1]
        corners.append((left, top))
    width = max(4.4, 1.35 * columns + 0.9)
    above = 0.6 if title else 0.35
    height = 1.45 * rows + above + 0.5
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes(
        (0.6 / width, 0.5 / height, 1 - 1.35 / width, 1 - (0.5 + above) / height)
    )
    colours = matplotlib.colormaps[COLOURS].with_extremes(bad="#ffffff")
    image = axes.imshow(sheet, aspect="auto", cmap=colours, vmin=-limit, vmax=limit)
    ticks = [t for t in MaxNLocator(3).tick_values(time[0], time[-1]) if time[0] <= t <= time[-1]]
    steps = [(t - time[0]) / (time[1] - time[0]) for t in ticks]
    lefts = sorted({left for left, _ in corners})
    axes.set_xticks(
        [left + step for left in lefts for step in steps],
        [f"{t:g}".replace("-", "\u2212") for _ in lefts for t in ticks],
    )
    tops = sorted({top for _, top in corners})
    # Channel 0 is at the bottom of a panel.
    axes.set_yticks(
        [top + channels - 1 - c for top in tops for c in (0, channels // 2)],
        [str(c) for _ in tops for c in (0, channels // 2)],
    )
    axes.tick_params(labelsize=7, length=2)
    for side in axes.spines.values():
        side.set_visible(False)
    for (left, top), label in zip(corners, labels, strict=True):
        axes.add_patch(
            Rectangle(
                (left - 0.5, top - 0.5), lags, channels, fill=False, color="#9aa5b1", linewidth=0.5
            )
        )
        axes.text(
            left - 0.5, top - 0.06 * channels, short(label, 14), fontsize=9, fontweight="bold"
        )
    # The event itself; a shift of the eye of half a step would be misread as latency.
    if time[0] < 0 < time[-1]:
        zero = -time[0] / (time[1] - time[0])
        axes.vlines(
            [left + zero for left, _ in corners],
            [top - 0.5 for _, top in corners],
            [top + channels - 0.5 for _, top in corners],
            color="#1f2933", linewidth=0.6, linestyle=":",
        )  # fmt: skip
    axes.set_xlabel(unit)
    axes.set_ylabel("channel")
    if title:
        figure.suptitle(title, fontsize=9.5, fontweight="bold")
    scale = figure.add_axes(
        (1 - 0.62 / width, 0.5 / height, 0.12 / width, 1 - (0.5 + above) / height)
    )
    _scale(figure, image, scale, mean, limit)
    return figure


def _single(
    mean: NDArray[np.float64], labels: list[str], limit: float, title: str | None, sorted_: bool
) -> Figure:
    names = [short(label) for label in labels]
    left, top = 0.15 + text_width(names, 9) / 72, 0.32 if title else 0.1
    height = 0.55 + 0.19 * max(len(labels), 3) + top
    figure, axes = placed(9.0, height, left=left, bottom=0.5, right=0.85, top=top)
    image = axes.imshow(mean, aspect="auto", cmap=COLOURS, vmin=-limit, vmax=limit)
    axes.set_facecolor("#d9dde1")
    axes.set_yticks(range(len(labels)), names)
    axes.tick_params(axis="y", length=0)
    axes.locator_params(axis="x", nbins=8, integer=True)
    axes.set_xlabel("channel, similar ones together" if sorted_ else "channel")
    if title:
        axes.set_title(title)
    box = axes.get_position()
    scale = figure.add_axes((1 - 0.72 / 9.0, box.y0, 0.14 / 9.0, box.height))
    _scale(figure, image, scale, mean, limit)
    return figure
