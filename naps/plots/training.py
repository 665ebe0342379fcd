"""The curves of a training run, and what several starts came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from naps.plots.style import LINE, QUIET, blank, short, styled

_COLOURS = ("#1d4ed8", "#b3261e", "#1b7a3d", "#7e22ce", "#9a5200", "#00707a")
_MARKERS = "osD^vP"


def training_curves(rows: Sequence[Mapping[str, float]], *, title: str | None = None) -> Figure:
    """Draw loss and dev error rates over the steps of a run.

    Parameters
    ----------
    rows : sequence of mapping
        Of ``log.csv``: ``step``, ``train_loss``, and where dev was looked at ``NAME_cer`` and
        ``NAME_wer``.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
    """
    steps = [row["step"] for row in rows]
    looks = [row for row in rows if "dev_cer" in row]
    names = [k for k in (looks[0] if looks else {}) if k.endswith("_cer") and k != "dev_cer"]
    with styled():
        figure = blank(6.2, 4.6 if looks else 2.6)
        grid = figure.subplots(2 if looks else 1, 1, sharex=True, squeeze=False)[:, 0]
        grid[0].plot(steps, [row["train_loss"] for row in rows], color=QUIET, linewidth=1.2)
        grid[0].set_ylabel("CTC loss per letter")
        grid[0].set_ylim(bottom=0)
        if title:
            grid[0].set_title(title)
        for colour, key in zip(_COLOURS, names, strict=False):
            at = [row["step"] for row in looks]
            label = short(key.removesuffix("_cer"))
            for measure, style in (("cer", "-"), ("wer", ":")):
                values = [100 * row[f"{key.removesuffix('_cer')}_{measure}"] for row in looks]
                # One look has no line: the dot shows it.
                grid[1].plot(
                    at, values, style, marker=".", color=colour, linewidth=1.3,
                    label=f"{label}, {'letters' if measure == 'cer' else 'words'}",
                )  # fmt: skip
        if looks:
            best = min(looks, key=lambda row: row["dev_cer"])
            grid[1].axvline(best["step"], color=LINE, linewidth=0.8, linestyle="--")
            grid[1].set_ylabel("dev errors (%)")
            grid[1].set_ylim(0, 100)
            grid[1].legend(loc="upper right", fontsize=7)
        grid[-1].set_xlabel("step")
        for axes in grid:
            axes.grid(axis="y", color="#e6e9ed", linewidth=0.7)
            axes.set_axisbelow(True)
    return figure


def transfer_curve(
    taken: Mapping[str, Sequence[tuple[int, float]]],
    fresh: Mapping[str, Sequence[tuple[int, float]]],
    scratch: Mapping[str, float],
) -> Figure:
    """Draw error over the number of frozen layers.

    Parameters
    ----------
    taken : mapping of str to sequence of (int, float)
        Frozen layers and error as a share, by test set; the layers above were taken over, too.
    fresh : mapping
        The same where the layers above began with random weights.
    scratch : mapping of str to float
        Error of the network that took over nothing.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with styled():
        figure = blank(6.2, 3.4)
        axes = figure.add_subplot()
        for number, name in enumerate(taken):
            colour, marker = _COLOURS[number % 6], _MARKERS[number % 6]
            points = np.array(sorted(taken[name]), float).reshape(-1, 2)
            label = short(name)
            axes.plot(
                points[:, 0], 100 * points[:, 1], "-", marker=marker, color=colour,
                label=f"{label}, rest taken over",
            )  # fmt: skip
            other = np.array(sorted(fresh.get(name, ())), float).reshape(-1, 2)
            if len(other):
                axes.plot(
                    other[:, 0], 100 * other[:, 1], linestyle="none", marker=marker,
                    markerfacecolor="white", color=colour, label=f"{label}, rest fresh",
                )  # fmt: skip
            if name in scratch:
                axes.axhline(
                    100 * scratch[name], color=colour, linestyle="--", linewidth=1,
                    label=f"{label}, from scratch",
                )  # fmt: skip
        axes.set_xlabel("layers left as they were")
        axes.set_ylabel("character error rate (%)")
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(axis="y", color="#e6e9ed", linewidth=0.7)
        axes.set_axisbelow(True)
        figure.legend(
            *axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=7
        )
    return figure
