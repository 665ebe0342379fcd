"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from naps.errors import InputError

RecipeArgument = Annotated[str, typer.Argument(help="A name in recipes/, or a path.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change one value of the recipe."),
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        help="In place of the recipe's: a shipped model, a file, or a Python path such as "
        "torchaudio.pipelines.WAV2VEC2_ASR_BASE_960H or my_model:recognizer, which is imported.",
    ),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(min=0, help="Processes that work on the profiles; 0 is this one alone."),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Of a Dask scheduler whose workers do it instead."),
]
FormatsOption = Annotated[
    str | None,
    typer.Option("--formats", metavar="FORMATS", help="Figures as files, too: pdf,png,svg."),
]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 …")]
OutOption = Annotated[Path | None, typer.Option(help="The run's folder; runs/NAME by default.")]


def out_folder(out: Path | None, name: str) -> Path:
    """Return the folder of a run.

    Raises
    ------
    InputError
        If the recipe's name cannot be the name of a folder.
    """
    if out is not None:
        return out
    if not name or Path(name).name != name:
        raise InputError(f"recipe name {name!r} cannot be a folder's; give --out")
    return Path("runs") / name


def formats_of(text: str | None) -> tuple[str, ...]:
    """Read ``pdf,png``.

    Raises
    ------
    InputError
        If figures cannot be written so; before anything is computed.
    """
    if not text:
        return ()
    # Loads matplotlib, for which `naps --help` need not wait.
    from naps.plots.render import known_formats

    return known_formats([part.strip() for part in text.split(",") if part.strip()])
