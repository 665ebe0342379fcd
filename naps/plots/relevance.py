"""Where in the spectrogram the relevance for letters lies."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from naps.errors import InputError
from naps.plots.profile import COLOURS, symmetric_limit
from naps.plots.style import INK, QUIET, short, styled

Floats = NDArray[np.floating]

_COLUMNS = 7
_HERTZ = (500, 1000, 2000, 4000)
# Of all cells, those that may be beyond the ends of the colour scale.
_BEYOND = 0.002


def relevance_maps(
    spectrogram: Floats,
    relevance: Floats,
    frames: Sequence[float],
    labels: Sequence[str],
    *,
    frame_s: float,
    mel_hz: Floats,
    reach: int,
) -> Figure:
    """Draw a panel a letter: the relevance around it, in colours over the grey spectrogram.

    Red speaks for the letter, blue against it; the stronger, the less of the grey is seen. One
    scale for all panels.

    Parameters
    ----------
    spectrogram : array, shape (frames, mel bands)
    relevance : array, shape (letters, frames, mel bands)
        Comparable from letter to letter, such as shares of their scores.
    frames : sequence of float, length letters
        Where each letter is, in frames of the spectrogram.
    labels : sequence of str
    frame_s : float
        Seconds between frames.
    mel_hz : array, shape (mel bands,)
    reach : int
        Frames to draw on either side.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If there are no letters, or shapes do not fit.
    """
    if relevance.shape != (len(labels), *spectrogram.shape) or not len(labels):
        raise InputError(
            f"relevance of shape {relevance.shape} for {len(labels)} letters over a spectrogram of "
            f"shape {spectrogram.shape}"
        )
    limit = symmetric_limit(relevance, 1 - _BEYOND)
    low, high = (float(v) for v in np.quantile(spectrogram, [0.05, 0.99]))
    columns = min(len(labels), _COLUMNS)
    rows = -(-len(labels) // columns)
    width, height = max(4.4, 1.42 * columns + 1.4), 1.42 * rows + 0.6
    span = 1000 * reach * frame_s
    with styled():
        figure = Figure(figsize=(width, height))
        for place, (values, frame, label) in enumerate(zip(relevance, frames, labels, strict=True)):
            row, column = divmod(place, columns)
            left, top = 0.6 + 1.42 * column, 0.32 + 1.42 * row
            box = (left / width, 1 - (top + 1.08) / height, 1.28 / width, 1.08 / height)
            axes = figure.add_axes(box)
            begin = round(frame) - reach
            grey = _cut(spectrogram, begin, 2 * reach + 1, np.nan)
            colour = _cut(values, begin, 2 * reach + 1, 0.0)
            axes.imshow(
                _blend(grey, colour, low, high, limit).swapaxes(0, 1),
                origin="lower", aspect="auto", interpolation="nearest",
                extent=(-span, span, -0.5, spectrogram.shape[1] - 0.5),
            )  # fmt: skip
            axes.axvline(0, color=INK, linewidth=0.6, linestyle=":")
            axes.set_title(short(label, 14), pad=2)
            last = place + columns >= len(labels)
            _ticks(axes, mel_hz, span, hertz=column == 0, time=last)
        figure.text(0.5, 0.09 / height, "time from the letter (ms)", ha="center", va="bottom")
        figure.text(0.02 / width, 0.5, "frequency (Hz)", rotation=90, va="center", ha="left")
        bar = figure.add_axes((1 - 0.78 / width, 1 - 1.4 / height, 0.11 / width, 1.08 / height))
        _scale(figure, ScalarMappable(Normalize(-limit, limit), COLOURS), bar, limit)
    return figure


def relevance_by_time(
    spectrogram: Floats,
    relevance: Floats,
    frames: Sequence[float],
    labels: Sequence[str],
    *,
    frame_s: float,
    mel_hz: Floats,
) -> Figure:
    """Draw the spectrogram, and below it when the relevance of each letter is, a row a letter.

    Parameters
    ----------
    spectrogram : array, shape (frames, mel bands)
    relevance : array, shape (letters, frames)
        Summed over frequency.
    frames, labels, frame_s, mel_hz
        See `relevance_maps`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    count, seconds = len(labels), len(spectrogram) * frame_s
    limit = symmetric_limit(relevance, 1 - _BEYOND)
    width = 10.5
    below = max(1.2, 0.125 * count)
    height = 1.55 + below + 0.95
    with styled():
        figure = Figure(figsize=(width, height))
        box = (0.65 / width, (below + 0.6) / height, 1 - 1.35 / width, 1.45 / height)
        top = figure.add_axes(box)
        top.imshow(
            spectrogram.T, origin="lower", aspect="auto", cmap="Greys",
            extent=(0, seconds, -0.5, spectrogram.shape[1] - 0.5),
        )  # fmt: skip
        # Small letters above the places where they are said to be.
        for place, (frame, label) in enumerate(zip(frames, labels, strict=True)):
            # In turn on three lines: letters may be but a frame apart.
            top.text(
                frame * frame_s, 1.02 + 0.08 * (place % 3), short(label, 8),
                ha="center", va="bottom", fontsize=7.5,
                transform=top.get_xaxis_transform(),
            )  # fmt: skip
        _ticks(top, mel_hz, None, hertz=True, time=False)
        top.set_ylabel("frequency (Hz)")
        box = (0.65 / width, 0.45 / height, 1 - 1.35 / width, below / height)
        axes = figure.add_axes(box)
        image = axes.imshow(
            relevance, aspect="auto", cmap=COLOURS, vmin=-limit, vmax=limit,
            extent=(0, seconds, count - 0.5, -0.5), interpolation="nearest",
        )  # fmt: skip
        axes.plot(
            [frame * frame_s for frame in frames], range(count),
            linestyle="none", marker="|", markersize=4, color=INK, markeredgewidth=0.7,
        )  # fmt: skip
        axes.set_yticks(range(count), [short(label, 8) for label in labels])
        axes.tick_params(axis="y", labelsize=7, length=0)
        axes.set_xlabel("time (s)")
        bar = figure.add_axes(
            (1 - 0.55 / width, 0.45 / height, 0.12 / width, min(below, 1.6) / height)
        )
        _scale(figure, image, bar, limit)
    return figure


def falling_score(curve: Sequence[float], chance: Sequence[float]) -> Figure:
    """Draw how a score falls while what is relevant is removed, and while anything is.

    Parameters
    ----------
    curve, chance : sequence of float
        Mean score after 0, 1, … regions: the most relevant first, and in random order.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with styled():
        figure = Figure(figsize=(4.6, 2.5), layout="constrained")
        axes = figure.add_subplot()
        steps = range(len(curve))
        axes.plot(steps, curve, color="#b3261e", marker="o", markersize=3, label="most relevant")
        axes.plot(steps, chance, color=QUIET, linestyle="--", label="by chance")
        axes.axhline(0, color="#cfd6dd", linewidth=0.8, zorder=0)
        axes.set_xlabel("regions removed")
        axes.set_ylabel("score of the letter")
        axes.legend()
    return figure


def _scale(figure: Figure, colours: ScalarMappable, axes: Axes, limit: float) -> None:
    """Draw the scale, in percent of the score."""
    bar = figure.colorbar(colours, cax=axes, extend="both", ticks=[-limit, 0, limit])
    ends = f"{100 * limit:.2g} %"
    bar.ax.set_yticklabels([f"\N{MINUS SIGN}{ends}", "0", f"+{ends}"])
    bar.ax.tick_params(labelsize=6.5)


def _cut(values: Floats, begin: int, count: int, beyond: float) -> Floats:
    """Take frames out, with another value where there are none."""
    found = np.full((count, values.shape[1]), beyond, dtype=float)
    first, last = max(begin, 0), min(begin + count, len(values))
    if first < last:
        found[first - begin : last - begin] = values[first:last]
    return found


def _blend(grey: Floats, colour: Floats, low: float, high: float, limit: float) -> Floats:
    """Lay colours over a grey picture, the stronger the denser; shape (frames, bands, 3)."""
    # No darker than the middle, so that red and blue stand out from it.
    shade = 1 - 0.45 * np.clip((grey - low) / max(high - low, 1e-9), 0, 1)
    shade = np.where(np.isfinite(shade), shade, 1.0)
    strength = np.clip(np.abs(colour) / limit, 0, 1)[..., None]
    rgb = matplotlib.colormaps[COLOURS](np.clip(0.5 + 0.5 * colour / limit, 0, 1))[..., :3]
    # Where relevance is small its own colour is near white; the grey shows through there.
    opacity = np.sqrt(strength)
    found: Floats = shade[..., None] * (1 - opacity) + rgb * opacity
    return found


def _ticks(axes: Axes, mel_hz: Floats, span: float | None, *, hertz: bool, time: bool) -> None:
    marks = [hz for hz in _HERTZ if mel_hz[0] <= hz <= mel_hz[-1]]
    places = np.interp(marks, mel_hz, np.arange(len(mel_hz)))
    axes.set_yticks(places, [str(hz) for hz in marks] if hertz else [""] * len(marks))
    axes.tick_params(labelsize=6.5, length=2)
    if span is not None:
        half = 100 * max(1, round(span * 0.6 / 100))
        axes.set_xticks([-half, 0, half])
    axes.tick_params(labelbottom=time)
