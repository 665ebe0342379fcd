"""``naps run``, and its first stages alone: ``naps events``, ``naps profile``, ``naps cluster``."""

from __future__ import annotations

from pathlib import Path

from naps.cli.options import (
    DeviceOption,
    ModelOption,
    OutOption,
    RecipeArgument,
    SetOption,
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
) -> None:
    """Do the whole experiment: prepare, events, profiles, clusters, report."""
    _until("report", recipe, settings, out, device, model)


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
) -> None:
    """Average the activations of every layer around the events."""
    _until("profiles", recipe, settings, out, device, model)


def cluster(
    recipe: RecipeArgument,
    settings: SetOption = None,
    out: OutOption = None,
    device: DeviceOption = "auto",
    model: ModelOption = None,
) -> None:
    """Cluster the profiles of every layer and compare with phonetic categories."""
    _until("clusters", recipe, settings, out, device, model)


def _until(
    stage: str,
    name: str,
    settings: list[str] | None,
    out: Path | None,
    device: str,
    model: str | None,
) -> None:
    from naps.pipeline import ProfileRecipe, load_recipe, run_recipe

    recipe = load_recipe(name, settings or ())
    if not isinstance(recipe, ProfileRecipe):
        raise InputError(f"{name} is a training recipe; use 'naps train {name}'")
    folder = out_folder(out, recipe.name)
    print(
        run_recipe(
            recipe, folder, model=model, device=device, until=stage, progress=progress, say=say
        )
    )
