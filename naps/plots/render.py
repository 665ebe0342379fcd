"""Figures to SVG text, PNG and PDF bytes, the same ones every time."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence, Set
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from naps.errors import InputError
from naps.files import replacing
from naps.plots.style import styled

FORMATS = ("pdf", "png", "svg")

_FONTS = "system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif"
_NO_METADATA = {"Creator": None, "Date": None, "Format": None, "Type": None}
_NO_PDF_METADATA = {"Creator": None, "Producer": None, "CreationDate": None}
_REFERENCE = re.compile(r'(?:href="#|url\(#)([^")]*)')
_NUMBER = re.compile(r"-?\d+\.\d+")


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
    text = _plain_svg(figure, dpi)
    text = text[text.index("<svg") :]
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<style\b[^>]*>.*?</style>", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"\n\s+", "\n", text)
    # The font stands here once, in place of in every text.
    look = f"stroke-linejoin:round;stroke-linecap:butt;font-family:{_FONTS}"
    text = text.replace("<svg ", f'<svg style="{look}" focusable="false" ', 1)
    prefix = re.sub(r"[^A-Za-z0-9_-]", "_", name) or "figure"
    if not prefix[0].isalpha():
        prefix = f"f{prefix}"
    # Only inside tags: a label may well read 'id="x"'.
    used = {found for tag in re.findall(r"<[^>]*>", text) for found in _REFERENCE.findall(tag)}
    return re.sub(r"<[^>]*>", lambda tag: _lean(tag.group(), prefix, used), text).strip()


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
    drawn = _drawn(figure, dpi)
    scale = 1.0
    while True:
        width, height = (max(1, round(scale * side)) for side in drawn.size)
        data = _packed(drawn if scale == 1.0 else drawn.resize((width, height)))
        if limit is None or len(data) <= limit or scale * dpi <= 36:
            return data
        # The size goes with the number of pixels: aim a little below the limit.
        scale *= min(0.9, 0.95 * math.sqrt(max(limit, 1) / len(data)))
        scale = max(scale, 36 / dpi)


def figure_file(figure: Figure, form: str) -> bytes:
    """Render a figure as a file of its own, to be put into a paper.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    form : str
        ``pdf``, ``png`` or ``svg``; without the date. What is pixels has 300 an inch in a PNG and
        200 in the others.

    Returns
    -------
    bytes

    Raises
    ------
    InputError
        If there is no such format.
    """
    known_formats([form])
    if form == "svg":
        return _plain_svg(figure, 200).encode()
    data = io.BytesIO()
    with styled():
        _settle(figure)
        if form == "pdf":
            figure.savefig(data, format="pdf", dpi=200, metadata=_NO_PDF_METADATA)
        else:
            figure.savefig(data, format="png", dpi=300, metadata={"Software": None})
    return data.getvalue()


def write_figure(figure: Figure, folder: Path, name: str, formats: Sequence[str]) -> list[Path]:
    """Write a figure as files ``NAME.FORMAT``; see `figure_file`.

    Returns
    -------
    list of Path
    """
    written = [folder / f"{name}.{form}" for form in formats]
    for path, form in zip(written, formats, strict=True):
        with replacing(path) as temporary:
            temporary.write_bytes(figure_file(figure, form))
    return written


def known_formats(formats: Sequence[str]) -> tuple[str, ...]:
    """Return formats of figures, each once.

    Raises
    ------
    InputError
        If figures cannot be written in one of them.
    """
    for form in formats:
        if form not in FORMATS:
            raise InputError(
                f"figures cannot be written as {form!r}; there are: {', '.join(FORMATS)}"
            )
    return tuple(dict.fromkeys(formats))


def _plain_svg(figure: Figure, dpi: int) -> str:
    buffer = io.StringIO()
    with styled():
        _settle(figure)
        figure.savefig(buffer, format="svg", metadata=_NO_METADATA, dpi=dpi)
    return buffer.getvalue()


def _settle(figure: Figure) -> None:
    # Each drawing would move the margins a little further: arrange them once. With an engine left,
    # even one that does nothing, all would be drawn twice.
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine(None)


def _lean(tag: str, prefix: str, used: Set[str]) -> str:
    """Give ids that are looked for a name of their own, and leave out what changes nothing."""
    tag = re.sub(
        r'\sid="([^"]*)"', lambda own: f' id="{prefix}-{own[1]}"' if own[1] in used else "", tag
    )
    tag = re.sub(r'(href="#|url\(#)', rf"\g<1>{prefix}-", tag)
    tag = re.sub(r"font-family: [^;\"]*(; )?", "", tag)
    tag = re.sub(r"font: ([^;\"]*?)(\d[\d.]*px) [^;\"]*", r"font-size: \g<2>", tag)
    tag = re.sub(r' transform="rotate\(-?0(?: [^"]*)?\)"', "", tag)
    if not tag.startswith("<image"):
        # A hundredth of a point is finer than any screen.
        tag = _NUMBER.sub(lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), tag)
    return tag.replace(": ", ":").replace("; ", ";") if "style=" in tag else tag


def _drawn(figure: Figure, dpi: int) -> Image.Image:
    with styled():
        _settle(figure)
        before, canvas = figure.dpi, figure.canvas
        figure.set_dpi(dpi)
        agg: Any = FigureCanvasAgg(figure)
        agg.draw()
        pixels = np.ascontiguousarray(np.asarray(agg.buffer_rgba())[..., :3])
        figure.set_dpi(before)
        figure.set_canvas(canvas)
    return Image.fromarray(pixels)


def _packed(image: Image.Image) -> bytes:
    data = io.BytesIO()
    # Maximum coverage keeps the ends of a colour scale that few pixels reach.
    image.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        data, format="PNG"
    )
    return data.getvalue()
