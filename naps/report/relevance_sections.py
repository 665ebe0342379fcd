"""The sections of the page about tests of relevance, a test each."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from naps.plots.deletion import DeletionCurve, deletion_curves
from naps.plots.interval_dots import Dots, interval_dots
from naps.plots.layer_matrix import layer_matrix
from naps.report.element import Cell, Element, table
from naps.report.finding import known
from naps.report.relevance_content import RelevanceContent, Row, value
from naps.report.relevance_names import method_name, short_name
from naps.report.report_folder import ReportFolder, Words
from naps.report.words import decimal, percent, shown

_PANELS = {
    "right": "classified right, most relevant first",
    "wrong": "classified wrong, least relevant first",
}
_INTERVAL = "Lines are 95 % intervals over sentences."


def deletion_elements(content: RelevanceContent, out: ReportFolder) -> list[Element]:
    """Draw and list what accuracy becomes as words are deleted."""
    rows = content.tables["deletion"]
    if not rows:
        return []
    data = _numbers(content, "deletion", out)
    panels: dict[str, dict[str, DeletionCurve]] = {}
    chance: dict[str, DeletionCurve] = {}
    for half, title in _PANELS.items():
        for method in content.methods("deletion"):
            found = content.of("deletion", method=method, initially=half)
            if not found:
                continue
            curve = DeletionCurve(
                *([value(row, key) for row in found] for key in ("accuracy", "low", "high"))
            )
            if method == "random":
                chance[title] = curve
            else:
                panels.setdefault(title, {})[method_name(method)] = curve
    count = {half: content.of("deletion", initially=half) for half in _PANELS}
    numbers = " and ".join(
        f"{shown(found[0].get('sentences'))} sentences classified {half}"
        for half, found in count.items()
        if found
    )
    made = [
        out.drawing(
            "deletion",
            deletion_curves(panels, chance),
            Words(
                title="Accuracy as words are deleted",
                alt=f"Accuracy over the number of deleted words for {numbers}, a line for each of "
                f"{len(content.methods('deletion')) - 1} methods, beside random deletion.",
                caption=f"A deleted word is the zero vector. {numbers}. Left, the faster a line "
                f"falls the better; right, the faster it rises. Grey: random deletion, with its "
                f"95 % interval. Lines at the end are 95 % intervals over sentences.",
                data=data,
            ),
        )
    ]
    return [*made, *(_deletion_table(content, half, data) for half in _PANELS if count[half])]


def _numbers(content: RelevanceContent, name: str, out: ReportFolder) -> str:
    """Write a table of the run beside the page, and give the link to it."""
    rows = content.tables[name]
    header = list(rows[0])
    return out.data.table(name, header, ([row.get(key) for key in header] for row in rows))


def _deletion_table(content: RelevanceContent, half: str, data: str) -> Element:
    rows = content.of("deletion", initially=half)
    steps = sorted({int(row["deleted"]) for row in rows})[1:]
    cells: list[list[str | Cell]] = []
    for method in content.methods("deletion"):
        by_step = {int(row["deleted"]): row for row in rows if row["method"] == method}
        cells.append([method_name(method), *(_share(by_step[step]) for step in steps)])
    order = "most relevant words first: low is good" if half == "right" else (
        "least relevant words first: high is good"
    )  # fmt: skip
    return table(
        f"Sentences classified {half} at first",
        ["method", *(f"{step} deleted" for step in steps)],
        cells,
        numeric=range(1, len(steps) + 1),
        caption=f"Accuracy in percent with its 95 % interval; {order}.",
        data=data,
    )


def _share(row: Row) -> Cell:
    accuracy, low, high = (100 * value(row, key) for key in ("accuracy", "low", "high"))
    text = f"{decimal(accuracy, 1)} ({decimal(low, 1)}–{decimal(high, 1)})"
    return Cell(text, known(accuracy))


def toy_elements(content: RelevanceContent, out: ReportFolder) -> list[Element]:
    """List how well relevance reflects the numbers of the toy tasks."""
    rows = content.tables["toy"]
    if not rows:
        return []
    data = _numbers(content, "toy", out)
    methods = content.methods("toy")
    cells: list[list[str | Cell]] = []
    for method in methods:
        line: list[str | Cell] = [method_name(method)]
        for task in ("addition", "subtraction"):
            (row,) = content.of("toy", method=method, task=task)
            line += [_decimal(row, "first"), _decimal(row, "second"), _small(value(row, "error"))]
        cells.append(line)
    return [
        table(
            "LSTMs that add or subtract two marked numbers",
            [
                "method", "a in a + b", "b in a + b", "error", "a in a − b", "b in a − b", "error",
            ],
            cells,
            numeric=range(1, 7),
            caption=f"Correlation of a number with its relevance, mean over LSTMs of one unit "
            f"(networks: {shown(rows[0].get('networks'))}): right is 1, for the number "
            f"subtracted −1, by chance 0. Error: mean squared difference of the answer and the "
            f"relevance of both numbers.",
            data=data,
        )
    ]  # fmt: skip


def context_elements(content: RelevanceContent, out: ReportFolder) -> list[Element]:
    """Draw how much relevance lies on words without sentiment of their own."""
    rows = content.tables["context"]
    if not rows:
        return []
    data = _numbers(content, "context", out)
    names = [method_name(str(row["method"])) for row in rows]
    figure = interval_dots(
        names,
        [_dots("relevance on other words", rows, "outside")],
        statistic="share of positive relevance on words without sentiment of their own",
        chance=[value(row, "chance") for row in rows],
        chance_name="shuffled among the words (chance)",
    )
    count = shown(rows[0].get("sentences"))
    return [
        out.drawing(
            "context",
            figure,
            Words(
                title="Relevance on the context",
                alt=f"Share of positive relevance outside of marked words for {len(rows)} "
                f"methods, beside chance.",
                caption=f"{count} sentences in which some words carry sentiment by themselves and "
                f"others do not. Low: a method points at words that carry it. {_INTERVAL}",
                data=data,
            ),
        )
    ]


def agreement_elements(content: RelevanceContent, out: ReportFolder) -> list[Element]:
    """Draw how alike the methods are."""
    rows = content.tables["agreement"]
    if not rows:
        return []
    data = _numbers(content, "agreement", out)
    methods = list(dict.fromkeys(str(row[key]) for row in rows for key in ("method_a", "method_b")))
    matrix = np.eye(len(methods))
    for row in rows:
        a, b = (methods.index(str(row[key])) for key in ("method_a", "method_b"))
        matrix[a, b] = matrix[b, a] = value(row, "spearman")
    names = [short_name(method) for method in methods]
    chance = max((value(row, "chance_p99") for row in rows), default=math.nan)
    return [
        out.drawing(
            "agreement",
            layer_matrix(matrix, names, names, measure="rank correlation", names=("", "")),
            Words(
                title="How alike methods order the words of a sentence",
                alt=f"Mean rank correlation of the relevance of words for all pairs of "
                f"{len(methods)} methods.",
                caption=f"Mean over sentences of Spearman's rank correlation. Shuffled words stay "
                f"below {decimal(chance, 2)} in 99 % of cases.",
                data=data,
            ),
        )
    ]


def model_elements(content: RelevanceContent, out: ReportFolder) -> list[Element]:
    """Draw how alike two models are, and list where they differ."""
    rows = content.tables["models"]
    if not rows:
        return []
    data = _numbers(content, "models", out)
    same = percent(content.facts.get("same_class"))
    figure = interval_dots(
        [method_name(str(row["method"])) for row in rows],
        [_dots("both models", rows, "spearman")],
        statistic="rank correlation of the words' relevance",
        chance=[value(row, "chance_p99") for row in rows],
        chance_name="99 % of chance",
    )
    made = [
        out.drawing(
            "models",
            figure,
            Words(
                title="How alike two models weigh the words",
                alt=f"Mean rank correlation of the relevance in two models for {len(rows)} "
                f"methods, beside chance.",
                caption=f"The two models give the same class to {same} of the sentences. A plain "
                f"gradient, summed over the values of a word's vector, depends on how a model "
                f"happens to turn these vectors, and so need not agree. {_INTERVAL}",
                data=data,
            ),
        )
    ]
    lowest = content.tables["lowest"]
    if lowest:
        keys = ("text", "class", "true", "spearman", "model", "other")
        method = method_name(str(lowest[0].get("method")))
        made.append(
            table(
                "Same class for other words",
                ["sentence", "class", "true class", "correlation", "model", "second model"],
                [
                    [
                        shown(row.get("text")), shown(row.get("class")), shown(row.get("true")),
                        _decimal(row, "spearman", 2), shown(row.get("model")),
                        shown(row.get("other")),
                    ]
                    for row in lowest
                ],
                numeric=(3,),
                caption=f"Sentences to which both models give the same class, and whose words "
                f"they weigh least alike ({method}); the last columns have the three most "
                f"relevant words.",
                data=out.data.table("lowest", keys, ([row.get(k) for k in keys] for row in lowest)),
            )
        )  # fmt: skip
    return made


def cascade_elements(content: RelevanceContent, out: ReportFolder) -> list[Element]:
    """Draw what is left of relevance as weights are shuffled."""
    rows = content.tables["cascade"]
    if not rows:
        return []
    data = _numbers(content, "cascade", out)
    methods = content.methods("cascade")
    layers = list(dict.fromkeys(str(row["layer"]) for row in rows))
    series = [
        _dots(
            layer if layer == layers[0] else f"and {layer}",
            [content.of("cascade", method=method, layer=layer)[0] for method in methods],
            "signed",
        )
        for layer in layers
    ]
    count = shown(rows[0].get("sentences"))
    return [
        out.drawing(
            "cascade",
            interval_dots(
                [method_name(method) for method in methods],
                series,
                statistic="rank correlation with the trained model's relevance",
                chance=[
                    max(value(row, "chance_p99") for row in content.of("cascade", method=method))
                    for method in methods
                ],
                chance_name="99 % of chance",
            ),
            Words(
                title="Relevance as weights are shuffled",
                alt=f"Rank correlation of relevance before and after the weights were shuffled "
                f"from the output down, for {len(methods)} methods.",
                caption=f"{count} sentences; shuffled are first the weights of {layers[0]}, then "
                f"those of the layers below as well. A method that still says the same when all "
                f"weights are random would explain the input, not the model. Methods that tell "
                f"the values of a word's vector apart are compared value by value. {_INTERVAL}",
                data=data,
            ),
        )
    ]


def conservation_elements(content: RelevanceContent, out: ReportFolder) -> list[Element]:
    """List how much of the score the relevance accounts for."""
    rows = content.tables["conservation"]
    if not rows:
        return []
    header = list(rows[0])
    data = out.data.table(
        "conservation", header, ([row.get(key) for key in header] for row in rows)
    )
    return [
        table(
            "Sum of relevance beside the score",
            ["method", "difference", "by the score's size", "unaccounted"],
            [
                [method_name(str(row["method"])), *(
                    _small(value(row, key)) for key in ("error", "share", "unaccounted")
                )]
                for row in rows
            ],
            numeric=(1, 2, 3),
            caption=f"Means over {shown(rows[0].get('sentences'))} sentences. LRP keeps an "
            f"account of what biases and the stabilizer take: unaccounted is what is missing "
            f"even so, over all sentences. Others promise no sum but integrated gradients, "
            f"which explain the difference from a sentence of zeros.",
            data=data,
        )
    ]  # fmt: skip


def _dots(name: str, rows: Sequence[Row], key: str) -> Dots:
    low, high = f"{key}_low", f"{key}_high"
    return Dots(name, *([value(row, k) for row in rows] for k in (key, low, high)))


def _decimal(row: Row, key: str, digits: int = 3) -> Cell:
    found = value(row, key)
    return Cell("–" if math.isnan(found) else decimal(found, digits), known(found))


def _small(found: float) -> Cell:
    """Write a number of any size."""
    if math.isnan(found):
        return Cell("–", None)
    plain = found == 0 or 1e-3 <= abs(found) < 1e4
    return Cell(decimal(found) if plain else f"{found:.1e}".replace("-", "−"), found)
