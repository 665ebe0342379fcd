"""Maps whose units can be pointed at, and pictures behind a slider."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from naps.report.element import Element, Files, render
from naps.report.report_folder import Words


@dataclass(frozen=True)
class UnitMark:
    """Where a unit is in a map and what is said of it.

    Attributes
    ----------
    x, y : float
        Upper left corner of a rectangle, or the middle of a circle.
    width, height : float
        Of a rectangle; of a circle ``width`` is the radius.
    colour : str
        ``transparent`` where a picture lies behind.
    words : str
        Shown when it is pointed at, and read aloud.
    box : str
        The part of a picture that is shown large: left, top, width and height.
    round : bool
    """

    x: float
    y: float
    width: float
    height: float
    colour: str
    words: str
    box: str = ""
    round: bool = False


@dataclass(frozen=True)
class Frame:
    """One step of a series of pictures: a PNG, and its size in pixels of the page."""

    name: str
    png: bytes
    width: int
    height: int

    @property
    def source(self) -> str:
        """The picture as a link that holds it."""
        return data_link(self.png)


def data_link(png: bytes) -> str:
    """Give a PNG as a link that holds it."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def unit_picker(
    words: Words,
    units: Sequence[UnitMark],
    *,
    size: tuple[int, int],
    identity: str,
    png: bytes | None = None,
    zoomed: str = "",
    zoom: tuple[int, int] = (0, 0),
    legend: Sequence[tuple[str, str]] = (),
    files: Files = (),
) -> Element:
    """Make a map of units that say what they do when one points at them.

    Parameters
    ----------
    words : Words
    units : sequence of UnitMark
    size : tuple of int
        Width and height that the units' places are in.
    identity : str
        Id in the page; the picture has that id with ``-sheet`` behind it.
    png : bytes, optional
        A picture behind the units, as large as the map.
    zoomed : str
        Id of the picture of which a unit's ``box`` is shown large, in this figure or another.
    zoom : tuple of int
        Width and height of that.
    legend : sequence of tuple
        Names and colours.
    files : sequence of tuple
        Where the map is as a figure.
    """
    html = render(
        "units.html",
        title=words.title,
        alt=words.alt,
        caption=words.caption,
        data=words.data,
        units=units,
        width=size[0],
        height=size[1],
        identity=identity,
        source=None if png is None else data_link(png),
        zoomed=zoomed,
        zoom=zoom,
        legend=legend,
        files=files,
    )
    return Element(words.title, html, words.data)


def frame_series(
    words: Words, frames: Sequence[Frame], *, name: str, identity: str, files: Files = ()
) -> Element:
    """Make a figure whose pictures are steps of one thing: lags, or checkpoints of a training.

    A slider chooses the step. Without scripts, and until it is moved, the first one is seen.

    Parameters
    ----------
    words : Words
    frames : sequence of Frame
        Two or more.
    name : str
        What the steps are, such as "Time".
    identity : str
    files : sequence of tuple
        Where else the first picture is.
    """
    html = render(
        "frames.html",
        title=words.title,
        alt=words.alt,
        caption=words.caption,
        data=words.data,
        frames=frames,
        name=name,
        identity=identity,
        files=files,
    )
    return Element(words.title, html, words.data)
