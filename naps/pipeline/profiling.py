"""The profiles stage: average activations around events, alone or with others."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import xarray as xr

from naps.events import read_events
from naps.events.drops import write_drops
from naps.files import sha256, write_json, write_text
from naps.models import Recognizer
from naps.pipeline.memory import peak_memory_mib
from naps.pipeline.recipe import ProfileRecipe
from naps.pipeline.run_folder import RunFolder
from naps.pipeline.shard_worker import ShardJob, plan_of, sums_folder
from naps.pipeline.stages import Progress, corpus_folder, profile_file
from naps.pipeline.workers import InProcess, Workers
from naps.profiles import Profiles, save_profiles
from naps.profiles.collect import Collector
from naps.profiles.contrast import GroupWeights, combine, pair_of, pair_weights
from naps.profiles.exemplars import EXEMPLAR_COLUMNS, exemplars
from naps.profiles.plan import needed_columns

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
        _write_differences(run, recipe, group, kind, profiles)
    for text in recipe.profiles.differences:
        if not any(pair_of(labels, text) for labels in plan.labels.values()):
            say(f"profiles: no events of both groups of the difference {text}")
    columns = needed_columns(list(plan.labels)) | set(EXEMPLAR_COLUMNS)
    events = read_events(run.events / "events.parquet", columns)
    for group in plan.labels:
        chosen = exemplars(events, collector.used, group, recipe.profiles.exemplars)
        write_text(run.profiles / "exemplars" / f"{group}.csv", chosen.to_csv(index=False))
    write_drops(run.profiles / "dropped.csv", collector.drops)
    used, seconds = len(collector.used), time.monotonic() - began
    write_json(
        run.profiles / "summary.json",
        {
            "events": used,
            "blocks": plan.blocks,
            "shards": len(plan.shards),
            "seconds": round(seconds, 2),
            "events_per_s": round(used / seconds, 1),
            "peak_memory_mib": round(peak_memory_mib(), 1),
        },
    )
    collector.clear()


def _write_differences(
    run: RunFolder, recipe: ProfileRecipe, group: str, kind: str, profiles: Profiles
) -> None:
    """Write one group minus another where a grouping has both."""
    found: dict[str, xr.Dataset] = {}
    for name, profile in profiles.items():
        labels = [str(label) for label in profile["label"].values]
        pairs = [pair for text in recipe.profiles.differences if (pair := pair_of(labels, text))]
        if pairs:
            rows = [pair_weights(labels, *pair) for pair in pairs]
            matrix = np.concatenate([row.matrix for row in rows])
            weights = GroupWeights(tuple(row.labels[0] for row in rows), matrix)
            found[name] = combine(profile, weights)
    if found:
        save_profiles(run.profiles / "differences" / f"{group}-{kind}.nc", Profiles(found))


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
