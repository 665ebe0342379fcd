"""Making the runs of a comparison recipe, and comparing them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from naps.corpus.utterance import Utterance
from naps.errors import InputError
from naps.files import write_json, write_text
from naps.models import Recognizer, load_model, save_recognizer
from naps.models.randomise import randomised
from naps.pipeline.check import check_recipe
from naps.pipeline.comparing import compare_runs
from naps.pipeline.comparison_recipe import ComparisonRecipe, Pairing
from naps.pipeline.listening import recipe_alignments
from naps.pipeline.recipe import ProfileRecipe
from naps.pipeline.runner import Say, choose_workers, run_recipe
from naps.pipeline.stages import Progress, select_utterances
from naps.pipeline.workers import Workers
from naps.report.comparison_overview import comparison_overview


@dataclass(frozen=True)
class PlannedRun:
    """A run of a comparison, ready to begin.

    Attributes
    ----------
    name : str
    recipe : ProfileRecipe
    model : Recognizer
        As the recipe names it, or with random weights.
    untrained : bool
    utterances : list of Utterance
        What it will hear.
    """

    name: str
    recipe: ProfileRecipe
    model: Recognizer
    untrained: bool
    utterances: list[Utterance]


def check_comparison(recipe: ComparisonRecipe) -> list[PlannedRun]:
    """Look at everything that the runs of a comparison name.

    Raises
    ------
    InputError
        As `naps.pipeline.check.check_recipe`, with the name of the run in front.
    """
    for name, corpus in recipe.corpora.items():
        for key in ("path", "alignments"):
            found = getattr(corpus, key)
            if found is not None and not found.exists():
                raise InputError(
                    f"corpora.{name}.{key}: no such file or folder: {found}; "
                    f"--set corpora.{name}.{key}=…"
                )
    planned = []
    for name in recipe.runs:
        try:
            planned.append(_planned(recipe, name))
        except InputError as error:
            raise InputError(f"run {name}: {error}") from None
    for pairing in recipe.comparisons:
        _check_pairing(pairing, {run.name: run.recipe for run in planned})
    return planned


def _planned(recipe: ComparisonRecipe, name: str) -> PlannedRun:
    run, untrained = recipe.profile_recipe(name), recipe.untrained(name)
    if not recipe.says_mode(name):
        times = recipe_alignments(run, select_utterances(run.corpus))
        mode = "predicted" if times is None else "given"
        run = run.model_copy(update={"events": run.events.model_copy(update={"mode": mode})})
    model = load_model(run.model)
    if untrained:
        model = randomised(model)
    return PlannedRun(name, run, model, untrained, check_recipe(run, model)[1])


def _check_pairing(pairing: Pairing, runs: Mapping[str, ProfileRecipe]) -> None:
    for name in (pairing.a, pairing.b):
        profiles = runs[name].profiles
        for what, wanted, there in (
            ("group", pairing.group, profiles.groups), ("kind", pairing.kind, profiles.kinds),
        ):  # fmt: skip
            if wanted not in there:
                raise InputError(
                    f"comparisons: run {name} has no profiles of {what} {wanted!r}; "
                    f"there are: {', '.join(there)}"
                )


def run_comparison(
    recipe: ComparisonRecipe,
    out: Path,
    *,
    device: str = "auto",
    workers: Workers | None = None,
    formats: Sequence[str] = (),
    progress: Progress = lambda items, _: items,
    say: Say = print,
) -> Path:
    """Make all runs of a recipe, compare them, and write a page about all of it.

    Parameters
    ----------
    recipe : ComparisonRecipe
    out : Path
        Gets ``runs/NAME``, ``comparisons/A-B``, ``comparisons.json`` and ``report``. What
        was finished there with the same inputs is kept.
    device, workers, formats, progress, say
        As for `naps.pipeline.run_recipe`.

    Returns
    -------
    Path
        The page about all of it.

    Raises
    ------
    InputError
        If anything that the recipe names is missing or wrong; before the first run begins.
    """
    planned = check_comparison(recipe)
    write_text(
        out / "recipe.yaml",
        yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False, allow_unicode=True),
    )
    for run in planned:
        say(f"run {run.name}: {run.model.name}, {run.recipe.events.mode} events")
        run_recipe(
            _runnable(run, out), out / "runs" / run.name, device=device,
            workers=workers or choose_workers(run.recipe.execution), formats=formats,
            progress=progress, say=_named(run.name, say),
        )  # fmt: skip
    folders = recipe.folders()
    for pairing, folder in zip(recipe.comparisons, folders, strict=True):
        say(f"comparison {folder}")
        compare_runs(
            out / "runs" / pairing.a, out / "runs" / pairing.b, out / "comparisons" / folder,
            group=pairing.group, kind=pairing.kind, config=recipe.compare,
            same_units=pairing.same_units, device=device, formats=formats, progress=progress,
            say=_named(folder, say),
        )  # fmt: skip
    write_json(
        out / "comparisons.json",
        {"name": recipe.name, "runs": list(recipe.runs), "comparisons": folders},
    )
    return comparison_overview(out, formats)


def _runnable(run: PlannedRun, out: Path) -> ProfileRecipe:
    """Give a recipe whose model is a file, also where its weights are random."""
    if not run.untrained:
        return run.recipe
    file = out / "models" / f"{run.name}.safetensors"
    save_recognizer(file, run.model)
    return run.recipe.model_copy(update={"model": str(file)})


def _named(name: str, say: Say) -> Say:
    return lambda line: say(f"{name}: {line}")
