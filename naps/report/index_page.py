"""The first page of a report: what was found, over all layers, and on what ground."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields

from markupsafe import Markup

from naps.plots import count_bars
from naps.report.clusters import Statistic, Tree
from naps.report.data import DataFolder, flat
from naps.report.element import Cell, Element, facts, table
from naps.report.folder import RunContent, group_counts
from naps.report.layer_page import colour_classes
from naps.report.report_folder import ReportFolder, Words
from naps.report.words import (
    MINUS,
    UNLIMITED,
    duration,
    file_name,
    listed,
    percent,
    plural,
    shown,
)

_ERROR_HEADER = ("split", "utterances", "cer", "wer", "cer_macro", "wer_macro")
_FIRST_DROPS = 5
_MOST_BARS = 100


def statistics_data(run: RunContent, data: DataFolder) -> str:
    """Write every statistic of every layer as one CSV."""
    rows = [
        [group, kind, layer, category, name, *vars(s).values()]
        for (group, kind), entry in run.clusters.items()
        for layer, tree in entry.layers.items()
        for category, name, s in _statistics(tree)
    ]
    header = ["group", "kind", "layer", "category", "statistic"]
    header += [field.name for field in fields(Statistic)]
    return data.table("statistics", header, rows)


def _statistics(tree: Tree) -> Iterator[tuple[str, str, Statistic]]:
    for category, found in tree.categories.items():
        for name, statistic in found.statistics.items():
            yield category, name, statistic
    for name, statistic in tree.relations.items():
        yield "", f"relation: {name}", statistic


def recognizer(run: RunContent, data: DataFolder) -> Element:
    """Make the card of the recognizer."""
    model = _mapping(run.info.get("model"))
    values = {
        "name": shown(model.get("name")),
        "SHA-256": shown(model.get("sha256")),
        "language": shown(model.get("language")),
        "parameters": shown(model.get("parameters")),
    }
    known = dict(_mapping(model.get("facts")))
    rates = _mapping(known.pop("error_rates", None))
    values |= {key: shown(value) for key, value in flat(known)}
    for split, row in rates.items():
        rate = _mapping(row)
        values[f"CER / WER, {split}"] = f"{percent(rate.get('cer'))} / {percent(rate.get('wer'))}"
    return facts("Recognizer", values, data.json("recognizer", dict(model)))


def corpus(run: RunContent, data: DataFolder) -> Element:
    """Make the card of the corpus."""
    summary = run.events_summary
    values = {
        "utterances": shown(summary.get("utterances", len(run.manifest) or None)),
        "used": shown(summary.get("used")),
        "audio": duration(summary.get("audio_s")),
        "manifest SHA-256": shown(run.info.get("manifest_sha256")),
    }
    for key in ("speaker", "language", "split"):
        found = sorted({str(row[key]) for row in run.manifest if row.get(key) is not None})
        if found:
            few = ", ".join(found) if len(found) <= 6 else f"{len(found):,}"
            values[key if len(found) == 1 else plural(key)] = few
    return facts("Corpus", values, data.json("corpus", values))


def error_table(run: RunContent, data: DataFolder) -> Element:
    """Make the table of the recognizer's error rates."""
    rates = _mapping(run.events_summary.get("error_rates"))
    rows = [(split, _mapping(row)) for split, row in rates.items()]
    return table(
        "Error rates",
        ["utterances of", "utterances", "CER", "WER", "CER, mean", "WER, mean"],
        [
            [split, shown(row.get("utterances")), *(percent(row.get(k)) for k in _ERROR_HEADER[2:])]
            for split, row in rows
        ],
        numeric=range(1, 6),
        caption="Letters (CER) and words (WER) wrong: all edits over all letters or words, and "
        "the mean over utterances.",
        data=data.table(
            "error_rates",
            _ERROR_HEADER,
            ([split, *(row.get(key) for key in _ERROR_HEADER[1:])] for split, row in rows),
        ),
    )


def count_elements(run: RunContent, out: ReportFolder) -> list[Element]:
    """Draw the events of each group."""
    elements = []
    for group in run.groups or ["letter", "phoneme"]:
        counts = group_counts(run, group)
        if not counts:
            continue
        labels = sorted(counts, key=lambda label: (-counts[label], label))
        bars = labels[:_MOST_BARS]
        minimum = next((c.minimum for (g, _), c in run.clusters.items() if g == group), None)
        identity = file_name(f"counts-{group}")
        classes = colour_classes(group, bars)
        figure = count_bars(bars, [counts[label] for label in bars], classes, minimum=minimum)
        caption = f"{sum(counts.values()):,} events of {len(labels)} {plural(group)}."
        if len(bars) < len(labels):
            caption += f" The {len(bars)} most frequent are shown."
        if minimum is not None:
            caption += f" Groups with fewer than {minimum:,} are not clustered."
        words = Words(
            title=f"Events per {group}",
            alt=f"Bars: {listed([f'{label} {counts[label]:,}' for label in labels], 60)}.",
            caption=caption,
            data=out.data.table(identity, [group, "events"], counts_rows(counts)),
        )
        elements.append(out.drawing(identity, figure, words))
    return elements


def counts_rows(counts: Mapping[str, int]) -> list[list[object]]:
    """Give label and count in alphabetical order."""
    return [[label, counts[label]] for label in sorted(counts)]


def event_tables(run: RunContent, data: DataFolder) -> list[Element]:
    """Make the tables of what the events and profiles took, and of letters without a phone."""
    summary = {
        **{
            f"events: {key}": run.events_summary.get(key)
            for key in ("mode", "events", "phoneme_events", "phone_sources", "delay_ms")
        },
        "events: wall time (s)": run.events_summary.get("seconds"),
        "profiles: events": run.profiles_summary.get("events"),
        "profiles: wall time (s)": run.profiles_summary.get("seconds"),
        "profiles: events per second": run.profiles_summary.get("events_per_s"),
        "profiles: peak memory (MiB)": run.profiles_summary.get("peak_memory_mib"),
    }
    elements = [
        table(
            "Events used, time and memory",
            ["quantity", "value"],
            [[key.replace("_", " "), shown(value, 1)] for key, value in summary.items()],
            numeric=(1,),
            data=data.table("events", ["quantity", "value"], list(summary.items())),
        )
    ]
    if "phone_reason" in run.events.columns:
        reasons = run.events["phone_reason"].dropna().value_counts()
        rows = [[str(reason), int(count)] for reason, count in reasons.items()]
        if rows:
            elements.append(
                table(
                    "Letters without a phoneme",
                    ["reason", "events"],
                    [[str(reason), shown(count)] for reason, count in rows],
                    numeric=(1,),
                    data=data.table("phone_reasons", ["reason", "events"], rows),
                )
            )
    return elements


def drop_table(run: RunContent, data: DataFolder) -> Element:
    """Make the table of dropped events by reason, with the first utterances of each."""
    link = data.table("dropped", list(run.dropped.columns), run.dropped.values.tolist())
    rows = []
    groups = run.dropped.groupby(["stage", "reason"], sort=False) if len(run.dropped) else ()
    for (stage, reason), part in groups:
        names = list(dict.fromkeys(str(name) for name in part["utterance"] if name))
        more = f" and {len(names) - _FIRST_DROPS:,} more" if len(names) > _FIRST_DROPS else ""
        rows.append(
            [
                f"{stage}: {reason}",
                shown(int(part["count"].sum())),
                shown(len(names)),
                ", ".join(names[:_FIRST_DROPS]) + more,
            ]
        )
    return table(
        "Dropped, by reason",
        ["reason", "dropped", "utterances", "first of them"],
        rows or [["nothing was dropped", "0", "0", ""]],
        numeric=(1, 2),
        data=link,
    )


def layer_table(run: RunContent, pages: Mapping[str, str], data: DataFolder) -> Element:
    """Make the table of the layers; ``pages`` gives the page of each."""
    rows: list[list[str | Markup]] = []
    for layer in run.layers:
        name: str | Markup = layer.name
        if layer.name in pages:
            name = Markup('<a href="{}">{}</a>').format(pages[layer.name], layer.name)
        field = layer.receptive_field
        milliseconds = None
        if field is not None and run.frame_ms is not None:
            milliseconds = field * run.frame_ms
        numbers = (layer.channels, layer.stride, layer.offset, field, milliseconds)
        texts = [shown(n, 1).replace("-", MINUS) for n in numbers]
        rows.append([name, *([*texts[:3], UNLIMITED, UNLIMITED] if layer.unlimited else texts)])
    header = ["name", "channels", "stride", "offset", "receptive_field"]
    return table(
        "Layers from the input up",
        ["layer", "channels", "stride", "offset", "receptive field", "receptive field (ms)"],
        rows,
        numeric=range(1, 6),
        caption="Stride, offset and receptive field in input frames"
        + (f" of {shown(run.frame_ms)} ms." if run.frame_ms is not None else "."),
        data=data.table(
            "layers", header, ([getattr(layer, key) for key in header] for layer in run.layers)
        ),
    )


def provenance(run: RunContent, data: DataFolder) -> tuple[list[Element], Element]:
    """Make the cards of the run, its machine and versions, and the table of its stages."""
    link = data.json("run", dict(run.info))
    started = {"started": run.info.get("started"), "naps": run.info.get("naps")}
    cards = [
        facts("Run", {key: shown(value) for key, value in started.items()}, link),
        facts("Machine", _shown(_mapping(run.info.get("machine"))), link),
        facts("Versions", _shown(_mapping(run.info.get("versions"))), link),
    ]
    stages = {key: _mapping(v) for key, v in _mapping(run.info.get("stages")).items()}
    header = ["stage", "seconds", "finished", "digest"]
    rows = [[name, *(stage.get(key) for key in header[1:])] for name, stage in stages.items()]
    return cards, table(
        "Stages",
        ["stage", "time", "finished", "digest"],
        [
            [str(name), Cell(duration(seconds), _number(seconds)), shown(finished), shown(digest)]
            for name, seconds, finished, digest in rows
        ],
        numeric=(1,),
        data=data.table("stages", header, rows),
    )


def _shown(values: Mapping[str, object]) -> dict[str, str]:
    return {key: shown(value) for key, value in flat(values)} or {"": "not recorded"}


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
