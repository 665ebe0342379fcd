"""Figures as files of their own."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from PIL import Image

from naps.errors import InputError
from naps.plots import count_bars, figure_file
from naps.report import report
from tests.report.test_report import read

MakeRun = Callable[..., Path]
ONE: dict[str, Any] = {
    "labels": {"letter": ["a", "b", "d"]},
    "layers": ["conv10"],
    "kinds": ["nap"],
}


def test_every_figure_is_written_in_every_format(make_run: MakeRun) -> None:
    run = make_run(**ONE)
    report(run, ("png", "pdf", "svg"))
    folder = run / "report" / "figures"
    figures = set()
    for page in ("index.html", "conv10.html"):
        html = (run / "report" / page).read_text("utf-8")
        figures |= set(re.findall(r'<figure id="figure-([^"]*)"', html))
        links = {str(a["href"]) for a in read(run, page).all("a")}
        for name in re.findall(r'<figure id="figure-([^"]*)"', html):
            assert {f"figures/{name}.{form}" for form in ("png", "pdf", "svg")} <= links
    assert {file.name for file in folder.iterdir()} == {
        f"{name}.{form}" for name in figures for form in ("png", "pdf", "svg")
    }
    assert all(file.stat().st_size > 500 for file in folder.iterdir())


def test_no_files_are_written_unasked(shared_run: Path) -> None:
    assert not (shared_run / "report" / "figures").exists()


def test_an_unknown_format_is_refused_before_anything_is_written(make_run: MakeRun) -> None:
    run = make_run(**ONE)
    with pytest.raises(InputError, match="'gif'; there are: pdf, png, svg"):
        report(run, ("pdf", "gif"))
    assert not (run / "report").exists()


@pytest.mark.parametrize("form", ["pdf", "png", "svg"])
def test_files_are_the_same_every_time_and_have_no_date(form: str) -> None:
    made = [figure_file(count_bars(["a", "b"], [3, 4]), form) for _ in range(2)]
    assert made[0] == made[1]
    assert b"Date" not in made[0]


def test_files_are_what_they_are_called() -> None:
    figure = count_bars(["a", "b"], [3, 4])
    assert figure_file(figure, "pdf").startswith(b"%PDF")
    with Image.open(io.BytesIO(figure_file(figure, "png"))) as image:
        assert image.size[0] == pytest.approx(300 * figure.get_size_inches()[0], abs=1)
    assert ElementTree.fromstring(figure_file(figure, "svg")).tag.endswith("svg")
