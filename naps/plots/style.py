"""Colours, marks and text sizes that all figures share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.figure import Figure

INK = "#1f2933"
QUIET = "#5b6570"
LINE = "#7b8794"

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
