"""Events in the order of time, so that those that matter at a step are neighbours."""

from __future__ import annotations

import numpy as np
from torch import Tensor


class EventOrder:
    """Events sorted by frame, for tensors of shape (steps, events, …) in which they are.

    Parameters
    ----------
    frames : Tensor of int, shape (events,)
        In any order.

    Attributes
    ----------
    position : Tensor of int, shape (events,)
        Of each event among the sorted ones.
    """

    def __init__(self, frames: Tensor) -> None:
        order = frames.argsort(stable=True)
        self.position = order.argsort()
        self._sorted = frames[order].cpu().numpy()

    def between(self, steps: int, first: int | None, last: int | None) -> list[tuple[int, int]]:
        """Return for each step the events from which it lies so many steps away.

        Parameters
        ----------
        steps : int
        first, last : int or None
            Steps after the event's frame, negative before it; no bound for None.

        Returns
        -------
        list of (int, int)
            First and one past the last position.
        """
        at = np.arange(steps)
        start, end = np.zeros_like(at), np.full_like(at, len(self._sorted))
        if last is not None:
            start = np.searchsorted(self._sorted, at - last, "left")
        if first is not None:
            end = np.searchsorted(self._sorted, at - first, "right")
        return list(zip(start.tolist(), end.tolist(), strict=True))

    def cut(self, values: Tensor, steps: Tensor) -> Tensor:
        """Pick steps of each event, in the order in which the events came.

        Parameters
        ----------
        values : Tensor, shape (steps, events, channels)
        steps : Tensor of int, shape (events, width)

        Returns
        -------
        Tensor, shape (events, width, channels)
        """
        return values[steps, self.position[:, None]]
