"""Greedy CTC decoding."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter of a greedy path.

    Attributes
    ----------
    unit : int
        Output unit.
    frame : int
        Where its posterior is highest within its run; the first such frame on a tie.
    probability : float
        The posterior there.
    start, end : int
        The run, ``[start, end)`` in output frames.
    """

    unit: int
    frame: int
    probability: float
    start: int
    end: int


def greedy(logits: Tensor, blank: int) -> list[Letter]:
    """Take the best unit of every frame, merge repeats and drop blanks.

    Parameters
    ----------
    logits : Tensor, shape (frames, units)
        Before or after log-softmax.
    blank : int
        The CTC blank.

    Returns
    -------
    list of Letter
        In order of time.
    """
    if len(logits) == 0:
        return []
    probabilities, path = torch.softmax(logits.double(), dim=1).max(dim=1)
    best, units = probabilities.tolist(), path.tolist()
    letters = []
    start = 0
    for frame in range(1, len(units) + 1):
        if frame < len(units) and units[frame] == units[start]:
            continue
        if units[start] != blank:
            peak = max(range(start, frame), key=best.__getitem__)
            letters.append(Letter(units[start], peak, best[peak], start, frame))
        start = frame
    return letters
