"""Running a recipe stage by stage; what is finished is not done again."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from naps.errors import InputError
from naps.files import fingerprint, sha256, write_text
from naps.models import Recognizer
from naps.pipeline.check import check_recipe, fitting
from naps.pipeline.clustering import make_clusters
from naps.pipeline.controls import make_controls
from naps.pipeline.listening import make_events
from naps.pipeline.mapping import make_maps
from naps.pipeline.probing import make_probes
from naps.pipeline.profiling import make_profiles
from naps.pipeline.recipe import ExecutionConfig, ProfileRecipe
from naps.pipeline.recipe_file import dump_recipe
from naps.pipeline.run_folder import RunFolder, digest_of
from naps.pipeline.slurm import SlurmCluster
from naps.pipeline.stages import Progress, prepare
from naps.pipeline.workers import DaskCluster, Processes, Workers
from naps.profiles import choose_layers, traceable_layers
from naps.report import report

STAGES = ("prepare", "events", "profiles", "clusters", "controls", "maps", "probes", "report")
# The corpus may have changed although the recipe has not, and pages are cheap.
_ALWAYS = ("prepare", "report")

Say = Callable[[str], None]


def choose_device(name: str) -> torch.device:
    """Return a device by name; ``auto`` is CUDA where there is one.

    Raises
    ------
    InputError
        If the device does not exist here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        first = str(error).splitlines()[0]
        raise InputError(f"--device {name}: not usable here ({first})") from None
    return device


def choose_workers(
    config: ExecutionConfig, workers: int | None = None, scheduler: str | None = None
) -> Workers | None:
    """Return who works on the profiles; None for the process that asks.

    Parameters
    ----------
    config : ExecutionConfig
        Of the recipe.
    workers, scheduler
        In place of the recipe's.

    Raises
    ------
    InputError
        If there are to be both workers here and a scheduler, or what SLURM needs is not there.
    """
    if workers is not None or scheduler is not None:
        config = ExecutionConfig(workers=workers or 0, scheduler=scheduler)
    if sum([config.workers > 0, config.scheduler is not None, config.slurm is not None]) > 1:
        raise InputError("choose one of workers, scheduler and slurm")
    if config.slurm is not None:
        return SlurmCluster(config.slurm)
    if config.scheduler is not None:
        return DaskCluster(config.scheduler)
    return Processes(config.workers) if config.workers else None


def run_recipe(
    recipe: ProfileRecipe,
    out: Path,
    *,
    model: Recognizer | str | None = None,
    device: str = "auto",
    until: str = "report",
    workers: Workers | None = None,
    formats: Sequence[str] = (),
    progress: Progress = lambda items, _: items,
    say: Say = print,
) -> Path:
    """Run a recipe, or continue it.

    Parameters
    ----------
    recipe : ProfileRecipe
        What to do.
    out : Path
        The run's folder. Stages that were finished there with the same inputs are kept.
    model : Recognizer or str, optional
        In place of the recipe's: also the name of a shipped one, a file, or a Python path, which
        is imported. It is written into the run's ``recipe.yaml``.
    device : str
        ``auto``, ``cpu``, ``cuda`` …
    until : str
        Last stage wanted, one of `STAGES`.
    workers : Workers, optional
        Who works on the profiles; this process by default.
    formats : sequence of str
        In which the figures of the report are written as files, too.
    progress : callable
        Wraps the utterances of a stage, to show how far it is.
    say : callable
        Gets lines for people.

    Returns
    -------
    Path
        What the last stage wrote: the report's ``index.html`` or the stage's folder.

    Raises
    ------
    InputError
        If anything that the recipe names is missing or wrong.
    """
    where = choose_device(device)
    chosen = check_recipe(recipe, model)[0].to(where)
    if model is not None:
        name = model if isinstance(model, str) else _origin(model)
        recipe = recipe.model_copy(update={"model": name})
    recipe = fitting(recipe, chosen)
    run = RunFolder(out)
    run.begin()
    write_text(run.path / "recipe.yaml", dump_recipe(recipe))
    _describe_model(run, chosen, recipe.profiles.layers or ())
    jobs: dict[str, tuple[object, Callable[[], None]]] = {
        "prepare": (recipe.corpus.model_dump(mode="json"), lambda: prepare(run, recipe)),
        "events": (
            [
                chosen.sha256,
                *(_source(name) for name in (recipe.lexicon, recipe.g2p)),
                recipe.events.model_dump(mode="json"),
                _source(recipe.events.alignments),
                _source(recipe.events.language_model),
                recipe.max_bad_share,
                where.type,
            ],
            lambda: make_events(run, recipe, chosen, progress),
        ),
        "profiles": (
            recipe.profiles.model_dump(mode="json"),
            lambda: make_profiles(run, recipe, chosen, progress, workers=workers, say=say),
        ),
        "clusters": (
            recipe.clusters.model_dump(mode="json"),
            lambda: make_clusters(run, recipe),
        ),
        "controls": (
            recipe.controls.model_dump(mode="json"),
            lambda: make_controls(run, recipe, chosen, progress, workers=workers, say=say),
        ),
        "maps": (
            recipe.maps.model_dump(mode="json"),
            lambda: make_maps(run, recipe, chosen, say),
        ),
        "probes": (
            recipe.probes.model_dump(mode="json"),
            lambda: make_probes(run, recipe, chosen, progress, say),
        ),
        "report": (None, lambda: _report(run, formats)),
    }
    digest = run.record()["naps"]
    for stage in STAGES[: STAGES.index(until) + 1]:
        inputs, job = jobs[stage]
        digest = digest_of(digest, stage, inputs)
        if stage not in _ALWAYS and run.is_done(stage, digest):
            say(f"{stage}: already done")
        else:
            began = time.monotonic()
            job()
            run.finish(stage, digest, time.monotonic() - began)
            say(f"{stage}: {time.monotonic() - began:.1f} s")
        if stage == "prepare":
            manifest = sha256(run.manifest)
            run.update({"manifest_sha256": manifest})
            digest = digest_of(digest, manifest)
    results = {
        "prepare": run.manifest,
        "events": run.events,
        "profiles": run.profiles,
        "clusters": run.clusters,
        "controls": run.controls,
        "maps": run.maps,
        "probes": run.probes,
        "report": run.report / "index.html",
    }
    return results[until]


def _source(name: str | Path | None) -> str | None:
    """Give the fingerprint of what a recipe names by path, or the name of what comes with naps."""
    if name is None:
        return None
    return fingerprint(Path(name)) if Path(name).exists() else str(name)


def _origin(model: Recognizer) -> str:
    """Name where a recognizer comes from: the Python path, if there is one."""
    return str((model.facts or {}).get("python", model.name))


def _report(run: RunFolder, formats: Sequence[str]) -> None:
    report(run.path, formats)


def _describe_model(run: RunFolder, model: Recognizer, chosen: Sequence[str]) -> None:
    names = [*(layer.name for layer in traceable_layers(model)), *chosen]
    run.update(
        {
            "model": {
                "name": model.name,
                "sha256": model.sha256,
                "language": model.language,
                "parameters": sum(p.numel() for p in model.network.parameters()),
                "facts": model.facts or {},
            },
            "layers": [
                {
                    "name": layer.name,
                    "channels": layer.channels,
                    "stride": layer.stride,
                    "offset": layer.offset,
                    "receptive_field": layer.receptive_field,
                }
                for layer in (*choose_layers(model, names), model.layers[-1])
            ],
            "frame_ms": 1000 * model.features.frame_s,
        }
    )
