"""Work on one shard of a run, wherever it is done."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch

from naps.errors import InputError
from naps.events import read_events
from naps.models import Recognizer, load_model
from naps.models.python_model import open_model
from naps.pipeline.recipe import ProfileRecipe
from naps.pipeline.recipe_file import load_recipe
from naps.pipeline.run_folder import RunFolder
from naps.pipeline.stages import active_groups, profile_options, run_utterances
from naps.profiles.collect import shard_file
from naps.profiles.engine import sum_events
from naps.profiles.plan import ProfilePlan, make_plan, needed_columns
from naps.profiles.shard_sums import save_sums


@dataclass(frozen=True)
class ShardJob:
    """What every shard of a run has in common; small enough to be sent with each.

    Attributes
    ----------
    run : str
        The run's folder, which all workers must see under this path.
    digest : str
        Of the plan: a worker that comes to another one must not add to it.
    device : str
        ``cpu``, ``cuda`` …
    model : str
        A shipped one, or a file; or a Python path.
    imports : bool
        Whether a Python path is imported: only ever one that a person typed.
    corpus : str or None
        The corpus' folder, where it is not the one that comes with the package.
    threads : int or None
        Threads of a worker; None leaves them as they are.
    """

    run: str
    digest: str
    device: str
    model: str
    imports: bool = False
    corpus: str | None = None
    threads: int | None = None


def plan_of(run: RunFolder, recipe: ProfileRecipe, model: Recognizer) -> ProfilePlan:
    """Plan the profiles of a run from its events."""
    groups = active_groups(recipe)
    return make_plan(
        model,
        run_utterances(run, recipe),
        read_events(run.events / "events.parquet", needed_columns(groups)),
        groups=groups,
        kinds=recipe.profiles.kinds,
        options=profile_options(recipe),
    )


def sums_folder(run: RunFolder) -> Path:
    """Return where the sums of shards and blocks are, while a run is not finished."""
    return run.profiles / "sums"


@lru_cache(maxsize=1)
def _prepared(job: ShardJob) -> tuple[Recognizer, ProfilePlan]:
    """Load model and plan once for all shards that a process works on."""
    if job.threads is not None:
        torch.set_num_threads(job.threads)
    run = RunFolder(Path(job.run))
    recipe = load_recipe(str(run.path / "recipe.yaml"))
    if not isinstance(recipe, ProfileRecipe):
        raise InputError(f"{run.path}: no run of profiles")
    if job.corpus is not None:
        corpus = recipe.corpus.model_copy(update={"path": Path(job.corpus)})
        recipe = recipe.model_copy(update={"corpus": corpus})
    model = (open_model if job.imports else load_model)(job.model).to(job.device)
    plan = plan_of(run, recipe, model)
    if plan.digest != job.digest:
        raise InputError(
            f"{run.path}: this worker sees other events, recipe or model than who sent it here; "
            f"are its files and its version of naps the same?"
        )
    return model, plan


def work_on_shard(job: ShardJob, number: int) -> int:
    """Add up one shard and write its sums into the run's folder.

    Parameters
    ----------
    job : ShardJob
    number : int
        Of the shard.

    Returns
    -------
    int
        The number.
    """
    model, plan = _prepared(job)
    write_shard(plan, model, number, sums_folder(RunFolder(Path(job.run))))
    return number


def write_shard(plan: ProfilePlan, model: Recognizer, number: int, folder: Path) -> None:
    """Add up one shard and write its sums into a folder."""
    sums = sum_events(model, plan, plan.work_of(number), folder)
    save_sums(shard_file(folder, number), sums, plan.digest)
