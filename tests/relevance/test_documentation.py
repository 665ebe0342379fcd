"""The examples of docs/relevance.md run, and its tables name what there is."""

from __future__ import annotations

import re

import pytest

from naps.relevance import COMPOSITES, GATE_RULES, METHODS, RULES
from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "relevance.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_examples_run(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    scope: dict[str, object] = {}
    exec(compile(EXAMPLES[number], f"example {number}", "exec"), scope)
    if number == 0:
        said = dict(line.split() for line in capsys.readouterr().out.splitlines())
        assert float(said["neither"]) > 0.5
        assert float(said["funny"]) < 0


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 3


def test_every_rule_is_named() -> None:
    for name in (*GATE_RULES, *RULES):
        assert f"`{name}`" in TEXT
    for name in ("steady", "spectrogram"):
        assert name in COMPOSITES
        assert f"`{name}`" in TEXT
    for name in METHODS:
        assert name.split("_")[0] in TEXT.lower(), name
