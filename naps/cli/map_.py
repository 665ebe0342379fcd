"""``naps map``: maps of a recipe, of a finished run by other options, or of a model's filters."""

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
from naps.errors import InputError

Target = Annotated[
    str | None,
    typer.Argument(help="A recipe, or the folder of a run; with --model alone, its filters."),
]
LayerOption = Annotated[list[str] | None, typer.Option("--layer", help="Of a run; all if absent.")]


def map_(
    target: Target = None,
    layer: LayerOption = None,
    group: Annotated[str, typer.Option(help="Of a run: letter, phoneme …")] = "phoneme",
    kind: Annotated[str, typer.Option(help="Of a run: grad, nap …")] = "grad",
    method: Annotated[
        list[str] | None,
        typer.Option("--method", help="Of a run: tsne_pso, umap_pso, som, pca, mds, graph …"),
    ] = None,
    mode: Annotated[
        str | None, typer.Option(help="Of a run: linear, smooth, nearest, cell, scatter.")
    ] = None,
    metric: Annotated[
        str | None, typer.Option(help="Of a run: cosine, correlation, euclidean.")
    ] = None,
    view: Annotated[
        str | None, typer.Option(help="Of filters: ripples, or kernel for the weights.")
    ] = None,
    rows: Annotated[int | None, typer.Option(help="Of cells for filters.")] = None,
    columns: Annotated[int | None, typer.Option(help="Of cells for filters.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of layouts and shuffling.")] = None,
    repetitions: Annotated[
        int | None, typer.Option(min=1, help="Of a run: seeds for the quality of a map.")
    ] = None,
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
    """Lay the units of layers out in the plane, those that do the same near each other.

    Of a recipe, everything before is done first. Of a run, maps of chosen layers by other options
    than its own are written beside its own. Without either, the filters of --model are put in
    order.
    """
    from naps.pipeline.recipe import MapsConfig, section

    options = {
        "layers": layer, "methods": method, "mode": mode, "metric": metric, "view": view,
        "seed": seed, "repetitions": repetitions, "rows": rows, "columns": columns,
    }  # fmt: skip
    given = {name: value for name, value in options.items() if value}
    if target is None:
        if model is None:
            raise InputError("name a recipe or the folder of a run, or a model with --model")
        from naps.pipeline.model_filters import write_filter_map

        if layer or method:
            raise InputError("--layer and --method are for the folder of a run")
        print(
            write_filter_map(
                model, out, options=section(MapsConfig, given), formats=formats_of(formats)
            )
        )
        return
    from naps.pipeline.trees import is_run

    if not is_run(Path(target)):
        if given or min_count is not None:
            raise InputError(
                f"{target}: --layer, --method and the like are for the folder of a run; of a "
                f"recipe, use --set maps.methods=…"
            )
        from naps.cli.run import run_until

        run_until("maps", target, settings, out, device, model, workers, scheduler)
        return
    from naps.pipeline.unit_maps import write_maps

    print(
        write_maps(
            Path(target),
            group=group,
            kind=kind,
            options=section(MapsConfig, given),
            min_count=min_count,
            formats=formats_of(formats),
            say=say,
        )
    )
