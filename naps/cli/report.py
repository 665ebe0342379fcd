"""``naps report``: the pages of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(run: Annotated[Path, typer.Argument(help="The run's folder.")]) -> None:
    """Write the HTML report of a run from the files in its folder."""
    from naps.report import report as write

    print(write(run))
