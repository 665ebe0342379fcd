"""How well the labels of the events agree with phone times from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from naps.plots import offset_boxes
from naps.report.data import DataFolder
from naps.report.element import Element, table
from naps.report.folder import RunContent
from naps.report.report_folder import ReportFolder, Words
from naps.report.words import MINUS, percent, shown

_BY = {"manner": "", "phone_source": "phones from ", "correct": "letter correct: "}


def label_elements(run: RunContent, out: ReportFolder) -> list[Element]:
    """Draw offsets and make tables of agreement; nothing where no phone times were known."""
    summary = run.events_summary.get("label_quality")
    if not isinstance(summary, Mapping) or run.label_quality.empty:
        return []
    elements = [_agreement(run, summary, out.data)]
    offsets = run.label_offsets
    if {"manner", "offset_s"} <= set(offsets.columns):
        by_manner = {
            str(name): [1000 * float(x) for x in part["offset_s"]]
            for name, part in offsets.groupby("manner")
        }
        tolerance = summary.get("tolerance_ms")
        figure = offset_boxes(
            by_manner, tolerance_ms=tolerance if isinstance(tolerance, int | float) else None
        )
        words = Words(
            title="When events come, by class of phone",
            alt="Boxes of the time from the middle of a phone to its event: "
            + ", ".join(
                f"{name} median {pd.Series(values).median():.0f} ms"
                for name, values in by_manner.items()
            )
            + ".",
            caption="Time from the middle of the nearest interval of the same phone to the "
            "event. Boxes hold the middle half of the events, whiskers 90 %.",
            data=out.data.table("label_offsets", list(offsets.columns), offsets.values.tolist()),
        )
        elements.append(out.drawing("label-offsets", figure, words))
    return elements


def _agreement(run: RunContent, summary: Mapping[str, Any], data: DataFolder) -> Element:
    groups = run.label_quality
    rows = [
        [
            "all phoneme events",
            shown(summary.get("events")),
            percent(summary.get("share")),
            percent(summary.get("chance_mean")),
            _milliseconds(summary.get("median_offset_ms"), 1.0),
        ]
    ]
    for by, name in _BY.items():
        rows += [
            [
                f"{name}{row['value']}",
                shown(int(row["events"])),
                percent(float(row["share"])),
                percent(float(row["chance"])),
                _milliseconds(row["offset_median"], 1000.0),
            ]
            for _, row in groups[groups["by"] == by].iterrows()
        ]
    return table(
        "Agreement with known phone times",
        ["events", "number", "agree", "chance", "median offset (ms)"],
        rows,
        numeric=range(1, 5),
        caption=f"An event agrees when its time lies in an interval of its phone or within "
        f"{shown(summary.get('tolerance_ms'))} ms of one. Chance: the events of each utterance "
        f"shifted together by a random time, {shown(summary.get('shifts'))} times (99th "
        f"percentile {percent(summary.get('chance_p99'))}). The data hold every phone.",
        data=data.table("label_quality", list(groups.columns), groups.values.tolist()),
    )


def _milliseconds(value: object, factor: float) -> str:
    if not isinstance(value, int | float) or value != value:
        return shown(None)
    return f"{factor * value:.0f}".replace("-", MINUS)
