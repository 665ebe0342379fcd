"""The filters of a first layer: sheets in order, and what has order in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from naps.errors import InputError
from naps.files import write_text
from naps.plots.filter_sheet import REGION_STYLES, FilterSheet, filter_sheet, sheet_of
from naps.plots.render import known_formats
from naps.report.element import Element, render, table
from naps.report.layer_page import Part, Section
from naps.report.report_folder import ReportFolder, Words
from naps.report.units import UnitMark, unit_picker
from naps.report.words import MISSING, and_, decimal, file_name, probability, shown

TRAINED, UNTRAINED = "trained", "untrained"
MAP_REFERENCES = (
    "Krug, A., Ebrahimzadeh, M., Alemann, J., Johannsmeier, J., & Stober, S. (2021). Analyzing "
    "and Visualizing Deep Neural Networks for Speech Recognition with Saliency-Adjusted Neuron "
    "Activation Profiles. Electronics, 10(11), 1350.",
    "Krug, A., Ratul, R. K., Olson, C., & Stober, S. (2023). Visualizing Deep Neural Networks "
    "with Topographic Activation Maps. HHAI 2023.",
    "Kohonen, T. (1982). Self-organized formation of topologically correct feature maps. "
    "Biological Cybernetics, 43, 59–69.",
    "Moran, P. A. P. (1950). Notes on continuous stochastic phenomena. Biometrika, 37, 17–23.",
)
LEVEL = 0.05
# Bytes of a page that a sheet may take; noise, as before training, cannot be packed.
_LIMITS = {TRAINED: 900_000, UNTRAINED: 450_000}
_NAMES = {
    "onset": "onset less offset",
    "percussive": "percussive",
    "sweep": "rising less falling",
    "rate_hz": "rate of the strongest ripple",
    "cycles_per_band": "its cycles along the bands",
    "frequency_hz": "middle frequency",
    "flatness": "flatness of the spectrum",
    "noisy": "noisy",
    "area: abrupt": "in the area of onsets, offsets and percussive filters (blue)",
    "area: gliding": "in the area of rising and falling ones (red)",
    "area: noise": "in the area of noisy ones (yellow)",
}


@dataclass(frozen=True, eq=False)
class FilterMaps:
    """What ``filters.nc``, ``filters.csv`` and ``filters.json`` say."""

    facts: Mapping[str, Any]
    kernels: xr.Dataset
    table: pd.DataFrame

    @property
    def layer(self) -> str:
        """Whose filters."""
        return str(self.facts["layer"])

    @property
    def networks(self) -> list[str]:
        """``trained``, and ``untrained`` if there is one."""
        return list(self.facts["networks"])

    def sheet(self, network: str) -> FilterSheet:
        """Put the filters of a network into their cells."""
        return sheet_of(*self.parts(network))

    def parts(self, network: str) -> tuple[Any, Any, list[str]]:
        """Return kernels, grid and regions of a network."""
        chosen = self.kernels.isel(network=self.networks.index(network))
        grid = np.full(int(self.facts["rows"]) * int(self.facts["columns"]), -1)
        grid[chosen["cell"].values] = np.arange(chosen.sizes["unit"])
        shape = (int(self.facts["rows"]), int(self.facts["columns"]))
        regions = [str(name) for name in chosen["region"].values]
        return chosen["kernel"].values, grid.reshape(shape), regions


def read_filters(folder: Path) -> FilterMaps | None:
    """Read the filter maps of a folder; None if it has none.

    Raises
    ------
    InputError
        If their files are broken.
    """
    path = folder / "filters.json"
    if not path.is_file():
        return None
    try:
        facts = json.loads(path.read_text("utf-8"))
        kernels = xr.load_dataset(folder / "filters.nc", engine="h5netcdf")
        rows = pd.read_csv(folder / "filters.csv", keep_default_na=False, na_values={"": []})
        found = FilterMaps(facts, kernels, rows)
        for network in found.networks:
            found.sheet(network)
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise InputError(f"{path}: no readable filter maps ({error}); make them again") from None
    return found


def filter_section(maps: FilterMaps, out: ReportFolder) -> Section:
    """Make what a page shows of the filters, and write the numbers behind it."""
    sheets = [_sheet(maps, network, out) for network in maps.networks]
    tables = [_order_table(maps, out), _region_table(maps, out)]
    return Section(
        f"The filters of {maps.layer}, in order",
        "filters",
        [Part("", [*sheets[:1], *tables, *sheets[1:]], wide=True)],
    )


def filter_report(folder: Path, formats: tuple[str, ...] = ()) -> Path:
    """Write a page of the filter maps in a folder.

    Parameters
    ----------
    folder : Path
        With ``filters.json`` and the files beside it.
    formats : sequence of str
        The sheets are also written to ``figures`` in these: ``pdf``, ``png``, ``svg``.

    Returns
    -------
    Path
        ``index.html`` in it.

    Raises
    ------
    InputError
        If there are no maps or they are broken, or there is no such format.
    """
    formats = known_formats(formats)
    maps = read_filters(folder)
    if maps is None:
        raise InputError(f"{folder}: no filter maps (no filters.json)")
    out = ReportFolder(folder, formats)
    heading = f"Filters of {maps.facts['model']}"
    html = render(
        "maps.html",
        version=shown(maps.facts.get("naps")),
        title=heading,
        heading=heading,
        lead=filter_finding(maps),
        links=[],
        sections=[filter_section(maps, out)],
        references=MAP_REFERENCES,
    )
    write_text(folder / "index.html", html)
    return folder / "index.html"


def filter_finding(maps: FilterMaps) -> str:
    """Say in a sentence what has order in the map and what had before training."""
    said = {network: _in_order(maps, network) for network in maps.networks}
    text = f"Measures with order in the map (Moran's I, corrected p < {LEVEL:g}): "
    text += _count(said[TRAINED])
    if UNTRAINED in said:
        text += f"; before training {_count(said[UNTRAINED])}"
    return f"{text}."


def _count(names: list[str]) -> str:
    found = f"{len(names)} of {len(_NAMES)}"
    return f"{found} ({and_(names)})" if names else found


def _in_order(maps: FilterMaps, network: str) -> list[str]:
    orders = maps.facts["networks"][network]["orders"]
    return [
        _NAMES[name]
        for name in _NAMES
        if (orders.get(name) or {}).get("p_corrected") is not None
        and orders[name]["p_corrected"] < LEVEL
    ]


def _sheet(maps: FilterMaps, network: str, out: ReportFolder) -> Element:
    kernels, grid, regions = maps.parts(network)
    sheet = maps.sheet(network)
    wide, high = sheet.cell
    identity = file_name(f"filters-{network}")
    rows = maps.table[maps.table["network"] == network].sort_values("unit")
    units = [
        UnitMark(
            column * wide,
            row * high,
            wide - 1,
            high - 1,
            "transparent",
            _words(int(unit), rows.iloc[int(unit)]),
            f"{column * wide} {row * high} {wide - 1} {high - 1}",
        )
        for (row, column), unit in np.ndenumerate(grid)
        if unit >= 0
    ]
    counts = {name: regions.count(name) for name in REGION_STYLES}
    said = ", ".join(f"{name or 'nothing'} {n}" for name, n in counts.items() if n)
    title = f"{maps.facts['model']}, {maps.layer}, {network}"
    figure = filter_sheet(kernels, grid, regions, **scales(maps), title=title)
    words = Words(
        title=f"Filters of {maps.layer}, {network}",
        alt=f"{len(kernels)} filters of {maps.layer}, {network}, in {grid.shape[0]} rows of "
        f"{grid.shape[1]}. What stands out: {said}.",
        caption=_caption(maps, network),
        data=out.data.table(identity, [str(name) for name in rows], rows.values.tolist()),
    )
    return unit_picker(
        words,
        units,
        files=out.files(identity, figure),
        size=(sheet.pixels.shape[1], sheet.pixels.shape[0]),
        identity=identity,
        png=sheet.png(_LIMITS[network] * 3 // 4),
        zoomed=f"{identity}-sheet",
        zoom=(3 * wide, 3 * high),
        legend=[
            (f"{name or 'nothing stands out'} ({counts[name]})", colour)
            for name, (colour, _) in REGION_STYLES.items()
            if counts[name]
        ],
    )


def scales(maps: FilterMaps) -> dict[str, Any]:
    """Say what frames and bands of the filters are, as far as known."""
    found: dict[str, Any] = {}
    if "frame_ms" in maps.kernels.attrs:
        found["frame_ms"] = float(maps.kernels.attrs["frame_ms"])
    if "frequency_hz" in maps.kernels.coords:
        found["band_hz"] = maps.kernels["frequency_hz"].values.tolist()
    return found


def _caption(maps: FilterMaps, network: str) -> str:
    frames, bands = maps.kernels.sizes["frame"], maps.kernels.sizes["band"]
    text = (
        f"Each cell is a filter: {frames} frames to the right, {bands} bands up, red where it "
        f"adds and blue where it takes away, each in colours as far as its own greatest weight. "
        f"A self-organising map of the {_VIEWS.get(str(maps.facts['view']), maps.facts['view'])} "
        f"has ordered them. Frames have the colour of what stands out most among the filters of "
        f"this network, by a standard deviation or more: some stand out in noise, too."
    )
    if network == UNTRAINED:
        text += " These are the weights that training may begin with."
    return text


_VIEWS = {"kernel": "weights", "ripples": "spectra of the weights (amplitudes, no phases)"}


def _words(unit: int, row: pd.Series) -> str:
    parts = [f"Unit {unit}: {row['region'] or 'nothing stands out'}"]
    frequency = float(row["frequency_hz"])
    if np.isfinite(frequency):
        parts.append(f"around {frequency:,.0f} Hz")
    parts += [
        f"onset {decimal(float(row['onset']), 2)}",
        f"percussive {decimal(float(row['percussive']), 2)}",
        f"sweep {decimal(float(row['sweep']), 2)}",
        f"noisy {decimal(float(row['noisy']), 2)}",
    ]
    return "; ".join(parts)


def _order_table(maps: FilterMaps, out: ReportFolder) -> Element:
    header = ["value", "chance_mean", "chance_p99", "p", "p_corrected"]
    rows, numbers = [], []
    for name, title in _NAMES.items():
        row = [title]
        for network in maps.networks:
            order = maps.facts["networks"][network]["orders"].get(name) or {}
            values = [order.get(key) for key in header]
            numbers.append([network, name, *values])
            known = order.get("value") is not None
            row += [
                decimal(values[0]) if known else MISSING,
                decimal(values[2]) if known else MISSING,
                probability(values[4]) if known else MISSING,
            ]
        rows.append(row)
    return table(
        "Whether the descriptors have order",
        [
            "descriptor",
            *(f"{what}, {network}" for network in maps.networks for what in _COLUMNS),
        ],
        rows,
        numeric=range(1, 1 + 3 * len(maps.networks)),
        caption="Moran's I of each descriptor over the map (eight neighbours; 1 is the smoothest "
        "map, 0 none), the 99th percentile of maps with shuffled filters, and p corrected for the "
        "number of descriptors. Filters were ordered by their weights, not by the descriptors; "
        "still, both come from the same numbers: what training has added is the difference "
        "between the two networks.",
        data=out.data.table("filter-orders", ["network", "descriptor", *header], numbers),
    )


_COLUMNS = ("Moran's I", "chance 99 %", "p")


def _region_table(maps: FilterMaps, out: ReportFolder) -> Element:
    counts = {network: maps.facts["networks"][network]["regions"] for network in maps.networks}
    rows = [
        [name or "nothing", *(int(counts[network].get(name, 0)) for network in maps.networks)]
        for name in REGION_STYLES
    ]
    return table(
        "What stands out",
        ["region", *(f"filters, {network}" for network in maps.networks)],
        [[str(value) for value in row] for row in rows],
        numeric=range(1, 1 + len(maps.networks)),
        caption="Each against the spread among the filters of its own network, so the counts of "
        "two networks are alike by construction; where they stand is what differs.",
        data=out.data.table("filter-regions", ["region", *maps.networks], rows),
    )
