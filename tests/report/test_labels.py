"""The section on whether the labels of events can be trusted."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from naps.events import LabelQuality, label_quality
from naps.report import report
from tests.events.test_quality import WORDS, same, table
from tests.report.conftest import HOSTILE

MakeRun = Callable[..., Path]
SMALL: dict[str, Any] = {
    "labels": {"phoneme": ["AA", "B"]},
    "layers": ["conv9"],
    "kinds": ["nap"],
}


def with_labels(run: Path, quality: LabelQuality) -> Path:
    summary = json.loads((run / "events" / "summary.json").read_text("utf-8"))
    summary["label_quality"] = {
        "tolerance_ms": 40.0,
        "events": quality.events,
        "share": quality.share,
        "chance_mean": quality.chance_mean,
        "chance_p99": quality.chance_p99,
        "shifts": quality.shifts,
        "median_offset_ms": 1000 * quality.offset_s,
    }
    (run / "events" / "summary.json").write_text(json.dumps(summary), "utf-8")
    quality.groups.to_csv(run / "events" / "label_quality.csv", index=False)
    quality.offsets.to_csv(run / "events" / "label_offsets.csv", index=False)
    return run


@pytest.fixture
def quality() -> LabelQuality:
    return label_quality(
        table(("u", 0.05, "B"), ("u", 0.24, "AA"), ("u", 0.9, "S"), ("u", 0.2, "IY")), WORDS, same
    )


def test_agreement_chance_and_offsets_are_shown(make_run: MakeRun, quality: LabelQuality) -> None:
    run = with_labels(make_run(**SMALL), quality)
    text = report(run).read_text("utf-8")
    assert "Whether the labels can be trusted" in text
    assert "50.0%" in text
    assert ">vowel<" in text.replace("\n", "")
    assert f"{quality.chance_mean:.1%}" in text
    written = pd.read_csv(run / "report" / "data" / "label_quality.csv")
    assert list(written["share"]) == pytest.approx(list(quality.groups["share"]))
    assert (run / "report" / "data" / "label_offsets.csv").is_file()


def test_a_run_without_phone_times_has_no_such_section(shared_run: Path) -> None:
    assert "can be trusted" not in (shared_run / "report" / "index.html").read_text("utf-8")


def test_labels_from_files_are_escaped(make_run: MakeRun, quality: LabelQuality) -> None:
    run = with_labels(make_run(**SMALL), quality)
    groups = pd.read_csv(run / "events" / "label_quality.csv")
    groups.loc[groups["by"] == "manner", "value"] = HOSTILE
    groups.to_csv(run / "events" / "label_quality.csv", index=False)
    text = report(run).read_text("utf-8")
    assert HOSTILE not in text
    assert "&lt;script&gt;" in text
