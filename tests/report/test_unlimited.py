"""Layers whose steps see the whole utterance, and layers of which nothing is known."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from naps.report import report
from naps.report.folder import read_run


def test_no_receptive_field_is_not_an_unknown_one(make_run: Callable[..., Path]) -> None:
    run = make_run({"phoneme": ["AA", "B"]}, layers=["conv1", "conv9", "conv10"], kinds=["nap"])
    record = json.loads((run / "run.json").read_text())
    rows = {row["name"]: row for row in record["layers"]}
    rows["conv9"]["receptive_field"] = None
    del rows["conv10"]["receptive_field"]
    (run / "run.json").write_text(json.dumps(record))
    layers = {layer.name: layer for layer in read_run(run).layers}
    assert layers["conv9"].unlimited
    assert not layers["conv10"].unlimited
    index = report(run).read_text("utf-8")
    assert index.count("whole utterance") == 2
    field = "<dt>receptive field</dt><dd>{}</dd>"
    for name, shown in (("conv9", "whole utterance"), ("conv10", "not recorded")):
        assert field.format(shown) in (run / "report" / f"{name}.html").read_text("utf-8")
