"""``naps cluster``: the trees of a recipe, or of a finished run by other options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from naps.cli.options import (
    DeviceOption,
    FormatsOption,
    ModelOption,
    OutOption,
    SchedulerOption,
    SetOption,
    WorkersOption,
    formats_of,
)
from naps.cli.progress import say
from naps.cli.run import run_until
from naps.errors import InputError

Target = Annotated[str, typer.Argument(help="A recipe, or the folder of a run.")]
LayerOption = Annotated[list[str] | None, typer.Option("--layer", help="Of a run; all if absent.")]


def cluster(
    target: Target,
    layer: LayerOption = None,
    group: Annotated[str, typer.Option(help="Of a run: letter, phoneme …")] = "phoneme",
    kind: Annotated[str, typer.Option(help="Of a run: grad, nap …")] = "grad",
    metric: Annotated[
        str | None, typer.Option(help="Of a run: cosine, correlation, euclidean.")
    ] = None,
    linkage: Annotated[str | None, typer.Option(help="Of a run: average, complete, ward.")] = None,
    crossvalidated: Annotated[
        bool, typer.Option("--crossvalidated", help="Of a run: distances without noise.")
    ] = False,
    min_count: Annotated[
        int | None, typer.Option(min=1, help="Of a run: fewest events of a group.")
    ] = None,
    formats: FormatsOption = "svg",
    settings: SetOption = None,
    out: OutOption = None,
    device: DeviceOption = "auto",
    model: ModelOption = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
) -> None:
    """Cluster the profiles of every layer and compare with phonetic categories.

    Of a recipe, everything before is done first. Of a run, trees of chosen layers by other
    options than its own are written beside its own.
    """
    from naps.pipeline.recipe import ClustersConfig, section
    from naps.pipeline.trees import is_run, write_trees

    options = {
        "metric": metric, "linkage": linkage, "min_count": min_count,
        "crossvalidated": crossvalidated or None,
    }  # fmt: skip
    given = {name: value for name, value in options.items() if value is not None}
    if not is_run(Path(target)):
        if given or layer:
            raise InputError(
                f"{target}: --layer, --metric and the like are for the folder of a run; "
                f"of a recipe, use --set clusters.metric=…"
            )
        run_until("clusters", target, settings, out, device, model, workers, scheduler)
        return
    print(
        write_trees(
            Path(target),
            group=group,
            kind=kind,
            layers=layer or (),
            options=section(ClustersConfig, given),
            formats=formats_of(formats),
            say=say,
        )
    )
