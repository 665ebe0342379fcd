"""Colours, marks and text sizes that all figures share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation, Transform

INK = "#1f2933"
QUIET = "#5b6570"
LINE = "#7b8794"
GRID = "#e6e9ed"

# All at least 4.5:1 on white, so that they can colour text; marks differ too, so that no
# reader depends on hue alone.
_KNOWN = {
    "vowel": ("#b3261e", "o"),
    "stop": ("#1d4ed8", "s"),
    "fricative": ("#1b7a3d", "^"),
    "affricate": ("#5b6b00", "v"),
    "nasal": ("#7e22ce", "D"),
    "liquid": ("#9a5200", "P"),
    "semivowel": ("#00707a", "X"),
    "aspirate": ("#be185d", "*"),
    "consonant": ("#1d4ed8", "s"),
    "": (QUIET, "."),
}
_OTHERS = tuple(value for name, value in _KNOWN.items() if name not in ("consonant", ""))

# Matplotlib types the names one by one; a plain dictionary is no subtype of that.
_RC: dict[Any, Any] = {
    "font.size": 9,
    "font.family": ["sans-serif"],
    "axes.edgecolor": LINE,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "text.color": INK,
    # A label such as "$" is a label, no formula.
    "text.parse_math": False,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "image.interpolation": "auto",
    "svg.fonttype": "none",
    "svg.hashsalt": "naps",
}


@contextmanager
def styled() -> Iterator[None]:
    """Use the settings of this module, and leave the caller's as they were."""
    with matplotlib.rc_context(_RC):
        yield


def blank(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches that arranges its own margins."""
    return Figure(figsize=(width, height), layout="constrained")


def placed(
    width: float, height: float, *, left: float, bottom: float, right: float, top: float
) -> tuple[Figure, Axes]:
    """Return a figure of a size in inches and its axes, between margins in inches.

    Nothing is measured: with many labels, that takes longer than all the drawing.
    """
    figure = Figure(figsize=(width, height))
    box = (
        left / width,
        bottom / height,
        max(0.05, 1 - (left + right) / width),
        max(0.05, 1 - (bottom + top) / height),
    )
    return figure, figure.add_axes(box)


def moved(axes: Axes, transform: Transform, right: float, up: float) -> Transform:
    """Return a transform that ends some points further: for texts beside what they name.

    Plain texts are drawn in a quarter of the time that labels of ticks take.
    """
    scale = axes.figure.dpi_scale_trans
    return transform + ScaledTranslation(right / 72, up / 72, scale)


def text_width(texts: Iterable[str], size: float) -> float:
    """Estimate the width in points of the longest of some texts in bold of a size in points."""
    return size * (0.4 + 0.72 * max((len(text) for text in texts), default=0))


def marks(classes: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Give each class a colour and a marker, the same wherever the class has a known name.

    Parameters
    ----------
    classes : sequence of str
        Classes of labels, repeated or not; an empty one means "no class".

    Returns
    -------
    dict
        Colour and marker by class, in alphabetical order with the empty class last.
    """
    names = sorted(set(classes), key=lambda name: (name == "", name))
    found: dict[str, tuple[str, str]] = {}
    unknown = 0
    for name in names:
        if name in _KNOWN:
            found[name] = _KNOWN[name]
        else:
            found[name] = _OTHERS[unknown % len(_OTHERS)]
            unknown += 1
    return found


def short(label: str, limit: int = 24) -> str:
    """Cut a label that would push the figure off the page."""
    return label if len(label) <= limit else label[: limit - 1] + "…"
