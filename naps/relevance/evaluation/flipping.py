"""Pixel flipping: how the score falls without the regions that a method calls relevant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from naps.errors import InputError
from naps.relevance.interval import Floats, Interval, mean_interval
from naps.relevance.subject import Subject

Filling = Literal["mean", "noise"] | float


@dataclass(frozen=True)
class Flipping:
    """Scores of the explained class while regions are overwritten one after another.

    Attributes
    ----------
    scores : Interval, shape (steps + 1,)
        From no region to all ``steps``.
    aopc : Interval, shape ()
        Area over the perturbation curve: mean fall of the score, from no region to all.
    """

    scores: Interval
    aopc: Interval


@dataclass(frozen=True)
class Regions:
    """Parts of an input that are overwritten as a whole, and with what.

    Attributes
    ----------
    size : tuple of int
        Along each axis behind the batch; 0, as for axes left out, is all of it. Regions do not
        overlap; those at the end may be smaller.
    filling : float or {"mean", "noise"}
        A number; the item's mean; or uniform noise over the range of the item's values.
    seed : int
        Of the noise.
    """

    size: tuple[int, ...] = (9, 8)
    filling: Filling = 0.0
    seed: int = 0

    def parts(self, shape: Sequence[int]) -> list[tuple[slice, ...]]:
        """Cut an input of this shape, the batch left out, into regions.

        Raises
        ------
        InputError
            If the size does not fit.
        """
        if len(self.size) > len(shape) or any(side < 0 for side in self.size):
            raise InputError(f"regions of size {self.size} in an input of shape {tuple(shape)}")
        sizes = (*self.size, *[0] * (len(shape) - len(self.size)))
        along = [
            [slice(start, start + (side or length)) for start in range(0, length, side or length)]
            for length, side in zip(shape, sizes, strict=True)
        ]
        return list(product(*along))

    def fill(self, x: Tensor) -> Tensor:
        """Return what stands in the place of every value, shape as the input's."""
        flat = x.flatten(1)
        wide = (-1, *[1] * (x.ndim - 1))
        if isinstance(self.filling, float | int):
            return torch.full_like(x, self.filling)
        if self.filling == "mean":
            return flat.mean(1).view(wide).expand_as(x)
        if self.filling == "noise":
            drawn = np.random.default_rng(self.seed).random(x.shape)
            low, high = flat.amin(1).view(wide), flat.amax(1).view(wide)
            return low + (high - low) * torch.from_numpy(drawn).to(x)
        raise InputError(f"no filling {self.filling!r}; there are: mean, noise, or a number")


def pixel_flipping(
    subject: Subject,
    relevance: Tensor,
    regions: Regions,
    *,
    steps: int | None = None,
    first: Literal["most", "least"] = "most",
) -> Flipping:
    """Overwrite regions in the order of their relevance (Samek et al. 2017).

    Parameters
    ----------
    subject : Subject
        Of `make_subject`.
    relevance : Tensor, of the inputs' shape or one that can be spread to it
    regions : Regions
    steps : int, optional
        Regions overwritten at most; all by default.
    first : {"most", "least"}
        Begin with the most relevant region, MoRF, or with the least, LeRF: the further apart their
        curves, the better the order.

    Returns
    -------
    Flipping

    Raises
    ------
    InputError
        If regions, steps or relevance do not fit the input.
    """
    if first not in ("most", "least"):
        raise InputError(f"no order {first!r}; there are: most, least")
    parts = regions.parts(subject.inputs.shape[1:])
    try:
        spread = relevance.to(subject.inputs).expand_as(subject.inputs)
    except RuntimeError:
        raise InputError(
            f"relevance of shape {tuple(relevance.shape)} for inputs of shape "
            f"{tuple(subject.inputs.shape)}"
        ) from None
    sums = torch.stack([spread[:, *part].flatten(1).sum(1) for part in parts], 1)
    order = (-sums if first == "most" else sums).argsort(dim=1, stable=True)
    return _summed(_scores(subject, parts, order, regions, steps))


def random_flipping(
    subject: Subject,
    regions: Regions,
    *,
    steps: int | None = None,
    runs: int = 10,
    seed: int = 0,
) -> Flipping:
    """Overwrite regions in random order, the chance level of `pixel_flipping`.

    Parameters
    ----------
    subject, regions, steps
        See `pixel_flipping`.
    runs : int
        Orders tried for each item; the mean of their scores counts as the item's.
    seed : int
    """
    parts = regions.parts(subject.inputs.shape[1:])
    random = np.random.default_rng(seed)
    found = []
    for _ in range(runs):
        order = random.permuted(np.tile(np.arange(len(parts)), (len(subject.inputs), 1)), axis=1)
        found.append(_scores(subject, parts, torch.from_numpy(order), regions, steps))
    return _summed(np.mean(found, 0))


@torch.no_grad()
def _scores(
    subject: Subject,
    parts: Sequence[tuple[slice, ...]],
    order: Tensor,
    regions: Regions,
    steps: int | None,
) -> Floats:
    """Return each item's score after 0, 1, … regions, shape (items, steps + 1)."""
    steps = len(parts) if steps is None else steps
    if not 1 <= steps <= len(parts):
        raise InputError(f"{steps} regions to overwrite, the input has {len(parts)}")
    copies, filling = subject.inputs.clone(), regions.fill(subject.inputs)
    found = [subject.chosen(copies)]
    for places in order[:, :steps].T.tolist():
        for item, place in enumerate(places):
            copies[item][parts[place]] = filling[item][parts[place]]
        found.append(subject.chosen(copies))
    return torch.stack(found, 1).double().cpu().numpy()


def _summed(scores: Floats) -> Flipping:
    fall = (scores[:, :1] - scores).mean(1)
    return Flipping(mean_interval(scores), mean_interval(fall))
