"""The report of a run: every page, every number, and nothing that should not be there."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
import xarray as xr

from naps.profiles.contrast import contrast
from naps.report import report

LAYERS = ["input", "conv1", "conv9", "conv10"]
PAGES = ["index.html", *(f"{layer}.html" for layer in LAYERS)]
HOSTILE = "<script>alert('x')</script>"

MakeRun = Callable[..., Path]


class Reader(HTMLParser):
    """What a page consists of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def read(run: Path, page: str = "index.html") -> Reader:
    return Reader((run / "report" / page).read_text("utf-8"))


@pytest.mark.parametrize("page", PAGES)
def test_pages_are_small_and_self_contained(shared_run: Path, page: str) -> None:
    file = shared_run / "report" / page
    assert file.stat().st_size < 3_000_000
    reader = read(shared_run, page)
    for attributes in (entry for _, entry in reader.tags):
        for key in ("src", "href", "xlink:href"):
            link = attributes.get(key) or "#"
            if not link.startswith(("#", "data:")):
                assert (file.parent / link).is_file(), link
    assert len(reader.all("script")) == 1
    assert "url(http" not in file.read_text("utf-8")
    assert "@import" not in file.read_text("utf-8")


def test_a_page_runs_its_own_script_alone(shared_run: Path) -> None:
    html = (shared_run / "report" / "index.html").read_text("utf-8")
    (script,) = re.findall(r"<script>(.*?)</script>", html, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    assert f"script-src 'sha256-{digest}';" in policy
    for word in ("fetch", "http", "innerHTML", "eval", "import"):
        assert word not in script


def test_cells_of_numbers_sort_by_them(shared_run: Path) -> None:
    reader = read(shared_run)
    values = [cell["data-value"] for cell in reader.all("td") if "data-value" in cell]
    assert {"-3.0", "61.0", "12.3"} <= set(values)
    assert all(cell["class"] == "number" for cell in reader.all("td") if "data-value" in cell)


@pytest.mark.parametrize("page", PAGES)
def test_pages_are_accessible(shared_run: Path, page: str) -> None:
    reader = read(shared_run, page)
    assert reader.all("html")[0]["lang"] == "en"
    assert len(reader.all("h1")) == len(reader.all("main")) == 1
    headings = [int(name[1]) for name, _ in reader.tags if re.fullmatch("h[1-6]", name)]
    assert all(after - before <= 1 for before, after in pairwise(headings))
    assert all(image["alt"] for image in reader.all("img"))
    pictures = [entry for _, entry in reader.tags if entry.get("role") == "img"]
    assert all(entry["aria-label"] for entry in pictures)
    assert len(reader.all("svg")) == len(pictures)
    assert len(reader.all("caption")) == len(reader.all("table"))
    assert all(head.get("scope") in ("row", "col") for head in reader.all("th"))


@pytest.mark.parametrize("page", PAGES)
def test_ids_are_unique(shared_run: Path, page: str) -> None:
    ids = [entry["id"] for _, entry in read(shared_run, page).tags if "id" in entry]
    assert len(ids) == len(set(ids)) > 0


@pytest.mark.parametrize("page", PAGES)
def test_every_figure_has_its_numbers(shared_run: Path, page: str) -> None:
    html = (shared_run / "report" / page).read_text("utf-8")
    figures = re.findall(r"<figure.*?</figure>", html, flags=re.DOTALL)
    assert figures
    for figure in figures:
        link = re.search(
            r'<figcaption>.*?<a href="((?:data|\.\./profiles)/[^"]*)"', figure, flags=re.DOTALL
        )
        assert link is not None
        assert (shared_run / "report" / link[1]).stat().st_size > 0


def test_the_index_has_all_numbers(shared_run: Path) -> None:
    text = read(shared_run).text
    for number in ("12.3%", "34.6%", "13.0%", "36.0%", "1,234,567", "0123456789abcdef" * 4):
        assert number in text
    for number in ("fedcba9876543210" * 4, "812.4", "1 h 12 min", "wav2letter-en-mini", "290"):
        assert number in text
    for word in ("LibriSpeech", "torch", "2.9.0", "x86_64", "seed: 7", "not recorded"):
        assert word in text


def test_findings_name_the_layer_and_its_numbers(shared_run: Path) -> None:
    text = " ".join(read(shared_run).text.split())
    assert (
        "Phoneme profiles (GradNAP) cluster by manner of articulation most clearly in conv10: "
        "silhouette 0.110, chance 99th percentile 0.050, corrected p = 0.0004. "
        "2 of 4 layers exceed chance."
    ) in text
    found = json.loads((shared_run / "report/data/findings.json").read_text("utf-8"))
    manner = next(row["numbers"] for row in found if row["numbers"].get("category") == "manner")
    assert manner["layer"] == "conv10"
    assert manner["silhouette"] == pytest.approx(0.11)
    assert manner["p_corrected"] == pytest.approx(0.0004)


def test_nothing_above_chance_is_said_plainly(make_run: MakeRun) -> None:
    run = make_run({"phoneme": ["AA", "B", "IY", "T"]}, kinds=["grad"])
    for file in (run / "clusters").glob("*.json"):
        text = file.read_text("utf-8").replace('"p_corrected": 0.0004', '"p_corrected": 1')
        file.write_text(text, encoding="utf-8")
    report(run)
    text = " ".join(read(run).text.split())
    assert "In none of 4 layers do the profiles of phonemes (GradNAP) cluster by manner" in text
    assert "most clearly" not in text


def test_drops_are_grouped_by_reason(shared_run: Path) -> None:
    text = " ".join(read(shared_run).text.split())
    assert "profiles: edge 14 7 utt-0, utt-1, utt-2, utt-3, utt-4 and 2 more" in text
    with (shared_run / "report/data/dropped.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 8


def test_what_comes_from_files_is_escaped(make_run: MakeRun) -> None:
    labels = {"letter": [HOSTILE, "a & b", 'id="x"'], "phoneme": ["$\\frac{$", HOSTILE]}
    # A layer of many steps and one of a single step are drawn differently.
    run = make_run(labels, layers=["input", "conv10"], kinds=["nap"])
    report(run)
    for page in ("index.html", "input.html", "conv10.html"):
        assert len(read(run, page).all("script")) == 1
    index = (run / "report" / "index.html").read_text("utf-8")
    assert index.count("&lt;script&gt;") >= 2


def test_a_layer_page_shows_leaf_order_and_neighbours(shared_run: Path) -> None:
    reader = read(shared_run, "conv9.html")
    clusters = json.loads((shared_run / "clusters/phoneme-grad.json").read_text("utf-8"))
    tree = clusters["layers"]["conv9"]
    leaves = ", ".join(tree["labels"][index] for index in tree["order"])
    named = [entry.get("aria-label") or entry.get("alt") or "" for _, entry in reader.tags]
    assert sum(leaves in name for name in named) == 3
    links = [(a.get("rel"), a["href"]) for a in reader.all("a")]
    assert ("prev", "conv1.html") in links
    assert ("next", "conv10.html") in links
    first = reader.text.index("GradNAP")
    assert first < reader.text.index("Plain profiles (NAP)")


def test_profile_numbers_are_contrasted_and_in_leaf_order(shared_run: Path) -> None:
    with (shared_run / "report/data/letter-nap-conv10-profile.csv").open() as file:
        rows = list(csv.reader(file))[1:]
    file = shared_run / "profiles/letter-nap.nc"
    plain = xr.load_dataset(file, group="conv10", engine="h5netcdf")
    expected = contrast(plain)["mean"]
    assert len(rows) == expected.shape[0]
    label, first, *_ = rows[7]
    value = float(expected.sel(label=label, lag=0)[0])
    assert float(first) == pytest.approx(value, rel=1e-4)
    clusters = json.loads((shared_run / "clusters/letter-nap.json").read_text("utf-8"))
    tree = clusters["layers"]["conv10"]
    assert list(dict.fromkeys(row[0] for row in rows)) == [
        tree["labels"][index] for index in tree["order"]
    ]


def test_the_same_run_gives_the_same_report(make_run: MakeRun) -> None:
    run = make_run({"letter": ["a", "b", "d"]}, layers=["conv9", "conv10"], kinds=["nap"])
    first = {p: p.read_bytes() for p in report(run).parent.rglob("*") if p.is_file()}
    second = {p: p.read_bytes() for p in report(run).parent.rglob("*") if p.is_file()}
    assert first == second
