"""``naps run``, and its first stages alone: ``naps events``, ``naps profile``, ``naps cluster``."""

from __future__ import annotations

from pathlib import Path

from naps.cli.options import (
    DeviceOption,
    ModelOption,
    OutOption,
    RecipeArgument,
    SchedulerOption,
    SetOption,
    WorkersOption,
    out_folder,
)
from naps.cli.progress import progress, say
from naps.errors import InputError


def run(
    recipe: RecipeArgument,
    settings: SetOption = None,
    out: OutOption = None,
    device: DeviceOption = "auto",
    model: ModelOption = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
) -> None:
    """Do the whole experiment: prepare, events, profiles, clusters, report."""
    _until("report", recipe, settings, out, device, model, workers, scheduler)


def events(
    recipe: RecipeArgument,
    settings: SetOption = None,
    out: OutOption = None,
    device: DeviceOption = "auto",
    model: ModelOption = None,
) -> None:
    """Recognise the corpus and write its letter and phoneme events."""
    _until("events", recipe, settings, out, device, model)


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
    _until("profiles", recipe, settings, out, device, model, workers, scheduler)


def cluster(
    recipe: RecipeArgument,
    settings: SetOption = None,
    out: OutOption = None,
    device: DeviceOption = "auto",
    model: ModelOption = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
) -> None:
    """Cluster the profiles of every layer and compare with phonetic categories."""
    _until("clusters", recipe, settings, out, device, model, workers, scheduler)


def _until(
    stage: str,
    name: str,
    settings: list[str] | None,
    out: Path | None,
    device: str,
    model: str | None,
    workers: int | None = None,
    scheduler: str | None = None,
) -> None:
    from naps.pipeline import ProfileRecipe, load_recipe, run_recipe
    from naps.pipeline.runner import choose_workers

    recipe = load_recipe(name, settings or ())
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
        progress=progress,
        say=say,
    )
    print(result)
