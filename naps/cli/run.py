"""``naps run``, and its first stages alone: ``naps events`` and ``naps profile``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from naps.cli.options import (
    DeviceOption,
    FormatsOption,
    ModelOption,
    OutOption,
    RecipeArgument,
    SchedulerOption,
    SetOption,
    WorkersOption,
    formats_of,
    out_folder,
)
from naps.cli.progress import progress, say
from naps.errors import InputError

if TYPE_CHECKING:
    from naps.pipeline.comparison_recipe import ComparisonRecipe
    from naps.pipeline.sentiment_recipe import SentimentRecipe


def run(
    recipe: RecipeArgument,
    settings: SetOption = None,
    out: OutOption = None,
    device: DeviceOption = "auto",
    model: ModelOption = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    formats: FormatsOption = None,
) -> None:
    """Do the whole experiment, from the corpus over profiles, clusters and maps to the report."""
    run_until(
        "report", recipe, settings, out, device, model, workers, scheduler, formats_of(formats)
    )


def events(
    recipe: RecipeArgument,
    settings: SetOption = None,
    out: OutOption = None,
    device: DeviceOption = "auto",
    model: ModelOption = None,
) -> None:
    """Recognise the corpus and write its letter and phoneme events."""
    run_until("events", recipe, settings, out, device, model)


def profile(
    recipe: RecipeArgument,
    settings: SetOption = None,
    out: OutOption = None,
    device: DeviceOption = "auto",
    model: ModelOption = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
) -> None:
    """Average the activations of every layer around the events."""
    run_until("profiles", recipe, settings, out, device, model, workers, scheduler)


def run_until(
    stage: str,
    name: str,
    settings: list[str] | None,
    out: Path | None,
    device: str,
    model: str | None,
    workers: int | None = None,
    scheduler: str | None = None,
    formats: Sequence[str] = (),
) -> None:
    """Run a recipe up to a stage and print what that wrote."""
    from naps.pipeline import ProfileRecipe, load_recipe, run_recipe
    from naps.pipeline.comparison_recipe import ComparisonRecipe
    from naps.pipeline.map_quality import run_map_quality
    from naps.pipeline.map_quality_recipe import MapQualityRecipe
    from naps.pipeline.runner import choose_workers
    from naps.pipeline.sentiment_recipe import SentimentRecipe

    recipe = load_recipe(name, settings or ())
    if isinstance(recipe, SentimentRecipe):
        if stage != "report":
            raise InputError(f"{name} has no such stage; use 'naps run {name}'")
        chosen = recipe if model is None else recipe.model_copy(update={"model": model})
        _explain(chosen, out_folder(out, recipe.name), device, formats)
        return
    if isinstance(recipe, ComparisonRecipe):
        if stage != "report":
            raise InputError(f"{name} makes several runs; use 'naps run {name}'")
        if model is not None:
            raise InputError(f"{name} has a model for each run; --set runs.NAME.model=…")
        _compare(recipe, out_folder(out, recipe.name), device, workers, scheduler, formats)
        return
    if isinstance(recipe, MapQualityRecipe):
        if stage != "report" or model is not None:
            raise InputError(f"{name} measures maps of a finished run; use 'naps run {name}'")
        print(run_map_quality(recipe, out_folder(out, recipe.name), formats=formats, say=say))
        return
    if not isinstance(recipe, ProfileRecipe):
        raise InputError(f"{name} is a training recipe; use 'naps train {name}'")
    folder = out_folder(out, recipe.name)
    result = run_recipe(
        recipe,
        folder,
        model=model,
        device=device,
        until=stage,
        workers=choose_workers(recipe.execution, workers, scheduler),
        formats=formats,
        progress=progress,
        say=say,
    )
    print(result)


def _explain(recipe: SentimentRecipe, folder: Path, device: str, formats: Sequence[str]) -> None:
    from naps.pipeline.sentiment_runner import run_sentiment

    print(run_sentiment(recipe, folder, device=device, formats=formats, say=say))


def _compare(
    recipe: ComparisonRecipe,
    folder: Path,
    device: str,
    workers: int | None,
    scheduler: str | None,
    formats: Sequence[str],
) -> None:
    from naps.pipeline.comparison_runner import run_comparison
    from naps.pipeline.recipe import ExecutionConfig
    from naps.pipeline.runner import choose_workers

    chosen = choose_workers(ExecutionConfig(), workers, scheduler)
    print(
        run_comparison(
            recipe, folder, device=device, workers=chosen, formats=formats, progress=progress,
            say=say,
        )
    )  # fmt: skip
