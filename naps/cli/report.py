"""``naps report``: the pages of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from naps.cli.options import FormatsOption, formats_of


def report(
    run: Annotated[Path, typer.Argument(help="The run's folder.")], formats: FormatsOption = None
) -> None:
    """Write the HTML report of a run from the files in its folder."""
    from naps.report import report as write
    from naps.report.comparison import comparison_report
    from naps.report.comparison_overview import comparison_overview
    from naps.report.relevance import relevance_report

    others = {
        "comparison.json": comparison_report,
        "comparisons.json": comparison_overview,
        "relevance/model.json": relevance_report,
    }
    made = next((page for file, page in others.items() if (run / file).is_file()), write)
    print(made(run, formats_of(formats)))
