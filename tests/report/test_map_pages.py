"""Pages of maps: what they show, how they are linked, and that they stay small."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from naps.errors import InputError
from naps.files import write_json
from naps.pipeline.filters import make_filters
from naps.pipeline.mapping import layer_maps, quality_rows, write_layer_maps, write_quality
from naps.pipeline.recipe import ClustersConfig, MapsConfig
from naps.profiles import Profiles
from naps.report import report
from naps.report.folder import read_run
from naps.report.layer_maps import map_sections
from naps.report.maps_file import MapKey, RunMaps, StoredMap
from naps.report.report_folder import ReportFolder
from tests.pipeline.test_mapping import small
from tests.report.conftest import HOSTILE, LABELS, write_run


def write_maps(run: Path, group: str = "letter") -> None:
    """Write maps of two layers, trained and not, as the stage does."""
    content = read_run(run)
    config = MapsConfig(
        layers=("conv1", "conv9"), methods=("som",), repetitions=2, frames=3, permutations=99
    )
    rows = []
    for network in ("trained", "untrained"):
        layers = {name: content.profile(group, "grad", name) for name in config.layers}
        profiles = Profiles({k: v for k, v in layers.items() if v is not None})
        maps = list(layer_maps(profiles, config.layers, "som", config, ClustersConfig()))
        write_layer_maps(run / "maps" / network / f"{group}-grad-som.nc", maps, profiles)
        place = {"group": group, "kind": "grad", "method": "som", "network": network}
        rows += [place | row for row in quality_rows(maps, config)]
    write_quality(run / "maps" / "maps.csv", rows)
    write_json(run / "maps" / "maps.json", config.model_dump(mode="json") | {"left_out": []})


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    labels = {"letter": LABELS["letter"]}
    layers = ("conv1", "conv9", "conv10")
    run = write_run(tmp_path_factory.mktemp("pages") / "run", labels, layers, ("grad",))
    write_maps(run)
    make_filters(run / "maps", small(), MapsConfig(view="kernel", seed=1, permutations=99))
    report(run, ("png",))
    return run


def page(run: Path, name: str) -> str:
    path = run / "report" / name
    assert path.stat().st_size < 3_000_000
    return path.read_text("utf-8")


def test_every_mapped_layer_has_a_page_that_is_linked(mapped: Path) -> None:
    index, layer = page(mapped, "index.html"), page(mapped, "conv9.html")
    assert 'href="conv9-maps.html"' in index
    assert 'href="conv1-maps.html"' in index
    assert "conv10-maps.html" not in index
    assert 'href="conv9-maps.html"' in layer
    maps = page(mapped, "conv9-maps.html")
    for link in ("index.html", "conv9.html", "conv1-maps.html"):
        assert f'href="{link}"' in maps
    assert not (mapped / "report" / "conv10-maps.html").exists()


def test_every_unit_says_its_number_and_its_best_groups(mapped: Path) -> None:
    text = page(mapped, "conv9-maps.html")
    units = re.findall(r'<circle role="option"[^>]* aria-label="([^"]*)"', text)
    assert len(units) == 64
    profile = read_run(mapped).profile("letter", "grad", "conv9")
    assert profile is not None
    mean = profile["mean"].values
    values = (mean - mean.mean(0)).mean(1)
    for unit, said in enumerate(units):
        best = LABELS["letter"][int(values[:, unit].argmax())]
        assert said.startswith(f"Unit {unit}: {best} +"), said


def test_the_first_layer_has_its_filters_and_shows_a_units_own(mapped: Path) -> None:
    text = page(mapped, "conv1-maps.html")
    assert text.count('<rect role="option"') == 2 * 8
    assert 'id="filters-trained-sheet"' in text
    circles = re.findall(r'<circle role="option"[^>]*data-box="([\d ]+)"', text)
    rects = re.findall(r'<rect role="option"[^>]*data-box="([\d ]+)"', text)
    # The network of the filters has eight units, that of the profiles twenty-four.
    assert set(circles) == set(rects[:8])


def test_times_are_frames_of_which_the_first_is_seen(mapped: Path) -> None:
    text = page(mapped, "conv1-maps.html")
    frames = re.findall(r'<img [^>]*data-frame="([^"]*)"[^>]*?( hidden)?>', text)
    assert [hidden for _, hidden in frames] == ["", " hidden", " hidden"]
    assert len({name for name, _ in frames}) == 3
    assert all(name.endswith(" ms") for name, _ in frames)
    assert 'class="slider" data-name="Time"' in text


def test_the_quality_stands_beside_chance_and_the_untrained_network(mapped: Path) -> None:
    text = page(mapped, "conv9-maps.html")
    table = text[text.index("How good the map of letters in conv9 is") :]
    for words in ("Moran's I of this map", "trustworthiness", "before training", "99 % below"):
        assert words in table.replace("&#39;", "'")
    assert "before training: one map a group" in text


def test_figures_and_numbers_are_files_too(mapped: Path) -> None:
    figures = {path.name for path in (mapped / "report" / "figures").glob("*map*.png")}
    assert "map-letter-grad-som-conv9-trained.png" in figures
    rows = (mapped / "report" / "data" / "map-letter-grad-som-conv9-trained.csv").read_text()
    assert rows.splitlines()[0] == "unit,x,y," + ",".join(f"group {x}" for x in LABELS["letter"])
    assert len(rows.splitlines()) == 65


def test_names_from_files_are_escaped(tmp_path: Path) -> None:
    labels = [f"{HOSTILE}{x}" for x in "abcd"]
    run = write_run(tmp_path / "run", {"letter": labels}, ("conv1", "conv9"), ("grad",))
    write_maps(run)
    report(run)
    text = page(run, "conv9-maps.html")
    assert HOSTILE not in text
    assert "&lt;script&gt;" in text


def test_broken_files_are_named(mapped: Path, tmp_path: Path) -> None:
    for name in ("maps/maps.json", "maps/filters.json", "maps/filters.nc"):
        file = mapped / name
        before = file.read_bytes()
        file.write_bytes(b"{broken")
        try:
            with pytest.raises(InputError, match=r"no readable (filter )?maps"):
                report(mapped)
        finally:
            file.write_bytes(before)


def test_a_report_without_maps_says_nothing_of_them(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"letter": LABELS["letter"]}, ("conv9",), ("grad",))
    report(run)
    assert "maps.html" not in page(run, "index.html")
    assert np.all([not path.name.endswith("-maps.html") for path in (run / "report").iterdir()])


@pytest.mark.slow
def test_pages_of_wide_layers_stay_small(mapped: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    labels = tuple(f"L{i}" for i in range(40))

    def wide() -> StoredMap:
        values = random.normal(size=(10, 40, 1500))
        times = tuple(range(9))
        return StoredMap(random.random((1500, 2)), labels, values[0], values[1:], times, "none")

    for count in (1, 4):
        keys = [MapKey("letter", "grad", f"m{i}", "wide") for i in range(count)]
        table = pd.DataFrame(columns=["group", "kind", "method", "network", "layer", "measure"])
        maps = RunMaps({}, {key: wide() for key in keys}, {}, table, None)
        sections = map_sections(read_run(mapped), maps, "wide", ReportFolder(tmp_path))
        size = sum(len(e.html) for s in sections for part in s.parts for e in part.elements)
        assert size < 2_600_000
        assert len(sections) == count
