"""The page about several runs and all comparisons among them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from markupsafe import Markup

from naps.errors import InputError
from naps.files import write_text
from naps.plots import overlaid_curves
from naps.plots.render import known_formats
from naps.report.comparison import COMPARISON_REFERENCES
from naps.report.comparison_content import (
    MEASURES,
    ComparisonContent,
    Likeness,
)
from naps.report.comparison_figures import likeness_curve
from naps.report.comparison_file import read_comparison
from naps.report.comparison_findings import (
    MEASURE_NAMES,
    comparison_findings,
    languages,
    side,
)
from naps.report.element import Cell, Element, render, table
from naps.report.finding import known
from naps.report.report_folder import ReportFolder, Words, fit
from naps.report.words import decimal, listed, plural, shown

_BANDS = (
    "Filled marks are above chance; bands reach from the mean of chance to its 99th percentile "
    "(dotted)."
)
_CAPTIONS = {
    "unit_correlation": f"{_BANDS} Only where units correspond.",
    "rsa": _BANDS,
    "cka": "Filled marks are above chance. Only where both hear the same speech.",
}
# Of lines that can be told apart in one figure.
_MOST = 6


def comparison_overview(folder: Path, formats: Sequence[str] = ()) -> Path:
    """Write ``report/index.html`` about the runs and comparisons in a folder.

    Parameters
    ----------
    folder : Path
        Holds ``runs/NAME`` and ``comparisons/NAME``, each with its own report, and
        ``comparisons.json``: the ``name`` of the recipe, and ``runs`` and ``comparisons`` by name.
    formats : sequence of str
        Each figure is also written to ``report/figures`` in these: ``pdf``, ``png``, ``svg``.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InputError
        If a comparison is not there, a file is broken, or there is no such format.
    """
    formats = known_formats(formats)
    name, runs, comparisons = _contents(folder / "comparisons.json")
    found = {entry: read_comparison(folder / "comparisons" / entry) for entry in comparisons}
    out = ReportFolder(folder / "report", formats)
    index = out.path / "index.html"
    version = next(iter(found.values())).provenance.get("naps")
    html = render(
        "comparison_overview.html",
        version=shown(version),
        title=f"Comparisons: {name}",
        lead=f"{len(runs)} runs, and {len(found)} comparison{'s' * (len(found) > 1)} among them.",
        comparisons=[_comparison(entry, content) for entry, content in found.items()],
        curves=fit(_curves(found, out)),
        runs=_run_table(runs, found, out),
        summary=_summary(found, out),
        references=COMPARISON_REFERENCES,
    )
    write_text(index, html)
    return index


def _contents(path: Path) -> tuple[str, list[str], list[str]]:
    """Read what there is: the name of all, of the runs, and of the comparisons."""
    try:
        data = json.loads(path.read_text("utf-8"))
        names = [[str(name) for name in data[key]] for key in ("runs", "comparisons")]
        if not names[1]:
            raise ValueError("no comparisons")
        return str(data["name"]), names[0], names[1]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}: no readable list of comparisons ({error}); run it again"
        ) from None


def _comparison(entry: str, content: ComparisonContent) -> dict[str, object]:
    return {
        "title": " and ".join(content.names),
        "identity": f"comparison-{entry}",
        "about": f"{side(content.a)}, and {side(content.b)}; {plural(content.group)}, "
        f"{content.kind}.",
        "link": f"../comparisons/{entry}/report/index.html",
        "findings": [finding.sentence for finding in comparison_findings(content)],
    }


def _curves(found: Mapping[str, ComparisonContent], out: ReportFolder) -> list[Element]:
    """Draw each measure of all comparisons over the layers that any of them has."""
    chosen = dict(list(found.items())[:_MOST])
    layers = list(dict.fromkeys(pair.name for c in chosen.values() for pair in c.layers))
    elements = []
    for measure in MEASURES:
        lines = {
            entry: {p.name: p.measures[measure] for p in content.layers if measure in p.measures}
            for entry, content in chosen.items()
        }
        if not any(lines.values()):
            continue
        name = MEASURE_NAMES[measure]
        missing = Likeness(math.nan)
        series = [
            likeness_curve(entry, [line.get(layer, missing) for layer in layers])
            for entry, line in lines.items()
        ]
        header = ["comparison", "layer", *Likeness.__dataclass_fields__]
        identity = f"overview-{measure.replace('_', '-')}"
        words = Words(
            title=f"{name[0].upper()}{name[1:]} of all comparisons",
            alt=f"The {name} over the layers of {listed(list(lines))}.",
            caption=_CAPTIONS[measure],
            data=out.data.table(
                identity,
                header,
                (
                    [entry, layer, *vars(likeness).values()]
                    for entry, line in lines.items()
                    for layer, likeness in line.items()
                ),
            ),
        )
        elements.append(
            out.drawing(identity, overlaid_curves(layers, series, statistic=name), words)
        )
    return elements


def _run_table(
    runs: Sequence[str], found: Mapping[str, ComparisonContent], out: ReportFolder
) -> Element:
    """Make the table of the runs, with links to their reports."""
    facts = {
        name: side
        for content in found.values()
        for name, side in zip(content.names, (content.a, content.b), strict=True)
    }
    keys = ("model", "model_sha256", "language", "utterances", "events")
    return table(
        "Runs",
        ["run", "recognizer", "its language", "speech", "utterances", "events"],
        [
            [
                Markup('<a href="../runs/{}/report/index.html">{}</a>').format(name, name),
                shown(facts.get(name, {}).get("model")),
                languages(facts.get(name, {}).get("language")),
                languages(facts.get(name, {}).get("speech")),
                shown(facts.get(name, {}).get("utterances")),
                shown(facts.get(name, {}).get("events")),
            ]
            for name in runs
        ],
        numeric=(4, 5),
        caption="Events are those that were compared.",
        data=out.data.table(
            "runs",
            ["run", *keys],
            ([name, *(facts.get(name, {}).get(key) for key in keys)] for name in runs),
        ),
    )


def _summary(found: Mapping[str, ComparisonContent], out: ReportFolder) -> Element:
    """Make the table of what each comparison comes to, averaged over its layers."""
    rows: list[list[str | Markup | Cell]] = []
    values: list[list[object]] = []
    for entry, content in found.items():
        means = [_mean(content, measure) for measure in MEASURES]
        above = [_above(content, measure) for measure in MEASURES]
        link = Markup('<a href="../comparisons/{}/report/index.html">{}</a>').format(entry, entry)
        cells = [
            Cell("–" if math.isnan(mean) else f"{decimal(mean, 2)} ({count})", known(mean))
            for mean, count in zip(means, above, strict=True)
        ]
        rows.append([link, shown(len(content.shared)), shown(len(content.layers)), *cells])
        values.append([entry, len(content.shared), len(content.layers), *means])
    return table(
        "All comparisons",
        ["comparison", "groups", "layers", *(MEASURE_NAMES[m] for m in MEASURES)],
        rows,
        numeric=range(1, 6),
        caption="Averages over the layers, in brackets the number of layers above chance.",
        data=out.data.table("comparisons", ["comparison", "groups", "layers", *MEASURES], values),
    )


def _mean(content: ComparisonContent, measure: str) -> float:
    values = [p.measures[measure].value for p in content.layers if measure in p.measures]
    values = [value for value in values if not math.isnan(value)]
    return sum(values) / len(values) if values else math.nan


def _above(content: ComparisonContent, measure: str) -> int:
    return sum(
        measure in pair.measures and pair.measures[measure].above_chance for pair in content.layers
    )
