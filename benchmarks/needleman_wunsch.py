"""Needleman–Wunsch beside Biopython's aligner, in one run.

Both give the best score and one best alignment of every pair under the same substitution scores
and one score for deletions and one for insertions (Biopython has no scores of single symbols
there). Scores are checked against each other before anything is timed. Times are medians of
interleaved runs in one process. Biopython gets arrays of int32 with a plain matrix, which is its
fastest way by far for short sequences, and strings, which is its usual one.
"""

from __future__ import annotations

import os
import statistics
import string
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from Bio.Align import PairwiseAligner, substitution_matrices

from benchmarks.machine import machine
from naps.phonology import align_batch
from naps.phonology.needleman_wunsch import Floats, Ints

TITLE = "Needleman–Wunsch"
RUNS = 7
ALPHABET = string.ascii_letters[:40]
DELETION, INSERTION = -0.9, -1.3


@dataclass(frozen=True)
class Task:
    """Pairs of equal sizes and the scores to align them with."""

    title: str
    x: Ints
    y: Ints
    substitution: Floats


def tasks() -> list[Task]:
    random = np.random.default_rng(0)

    def draw(*shape: int) -> Ints:
        return random.integers(0, len(ALPHABET), shape)

    scores = random.normal(size=(len(ALPHABET), len(ALPHABET)))
    text = draw(1000, 178)
    heard = np.where(random.random(text.shape) < 0.15, draw(1000, 178), text)
    return [
        Task("100 000 pairs of 7 × 6 symbols", draw(100_000, 7), draw(100_000, 6), scores),
        Task("1000 pairs of 178 × 178 symbols", draw(1000, 178), draw(1000, 178), scores),
        Task(
            "1000 texts of 178 letters and their copies with 15 % changed, +1 equal, −1 other",
            text,
            heard,
            2 * np.eye(len(ALPHABET)) - 1,
        ),
    ]


def strings(sequences: Ints) -> list[str]:
    return ["".join(ALPHABET[symbol] for symbol in sequence) for sequence in sequences.tolist()]


def measure(task: Task) -> dict[str, float]:
    pairs, n = task.x.shape
    m = task.y.shape[1]
    flat = task.x.ravel(), n * np.arange(pairs + 1), task.y.ravel(), m * np.arange(pairs + 1)
    gaps = np.full(len(ALPHABET), DELETION), np.full(len(ALPHABET), INSERTION)

    def aligner(substitution: object) -> PairwiseAligner:
        made = PairwiseAligner(mode="global", substitution_matrix=substitution)
        made.deletion_score, made.insertion_score = DELETION, INSERTION
        return made

    by_number = aligner(task.substitution)
    by_letter = aligner(
        substitution_matrices.Array(alphabet=ALPHABET, dims=2, data=task.substitution)
    )
    numbers = list(zip(task.x.astype(np.int32), task.y.astype(np.int32), strict=True))
    letters = list(zip(strings(task.x), strings(task.y), strict=True))

    def ours(threads: int) -> Callable[[], object]:
        return lambda: align_batch(*flat, task.substitution, *gaps, threads=threads)

    ours_found = align_batch(*flat, task.substitution, *gaps)
    np.testing.assert_allclose(
        ours_found.scores, [by_number.score(x, y) for x, y in numbers], rtol=0, atol=1e-9
    )
    ways: dict[str, Callable[[], object]] = {
        "naps, 1 thread": ours(1),
        **{f"naps, {t} threads": ours(t) for t in sorted({2, os.cpu_count() or 2} - {1})},
        "Biopython, arrays": lambda: [by_number.align(x, y)[0].coordinates for x, y in numbers],
        "Biopython, strings": lambda: [by_letter.align(x, y)[0].coordinates for x, y in letters],
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(RUNS):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - began)
    return {name: statistics.median(values) / pairs for name, values in times.items()}


def report() -> str:
    lines = [
        f"{machine('biopython', 'numba', 'numpy')}. Random symbols of an alphabet of "
        f"{len(ALPHABET)}, random substitution scores unless stated, float64; best score and one "
        f"best alignment of every pair; median of {RUNS} interleaved runs. Cells are n · m."
    ]
    for task in tasks():
        medians = measure(task)
        one = next(iter(medians.values()))
        cells = task.x.shape[1] * task.y.shape[1]
        lines += ["", f"### {task.title}", ""]
        lines += ["| way | µs a pair | million cells a second | times naps on one thread |"]
        lines += ["|---|---|---|---|"]
        lines += [
            f"| {name} | {1e6 * seconds:.3g} | {cells / seconds / 1e6:.0f} | {seconds / one:.2f} |"
            for name, seconds in medians.items()
        ]
    return "\n".join(lines)
