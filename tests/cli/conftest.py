"""Commands, run and judged."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from naps.cli import main

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


def fails(done: Done, *words: str) -> None:
    """Check that a command ended with exit code 2 and one line that has the words."""
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr
