"""Forced alignment: when the letters of a known text were heard."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor
from torchaudio.functional import forced_align

from naps.decoding.greedy import Letter
from naps.errors import UtteranceError


def forced_path(logits: Tensor, units: Sequence[int], blank: int) -> list[Letter]:
    """Find the most probable CTC path that spells a text.

    Parameters
    ----------
    logits : Tensor, shape (frames, units)
        Before or after log-softmax.
    units : sequence of int
        The text, without blanks.
    blank : int
        The CTC blank.

    Returns
    -------
    list of Letter
        One for each unit, in order; ``frame`` is where its posterior is highest within its run.

    Raises
    ------
    UtteranceError
        If there are fewer frames than the text needs: one a letter, and one between equal ones.
    """
    if not units:
        return []
    needed = len(units) + sum(a == b for a, b in pairwise(units))
    if len(logits) < needed:
        raise UtteranceError(
            "text_too_long", f"{len(logits)} output frames cannot hold a text that needs {needed}"
        )
    log_probabilities = logits.float().log_softmax(1)
    target = torch.tensor([list(units)], dtype=torch.int32, device=logits.device)
    path, _ = forced_align(log_probabilities[None], target, blank=blank)
    steps = path[0].tolist()
    posterior = logits.double().softmax(1).cpu()
    letters: list[Letter] = []
    start = 0
    for frame in range(1, len(steps) + 1):
        if frame < len(steps) and steps[frame] == steps[start]:
            continue
        unit = steps[start]
        if unit != blank:
            run = posterior[start:frame, unit]
            peak = int(run.argmax())
            letters.append(Letter(unit, start + peak, float(run[peak]), start, frame))
        start = frame
    return letters
