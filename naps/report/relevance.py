"""The page about tests of relevance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from naps.files import write_text
from naps.plots.deletion import DeletionCurve, deletion_curves
from naps.plots.interval_dots import Dots, interval_dots
from naps.plots.layer_matrix import layer_matrix
from naps.plots.render import check_format
from naps.report.element import Cell, Element, facts, render, table
from naps.report.finding import known
from naps.report.relevance_content import RelevanceContent, Row, read_relevance, value
from naps.report.relevance_findings import claims, relevance_findings
from naps.report.relevance_names import method_name, short_name
from naps.report.report_folder import ReportFolder, Words, fit
from naps.report.words import decimal, listed, percent, shown

RELEVANCE_REFERENCES = (
    "Arras, L., Montavon, G., Müller, K.-R., & Samek, W. (2017). Explaining Recurrent Neural "
    "Network Predictions in Sentiment Analysis. WASSA workshop at EMNLP 2017.",
    "Arras, L., Osman, A., Müller, K.-R., & Samek, W. (2019). Evaluating Recurrent Neural Network "
    "Explanations. BlackboxNLP workshop at ACL 2019.",
    "Socher, R., Perelygin, A., Wu, J., Chuang, J., Manning, C. D., Ng, A., & Potts, C. (2013). "
    "Recursive Deep Models for Semantic Compositionality Over a Sentiment Treebank. EMNLP 2013.",
    "Adebayo, J., Gilmer, J., Muelly, M., Goodfellow, I., Hardt, M., & Kim, B. (2018). Sanity "
    "Checks for Saliency Maps. NeurIPS 2018.",
)
_PANELS = {
    "right": "classified right, most relevant first",
    "wrong": "classified wrong, least relevant first",
}
_INTERVAL = "Lines are 95 % intervals over sentences."


def relevance_report(run: Path, formats: Sequence[str] = ()) -> Path:
    """Write ``report/index.html`` about the tests of relevance in a run's folder.

    Parameters
    ----------
    run : Path
        Holds ``relevance/`` and ``run.json``.
    formats : sequence of str
        Each figure is also written to ``report/figures`` in these: ``pdf``, ``png``, ``svg``.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InputError
        If the results are missing or broken, or there is no such format.
    """
    for form in formats:
        check_format(form)
    content = read_relevance(run)
    out = ReportFolder(run / "report", tuple(dict.fromkeys(formats)))
    index = out.path / "index.html"
    sections = {
        "Word deletion": _deletion(content, out),
        "Toy arithmetic": _toy(content, out),
        "Context": _context(content, out),
        "Agreement of methods": _agreement(content, out),
        "Two models": _models(content, out),
        "Randomised weights": _cascade(content, out),
        "Conservation": _conservation(content, out),
    }
    model = content.facts.get("model") or {}
    html = render(
        "relevance.html",
        version=shown(content.record.get("naps")),
        title=f"Relevance: {shown(model.get('name'))}",
        lead=f"{shown(content.facts.get('long'))} of {shown(content.facts.get('sentences'))} "
        f"sentences, those with enough words; relevance of each word for the true class.",
        facts=facts("The model", _about(model)),
        other=None
        if content.facts.get("other") is None
        else facts("The second model", _about(content.facts["other"])),
        findings=relevance_findings(content),
        claims=_claims(content, out),
        sections=[
            {"title": title, "identity": title.lower().replace(" ", "-"), "elements": fit(made)}
            for title, made in sections.items()
            if made
        ],
        references=RELEVANCE_REFERENCES,
    )
    write_text(index, html)
    return index


def _about(model: Mapping[str, object]) -> dict[str, str]:
    accuracy = model.get("accuracy")
    found = accuracy if isinstance(accuracy, Mapping) else {}
    classes = model.get("classes")
    return {
        "name": shown(model.get("name")),
        "classes": listed(list(classes)) if isinstance(classes, list) else shown(None),
        "right of all classes": percent(found.get("fine")),
        "right side, without neutral ones": percent(found.get("binary")),
        "parameters": shown(model.get("parameters")),
        "unknown words, each once a sentence": shown(model.get("unknown_words")),
        "file": str(model.get("sha256", ""))[:12],
    }


def _claims(content: RelevanceContent, out: ReportFolder) -> Element | None:
    found = claims(content)
    if not found:
        return None
    return table(
        "What papers report",
        ["finding", "from", "here", "numbers here"],
        [[c.text, c.source, c.verdict, c.evidence] for c in found],
        caption="Accuracies are those after three deleted words, with 95 % intervals; where these "
        "meet, another corpus may say otherwise. In the toy task here the number to be subtracted "
        "is marked in a column of its own.",
        data=out.data.json("claims", [vars(claim) for claim in found]),
    )


def _deletion(content: RelevanceContent, out: ReportFolder) -> list[Element]:
    rows = content.tables["deletion"]
    if not rows:
        return []
    header = ["method", "initially", "deleted", "accuracy", "low", "high", "sentences"]
    data = out.data.table("deletion", header, ([row.get(key) for key in header] for row in rows))
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


def _toy(content: RelevanceContent, out: ReportFolder) -> list[Element]:
    rows = content.tables["toy"]
    if not rows:
        return []
    header = list(rows[0])
    data = out.data.table("toy", header, ([row.get(key) for key in header] for row in rows))
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


def _context(content: RelevanceContent, out: ReportFolder) -> list[Element]:
    rows = content.tables["context"]
    if not rows:
        return []
    header = list(rows[0])
    data = out.data.table("context", header, ([row.get(key) for key in header] for row in rows))
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


def _agreement(content: RelevanceContent, out: ReportFolder) -> list[Element]:
    rows = content.tables["agreement"]
    if not rows:
        return []
    header = list(rows[0])
    data = out.data.table("agreement", header, ([row.get(key) for key in header] for row in rows))
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


def _models(content: RelevanceContent, out: ReportFolder) -> list[Element]:
    rows = content.tables["models"]
    if not rows:
        return []
    header = list(rows[0])
    data = out.data.table("models", header, ([row.get(key) for key in header] for row in rows))
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


def _cascade(content: RelevanceContent, out: ReportFolder) -> list[Element]:
    rows = content.tables["cascade"]
    if not rows:
        return []
    header = list(rows[0])
    data = out.data.table("cascade", header, ([row.get(key) for key in header] for row in rows))
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


def _conservation(content: RelevanceContent, out: ReportFolder) -> list[Element]:
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
