"""Filters of a first layer as a sheet of little spectrograms."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray
from PIL import Image

from naps.errors import InputError
from naps.plots.profile import COLOURS
from naps.plots.style import styled

# Blue: beginnings, ends and clicks; red: rising and falling pitches; yellow: noise. Marks differ
# as well, so that no reader depends on hue alone.
REGION_STYLES: dict[str, tuple[str, str]] = {
    "onset": ("#1e3a8a", ">"),
    "offset": ("#2563eb", "<"),
    "percussive": ("#7db4f5", "s"),
    "rising": ("#b91c1c", "^"),
    "falling": ("#f08080", "v"),
    "noisy": ("#eab308", "*"),
    "": ("#d3d9df", ""),
}
_FRAME = 3
_LEVELS = 63
_CELL = 0.62


@dataclass(frozen=True, eq=False)
class FilterSheet:
    """All filters in one picture of few colours.

    Attributes
    ----------
    pixels : array of uint8, shape (height, width)
        Places in ``palette``.
    palette : array of uint8, shape (colours, 3)
    cell : tuple of int
        Width and height of a cell, frame included.
    """

    pixels: NDArray[np.uint8]
    palette: NDArray[np.uint8]
    cell: tuple[int, int]

    @property
    def rgb(self) -> NDArray[np.uint8]:
        """The picture in red, green and blue, shape (height, width, 3)."""
        return np.asarray(self.palette[self.pixels], np.uint8)

    def png(self, limit: int | None = None) -> bytes:
        """Write a PNG, with fewer levels and then fewer pixels until it keeps to a limit.

        Parameters
        ----------
        limit : int, optional
            Greatest size in bytes; of less than a few thousand nothing is left to be seen.
        """
        data = _packed(self.pixels, self.palette)
        picture = Image.fromarray(self.rgb)
        for scale, levels in ((1, 32), (1, 16), (2, 64), (2, 16), (3, 16), (4, 16), (8, 8)):
            if limit is None or len(data) <= limit:
                break
            small = picture.resize((picture.width // scale, picture.height // scale))
            file = io.BytesIO()
            small.quantize(levels, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
            data = file.getvalue()
        return data


def sheet_of(
    kernels: NDArray[np.floating], grid: NDArray[np.integer], regions: Sequence[str]
) -> FilterSheet:
    """Put little spectrograms into their cells, each in a frame of its region's colour.

    Parameters
    ----------
    kernels : array, shape (units, frames, bands)
        Time goes to the right, frequency up. Each has colours of its own: as far as its greatest
        value, red above zero and blue below.
    grid : array of int, shape (rows, columns)
        Unit of every cell, −1 in empty ones. The first row is at the top.
    regions : sequence of str, length units
        Keys of `REGION_STYLES`.

    Raises
    ------
    InputError
        If the parts do not fit together.
    """
    unknown = sorted(set(regions) - set(REGION_STYLES))
    if unknown or len(regions) != len(kernels) or sorted(grid[grid >= 0]) != [*range(len(kernels))]:
        raise InputError(
            f"{len(kernels)} filters need a cell and a region each; got {len(regions)} regions"
            + (f", unknown {', '.join(unknown)}" if unknown else "")
        )
    _, frames, bands = kernels.shape
    width, height = frames + 2 * _FRAME, bands + 2 * _FRAME
    names = list(REGION_STYLES)
    scale = matplotlib.colormaps[COLOURS](np.linspace(0, 1, _LEVELS))[:, :3]
    palette = np.concatenate(
        [scale, [to_rgb(REGION_STYLES[n][0]) for n in names], [(1.0, 1.0, 1.0)]]
    )
    empty = len(palette) - 1
    pixels = np.full((grid.shape[0] * height, grid.shape[1] * width), empty, np.uint8)
    for (row, column), unit in np.ndenumerate(grid):
        if unit < 0:
            continue
        top, left = row * height, column * width
        # A white line parts a cell from the next.
        box = (slice(top, top + height - 1), slice(left, left + width - 1))
        pixels[box] = _LEVELS + names.index(regions[unit])
        values = kernels[unit].T[::-1]
        most = float(np.abs(values).max()) or 1.0
        levels = np.round((values / most + 1) / 2 * (_LEVELS - 1))
        pixels[top + _FRAME : top + _FRAME + bands, left + _FRAME : left + _FRAME + frames] = levels
    return FilterSheet(pixels, np.round(255 * palette).astype(np.uint8), (width, height))


def filter_sheet(
    kernels: NDArray[np.floating],
    grid: NDArray[np.integer],
    regions: Sequence[str],
    *,
    frame_ms: float | None = None,
    band_hz: Sequence[float] | None = None,
    title: str | None = None,
) -> Figure:
    """Draw the filters of a first layer, ordered in a grid.

    Parameters
    ----------
    kernels, grid, regions
        See `sheet_of`.
    frame_ms : float, optional
        Milliseconds of a frame.
    band_hz : sequence of float, length bands, optional
        Middles of the bands.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the parts do not fit together.
    """
    sheet = sheet_of(kernels, grid, regions)
    wide, high = sheet.cell
    across = _CELL * grid.shape[1]
    down = across * sheet.pixels.shape[0] / sheet.pixels.shape[1]
    left, right, below, above = 0.15, 1.75, 0.15, 0.4 if title else 0.15
    width, height = across + left + right, max(down, 3.2) + below + above
    with styled():
        figure = Figure(figsize=(width, height))
        axes = figure.add_axes(
            (left / width, 1 - (above + down) / height, across / width, down / height)
        )
        axes.imshow(sheet.rgb, aspect="auto", interpolation="none")
        axes.set_axis_off()
        if title:
            figure.text(left / width, 1 - 0.26 / height, title, fontsize=10, fontweight="bold")
        for name, (colour, mark) in REGION_STYLES.items():
            places = [(r, c) for (r, c), unit in np.ndenumerate(grid) if _is(regions, unit, name)]
            if mark and places:
                axes.scatter(
                    [c * wide + 7.0 for _, c in places],
                    [r * high + 8.0 for r, _ in places],
                    s=24, marker=mark, color=colour, edgecolors="white", linewidths=0.6,
                )  # fmt: skip
        beside = (left + across + 0.25) / width
        _legend(figure, regions, beside)
        _scale(figure, beside, width, height)
        text = _cell_text(kernels.shape[1], kernels.shape[2], frame_ms, band_hz)
        figure.text(beside, 1 - 3.05 / height, text, fontsize=7.5, va="top")
    return figure


def _is(regions: Sequence[str], unit: int, name: str) -> bool:
    return unit >= 0 and regions[unit] == name


def _legend(figure: Figure, regions: Sequence[str], beside: float) -> None:
    lines = [
        Line2D(
            [], [], linestyle="", marker=mark or "s", markersize=7, color=colour,
            label=f"{name or 'none stands out'} ({list(regions).count(name)})",
        )
        for name, (colour, mark) in REGION_STYLES.items()
        if name in regions
    ]  # fmt: skip
    figure.legend(
        handles=lines, loc="upper left", bbox_to_anchor=(beside - 0.02, 1.0), title="stands out",
        alignment="left", handletextpad=0.2,
    )  # fmt: skip


def _scale(figure: Figure, beside: float, width: float, height: float) -> None:
    axes = figure.add_axes((beside, 1 - 2.55 / height, 1.2 / width, 0.1 / height))
    bar = figure.colorbar(
        ScalarMappable(Normalize(-1, 1), COLOURS), cax=axes, orientation="horizontal"
    )
    bar.set_ticks([-1, 0, 1], labels=["\u2212max", "0", "max"])
    bar.ax.tick_params(labelsize=7)
    bar.ax.set_title("weight, filter by filter", fontsize=7.5, fontweight="normal")


def _cell_text(
    frames: int, bands: int, frame_ms: float | None, band_hz: Sequence[float] | None
) -> str:
    time = f"{frames} frames" + ("" if frame_ms is None else f" ({frames * frame_ms:.0f} ms)")
    if band_hz is None:
        return f"a cell:\n{time} to the right,\n{bands} bands up"
    low, high = band_hz[0], band_hz[-1] / 1000
    return f"a cell:\n{time}\nto the right,\n{bands} mel bands up,\n{low:.0f} Hz to {high:.1f} kHz"


def _packed(pixels: NDArray[np.uint8], palette: NDArray[np.uint8]) -> bytes:
    image = Image.fromarray(pixels, mode="P")
    image.putpalette(palette.tobytes())
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()
