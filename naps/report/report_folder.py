"""``report/``: where pages, figures and numbers go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from matplotlib.figure import Figure

from naps.plots import png, svg, write_figure
from naps.report.data import DataFolder
from naps.report.element import Element, Files, drawing, left_out, picture

# What figures of one page may take together, of the three megabytes that the page may.
PAGE_FIGURES = 2_400_000
_DPI = 120


@dataclass(frozen=True)
class Words:
    """What is written about a figure.

    Attributes
    ----------
    title, alt, caption : str
    data : str
        Link to the numbers.
    """

    title: str
    alt: str
    caption: str
    data: str


@dataclass(frozen=True)
class ReportFolder:
    """Puts figures onto pages, and where formats are asked for, into files of their own.

    Attributes
    ----------
    path : Path
    formats : tuple of str
        Of `naps.plots.render.FORMATS`; each figure is written to ``figures/`` in each.
    """

    path: Path
    formats: tuple[str, ...] = ()

    @property
    def data(self) -> DataFolder:
        """The folder of the numbers."""
        return DataFolder(self.path / "data")

    def drawing(self, name: str, figure: Figure, words: Words) -> Element:
        """Make an element of lines and text; ``name`` is that of its files and ids."""
        files = self.files(name, figure)
        made = drawing(**vars(words), svg=svg(figure, name=name), identity=_id(name), files=files)
        return replace(made, shrink=lambda limit: _smaller(name, figure, words, files, limit))

    def picture(self, name: str, figure: Figure, words: Words, limit: int) -> Element:
        """Make an element of pixels that take ``limit`` bytes of the page or a little more."""
        files = self.files(name, figure)
        made = _picture(name, figure, words, files, limit)
        return replace(made, shrink=lambda limit: _smaller(name, figure, words, files, limit))

    def files(self, name: str, figure: Figure) -> Files:
        """Write a figure to ``figures/`` in the formats asked for, and give the links to it."""
        written = write_figure(figure, self.path / "figures", name, self.formats)
        return [(path.suffix[1:].upper(), f"figures/{path.name}") for path in written]


def fit(elements: Sequence[Element], budget: int = PAGE_FIGURES) -> list[Element]:
    """Make the largest figures of a page smaller until all together keep to a number of bytes.

    Drawings that are too large become pictures, of as few pixels as need be; what is too large
    even so is left to its file of numbers.
    """
    fitted = list(elements)
    sizes = [_size(element) for element in elements]
    budget -= sum(size for e, size in zip(elements, sizes, strict=True) if e.shrink is None)
    rest = [place for place, element in enumerate(elements) if element.shrink is not None]
    rest.sort(key=lambda place: -sizes[place])
    while rest and sum(sizes[place] for place in rest) > budget:
        limit = _level([sizes[place] for place in reversed(rest)], budget)
        largest = rest.pop(0)
        if (shrink := elements[largest].shrink) is not None:
            fitted[largest] = shrink(limit)
        budget -= _size(fitted[largest])
    # Without the figures, which are large.
    return [replace(element, shrink=None) for element in fitted]


def _level(sizes: Sequence[int], budget: int) -> int:
    """Give what each size above it may be, so that all, from the smallest up, keep to a budget."""
    limit = 0
    for done, size in enumerate(sizes):
        limit = max(0, budget) // (len(sizes) - done)
        if size > limit:
            break
        budget -= size
    return limit


def _size(element: Element) -> int:
    return len(element.html.encode())


def _picture(name: str, figure: Figure, words: Words, files: Files, limit: int) -> Element:
    width, height = (float(side) for side in figure.get_size_inches())
    # Base64 makes a third more of a picture, and its words stand beside it.
    room = (limit - 700 - 2 * len((words.title + words.alt + words.caption).encode())) * 3 // 4
    data = png(figure, dpi=_DPI, limit=room)
    return picture(**vars(words), png=data, size=(width, height), identity=_id(name), files=files)


def _smaller(name: str, figure: Figure, words: Words, files: Files, limit: int) -> Element:
    made = _picture(name, figure, words, files, limit)
    if _size(made) <= limit:
        return made
    return left_out(**vars(words), identity=_id(name), files=files)


def _id(name: str) -> str:
    return f"figure-{name}"
