"""``naps compare``: two finished runs against each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import yaml

from naps.cli.options import DeviceOption, FormatsOption, formats_of, out_folder
from naps.cli.progress import progress, say
from naps.errors import InputError


def compare(
    run_a: Annotated[Path, typer.Argument(help="The folder of a run.")],
    run_b: Annotated[Path, typer.Argument(help="The folder of another.")],
    out: Annotated[
        Path | None, typer.Option(help="The comparison's folder; runs/A-B by default.")
    ] = None,
    group: Annotated[str, typer.Option(help="Whose profiles: phoneme, letter …")] = "phoneme",
    kind: Annotated[str, typer.Option(help="Which profiles: grad, nap …")] = "grad",
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Change one value: metric, linkage, contrast, min_count, permutations, "
            "tree_permutations, replicates, frames, seed.",
        ),
    ] = None,
    same_units: Annotated[
        bool | None,
        typer.Option(
            "--same-units/--other-units",
            help="Whether units correspond; by default where the model is the same, or one began "
            "as the other.",
        ),
    ] = None,
    model_a: Annotated[
        str | None,
        typer.Option(help="In place of the first run's; a Python path is imported."),
    ] = None,
    model_b: Annotated[
        str | None,
        typer.Option(help="In place of the second run's; a Python path is imported."),
    ] = None,
    device: DeviceOption = "auto",
    formats: FormatsOption = None,
) -> None:
    """Compare two runs: one model in two languages, two models on the same speech, or neither."""
    from naps.pipeline.comparing import compare_runs
    from naps.pipeline.comparison_recipe import CompareConfig
    from naps.pipeline.recipe import section

    config = section(CompareConfig, dict(map(_pair, settings or ())))
    folder = out_folder(out, f"{run_a.resolve().name}-{run_b.resolve().name}")
    print(
        compare_runs(
            run_a, run_b, folder, group=group, kind=kind, config=config, same_units=same_units,
            model_a=model_a, model_b=model_b, device=device, formats=formats_of(formats),
            progress=progress, say=say,
        )
    )  # fmt: skip


def _pair(setting: str) -> tuple[str, object]:
    key, equals, value = setting.partition("=")
    if not equals or not key:
        raise InputError(f"--set {setting!r}: write key=value")
    try:
        return key, yaml.safe_load(value)
    except yaml.YAMLError:
        raise InputError(f"--set {setting!r}: the value is not YAML") from None
