"""The pieces a page is made of: figures, tables and lists of facts, each with its data."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup


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
    """

    title: str
    html: Markup
    data: str | None = None


@cache
def environment() -> Environment:
    """Return the templates; whatever is put into them is escaped."""
    return Environment(
        loader=PackageLoader("naps.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(template: str, **values: object) -> Markup:
    """Fill in a template."""
    return Markup(environment().get_template(template).render(**values))


def drawing(title: str, svg: str, *, alt: str, caption: str, data: str, identity: str) -> Element:
    """Put a figure that `naps.plots.svg` has rendered into a frame."""
    html = render(
        "figure.html",
        title=title,
        # The one thing that is not escaped: our own drawing, whose texts matplotlib has escaped.
        picture=Markup(svg),
        source=None,
        width=None,
        height=None,
        alt=alt,
        caption=caption,
        data=data,
        identity=identity,
    )
    return Element(title, html, data)


def picture(
    title: str,
    png: bytes,
    *,
    size: tuple[float, float],
    alt: str,
    caption: str,
    data: str,
    identity: str,
) -> Element:
    """Put a figure that `naps.plots.png` has rendered, of a size in inches, into a frame."""
    html = render(
        "figure.html",
        title=title,
        picture=None,
        source="data:image/png;base64," + base64.b64encode(png).decode("ascii"),
        width=round(size[0] * 96),
        height=round(size[1] * 96),
        alt=alt,
        caption=caption,
        data=data,
        identity=identity,
    )
    return Element(title, html, data)


def table(
    title: str,
    header: Sequence[str],
    rows: Sequence[Sequence[str | Markup]],
    *,
    numeric: Sequence[int] = (),
    caption: str = "",
    data: str | None = None,
) -> Element:
    """Make a table; the first cell of a row is its heading, ``numeric`` columns stand right."""
    html = render(
        "table.html",
        title=title,
        header=header,
        rows=rows,
        numeric=frozenset(numeric),
        caption=caption,
        data=data,
    )
    return Element(title, html, data)


def facts(title: str, values: Mapping[str, str], data: str | None = None) -> Element:
    """Make a card of names and values."""
    return Element(title, render("facts.html", title=title, values=values, data=data), data)
