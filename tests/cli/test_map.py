"""``naps map`` as its users meet it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch
import xarray as xr

from naps.models import LSTMConfig, Recognizer, build, save_recognizer
from naps.topography import METHODS
from tests.cli.conftest import Done, fails

Naps = Callable[..., Done]


def test_filters_of_a_model_without_a_run(tmp_path: Path, naps: Naps) -> None:
    done = naps("map", "--model", "wav2letter-en-mini", "--out", tmp_path / "m", "--formats", "png")
    assert done.returncode == 0, done.stderr
    page = Path(done.stdout.splitlines()[-1])
    assert page == tmp_path / "m" / "index.html"
    assert page.stat().st_size < 3_000_000
    text = page.read_text("utf-8")
    assert text.count('<rect role="option"') == 2 * 160
    facts = json.loads((tmp_path / "m" / "filters.json").read_text())
    trained, untrained = (facts["networks"][n]["orders"] for n in ("trained", "untrained"))
    # Training has made more of it than there was.
    for name in ("percussive", "sweep", "rate_hz"):
        assert trained[name]["value"] > untrained[name]["value"]
        assert trained[name]["p_corrected"] < 0.01
    rows = pd.read_csv(tmp_path / "m" / "filters.csv")
    assert rows.groupby("network")["unit"].nunique().to_dict() == {"trained": 160, "untrained": 160}
    assert not rows.duplicated(["network", "row", "column"]).any()
    assert (tmp_path / "m" / "figures" / "filters-trained.png").is_file()


def test_a_layer_of_a_run_by_another_method(run: Path, naps: Naps) -> None:
    done = naps(
        "map", run, "--layer", "conv9", "--group", "letter", "--method", "som", "--repetitions", "2"
    )
    assert done.returncode == 0, done.stderr
    figure = Path(done.stdout.splitlines()[-1])
    assert figure == run / "maps" / "own" / "letter-grad-som-cosine" / "conv9.svg"
    assert figure.read_text("utf-8").startswith("<?xml")
    units = pd.read_csv(figure.with_name("conv9-units.csv"))
    assert len(units) == 64
    assert units[["x", "y"]].min().tolist() == [0, 0]
    assert units[["x", "y"]].max().tolist() == [1, 1]
    quality = pd.read_csv(figure.with_name("quality.csv")).set_index("measure")
    order = quality.loc["order"]
    assert order["value"] > order["chance_high"] > order["chance_mean"]
    assert quality.loc["trustworthiness", "value"] > quality.loc["trustworthiness", "chance_high"]


def test_several_layers_and_two_methods(run: Path, naps: Naps) -> None:
    done = naps(
        "map",
        run,
        "--group",
        "letter",
        "--layer",
        "conv9",
        "--layer",
        "conv10",
        "--method",
        "som",
        "--method",
        "pca",
        "--mode",
        "scatter",
        "--formats",
        "png",
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.splitlines()[-1]) == run / "maps" / "own"
    for method in ("som", "pca"):
        folder = run / "maps" / "own" / f"letter-grad-{method}-cosine"
        assert {p.stem for p in folder.glob("*.png")} == {"conv9", "conv10"}


def test_what_there_is_not_is_listed(tmp_path: Path, run: Path, naps: Naps) -> None:
    fails(naps("map", run, "--layer", "conv77"), "conv77", "conv10")
    fails(naps("map", run, "--group", "word"), "word-grad", "letter-grad")
    fails(naps("map", run, "--method", "tnse"), "tnse", *METHODS)
    fails(naps("map", run, "--mode", "oil"), "scatter")
    fails(naps("map", run, "--formats", "gif"), "gif", "svg")
    fails(naps("map", run, "--min-count", "500"), "500 events")
    fails(naps("map"), "--model")
    fails(naps("map", "--model", "none"), "wav2letter-en-mini")
    fails(naps("map", "--model", "wav2letter-en-mini", "--view", "x"), "ripples")
    fails(naps("map", "--model", "wav2letter-en-mini", "--rows", "3", "--columns", "9"), "13 × 13")
    fails(
        naps(
            "check",
            "demo",
            "--set",
            "maps.filters=true",
            "--set",
            "maps.rows=3",
            "--set",
            "maps.columns=9",
        ),
        "3 × 9",
    )
    fails(naps("check", "demo", "--set", "maps.layers=[conv77]"), "conv77", "conv10")
    fails(naps("map", "demo", "--layer", "conv9"), "--set maps")
    fails(naps("map", tmp_path / "none"), "none")


def test_a_model_without_filters(tmp_path: Path, recognizer: Recognizer, naps: Naps) -> None:
    config = LSTMConfig(n_mels=16, n_outputs=len(recognizer.alphabet), hidden=8, layers=1, front=0)
    model = Recognizer("bare", build(config).eval(), recognizer.features, recognizer.alphabet)
    save_recognizer(tmp_path / "bare.safetensors", model)
    fails(naps("map", "--model", tmp_path / "bare.safetensors"), "no convolution", "profiles")


@pytest.mark.parametrize(
    ("value", "words"), [(float("nan"), "not finite numbers"), (1.0, "no two filters of conv1")]
)
def test_filters_that_are_no_numbers_or_all_alike(
    tmp_path: Path, recognizer: Recognizer, naps: Naps, value: float, words: str
) -> None:
    with torch.no_grad():
        recognizer.network.get_submodule("conv1").weight[:] = value
    save_recognizer(tmp_path / "x.safetensors", recognizer)
    fails(naps("map", "--model", tmp_path / "x.safetensors", "--out", tmp_path / "m"), words)
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("units", "words"), [(1, "1 units make no map"), (3, "3 units make no map")]
)
def test_layers_with_few_units(
    tmp_path: Path, run: Path, naps: Naps, units: int, words: str
) -> None:
    copy = tmp_path / "few"
    shutil.copytree(run, copy, ignore=shutil.ignore_patterns("maps"))
    file = copy / "profiles" / "phoneme-grad.nc"
    profile = xr.load_dataset(file, group="conv9").isel(channel=slice(units))
    file.unlink()
    profile.to_netcdf(file, group="conv9", engine="h5netcdf")
    fails(naps("map", copy, "--layer", "conv9"), words)
