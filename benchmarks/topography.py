"""Maps of many units beside MiniSom's own training, in one run.

The batch rule of naps and MiniSom's ``train_batch_offline`` begin with the same prototypes and
have the same schedules; their results are compared before anything is timed. MiniSom's online
training, which the published maps used, is another rule: its quantisation error stands beside.
Times are medians of interleaved runs in one process.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from minisom import MiniSom

from benchmarks.machine import machine
from naps.similarity.distance import Floats
from naps.topography import SomOptions, Units, assign_cells, layout, train_som
from naps.topography.som import LEARNING_RATES

TITLE = "Self-organising maps"
RUNS = 3
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Task:
    """Units and the map that they are laid on."""

    units: int
    features: int
    side: int
    iterations: int

    @property
    def title(self) -> str:
        return (
            f"{self.units} units × {self.features} features, {self.side} × {self.side} cells, "
            f"{self.iterations} iterations"
        )

    @property
    def vectors(self) -> Floats:
        return np.random.default_rng(0).standard_normal((self.units, self.features))

    @property
    def options(self) -> SomOptions:
        return SomOptions(
            self.side, self.side, "batch", self.iterations, 3.0,
            "asymptotic_decay", 1.0, "constant", "samples",
        )  # fmt: skip


TASKS = (Task(250, 440, 8, 10), Task(2000, 440, 15, 10))


def minisom(task: Task) -> MiniSom:
    """Begin with the prototypes that naps begins with."""
    options = task.options
    som = MiniSom(
        task.side, task.side, task.features, sigma=options.sigma,
        learning_rate=options.learning_rate,
        decay_function=LEARNING_RATES[options.learning_rate_decay],
        sigma_decay_function=options.sigma_decay, random_seed=0,
    )  # fmt: skip
    som.random_weights_init(task.vectors)
    return som


def online(task: Task) -> MiniSom:
    som = MiniSom(task.side, task.side, task.features, random_seed=0)
    som.random_weights_init(task.vectors)
    som.train_random(task.vectors, 10 * task.units)
    return som


def batch(task: Task) -> MiniSom:
    som = minisom(task)
    som.train_batch_offline(task.vectors, task.iterations)
    return som


def measure(task: Task) -> tuple[dict[str, list[float]], float]:
    """Return seconds and quantisation error of every way, and how far two of them are apart."""
    vectors, options = task.vectors, task.options
    ways: dict[str, Callable[[], object]] = {
        "naps, batch": lambda: train_som(vectors, options),
        "MiniSom, batch offline (the same rule)": lambda: batch(task),
        f"MiniSom, online, {10 * task.units} steps": lambda: online(task),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    results: dict[str, Floats] = {}
    for _ in range(RUNS):
        for name, way in ways.items():
            began = time.perf_counter()
            found = way()
            times[name].append(time.perf_counter() - began)
            results[name] = (
                found.get_weights() if isinstance(found, MiniSom) else found.prototypes
            ).reshape(-1, task.features)
    ours, same = list(results.values())[:2]
    apart = float(np.abs(ours - same).max())
    if apart > TOLERANCE:
        raise AssertionError(f"naps and MiniSom are {apart:g} apart")
    figures = {
        name: [statistics.median(seconds), error(vectors, results[name])]
        for name, seconds in times.items()
    }
    return figures, apart


def error(vectors: Floats, flat: Floats) -> float:
    squares = np.square(vectors).sum(1)[:, None] - 2 * vectors @ flat.T + np.square(flat).sum(1)
    return float(np.sqrt(np.maximum(squares.min(1), 0.0)).mean())


def whole() -> dict[str, float]:
    """Time what a map of 2000 units with a cell each takes."""
    units = Units("conv9", np.random.default_rng(0).standard_normal((2000, 440)))
    options = SomOptions.for_units(2000)
    began = time.perf_counter()
    som = train_som(units.vectors, options)
    trained = time.perf_counter()
    assign_cells(som.squared_distances(units.vectors), options.rows, options.columns)
    assigned = time.perf_counter()
    layout(units, "pca_pso")
    return {
        f"map of {options.rows} × {options.columns} cells, {options.iterations} iterations":
            trained - began,
        "one cell for every unit, the best assignment": assigned - trained,
        "principal components and a particle swarm of 100 steps":
            time.perf_counter() - assigned,
    }  # fmt: skip


def report() -> str:
    lines = [
        f"{machine('minisom', 'numpy', 'scipy')}. White noise, float64; the batch rule with a "
        f"learning rate of 1 and a neighbourhood from 3 cells to 1; median of {RUNS} interleaved "
        f"runs."
    ]
    for task in TASKS:
        figures, apart = measure(task)
        ours = next(iter(figures.values()))[0]
        lines += ["", f"### {task.title}", ""]
        lines += ["| way | s | times naps | quantisation error |", "|---|---|---|---|"]
        lines += [
            f"| {name} | {seconds:.3g} | {seconds / ours:.1f} | {quantised:.2f} |"
            for name, (seconds, quantised) in figures.items()
        ]
        lines += ["", f"Prototypes of the two batch rules differ by {apart:.0e} at most."]
    lines += ["", "### 2000 units, a cell each", "", "| step | s |", "|---|---|"]
    lines += [f"| {name} | {seconds:.3g} |" for name, seconds in whole().items()]
    return "\n".join(lines)
