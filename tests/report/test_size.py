"""Pages stay small, whatever a run has."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from markupsafe import Markup

from naps.plots import dendrogram
from naps.report import report
from naps.report.element import Element
from naps.report.report_folder import ReportFolder, Words, fit
from tests.report.conftest import write_run

KINDS = ("grad", "snap", "nap", "tinap", "erp", "navai")


def sized(size: int) -> Element:
    html = Markup("x" * size)
    return Element("x", html, shrink=lambda limit: Element("x", Markup("x" * min(size, limit))))


def test_what_fits_stays_as_it_is() -> None:
    elements = [sized(n) for n in (10, 500, 90)]
    assert [len(e.html) for e in fit(elements, 600)] == [10, 500, 90]


@pytest.mark.parametrize("budget", [30, 100, 333, 599])
def test_the_largest_shrink_until_all_fit(budget: int) -> None:
    sizes = [10, 500, 90, 250]
    found = [len(e.html) for e in fit([sized(n) for n in sizes], budget)]
    assert budget - len(sizes) <= sum(found) <= budget
    limit = max(found)
    assert all(min(size, limit) - 1 <= n <= size for size, n in zip(sizes, found, strict=True))


def test_what_cannot_shrink_is_kept() -> None:
    table = replace(sized(200), shrink=None)
    assert [len(e.html) for e in fit([table, sized(400), sized(5)], 300)] == [200, 95, 5]


def test_what_one_figure_does_not_need_goes_to_the_others() -> None:
    gone = replace(sized(500), shrink=lambda _: Element("x", Markup("")))
    assert [len(e.html) for e in fit([sized(200), gone, sized(90)], 300)] == [200, 0, 90]


def test_a_drawing_becomes_a_picture_and_then_a_sentence(tmp_path: Path) -> None:
    merges = [[0, 1, 0.5, 2], [2, 3, 0.7, 3]]
    figure = dendrogram(merges, ["AA", "B", "<b>"], [0, 1, 2])
    words = Words("Tree", "Tree of three.", "A caption.", "data/x.csv")
    element = ReportFolder(tmp_path).drawing("tree", figure, words)
    assert "<svg" in element.html
    assert element.shrink is not None
    small = element.shrink(9000)
    assert "<svg" not in small.html
    assert "data:image/png" in small.html
    assert len(small.html) <= 9000
    none = element.shrink(900)
    assert "<img" not in none.html
    assert "too large" in none.html
    for made in (element, small, none):
        assert 'href="data/x.csv"' in made.html


@pytest.mark.slow
def test_six_kinds_of_three_groupings_of_sixty_labels(tmp_path: Path) -> None:
    labels = {group: [f"{group}{n:02}" for n in range(60)] for group in ("word", "bigram", "part")}
    run = write_run(tmp_path / "run", labels=labels, layers=("conv9", "conv10"), kinds=KINDS)
    pages = list(report(run).parent.glob("*.html"))
    assert {page.name for page in pages} == {"index.html", "conv9.html", "conv10.html"}
    for page in pages:
        assert page.stat().st_size < 3_000_000
    layer = (run / "report" / "conv9.html").read_text("utf-8")
    assert layer.count("<figure") == 3 * 3 * len(KINDS)
    # The trees are small enough to stay; noise cannot be packed, and leaves its place to them.
    assert layer.count('role="img"') + layer.count("<img") >= 2 * 3 * len(KINDS)


@pytest.mark.slow
def test_a_tree_of_many_labels(tmp_path: Path) -> None:
    labels = {"word": [f"word{n:04}" for n in range(700)]}
    run = write_run(tmp_path / "run", labels=labels, layers=("conv9",), kinds=("nap",))
    for page in report(run).parent.glob("*.html"):
        assert page.stat().st_size < 3_000_000
    clusters = json.loads((run / "clusters" / "word-nap.json").read_text("utf-8"))
    assert np.shape(clusters["layers"]["conv9"]["distances"]) == (700, 700)
