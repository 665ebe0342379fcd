"""The page of the table of layout methods."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from naps.errors import InputError
from naps.files import write_text
from naps.plots.map_quality import MEASURES, quality_dots
from naps.plots.render import known_formats
from naps.report.element import Element, render, table
from naps.report.filters import MAP_REFERENCES
from naps.report.layer_page import Part, Section
from naps.report.report_folder import ReportFolder, Words, fit
from naps.report.words import SHORT_KINDS, decimal, file_name, plural, shown


def map_quality_report(folder: Path, formats: Sequence[str] = ()) -> Path:
    """Write a page of ``quality.csv``: a figure and a table for every layer.

    Parameters
    ----------
    folder : Path
        With ``quality.csv`` and ``quality.json``.
    formats : sequence of str
        The figures are also written to ``figures`` in these: ``pdf``, ``png``, ``svg``.

    Returns
    -------
    Path
        ``index.html`` in it.

    Raises
    ------
    InputError
        If there is no such table or it is broken, or there is no such format.
    """
    formats = known_formats(formats)
    try:
        facts = dict(json.loads((folder / "quality.json").read_text("utf-8")))
        found = pd.read_csv(folder / "quality.csv")
        layers = list(dict.fromkeys(found["layer"].astype(str)))
        out = ReportFolder(folder, formats)
        figures = fit([_figure(found, layer, facts, out) for layer in layers])
        sections = [
            Section(
                f"Layer {layer}",
                f"layer-{number}",
                [Part("", [figure, _table(found, layer)], wide=True)],
            )
            for number, (layer, figure) in enumerate(zip(layers, figures, strict=True))
        ]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{folder}: no readable table of maps ({error}); make it again") from None
    heading = "How good maps are, method by method"
    html = render(
        "maps.html",
        version=shown(facts.get("naps")),
        title=heading,
        heading=heading,
        lead=_lead(facts),
        links=[],
        sections=sections,
        references=MAP_REFERENCES,
    )
    write_text(folder / "index.html", html)
    return folder / "index.html"


def _lead(facts: Mapping[str, Any]) -> str:
    kind = str(facts.get("profiles"))
    text = (
        f"{facts.get('model')}, run {facts.get('run')}: {SHORT_KINDS.get(kind, kind)} profiles of "
        f"{plural(str(facts.get('group')))}, {shown(facts.get('repetitions'))} maps of each method"
    )
    if facts.get("redraw"):
        return text + ", each of means drawn anew within their standard errors."
    return text + ", which differ in the seed alone."


def _figure(
    found: pd.DataFrame, layer: str, facts: Mapping[str, Any], out: ReportFolder
) -> Element:
    rows = found[found["layer"] == layer]
    values = {
        str(method): {name: part[name].tolist() for name in MEASURES if name in part}
        for method, part in rows.groupby("method", sort=False)
    }
    best = rows.groupby("method")["morans_i"].median().idxmax()
    words = Words(
        title=f"Maps of {layer}, every seed a dot",
        alt=f"Dots for {len(values)} methods and {len(MEASURES)} measures of maps of {layer}. "
        f"The greatest Moran's I has {best}.",
        caption="The stroke is the median. The row random is what chance gives. Loss by shrinking "
        "and by blurring is of the painted pictures, which are smooth for units that are few and "
        "uneven, too: read them beside Moran's I.",
        data="quality.csv",
    )
    return out.drawing(file_name(f"quality-{layer}"), quality_dots(values), words)


def _table(found: pd.DataFrame, layer: str) -> Element:
    rows = found[found["layer"] == layer]
    names = [name for name in MEASURES if name in rows]
    cells = []
    for method, part in rows.groupby("method", sort=False):
        cells.append([str(method), *(_cell(name, float(part[name].median())) for name in names)])
    return table(
        f"Medians over seeds, {layer}",
        ["method", *(MEASURES[name][0] for name in names)],
        cells,
        numeric=range(1, 1 + len(names)),
        caption="The ranges are in the file.",
        data="summary.csv",
    )


def _cell(name: str, value: float) -> str:
    return decimal(value, 0 if name.endswith("auc") else 3)
