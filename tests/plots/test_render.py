"""SVG and PNG: safe to inline, and the same every time."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

import matplotlib
import pytest
from matplotlib.figure import Figure
from PIL import Image

from naps.plots import count_bars, dendrogram, png, svg
from naps.plots.style import styled

HOSTILE = """<script>alert("$x$")</script> id="y" """


def figure() -> Figure:
    return dendrogram([[0, 1, 0.5, 2]], ["$", HOSTILE], [1, 0], ["vowel", ""])


def test_svg_is_the_same_every_time() -> None:
    one = figure()
    assert svg(one, name="x") == svg(one, name="x") == svg(figure(), name="x")


def test_svg_has_text_and_nothing_that_reaches_the_page() -> None:
    text = svg(figure(), name="x")
    ElementTree.fromstring(text)
    assert text.startswith("<svg")
    for unwanted in ("<style", "<script", "<metadata", "<?xml", "<!DOCTYPE", "dc:date"):
        assert unwanted not in text
    assert ">$</text>" in text


def test_ids_differ_between_figures_and_links_follow_them() -> None:
    first, second = svg(figure(), name="first"), svg(figure(), name="2nd figure")
    ids = re.findall(r'<[^>]*\sid="([^"]*)"', first + second)
    assert len(ids) == len(set(ids)) >= 4
    for text in (first, second):
        own = set(re.findall(r'<[^>]*\sid="([^"]*)"', text))
        links = re.findall(r'href="#([^"]*)"', text) + re.findall(r"url\(#([^)]*)\)", text)
        assert links
        assert set(links) <= own


def test_png_has_few_colours_and_fits_the_limit() -> None:
    bars = count_bars([f"label {n}" for n in range(60)], list(range(60)))
    large = png(bars)
    small = png(bars, limit=len(large) // 2)
    assert len(small) <= len(large) // 2
    with Image.open(io.BytesIO(large)) as image:
        assert image.mode == "P"


def test_the_settings_of_the_caller_stay() -> None:
    before = dict(matplotlib.rcParams)
    svg(figure())
    png(figure())
    assert dict(matplotlib.rcParams) == before


def test_svg_draws_what_matplotlib_draws() -> None:
    one = figure()
    buffer = io.StringIO()
    with styled():
        one.savefig(buffer, format="svg")
    full, lean = buffer.getvalue(), svg(one)
    assert len(lean) < 0.75 * len(full)
    # All that is left out is what changes nothing: every place is the same to a hundredth.
    for tag in ("x", "y"):
        found, expected = (
            [float(n) for n in re.findall(rf' {tag}="(-?[\d.]+)"', text)] for text in (lean, full)
        )
        assert found == pytest.approx(expected, abs=0.0051)
    assert lean.count("<path") == full.count("<path")
    assert lean.count("<text") == full.count("<text")


def test_a_label_like_a_tag_stays_as_it_is() -> None:
    label = 'id="a" font-family: x; 1.23456 rotate(-0 1 2)'
    text = svg(count_bars([label[:24]], [1]))
    assert f">{label[:23]}" in text


def test_a_small_limit_is_kept_to_by_fewer_pixels() -> None:
    bars = count_bars([f"label {n}" for n in range(60)], list(range(60)))
    sizes = []
    for limit in (10**6, 25_000, 12_500):
        data = png(bars, limit=limit)
        assert len(data) <= limit
        with Image.open(io.BytesIO(data)) as image:
            sizes.append(image.size[0])
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 3
