"""Commands, run and judged."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5netcdf
import pandas as pd
import pytest

from naps.cli import main
from tests.report.conftest import write_run

Done = subprocess.CompletedProcess[str]


@pytest.fixture
def naps(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Done]:
    """The command, in this process: starting Python for each takes longer than the tests."""

    def run(*arguments: object) -> Done:
        words = ["naps", *map(str, arguments)]
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as left:
            main()
        said = capsys.readouterr()
        return subprocess.CompletedProcess(words, int(left.value.code or 0), said.out, said.err)

    return run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with profiles of letters and phonemes."""
    folder = write_run(tmp_path_factory.mktemp("finished") / "run", kinds=("grad",))
    (folder / "recipe.yaml").write_text(
        "name: mini\nmodel: none\ncorpus: {path: data}\n", encoding="utf-8"
    )
    (folder / "manifest.jsonl").touch()
    events = folder / "events" / "events.parquet"
    pd.read_parquet(events).assign(unit=0).to_parquet(events)
    for file in (folder / "profiles").glob("*.nc"):
        with h5netcdf.File(file, "a") as stored:
            for number, group in enumerate(stored.groups.values()):
                group.attrs["format"] = "naps-profiles-1"
                group.attrs["order"] = number
    return folder


def fails(done: Done, *words: str) -> None:
    """Check that a command ended with exit code 2 and one line that has the words."""
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr
