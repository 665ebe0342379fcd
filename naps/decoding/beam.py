"""CTC prefix beam search."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

_Floats = npt.NDArray[np.float64]
_Ints = npt.NDArray[np.int64]


@numba.njit(cache=True)
def _logaddexp(a: float, b: float) -> float:
    if a < b:
        a, b = b, a
    return a if b == -np.inf else a + np.log1p(np.exp(b - a))


@numba.njit(cache=True)
def _search(scores: _Floats, blank: int, beam: int, floor: float) -> tuple[_Ints, float]:
    frames, units = scores.shape
    # A prefix is a node of a tree; node 0 is the empty one. Only prefixes that were in the beam
    # become nodes, so there are at most `beam` new ones a frame.
    nodes = 1 + frames * beam
    parent = np.full(nodes, -1, np.int64)
    unit_of = np.full(nodes, -1, np.int64)
    child = np.full((nodes, units), -1, np.int32)
    made = 1
    # Log probability of the paths of a prefix that end in blank, and in its last unit.
    node = np.zeros(1, np.int64)
    ends_blank = np.zeros(1)
    ends_unit = np.full(1, -np.inf)
    place = np.full(nodes, -1, np.int64)
    for frame in range(frames):
        here = scores[frame]
        size = len(node)
        for i in range(size):
            place[node[i]] = i
        most = size * (units + 1)
        from_, with_ = np.empty(most, np.int64), np.empty(most, np.int64)
        new_blank, new_unit = np.empty(most), np.empty(most)
        # The first `size` candidates are the prefixes as they are.
        for i in range(size):
            last = unit_of[node[i]]
            from_[i], with_[i] = i, -1
            new_blank[i] = _logaddexp(ends_blank[i], ends_unit[i]) + here[blank]
            new_unit[i] = ends_unit[i] + here[last] if last >= 0 else -np.inf
        count = size
        for unit in range(units):
            if unit == blank or here[unit] < floor:
                continue
            for i in range(size):
                either = _logaddexp(ends_blank[i], ends_unit[i])
                before = ends_blank[i] if unit == unit_of[node[i]] else either
                score = before + here[unit]
                if score == -np.inf:
                    continue
                known = child[node[i], unit]
                if known >= 0 and place[known] >= 0:
                    same = place[known]
                    new_unit[same] = _logaddexp(new_unit[same], score)
                else:
                    from_[count], with_[count] = i, unit
                    new_blank[count], new_unit[count] = -np.inf, score
                    count += 1
        for i in range(size):
            place[node[i]] = -1
        total = np.empty(count)
        for i in range(count):
            total[i] = -_logaddexp(new_blank[i], new_unit[i])
        kept = np.argsort(total, kind="mergesort")[:beam]
        next_node = np.empty(len(kept), np.int64)
        for k, i in enumerate(kept):
            if with_[i] < 0:
                next_node[k] = node[i]
                continue
            above = node[from_[i]]
            known = child[above, with_[i]]
            if known < 0:
                known = made
                parent[made], unit_of[made] = above, with_[i]
                child[above, with_[i]] = made
                made += 1
            next_node[k] = known
        node, ends_blank, ends_unit = next_node, new_blank[kept], new_unit[kept]
    best, best_score = 0, -np.inf
    for i in range(len(node)):
        score = _logaddexp(ends_blank[i], ends_unit[i])
        if score > best_score:
            best, best_score = node[i], score
    length = 0
    at = best
    while at > 0:
        length += 1
        at = parent[at]
    prefix = np.empty(length, np.int64)
    at = best
    while at > 0:
        length -= 1
        prefix[length] = unit_of[at]
        at = parent[at]
    return prefix, best_score


def beam_search(
    logits: Tensor, blank: int, beam: int = 32, floor: float = 1e-5
) -> tuple[list[int], float]:
    """Find the text whose CTC paths are most probable together.

    Prefix beam search (Graves & Jaitly 2014; Hannun et al. 2014) without a language model.

    Parameters
    ----------
    logits : Tensor, shape (frames, units)
        Before or after log-softmax.
    blank : int
        The CTC blank.
    beam : int
        Prefixes kept after each frame.
    floor : float
        Units less probable than this in a frame are not tried there.

    Returns
    -------
    units : list of int
        The text, without blanks; `forced_path` says when its letters were heard.
    log_probability : float
        Of all its paths that stayed in the beam.
    """
    if len(logits) == 0:
        return [], 0.0
    scores = torch.log_softmax(logits.detach().double().cpu(), 1).numpy()
    units, score = _search(np.ascontiguousarray(scores), blank, beam, float(np.log(floor)))
    return units.tolist(), float(score)
