"""A corpus of any length, made of the one that comes with naps, and stages of a run over it.

`find_events`, `make_profiles`, `planning_mib` and `shard_costs` are called by way of
`benchmarks.child.in_child`, so that they have threads and memory of their own.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.child import forget_peak, peak_mib
from naps.corpus.manifest import read_manifest, write_manifest
from naps.corpus.utterance import Utterance
from naps.models import load_model
from naps.pipeline import ProfileRecipe, run_recipe
from naps.pipeline.recipe import ExecutionConfig
from naps.pipeline.run_folder import RunFolder
from naps.pipeline.runner import choose_workers
from naps.pipeline.shard_worker import plan_of
from naps.pipeline.stages import EMBEDDED
from naps.profiles import load_profiles
from naps.profiles.plan import ProfilePlan
from naps.profiles.shard_sums import ShardSums, SumsFile, save_sums

MODEL = "wav2letter-en-mini"
LANGUAGE = "en"
COSTS = 5


def write_long_corpus(folder: Path, seconds: float) -> float:
    """Repeat the English sentences under other ids, at least so long; return how long it is."""
    shutil.copytree(EMBEDDED / "audio", folder / "audio")
    sentences = [u for u in read_manifest(EMBEDDED / "manifest.jsonl") if u.language == LANGUAGE]
    utterances: list[Utterance] = []
    length = 0.0
    while length < seconds:
        turn, at = divmod(len(utterances), len(sentences))
        one = sentences[at]
        assert one.duration_s is not None
        # Speech at large has no phone times either, and they would be looked at.
        audio = folder / one.audio.relative_to(EMBEDDED)
        utterances.append(replace(one, id=f"{one.id}-{turn}", audio=audio, tiers={}))
        length += one.duration_s
    write_manifest(folder / "manifest.jsonl", utterances, folder)
    return length


def recipe_of(corpus: str) -> ProfileRecipe:
    """Return the recipe: letters and phonemes, with and without gradients, windows at the edges."""
    return ProfileRecipe.model_validate(
        {
            "name": "benchmark",
            "model": MODEL,
            "corpus": {"path": corpus},
            "lexicon": "cmudict",
            "profiles": {
                "groups": ["letter", "phoneme"], "kinds": ["grad", "nap"], "edges": "keep",
            },
        }
    )  # fmt: skip


def _quiet(_: str) -> None:
    """Say nothing: the last line of a child is its result."""


def find_events(corpus: str, out: str) -> dict[str, float]:
    """Do the stages up to the events; return seconds taken, number of events, seconds of audio."""
    run_recipe(recipe_of(corpus), Path(out), until="events", device="cpu", say=_quiet)
    summary = _summary(Path(out) / "events")
    return {key: summary[key] for key in ("seconds", "events", "audio_s")}


def make_profiles(
    corpus: str, out: str, workers: int | None = None, scheduler: str | None = None
) -> dict[str, Any]:
    """Do the stage of profiles after `find_events`, in this process or with others."""
    who = choose_workers(ExecutionConfig(), workers, scheduler)
    recipe, folder = recipe_of(corpus), Path(out)
    run_recipe(recipe, folder, until="profiles", device="cpu", workers=who, say=_quiet)
    peak = peak_mib()
    summary = _summary(folder / "profiles")
    found = {key: summary[key] for key in ("seconds", "events", "shards")}
    return found | {"peak_mib": peak, "hash": hash_of(folder / "profiles")}


def _summary(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "summary.json").read_text("utf-8")))


def hash_of(folder: Path) -> str:
    """Return the SHA-256 of every variable of every layer of all profile files in a folder."""
    found = hashlib.sha256()
    for file in sorted(folder.glob("*.nc")):
        for layer, dataset in load_profiles(file).items():
            for name in sorted(map(str, dataset.variables)):
                values = dataset[name].to_numpy()
                found.update(f"{file.name} {layer} {name} {values.dtype} {values.shape}".encode())
                # The bytes of an array of objects are but addresses.
                text = values.dtype == object
                found.update(repr(values.tolist()).encode() if text else values.tobytes())
    return found.hexdigest()


def planning_mib(corpus: str, out: str) -> float:
    """Return the memory that reading manifest and events, and planning by them, takes."""
    recipe, model = recipe_of(corpus), load_model(MODEL)
    forget_peak()
    before = peak_mib()
    plan_of(RunFolder(Path(out)), recipe, model)
    return peak_mib() - before


def shard_costs(corpus: str, out: str) -> dict[str, float]:
    """Measure what a shard's sums cost: writing, and reading and adding; and how large they are."""
    plan = plan_of(RunFolder(Path(out)), recipe_of(corpus), load_model(MODEL))
    sums, total = full_sums(plan), full_sums(plan)
    writing, merging = [], []
    with tempfile.TemporaryDirectory(dir=out) as folder:
        file = Path(folder) / "sums.safetensors"
        for _ in range(COSTS):
            began = time.perf_counter()
            save_sums(file, sums, plan.digest)
            written = time.perf_counter()
            total.plus(SumsFile(file))
            writing.append(written - began)
            merging.append(time.perf_counter() - written)
        size = file.stat().st_size / 2**20
    return {
        "write_s": statistics.median(writing),
        "merge_s": statistics.median(merging),
        "mib": size,
    }


def full_sums(plan: ProfilePlan) -> ShardSums:
    """Return sums without zeros, of which the system would keep only one page."""
    sums = ShardSums.empty(plan)
    for moments in sums.sums.values():
        for values in (moments.total, moments.squares, moments.mask):
            if values is not None:
                values.fill_(1.5)
    return sums
