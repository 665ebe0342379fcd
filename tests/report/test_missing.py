"""Runs that lack something, and folders that are none."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from naps.errors import InputError
from naps.report import report
from naps.report.words import and_, decimal, duration, file_name, listed, number, probability, shown

MakeRun = Callable[..., Path]
SMALL = {"letter": ["a", "b", "d"], "phoneme": ["AA", "B"]}
ONE: dict[str, Any] = {"layers": ["conv9"], "kinds": ["nap"]}


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no run folder"):
        report(tmp_path)
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize(
    "name", ["run.json", "clusters/letter-nap.json", "profiles/letter-nap.nc", "manifest.jsonl"]
)
def test_a_broken_file_is_named(make_run: MakeRun, name: str) -> None:
    run = make_run(SMALL, **ONE)
    (run / name).write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=Path(name).name):
        report(run)


def test_an_empty_run_says_what_was_not_recorded(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}", encoding="utf-8")
    text = report(tmp_path).read_text("utf-8")
    assert text.count("not recorded") > 5
    assert "no results yet" in text


@pytest.mark.parametrize("gone", ["run.json", "events", "profiles", "clusters", "recipe.yaml"])
def test_a_missing_part_leaves_the_others(make_run: MakeRun, gone: str) -> None:
    run = make_run(SMALL, **ONE)
    path = run / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    report(run)
    assert (run / "report" / "conv9.html").is_file()


def test_a_missing_group_and_kind_leave_the_others(make_run: MakeRun) -> None:
    run = make_run(SMALL, layers=["conv9"])
    for name in ("clusters/letter-grad.json", "profiles/letter-grad.nc"):
        (run / name).unlink()
    for name in ("clusters/phoneme-nap.json", "profiles/phoneme-nap.nc"):
        (run / name).unlink()
    report(run)
    page = (run / "report" / "conv9.html").read_text("utf-8")
    assert "Phonemes in conv9 (GradNAP): tree" in page
    assert "Letters in conv9 (NAP): tree" in page
    assert "Letters in conv9 (GradNAP)" not in page


def edit(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    data = json.loads(file.read_text("utf-8"))
    change(data)
    file.write_text(json.dumps(data), encoding="utf-8")


def test_a_layer_without_clusters_shows_its_profiles(make_run: MakeRun) -> None:
    run = make_run(SMALL, layers=["conv9", "conv10"], kinds=["nap"])
    for file in (run / "clusters").glob("*.json"):
        edit(file, lambda data: data["layers"].pop("conv9"))
    report(run)
    page = (run / "report" / "conv9.html").read_text("utf-8")
    assert ": tree" not in page
    assert "Letters in conv9 (NAP): profiles" in page


def test_a_constant_layer_and_statistics_that_are_nan(make_run: MakeRun) -> None:
    run = make_run(SMALL, **ONE)

    def flatten(data: dict[str, Any]) -> None:
        tree = data["layers"]["conv9"]
        tree["distances"] = np.zeros_like(tree["distances"]).tolist()
        for merge in tree["merges"]:
            merge[2] = 0.0
        tree["cophenetic"] = None
        for category in tree["categories"].values():
            category["silhouette"]["value"] = float("nan")
            del category["purity"]

    for file in (run / "clusters").glob("*.json"):
        edit(file, flatten)
    report(run)
    assert "Cophenetic correlation not recorded" in (run / "report/conv9.html").read_text("utf-8")


def test_a_run_of_before_has_its_report(make_run: MakeRun) -> None:
    run = make_run(SMALL, **ONE)
    for name in ("controls", "probes"):
        shutil.rmtree(run / name)

    def age(data: dict[str, Any]) -> None:
        del data["replicates"], data["crossvalidated"]
        for tree in data["layers"].values():
            for key in ("support", "reliability", "relations"):
                del tree[key]
            for category in tree["categories"].values():
                del category["v_measure"]
                for name in ("silhouette", "purity", "ari"):
                    del category[name]["p_corrected"]

    for file in (run / "clusters").glob("*.json"):
        edit(file, age)
    index = report(run).read_text("utf-8")
    assert "p = 0.0001. 1 of 1 layers exceed chance" in " ".join(index.split())
    assert "Filled dots exceed the 99th percentile of chance" in index
    page = (run / "report" / "conv9.html").read_text("utf-8")
    assert "p is not corrected for the number of layers" in " ".join(page.split())
    assert "resampled" not in page
    assert "noise ceiling" not in page


def test_layers_of_which_nothing_more_is_known(make_run: MakeRun) -> None:
    run = make_run(SMALL, **ONE)

    def forget(data: dict[str, Any]) -> None:
        for tree in data["layers"].values():
            tree |= {"support": [None] * len(tree["merges"]), "reliability": None, "relations": {}}

    for file in (run / "clusters").glob("*.json"):
        edit(file, forget)
    assert "What the distances follow" not in report(run).read_text("utf-8")


def test_support_of_another_length_is_refused(make_run: MakeRun) -> None:
    run = make_run(SMALL, **ONE)
    file = run / "clusters" / "letter-nap.json"
    edit(file, lambda data: data["layers"]["conv9"].update(support=[0.5]))
    with pytest.raises(InputError, match="2 merges but support of 1"):
        report(run)


def test_layer_names_become_safe_file_names(make_run: MakeRun) -> None:
    run = make_run({"phoneme": ["AA", "B"]}, kinds=["nap"])

    def rename(data: dict[str, Any]) -> None:
        names = {"input": "index", "conv1": "../up", "conv9": "A", "conv10": "a"}
        if isinstance(data["layers"], dict):
            data["layers"] = {names[k]: v for k, v in data["layers"].items()}
        else:
            data["layers"] = []

    edit(run / "run.json", rename)
    for file in (run / "clusters").glob("*.json"):
        edit(file, rename)
    report(run)
    pages = {file.name for file in (run / "report").glob("*.html")}
    assert pages == {"index.html", "index-2.html", "_up.html", "A.html", "a-2.html"}
    assert not (run / "up.html").exists()


def test_a_wide_layer_stays_under_three_megabytes(make_run: MakeRun) -> None:
    run = make_run(SMALL, **ONE)
    rng = np.random.default_rng(0)
    labels = [f"w{number:02}" for number in range(40)]
    wide = xr.Dataset(
        {
            "mean": (("label", "lag", "channel"), rng.normal(size=(40, 12, 400))),
            "count": ("label", np.full(40, 9)),
        },
        coords={"label": labels, "lag": range(12)},
    )
    for file in (run / "profiles").glob("*.nc"):
        wide.to_netcdf(file, mode="w", group="conv9", engine="h5netcdf")
    shutil.rmtree(run / "clusters")
    report(run)
    assert (run / "report" / "conv9.html").stat().st_size < 3_000_000


def test_numbers_for_people() -> None:
    assert shown(None) == shown(float("nan")) == "not recorded"
    assert shown(1234567) == "1,234,567"
    assert shown({"cer": 0.125}) == "cer: 0.125"
    assert decimal(-0.0001) == "0.000"
    assert decimal(-0.12) == "\N{MINUS SIGN}0.120"
    assert duration(3725) == "1 h 2 min"
    assert file_name("../a/b") == "_a_b"
    assert file_name("..") == "unnamed"
    assert probability(0.00009999) == "0.0001"
    assert probability(0.00002) == "2.0e-05"
    assert listed(["a", "b", "c"], 2) == "a, b and 1 more"
    assert [and_(["a", "b", "c"][:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]


@pytest.mark.parametrize("value", [0, -3, 1234567, 0.125, -0.5, 1e-7, 12.5])
def test_numbers_for_people_are_read_back(value: float) -> None:
    assert number(shown(value).replace("-", "\N{MINUS SIGN}")) == pytest.approx(value)
    assert number(f"{value:.1%}") == pytest.approx(100 * value, abs=0.06)


@pytest.mark.parametrize("text", ["not recorded", "1 h 2 min", "nan", "inf", "–", ""])
def test_what_is_no_number_has_no_value(text: str) -> None:
    assert number(text) is None
