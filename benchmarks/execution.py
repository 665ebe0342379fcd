"""Profiles of long corpora: memory, several processes, a Dask cluster, and what 960 hours take.

The corpus is the one that comes with naps, its sentences repeated under other ids. Events are found
first; every stage of profiles is run with `naps.pipeline.run_recipe` in a process of its own, with
one thread, as are workers.
"""

from __future__ import annotations

import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distributed import Client

from benchmarks.child import environment, in_child
from benchmarks.long_corpus import MODEL, write_long_corpus
from benchmarks.machine import machine
from naps.profiles.shards import shard_size

TITLE = "Execution: memory, processes, Dask"
HOURS = (1.0, 4.0)
ROUNDS = 3
WORKERS = 2
# So little that of a run's time hardly more is left than what is fixed; enough for all blocks.
LITTLE_HOURS = 0.03
LIBRISPEECH_HOURS = 960
FORECAST = (1, 8, 64)


@dataclass(frozen=True)
class Run:
    """A corpus with its events: what `make_profiles` starts from."""

    corpus: Path
    folder: Path
    audio_s: float
    listening_s: float
    events: int

    def profiles(self, out: Path | None = None, **who: Any) -> dict[str, Any]:
        """Make profiles, in a copy of the run's folder if there is to be one."""
        if out is not None:
            shutil.copytree(self.folder, out)
        found: dict[str, Any] = self.in_child("make_profiles", out, **who)
        return found

    def in_child(self, function: str, out: Path | None = None, **arguments: Any) -> Any:
        """Call a function of `benchmarks.long_corpus` for this run in a process of its own."""
        arguments |= {"corpus": str(self.corpus), "out": str(out or self.folder)}
        return in_child("long_corpus", function, **arguments)


def listened(folder: Path, hours: float) -> Run:
    """Write a corpus and find its events."""
    corpus, run = folder / f"corpus-{hours:g}", folder / f"run-{hours:g}"
    write_long_corpus(corpus, 3600 * hours)
    found = in_child("long_corpus", "find_events", corpus=str(corpus), out=str(run))
    return Run(corpus, run, found["audio_s"], found["seconds"], found["events"])


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[str]:
    """Start a scheduler and workers, each a process with one thread; give the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    commands = [["scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]]
    one = ["worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny"]
    running: list[subprocess.Popen[bytes]] = []
    try:
        with (folder / "dask.log").open("wb") as log:
            for arguments in [*commands, *[one] * workers]:
                command = [sys.executable, "-m", "dask", *arguments]
                process = subprocess.Popen(
                    command, env=environment(1), cwd=folder, stdout=log, stderr=subprocess.STDOUT
                )
                running.append(process)
        with Client(address, timeout=90) as client:
            client.wait_for_workers(workers, timeout=90)
        yield address
    finally:
        for process in reversed(running):
            process.kill()
            process.wait()


def compare_workers(folder: Path, run: Run, rounds: int) -> dict[str, list[dict[str, Any]]]:
    """Make the same profiles with one process, several, and a cluster, in turns."""
    ways = ("1 process", f"{WORKERS} processes", f"Dask, {WORKERS} worker processes")
    found: dict[str, list[dict[str, Any]]] = {way: [] for way in ways}
    with cluster(folder, WORKERS) as address:
        who: list[dict[str, Any]] = [{}, {"workers": WORKERS}, {"scheduler": address}]
        for number in range(rounds):
            for way, arguments in zip(ways, who, strict=True):
                out = folder / f"timed-{number}-{len(arguments)}"
                found[way].append(run.profiles(out, **arguments))
                shutil.rmtree(out)
    return found


@dataclass(frozen=True)
class Costs:
    """What a stage of profiles takes: seconds, MiB.

    Attributes
    ----------
    fixed : float
        At any length.
    per_second : float
        Of work, for a second of audio.
    write, merge : float
        For each shard: writing its sums, where they are made; reading and adding them, in the
        process that asked.
    events_per_second : float
        Of audio.
    """

    fixed: float
    per_second: float
    write: float
    merge: float
    events_per_second: float

    def shards(self, audio_s: float) -> float:
        """Reckon the shards of so much audio."""
        events = self.events_per_second * audio_s
        return events / shard_size(round(events))

    def forecast(self, audio_s: float, workers: int) -> float:
        """Reckon the seconds for so much audio and so many workers."""
        shards = self.shards(audio_s)
        work = (self.per_second * audio_s + self.write * shards) / workers
        merging = self.merge * shards
        # A process alone does both; one that asks others adds while they work.
        return self.fixed + (work + merging if workers == 1 else max(work, merging))


def costs_of(
    little: tuple[Run, dict[str, Any]], much: tuple[Run, dict[str, Any]], shard: dict[str, float]
) -> Costs:
    """Part what grows with the audio from what is fixed, by a short and a long corpus."""
    (a, short), (b, long) = little, much
    of_a_shard = shard["write_s"] + shard["merge_s"]
    grown = long["seconds"] - short["seconds"] - of_a_shard * (long["shards"] - short["shards"])
    per_second = grown / (b.audio_s - a.audio_s)
    fixed = short["seconds"] - per_second * a.audio_s - of_a_shard * short["shards"]
    rate = b.events / b.audio_s
    return Costs(max(0.0, fixed), per_second, shard["write_s"], shard["merge_s"], rate)


def measure(
    hours: Sequence[float] = HOURS, rounds: int = ROUNDS, little_hours: float = LITTLE_HOURS
) -> dict[str, Any]:
    """Measure everything: profiles of each length once, of the first length with all workers."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        little = listened(folder, little_hours)
        lengths = [listened(folder, x) for x in sorted(hours)]
        planning = [run.in_child("planning_mib") for run in lengths]
        shard = lengths[0].in_child("shard_costs")
        workers = compare_workers(folder, lengths[0], rounds)
        short = little.profiles()
        stages = [run.profiles() for run in lengths]
    return {
        "lengths": lengths,
        "planning": planning,
        "stages": stages,
        "workers": workers,
        "shard": shard,
        "costs": costs_of((little, short), (lengths[-1], stages[-1]), shard),
    }


def memory_section(found: dict[str, Any]) -> list[str]:
    runs, stages, planning = found["lengths"], found["stages"], found["planning"]
    rows = [
        f"| {length(run.audio_s)} | {stage['events']} | {stage['shards']} "
        f"| {stage['seconds']:.0f} | {stage['peak_mib']:.0f} | {plan:.0f} |"
        for run, stage, plan in zip(runs, stages, planning, strict=True)
    ]
    ratio = stages[-1]["peak_mib"] / stages[0]["peak_mib"]
    hours = (runs[-1].audio_s - runs[0].audio_s) / 3600
    grown = (planning[-1] - planning[0]) / hours
    return [
        "### Memory",
        "",
        "Highest resident memory of the process that makes the profiles, alone.",
        "",
        "| audio | events | shards | s | peak memory, MiB | of these to plan, MiB |",
        "|---|---|---|---|---|---|",
        *rows,
        "",
        f"The last has {ratio:.2f} times the first's peak. Sums do not grow. To plan, every "
        f"process reads the manifest and the table of events: {grown:.1f} MiB for an hour of "
        f"audio, which would be {grown * LIBRISPEECH_HOURS / 1024:.1f} GiB for "
        f"{LIBRISPEECH_HOURS} hours.",
    ]


def length(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds < 3600 else f"{seconds / 3600:.2f} h"


def workers_section(found: dict[str, Any]) -> list[str]:
    runs = found["workers"]
    rounds = len(next(iter(runs.values())))
    run: Run = found["lengths"][0]
    hashes = {result["hash"] for results in runs.values() for result in results}
    lines = [
        "### Processes",
        "",
        f"Profiles of {length(run.audio_s)} of audio, {run.events} events, one thread a process, "
        f"median of {rounds} rounds in turns. The start of the processes is counted; that of the "
        f"cluster is not, as it was there before.",
        "",
        "| who works | s | times faster than one process |",
        "|---|---|---|",
    ]
    one = [result["seconds"] for result in next(iter(runs.values()))]
    for way, results in runs.items():
        seconds = [result["seconds"] for result in results]
        ratio = statistics.median(a / b for a, b in zip(one, seconds, strict=True))
        lines.append(f"| {way} | {statistics.median(seconds):.1f} | {ratio:.2f} |")
    same = (
        f"The arrays of the profile files are the same to the bit in all {rounds * len(runs)} runs "
        f"(SHA-256 {min(hashes)[:16]}…)."
    )
    differ = f"The arrays of the profile files DIFFER: {len(hashes)} different SHA-256."
    return [*lines, "", same if len(hashes) == 1 else differ]


def forecast_section(found: dict[str, Any]) -> list[str]:
    costs: Costs = found["costs"]
    if costs.per_second <= 0:
        return [
            "### Forecast",
            "",
            "None: the runs were too short for what the machine did beside.",
        ]
    audio_s = 3600 * LIBRISPEECH_HOURS
    shards = costs.shards(audio_s)
    size = shard_size(round(costs.events_per_second * audio_s))
    longest: Run = found["lengths"][-1]
    mib = found["shard"]["mib"]
    listening = longest.listening_s / longest.audio_s
    lines = [
        f"### Forecast for LibriSpeech, {LIBRISPEECH_HOURS} hours",
        "",
        f"Reckoned, not measured, for {MODEL} and workers like the one here, one thread each. From "
        f"the shortest and the longest run: {costs.per_second:.4f} s of work for a second of audio "
        f"and {costs.fixed:.1f} s at any length. A shard of {size} events has sums of "
        f"{mib:.0f} MiB: {costs.write:.2f} s to write where they are made, {costs.merge:.2f} s to "
        f"read and add in the process that asked (medians on this machine's disk). At "
        f"{longest.events / longest.audio_s:.1f} events a second there are {shards:.0f} shards, "
        f"whose files have {shards * mib / 1024:.0f} GiB, of which a block's are there at a time. "
        f"Work and writing are divided by the workers, as if none hindered another; adding is not, "
        f"but goes on while others work, so the larger of the two counts, and their sum for a "
        f"process alone. Finding the events comes before it, in one process: {listening:.4f} s for "
        f"a second of audio, {listening * audio_s / 3600:.1f} h.",
        "",
        "| workers | work and writing, h | adding, h | profiles, h | times faster |",
        "|---|---|---|---|---|",
    ]
    alone = costs.forecast(audio_s, 1)
    for workers in FORECAST:
        work = (costs.per_second * audio_s + costs.write * shards) / workers / 3600
        whole = costs.forecast(audio_s, workers)
        lines.append(
            f"| {workers} | {work:.2f} | {costs.merge * shards / 3600:.2f} | {whole / 3600:.2f} "
            f"| {alone / whole:.1f} |"
        )
    return lines


def report(
    hours: Sequence[float] = HOURS, rounds: int = ROUNDS, little_hours: float = LITTLE_HOURS
) -> str:
    about = (
        f"{machine('torch', 'numpy', 'numba', 'pandas', 'distributed')}. {MODEL}, profiles of "
        f"letters and phonemes, with gradients and plain, of all layers and the input; sentences "
        f"of some 6 s, windows at their edges kept."
    )
    found = measure(hours, rounds, little_hours)
    sections = (memory_section(found), workers_section(found), forecast_section(found))
    return "\n".join([about, *(line for section in sections for line in ("", *section))])
