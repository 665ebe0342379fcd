"""The whole job of profiles with the full-size network, beside other ways to do it, in one run.

How naps does it is timed in `benchmarks.paired`; the others are in `benchmarks.whole_job`. Each
number of threads, and each peak of memory, is measured in a process of its own.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from benchmarks.child import in_child, peak_mib
from benchmarks.machine import machine
from benchmarks.paired import OURS, paired_figures, run_naps
from benchmarks.whole_job import (
    EVENTS_PER_SECOND,
    GROUPS,
    LAYERS,
    PEERS,
    Job,
    backward_gflop,
    empty_sums,
    forward_gflop,
    listen,
    make_job,
    naive,
    refuse_other_sums,
)

TITLE = "Whole job: profiles of the full-size Wav2Letter"
SECONDS = 10.0
ROUNDS = 5
UTTERANCES = 24
THREADS = (1, 2)
# Rows, inner size and columns of products that should run as fast as any.
PRODUCTS = ((4096, 1024, 1024), (2048, 2048, 2048))
FORWARD = "plain forward pass"
FORWARD_WITH_SOUND = "plain forward pass, reading and spectrogram included"


def product_rates() -> dict[str, float]:
    """Measure GFLOP a second of matrix products, by whoever computes them and their size."""
    rates = {}
    for rows, inner, columns in PRODUCTS:
        given = torch.randn(rows, inner), torch.randn(columns, inner), torch.randn(columns)
        layouts = {"torch's own linear": given, "oneDNN's linear": [x.to_mkldnn() for x in given]}
        for name, tensors in layouts.items():
            with torch.inference_mode():
                functional.linear(*tensors)
                began = time.perf_counter()
                functional.linear(*tensors)
                seconds = time.perf_counter() - began
            key = f"{name}, {rows} × {inner} × {columns}"
            rates[key] = 2 * rows * inner * columns / seconds / 1e9
    return rates


def time_peer(job: Job, name: str, number: int) -> tuple[float, Any]:
    here, began = job.here(number), time.perf_counter()
    sums = empty_sums(job)
    PEERS[name](job, here, sums)
    return time.perf_counter() - began, sums


def one_round(job: Job, number: int, file: Path) -> dict[str, Any]:
    """Measure everything once, but for the slowest way."""
    found: dict[str, Any] = {"rates": product_rates()}
    for name, kind in OURS.items():
        found[name] = paired_figures(job, kind, file)
        found["rates"] |= {k: max(v, found["rates"][k]) for k, v in product_rates().items()}
    for name, way in PEERS.items():
        if way is not naive:
            found[name] = time_peer(job, name, number)[0]
    return found


def measure(
    seconds: float = SECONDS, rounds: int = ROUNDS, utterances: int = UTTERANCES
) -> dict[str, Any]:
    """Measure in this process, with the threads it has; seconds by way and round."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        job = make_job(folder, utterances, seconds)
        # Everything is compiled and in memory after its first run; the slowest way has no other.
        first = {name: time_peer(job, name, 0) for name in PEERS}
        refuse_other_sums({name: sums for name, (_, sums) in first.items()})
        slowest = {name: time for name, (time, _) in first.items() if PEERS[name] is naive}
        few = Job(job.model, job.utterances[:1], job.events[job.events["utterance"] == "u0"])
        for kind in OURS.values():
            run_naps(few, kind, folder / "first.nc")
        return {
            "rounds": [one_round(job, r, folder / "profiles.nc") for r in range(rounds)],
            "once": slowest,
            "events": len(job.events) / utterances,
            "forward_gflop": forward_gflop(job.network, len(listen(job, job.utterances[0].audio))),
            "backward_gflop": backward_gflop(job.network),
        }


def memory(way: str, seconds: float = SECONDS, utterances: int = UTTERANCES) -> int:
    """Give the most memory that this process held when it had done the job in one way, MiB."""
    with tempfile.TemporaryDirectory() as name:
        job = make_job(Path(name), utterances, seconds)
        if way in OURS:
            run_naps(job, OURS[way], Path(name) / "profiles.nc")
        elif way in PEERS:
            time_peer(job, way, 0)
        else:
            with torch.inference_mode():
                job.network(listen(job, job.utterances[0].audio)[None])
        return round(peak_mib())


def over_rounds(found: dict[str, Any], *keys: str) -> float:
    """Return the median over the rounds of what lies under these keys."""
    values = []
    for value in found["rounds"]:
        for key in keys:
            value = value[key]
        values.append(value)
    return statistics.median(values)


def best_rate(found: dict[str, Any]) -> tuple[str, float]:
    """Return the product that ran fastest in most rounds, and how fast, GFLOP a second."""
    rates = {key: over_rounds(found, "rates", key) for key in found["rounds"][0]["rates"]}
    return max(rates.items(), key=lambda item: item[1])


@dataclass(frozen=True)
class Line:
    """A way, what it takes for an utterance, and what it computes, if that is counted."""

    way: str
    seconds: float
    gflop: float | None = None
    note: str = ""


def lines_of(found: dict[str, Any]) -> list[Line]:
    forward = found["forward_gflop"]
    adjusted = forward + found["events"] * found["backward_gflop"]
    value = partial(over_rounds, found)
    ours = dict(zip(OURS, (adjusted, forward), strict=True))
    return [
        Line(FORWARD, value("naps, plain means", "network"), forward),
        Line(FORWARD_WITH_SOUND, value("naps, plain means", "plain"), forward),
        *(Line(way, value(way, "utterance"), gflop) for way, gflop in ours.items()),
        *(Line(way, value(way)) for way, peer in PEERS.items() if peer is not naive),
        *(Line(way, seconds, note=" (one run)") for way, seconds in found["once"].items()),
    ]


def table(found: dict[str, Any], peaks: dict[str, int]) -> list[str]:
    plain = over_rounds(found, "naps, plain means", "plain")
    ours = over_rounds(found, "naps, gradient-adjusted", "utterance")
    _, best = best_rate(found)
    rows = [
        "| way | ms an utterance | times plain forward with reading | times naps with gradients "
        "| GFLOP | share of the best product rate | peak memory, MiB |",
        "|---|---|---|---|---|---|---|",
    ]
    for line in lines_of(found):
        counted = " | | "
        if line.gflop is not None:
            counted = f" | {line.gflop:.1f} | {line.gflop / line.seconds / best:.0%} "
        rows.append(
            f"| {line.way}{line.note} | {1000 * line.seconds:.0f} | {line.seconds / plain:.2f} "
            f"| {line.seconds / ours:.2f}{counted}| {peaks.get(line.way, '')} |"
        )
    return rows


def sentences(found: dict[str, Any], utterances: int) -> list[str]:
    """Say what the table cannot hold: ratios of pairs, fixed costs, the best product."""
    name, best = best_rate(found)
    lines = [f"- Best product: {name}: {best:.0f} GFLOP a second."]
    for way in OURS:
        value = partial(over_rounds, found, way)
        lines.append(
            f"- {way}: {value('ratio'):.3f} times the plain forward pass with reading and "
            f"spectrogram, {value('of_network'):.3f} times the network alone (medians of pairs on "
            f"the same utterance). The whole job of {utterances} utterances took "
            f"{value('whole'):.1f} s, {1000 * value('whole') / utterances:.0f} ms for each; of "
            f"these {value('fixed'):.2f} s do not grow with the audio: planning, keeping and "
            f"adding the sums of the blocks, products between blocks, writing the file."
        )
    return lines


def report(
    seconds: float = SECONDS,
    rounds: int = ROUNDS,
    utterances: int = UTTERANCES,
    threads: Sequence[int] = THREADS,
) -> str:
    sizes = {"seconds": seconds, "utterances": utterances}
    lines = [
        f"{machine('torch', 'captum', 'numpy', 'numba')}. {utterances} utterances of "
        f"{seconds:g} s, {EVENTS_PER_SECOND} events a second, {GROUPS} groups, the layers "
        f"{LAYERS[0]} to {LAYERS[-1]} of a network of 24.66 M parameters, float32, sums in "
        f"float64; medians of {rounds} interleaved rounds. Every way but the first reads the sound "
        f"and computes the spectrogram. The ways beside naps add plain activation × gradient and "
        f"write nothing, which is less than naps does; they go through one utterance a round. All "
        f"of them gave the same sums. What is the same at any length of audio, such as writing the "
        f"file, is not in naps' time per utterance, but stated below. GFLOP are those of direct "
        f"convolutions, two for each weight and step; where naps takes transforms in their place, "
        f"it gets by with fewer, and its share counts those that it spared, too. Peak memory is "
        f"that of a process of its own, libraries and network included.",
    ]
    ways = (FORWARD_WITH_SOUND, *OURS, *PEERS)
    for count in threads:
        found = in_child("profiles", "measure", threads=count, rounds=rounds, **sizes)
        memories = {
            way: in_child("profiles", "memory", threads=count, way=way, **sizes) for way in ways
        }
        title = "1 thread" if count == 1 else f"{count} threads"
        lines += [
            "",
            f"### {title}",
            "",
            *table(found, memories),
            "",
            *sentences(found, utterances),
        ]
    return "\n".join(lines)
