"""The report of a comparison: all numbers, plain findings, and nothing that should not be there."""

from __future__ import annotations

import csv
import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from naps.errors import InputError
from naps.report.comparison import comparison_report
from naps.report.comparison_content import Likeness
from naps.report.comparison_file import read_comparison
from naps.report.comparison_overview import comparison_overview
from tests.report.comparison_example import HOSTILE, LAYERS, example, write_example
from tests.report.test_report import Reader

CASES = ("same-model", "same-speech", "both-differ")


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A report of each case."""
    folder = tmp_path_factory.mktemp("comparisons")
    return {case: comparison_report(write_example(folder / case, case=case)) for case in CASES}


@pytest.fixture(scope="module")
def overview(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page about two comparisons, whose reports are there."""
    folder = tmp_path_factory.mktemp("overview")
    for case in CASES[:2]:
        comparison_report(write_example(folder / "comparisons" / case, case=case))
    runs = ["en_on_en", "en_on_de", "de_on_de"]
    for run in runs:
        index = folder / "runs" / run / "report" / "index.html"
        index.parent.mkdir(parents=True)
        index.write_text("a run")
    listed = {"name": "two", "runs": runs, "comparisons": CASES[:2]}
    (folder / "comparisons.json").write_text(json.dumps(listed))
    return comparison_overview(folder)


def text_of(page: Path) -> str:
    return " ".join(Reader(page.read_text("utf-8")).text.split())


def rewritten(folder: Path, **values: Any) -> Path:
    """Change some values of a comparison and write its report again."""
    file = folder / "comparison.json"
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | values), encoding="utf-8")
    return comparison_report(folder)


def all_pages(reports: dict[str, Path], overview: Path) -> list[Path]:
    return [*reports.values(), overview]


def test_pages_are_small_and_their_links_lead_somewhere(
    reports: dict[str, Path], overview: Path
) -> None:
    for page in all_pages(reports, overview):
        assert page.stat().st_size < 3_000_000
        for _, attributes in Reader(page.read_text("utf-8")).tags:
            for key in ("src", "href", "xlink:href"):
                link = attributes.get(key) or "#"
                if not link.startswith(("#", "data:")):
                    assert (page.parent / link).is_file(), link


def test_pages_are_accessible(reports: dict[str, Path], overview: Path) -> None:
    for page in all_pages(reports, overview):
        reader = Reader(page.read_text("utf-8"))
        assert len(reader.all("h1")) == len(reader.all("main")) == 1
        headings = [int(name[1]) for name, _ in reader.tags if re.fullmatch("h[1-6]", name)]
        assert all(after - before <= 1 for before, after in pairwise(headings))
        pictures = [entry for _, entry in reader.tags if entry.get("role") == "img"]
        assert pictures
        assert all(entry["aria-label"] for entry in pictures)
        assert len(reader.all("svg")) == len(pictures)
        assert all(image["alt"] for image in reader.all("img"))
        assert len(reader.all("caption")) == len(reader.all("table"))
        ids = [entry["id"] for _, entry in reader.tags if "id" in entry]
        assert len(ids) == len(set(ids)) > 0
        sections = [entry["aria-labelledby"] for entry in reader.all("section")]
        assert set(sections) <= set(ids)


def test_every_figure_has_its_numbers(reports: dict[str, Path]) -> None:
    html = reports["same-speech"].read_text("utf-8")
    figures = re.findall(r"<figure.*?</figure>", html, flags=re.DOTALL)
    # Three curves, two matrices, and trees.
    assert len(figures) == 5 + len(LAYERS)
    for figure in figures:
        link = re.search(r'<figcaption>.*?<a href="(data/[^"]*\.csv)"', figure, flags=re.DOTALL)
        assert link is not None
        assert (reports["same-speech"].parent / link[1]).stat().st_size > 0


def test_what_was_compared_is_said_first(reports: dict[str, Path]) -> None:
    assert (
        "One recognizer, wav2letter-en-mini, hears two corpora: English (en_on_en) and German "
        "(en_on_de). 20 phonemes are compared in 5 pairs of layers; units correspond."
    ) in text_of(reports["same-model"])
    assert "Two recognizers, wav2letter-en-mini (en_on_en) and wav2letter-de-mini" in text_of(
        reports["same-speech"]
    )
    both = text_of(reports["both-differ"])
    assert "Two recognizers hear different speech: wav2letter-en-mini on German" in both
    assert "units do not correspond one to one" in both


def test_findings_have_their_numbers_intervals_and_chance(reports: dict[str, Path]) -> None:
    text = text_of(reports["same-speech"])
    assert (
        "The same units answer alike to the same phonemes most in input: 0.90 (0.84 to 0.95), "
        "chance 99th percentile 0.30, p corrected for the layers 0.0002, noise ceiling 0.95; "
        "least in conv10: 0.34 (0.28 to 0.39). 5 of 5 layers exceed chance."
    ) in text
    # 0.38 and 0.24 less 0.1 lie on either side of the example's chance.
    assert re.search(r"\(RSA, .*? least in conv10: 0\.24 .*? 4 of 5 layers exceed chance", text)
    assert "in 71.0% (69.0% to 73.0%) of 12,345 frames (chance 52.0%)" in text
    found = json.loads((reports["same-speech"].parent / "data/findings.json").read_text("utf-8"))
    units = next(f["numbers"] for f in found if f["numbers"].get("measure") == "unit_correlation")
    assert units["most"]["layer"] == "input"
    assert units["most"]["value"] == pytest.approx(0.9)


def test_nothing_above_chance_is_said_plainly(tmp_path: Path) -> None:
    folder = write_example(tmp_path / "c")
    data = example()
    for layer in data["layers"]:
        layer["rsa"]["p_corrected"] = 0.3
    text = text_of(rewritten(folder, layers=data["layers"]))
    assert "above chance in none of 5 layers; nearest is input: 0.80" in text


@pytest.mark.parametrize(
    ("holds", "verdict"),
    [(True, "Holds."), (False, "Does not hold."), (None, "Undecided, as it was not tested.")],
)
def test_the_statement_has_a_verdict(tmp_path: Path, holds: bool | None, verdict: str) -> None:
    folder = write_example(tmp_path / "c", case="same-speech", layers=["conv1", "conv9"])
    statement = example("same-speech")["statement"] | {"holds": holds}
    text = text_of(rewritten(folder, statement=statement))
    assert f"“Low layers are alike although predictions differ” {verdict}" in text
    assert "0.37 (0.31 to 0.42)" in text
    assert "the interval of the difference lies above 0" in text


def test_a_statement_that_was_not_tested_has_no_made_up_numbers(tmp_path: Path) -> None:
    folder = write_example(tmp_path / "c", layers=["conv1", "conv9"])
    statement = {
        "claim": "alike", "similarity": {"layers": ["conv1"], "value": 0.5}, "predictions": None,
        "predictions_cka": None, "difference": None, "holds": None, "by": "not tested",
    }  # fmt: skip
    page = rewritten(folder, statement=statement)
    assert "“alike”: undecided, as it was not tested." in text_of(page)
    assert "difference" not in text_of(page)


def test_what_is_not_there_is_left_out(reports: dict[str, Path]) -> None:
    text = text_of(reports["both-differ"])
    for heading in ("Unit by unit", "Whole layers (CKA)", "What both write", "What changes most"):
        assert heading not in text
    assert "Distances between groups (RSA)" in text


def test_groups_of_one_run_alone_are_named(reports: dict[str, Path]) -> None:
    text = text_of(reports["same-model"])
    assert "3 only in en_on_en (AE, ER, R)" in text
    assert HOSTILE in text
    for page in reports.values():
        assert not [a for a in Reader(page.read_text("utf-8")).all("script") if "src" in a]
        assert HOSTILE not in page.read_text("utf-8")


def test_the_phones_that_change_most_come_first(reports: dict[str, Path]) -> None:
    table = text_of(reports["same-model"]).split("Phonemes that change most.")[1]
    pairs = example()["shared"]
    last = "/".join(dict.fromkeys(pairs[-1]))
    # In the example each pair is a little less alike than the one before.
    assert re.search(r"phoneme mean least alike in .*?en_on_de (\S+) ", table)[1] == last  # type: ignore[index]
    with (reports["same-model"].parent / "data/phones.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(LAYERS) * len(pairs)


def test_other_names_of_layers_are_matched_by_the_matrix(tmp_path: Path) -> None:
    folder = write_example(tmp_path / "c", case="both-differ", layers=["conv1", "conv9"])
    matrix = {"layers_a": ["conv9"], "layers_b": ["lstm1", "lstm4"], "values": [[None, 0.66]]}
    text = text_of(rewritten(folder, rsa_matrix=matrix, layers=[]))
    assert (
        "For each layer of en_on_en the most alike of de_on_de by RSA: conv9 and lstm4 (0.66)."
    ) in text


def test_many_layers_get_pages_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("naps.report.comparison._TREES", 10_000)
    folder = write_example(tmp_path / "c", case="same-model", layers=["conv1", "encoder/9"])
    index = comparison_report(folder)
    links = [a["href"] for a in Reader(index.read_text("utf-8")).all("a")]
    pages = ["layer-1-conv1.html", "layer-2-encoder_9.html"]
    assert set(pages) <= set(links)
    assert '<figure id="figure-trees-conv1"' not in index.read_text("utf-8")
    second = Reader((index.parent / pages[1]).read_text("utf-8"))
    assert ("prev", pages[0]) in [(a.get("rel"), a["href"]) for a in second.all("a")]
    assert "Phonemes in encoder/9" in " ".join(second.text.split())


def test_pages_stay_small_with_many_layers_and_groups(tmp_path: Path) -> None:
    layers = [f"encoder.layers.{n}" for n in range(14)]
    folder = write_example(tmp_path / "c", case="same-model", layers=layers)
    data = example(layers=layers)
    # Labels as long as they come.
    for layer in data["layers"]:
        tree = layer["tanglegram"]
        tree["labels_a"] = [f"{label} {'x' * 2000}" for label in tree["labels_a"]]
    for page in rewritten(folder, layers=data["layers"]).parent.glob("*.html"):
        assert page.stat().st_size < 3_000_000


def test_figures_are_files_too_where_asked_for(tmp_path: Path) -> None:
    folder = write_example(tmp_path / "c", case="both-differ", layers=["conv1"])
    comparison_report(folder, ["svg"])
    assert (folder / "report/figures/trees-conv1.svg").read_text("utf-8").startswith("<?xml")
    with pytest.raises(InputError, match="'bmp'"):
        comparison_report(folder, ["bmp"])


def test_the_same_comparison_gives_the_same_report(tmp_path: Path) -> None:
    folder = write_example(tmp_path / "c", case="same-speech", layers=["conv1"])
    first = {p: p.read_bytes() for p in comparison_report(folder).parent.rglob("*") if p.is_file()}
    again = {p: p.read_bytes() for p in comparison_report(folder).parent.rglob("*") if p.is_file()}
    assert first == again


def test_the_overview_states_and_links_everything(overview: Path) -> None:
    text = text_of(overview)
    for case in CASES[:2]:
        findings = overview.parents[1] / "comparisons" / case / "report/data/findings.json"
        for finding in json.loads(findings.read_text("utf-8")):
            assert finding["sentence"] in text
    links = {a["href"] for a in Reader(overview.read_text("utf-8")).all("a")}
    assert "../comparisons/same-model/report/index.html" in links
    assert "../runs/de_on_de/report/index.html" in links
    with (overview.parent / "data/comparisons.csv").open(encoding="utf-8") as file:
        rows = {row["comparison"]: row for row in csv.DictReader(file)}
    values = [0.9 - 0.7 * n / 5 for n in range(5)]
    assert float(rows["same-model"]["unit_correlation"]) == pytest.approx(sum(values) / 5)
    assert rows["same-model"]["cka"] == ""


def test_what_is_above_chance() -> None:
    assert Likeness(0.1, p_corrected=0.04).above_chance
    assert not Likeness(0.9, chance_p99=0.1, p_corrected=0.06).above_chance
    # CKA has no p: then the whole interval counts.
    assert Likeness(0.3, low=0.2, high=0.4, chance_mean=0.1).above_chance
    assert not Likeness(0.3, low=0.05, high=0.4, chance_mean=0.1).above_chance
    assert not Likeness(0.3, chance_mean=0.1).above_chance


def test_broken_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no readable list of comparisons"):
        comparison_overview(tmp_path)
    (tmp_path / "comparisons.json").write_text('{"name": "x", "runs": [], "comparisons": ["a-b"]}')
    with pytest.raises(InputError, match=r"a-b: no comparison \(no comparison\.json\)"):
        comparison_overview(tmp_path)
    with pytest.raises(InputError, match="no comparison"):
        comparison_report(tmp_path)
    folder = write_example(tmp_path / "c")
    for broken in ("{", "[]", '{"case": "same-model"}'):
        (folder / "comparison.json").write_text(broken)
        with pytest.raises(InputError, match="compare the runs again"):
            read_comparison(folder)
    (folder / "comparison.json").write_text(json.dumps(example() | {"case": "odd"}))
    with pytest.raises(InputError, match="case 'odd'; there are: same-model"):
        read_comparison(folder)
