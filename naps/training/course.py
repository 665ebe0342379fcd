"""The course of a training in one process: updates, looks at held-out data, and going on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from naps.training.checkpoint import load_state, save_state
from naps.training.log import write_log

Row = dict[str, float]


@dataclass(frozen=True)
class Course:
    """What is trained, and by what it is judged.

    Attributes
    ----------
    network : Module
    optimiser : Optimizer
    batches : callable
        From a step on, gives (epoch, batch).
    update : callable
        Learns from a batch at a step, returns the loss.
    look : callable
        Measures the network on held-out data.
    merit : callable
        How good a row of the log is; the highest is kept.
    keep : callable
        Writes the network to a path.
    steps, eval_every : int
        Updates in all, and between two looks.
    identity : mapping, optional
        See `naps.training.checkpoint.save_state`.
    """

    network: nn.Module
    optimiser: torch.optim.Optimizer
    batches: Callable[[int], Iterator[tuple[int, list[int]]]]
    update: Callable[[list[int], int], float]
    look: Callable[[], Row]
    merit: Callable[[Row], float]
    keep: Callable[[Path], None]
    steps: int
    eval_every: int
    identity: Mapping[str, Any] | None = None


def follow(
    course: Course, out: Path, *, say: Callable[[str], None], stop_after: int | None = None
) -> list[Row] | None:
    """Begin a course or go on with it.

    Parameters
    ----------
    course : Course
    out : Path
        Gets ``state.safetensors`` (to go on from), ``best.safetensors`` and ``log.csv``.
    say : callable
        Gets lines for people.
    stop_after : int, optional
        Leave after so many steps, as if interrupted.

    Returns
    -------
    list of dict or None
        The log; None if it was left before the end.

    Raises
    ------
    InputError
        If the state is of another recipe, or cannot be written.
    """
    network, optimiser, identity = course.network, course.optimiser, course.identity
    state = out / "state.safetensors"
    rows: list[Row] = []
    step = 0
    if state.is_file():
        step, rows = load_state(state, network, optimiser, identity)
        say(f"continuing after step {step}")
    best = max(map(course.merit, rows), default=float("-inf"))
    end = course.steps if stop_after is None else min(course.steps, step + stop_after)
    losses: list[float] = []
    began = time.monotonic()
    for epoch, batch in course.batches(step):
        if step >= end:
            break
        losses.append(course.update(batch, step))
        step += 1
        if step % course.eval_every == 0 or step == course.steps:
            seconds = {"seconds": round(time.monotonic() - began, 1)}
            loss = sum(losses) / len(losses)
            row: Row = {"step": step, "epoch": epoch, "train_loss": loss}
            rows.append(row | course.look() | seconds)
            losses = []
            say("  ".join(f"{k} {v:.4g}" for k, v in rows[-1].items()))
            if course.merit(rows[-1]) > best:
                best = course.merit(rows[-1])
                course.keep(out / "best.safetensors")
            save_state(state, step, network, optimiser, rows, identity)
            write_log(out / "log.csv", rows)
    if step < course.steps:
        save_state(state, step, network, optimiser, rows, identity)
        return None
    return rows
