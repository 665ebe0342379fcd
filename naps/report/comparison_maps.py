"""Maps of two runs in one layout: the one, the other, and the difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import h5netcdf
import numpy as np
import pandas as pd
import xarray as xr

from naps.errors import InputError
from naps.files import write_text
from naps.plots import symmetric_limit, unit_map
from naps.plots.profile import SHOWN
from naps.report.comparison_content import ComparisonContent
from naps.report.element import Element, render, table
from naps.report.filters import MAP_REFERENCES
from naps.report.layer_maps import about_method
from naps.report.layer_page import Part, Section
from naps.report.report_folder import PAGE_FIGURES, ReportFolder, Words
from naps.report.words import (
    MINUS,
    decimal,
    file_name,
    listed,
    notation,
    plural,
    probability,
    shown,
)
from naps.topography import paint

PAGE = "maps.html"


@dataclass(frozen=True, eq=False)
class _Layer:
    """A layer's units in the plane and what they do in both runs."""

    name: str
    method: str
    labels: tuple[str, ...]
    positions: np.ndarray
    a: np.ndarray
    b: np.ndarray


def write_map_page(content: ComparisonContent, title: str, version: str, out: ReportFolder) -> str:
    """Write the page of the maps of a comparison, if it has any.

    Returns
    -------
    str
        The link to it, or nothing.

    Raises
    ------
    InputError
        If the maps are broken.
    """
    if not (content.path / "maps.nc").is_file():
        (out.path / PAGE).unlink(missing_ok=True)
        return ""
    try:
        layers = _read(content.path / "maps.nc")
        orders = pd.read_csv(content.path / "maps.csv")
        sections = [_section(content, layer, orders, out, len(layers)) for layer in layers]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{content.path / 'maps.nc'}: no readable maps ({error}); compare the runs again"
        ) from None
    html = render(
        "maps.html",
        version=version,
        title=f"Maps · {title}",
        heading=f"Maps of {content.names[0]} and {content.names[1]}",
        lead="Every unit has one place, by what it does in both runs together: what differs "
        "between the maps is what the units do.",
        links=[("The comparison", "index.html")],
        sections=sections,
        references=MAP_REFERENCES,
    )
    write_text(out.path / PAGE, html)
    return PAGE


def _read(path: Path) -> list[_Layer]:
    with h5netcdf.File(path, "r") as file:
        names = sorted(file.groups, key=lambda name: int(file.groups[name].attrs["order"]))
    found = []
    for name in names:
        data = xr.load_dataset(path, group=name, engine="h5netcdf")
        found.append(
            _Layer(
                name,
                str(data.attrs["method"]),
                tuple(str(label) for label in data["label"].values),
                *(data[key].values.astype(float) for key in ("position", "a", "b")),
            )
        )
    return found


def _section(
    content: ComparisonContent, layer: _Layer, orders: pd.DataFrame, out: ReportFolder, layers: int
) -> Section:
    limit = PAGE_FIGURES // (3 * layers)
    top = symmetric_limit(np.stack([layer.a, layer.b, layer.a - layer.b]), SHOWN)
    a, b = content.names
    order = _order(content, layer)
    parts = [
        ("a", a, layer.a),
        ("b", b, layer.b),
        ("difference", f"{a} less {b}", layer.a - layer.b),
    ]
    elements = [
        _maps(content, layer, (key, name), values, order, top, out, limit)
        for key, name, values in parts
    ]
    elements.append(_orders(layer, orders, content, out))
    return Section(
        f"{layer.name}, {about_method(layer.method)}",
        f"map-{file_name(layer.name)}",
        [Part("", elements, wide=True)],
    )


def _order(content: ComparisonContent, layer: _Layer) -> list[str]:
    """Give the groups in the order of the first run's tree."""
    pair = next((pair for pair in content.layers if pair.name == layer.name), None)
    if pair is None or pair.trees is None:
        return list(layer.labels)
    trees = pair.trees
    names = [
        one if one == other else f"{one}/{other}"
        for one, other in zip(trees.labels_a, trees.labels_b, strict=True)
    ]
    leaves = [names[i] for i in trees.order_a if names[i] in layer.labels]
    return [*leaves, *(label for label in layer.labels if label not in leaves)]


def _maps(
    content: ComparisonContent,
    layer: _Layer,
    which: tuple[str, str],
    values: np.ndarray,
    order: Sequence[str],
    top: float,
    out: ReportFolder,
    limit: int,
) -> Element:
    key, name = which
    painted = paint(layer.positions, values, layer.labels)
    figure = unit_map(painted, order, limit=top, notation=notation(content.group))
    identity = file_name(f"map-{layer.name}-{key}")
    rows = np.round(values.T, 6).tolist()
    places = np.round(layer.positions, 5).tolist()
    words = Words(
        title=f"{plural(content.group).capitalize()} in {layer.name}: {name}",
        alt=f"{len(order)} maps of the units of {layer.name}, {name}, one for each of the "
        f"{plural(content.group)}: {listed(list(order))}.",
        caption=f"{len(layer.positions)} units in the same places in all maps of this layer. "
        f"Colours reach from {MINUS}{shown(top)} (blue) over zero (white) to {shown(top)} (red) "
        f"in both runs and in their difference.",
        data=out.data.table(
            identity,
            ["unit", "x", "y", *(f"group {label}" for label in layer.labels)],
            ([unit, *places[unit], *row] for unit, row in enumerate(rows)),
        ),
    )
    return out.picture(identity, figure, words, limit)


def _orders(
    layer: _Layer, orders: pd.DataFrame, content: ComparisonContent, out: ReportFolder
) -> Element:
    names = dict(zip(("a", "b"), content.names, strict=True)) | {"difference": "the difference"}
    chosen = orders[orders["layer"] == layer.name]
    size = {
        "a": layer.a, "b": layer.b, "difference": layer.a - layer.b
    }  # fmt: skip
    rows = [
        [
            names[str(row["of"])],
            decimal(float(row["value"])),
            decimal(float(row["chance_p99"])),
            probability(float(row["p"])),
            f"{np.sqrt(np.square(size[str(row['of'])]).mean()):.3g}",
        ]
        for _, row in chosen.iterrows()
    ]
    return table(
        f"Order in the maps of {layer.name}",
        ["map of", "Moran's I", "chance 99 %", "p", "size"],
        rows,
        numeric=range(1, 5),
        caption="Moran's I, the mean over groups, and the 99th percentile of shuffled units. Size "
        "is the root mean square of all values: of a difference that is small beside both runs, "
        "order means little. Units were placed by the values of both runs.",
        data=out.data.table(
            file_name(f"map-{layer.name}-order"),
            [str(name) for name in chosen],
            chosen.values.tolist(),
        ),
    )
