"""The profiles stage: average activations around events, alone or with others."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from naps.events.drops import write_drops
from naps.files import sha256
from naps.models import Recognizer
from naps.pipeline.memory import peak_memory_mib
from naps.pipeline.recipe import ProfileRecipe
from naps.pipeline.run_folder import RunFolder, write_json
from naps.pipeline.shard_worker import ShardJob, plan_of, sums_folder
from naps.pipeline.stages import Progress, corpus_folder, profile_file
from naps.pipeline.workers import InProcess, Workers
from naps.profiles import save_profiles
from naps.profiles.collect import Collector

Say = Callable[[str], None]


def make_profiles(
    run: RunFolder,
    recipe: ProfileRecipe,
    model: Recognizer,
    progress: Progress,
    *,
    workers: Workers | None = None,
    say: Say = print,
) -> None:
    """Average activations around the events and write the profile files.

    Sums of shards that are already in the run's folder are not made again.

    Parameters
    ----------
    run : RunFolder
    recipe : ProfileRecipe
    model : Recognizer
    progress : callable
        Wraps the utterances, to show how far it is.
    workers : Workers, optional
        Who does it; this process by default.
    say : callable
        Gets lines for people.
    """
    began = time.monotonic()
    plan = plan_of(run, recipe, model)
    folder = sums_folder(run)
    collector = Collector(plan, folder)
    collector.advance()
    left = collector.missing()
    if len(left) < len(plan.shards):
        say(f"profiles: {len(plan.shards) - len(left)} of {len(plan.shards)} shards are done")
    todo = [here.utterance for number in left for here in plan.work_of(number)]
    told = iter(progress(todo, "profiles"))
    next(told, None)
    for number in (workers or InProcess(plan, model, folder)).work(
        _job(run, recipe, model, plan.digest), collector.missing, say
    ):
        collector.advance()
        for _ in plan.work_of(number):
            next(told, None)
    collector.advance()
    attributes = {
        "model": model.name,
        "model_sha256": model.sha256,
        "events_sha256": sha256(run.events / "events.parquet"),
        "naps_version": run.record()["naps"],
    }
    for group, kind, profiles in collector.profiles(attributes):
        save_profiles(profile_file(run, group, kind), profiles)
    write_drops(run.profiles / "dropped.csv", collector.drops)
    events, seconds = len(collector.used), time.monotonic() - began
    write_json(
        run.profiles / "summary.json",
        {
            "events": events,
            "blocks": plan.blocks,
            "shards": len(plan.shards),
            "seconds": round(seconds, 2),
            "events_per_s": round(events / seconds, 1),
            "peak_memory_mib": round(peak_memory_mib(), 1),
        },
    )
    collector.clear()


def _job(run: RunFolder, recipe: ProfileRecipe, model: Recognizer, digest: str) -> ShardJob:
    """Describe the work so that other processes, perhaps in other folders, can do it."""
    name = str((model.facts or {}).get("python", recipe.model))
    file = Path(name)
    corpus = recipe.corpus
    return ShardJob(
        run=str(run.path.resolve()),
        digest=digest,
        # Without a number, each of several workers takes a GPU of its own.
        device=str(model.device) if model.device.index else model.device.type,
        model=str(file.resolve()) if file.is_file() else name,
        imports="python" in (model.facts or {}),
        corpus=None if corpus.layout == "embedded" else str(corpus_folder(corpus).resolve()),
    )
