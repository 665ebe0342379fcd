"""The pieces a page is made of: figures, tables and lists of facts, each with its data."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from naps.report.words import number

_SCRIPTS = ("sort.js", "units.js", "frames.js")

# Where else a figure is: the name of a format and the link to it.
Files = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Element:
    """A finished piece of a page.

    Attributes
    ----------
    title : str
    html : Markup
        Rendered by one of the templates, everything from files escaped.
    data : str or None
        Link from the page to the numbers shown.
    shrink : callable or None
        Makes the same piece with a picture of at most so many bytes.
    """

    title: str
    html: Markup
    data: str | None = None
    shrink: Callable[[int], Element] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Cell:
    """A cell of a table that sorts by a value other than the number it shows."""

    text: str | Markup
    value: float | None


@cache
def environment() -> Environment:
    """Return the templates; whatever is put into them is escaped."""
    made = Environment(
        loader=PackageLoader("naps.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    folder = resources.files("naps.report").joinpath("templates")
    script = "".join(folder.joinpath(name).read_text("utf-8") for name in _SCRIPTS)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    # A page runs these scripts and no other, whatever stands in the files it is made from.
    made.globals.update(script=Markup(script), script_digest=digest)
    return made


def render(template: str, **values: object) -> Markup:
    """Fill in a template."""
    return Markup(environment().get_template(template).render(**values))


def drawing(
    title: str,
    svg: str,
    *,
    alt: str,
    caption: str,
    data: str,
    identity: str,
    files: Files = (),
) -> Element:
    """Put a figure that `naps.plots.svg` has rendered into a frame."""
    # The one thing that is not escaped: our own drawing, whose texts matplotlib has escaped.
    return _figure(title, alt, caption, data, identity, files, picture=Markup(svg))


def picture(
    title: str,
    png: bytes,
    *,
    size: tuple[float, float],
    alt: str,
    caption: str,
    data: str,
    identity: str,
    files: Files = (),
) -> Element:
    """Put a figure that `naps.plots.png` has rendered, of a size in inches, into a frame."""
    source = "data:image/png;base64," + base64.b64encode(png).decode("ascii")
    return _figure(title, alt, caption, data, identity, files, source=source, size=size)


def left_out(
    title: str, *, alt: str, caption: str, data: str, identity: str, files: Files = ()
) -> Element:
    """Say where the numbers of a figure are that would make the page too large."""
    return _figure(title, alt, caption, data, identity, files)


def _figure(
    title: str,
    alt: str,
    caption: str,
    data: str,
    identity: str,
    files: Files,
    *,
    picture: Markup | None = None,
    source: str | None = None,
    size: tuple[float, float] = (0.0, 0.0),
) -> Element:
    html = render(
        "figure.html",
        title=title,
        picture=picture,
        source=source,
        width=round(size[0] * 96),
        height=round(size[1] * 96),
        alt=alt,
        caption=caption,
        data=data,
        identity=identity,
        files=files,
    )
    return Element(title, html, data)


def table(
    title: str,
    header: Sequence[str],
    rows: Sequence[Sequence[str | Markup | Cell]],
    *,
    numeric: Sequence[int] = (),
    caption: str = "",
    data: str | None = None,
) -> Element:
    """Make a table; the first cell of a row is its heading, ``numeric`` columns stand right.

    Where scripts run, it can be sorted by each column: numeric ones by their numbers.
    """
    columns = frozenset(numeric)
    html = render(
        "table.html",
        title=title,
        header=header,
        rows=[[_cell(cell, place in columns) for place, cell in enumerate(row)] for row in rows],
        numeric=columns,
        caption=caption,
        data=data,
    )
    return Element(title, html, data)


def facts(title: str, values: Mapping[str, str], data: str | None = None) -> Element:
    """Make a card of names and values."""
    return Element(title, render("facts.html", title=title, values=values, data=data), data)


def _cell(cell: str | Markup | Cell, numeric: bool) -> Cell:
    if isinstance(cell, Cell):
        return cell
    return Cell(cell, number(cell) if numeric else None)
