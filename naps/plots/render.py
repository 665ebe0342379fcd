"""Figures to SVG text and PNG bytes, the same ones every time."""

from __future__ import annotations

import io
import math
import re

from matplotlib.figure import Figure
from PIL import Image

from naps.plots.style import styled

_FONTS = "system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif"
_NO_METADATA = {"Creator": None, "Date": None, "Format": None, "Type": None}


def svg(figure: Figure, *, name: str = "figure", dpi: int = 150) -> str:
    """Render a figure as an ``<svg>`` element to be put into a page.

    Text stays text. There is no XML header, metadata or style sheet, which would reach the page
    around it, and each id begins with ``name``.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    name : str
        Beginning of the ids; choose another for each figure of a page.
    dpi : int
        Resolution of the parts that are pixels.

    Returns
    -------
    str
        From ``<svg`` to ``</svg>``.
    """
    buffer = io.StringIO()
    with styled():
        _settle(figure)
        figure.savefig(buffer, format="svg", metadata=_NO_METADATA, dpi=dpi)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<style\b[^>]*>.*?</style>", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"\n\s+", "\n", text)
    text = text.replace(
        "<svg ", '<svg style="stroke-linejoin:round;stroke-linecap:butt" focusable="false" ', 1
    )
    prefix = re.sub(r"[^A-Za-z0-9_-]", "_", name) or "figure"
    if not prefix[0].isalpha():
        prefix = f"f{prefix}"
    # Only inside tags: a label may well read 'id="x"'.
    return re.sub(r"<[^>]*>", lambda tag: _own_ids(tag.group(), prefix), text).strip()


def _settle(figure: Figure) -> None:
    # Each drawing would move the margins a little further: arrange them once. With an engine left,
    # even one that does nothing, all would be drawn twice.
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine(None)


def _own_ids(tag: str, prefix: str) -> str:
    tag = re.sub(r'(\sid=")', rf"\g<1>{prefix}-", tag)
    tag = re.sub(r'(href="#)', rf"\g<1>{prefix}-", tag)
    tag = re.sub(r"(url\(#)", rf"\g<1>{prefix}-", tag)
    tag = re.sub(r"font-family: [^;\"]*", f"font-family: {_FONTS}", tag)
    return re.sub(r"(font: [^;\"]*?\dpx) [^;\"]*", rf"\g<1> {_FONTS}", tag)


def png(figure: Figure, *, dpi: int = 144, limit: int | None = None) -> bytes:
    """Render a figure as a PNG of at most 256 colours.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    dpi : int
        Pixels per inch to begin with.
    limit : int, optional
        Greatest size in bytes; the resolution is lowered until the file fits, to 36 dpi at least.

    Returns
    -------
    bytes
    """
    while True:
        data = _png(figure, dpi)
        if limit is None or len(data) <= limit or dpi <= 36:
            return data
        # The size goes with the number of pixels: aim a little below the limit.
        dpi = max(36, int(dpi * min(0.9, 0.95 * math.sqrt(limit / len(data)))))


def _png(figure: Figure, dpi: int) -> bytes:
    raw = io.BytesIO()
    with styled():
        _settle(figure)
        figure.savefig(raw, format="png", dpi=dpi)
    raw.seek(0)
    packed = io.BytesIO()
    with Image.open(raw) as image:
        # Maximum coverage keeps the ends of a colour scale that few pixels reach.
        palette = image.convert("RGB").quantize(
            256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
        )
        palette.save(packed, format="PNG")
    return packed.getvalue()
