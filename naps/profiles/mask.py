"""Masks that take out what did not matter for the prediction."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

MaskKind = Literal["soft", "quantile", "group", "none"]


def event_mask(saliency: Tensor, kind: MaskKind, quantile: float = 0.5) -> Tensor:
    """Make the mask of each event from its saliency.

    Parameters
    ----------
    saliency : Tensor, shape (events, width, channels)
        Not negative.
    kind : {"soft", "quantile", "group", "none"}
        ``soft`` divides by the event's greatest value. ``quantile`` is 1 at or above the event's
        quantile, where there is any saliency, and else 0. ``group`` gives the saliency as it
        is, to be averaged over the group, scaled to a peak of 1 and applied once. ``none`` is 1
        everywhere.
    quantile : float
        Of the layer's saliency, for ``quantile``.

    Returns
    -------
    Tensor, shape (events, width, channels)
        Between 0 and 1, but for ``group``.
    """
    if kind == "group":
        return saliency
    if kind == "none":
        return torch.ones_like(saliency)
    flat = saliency.flatten(1)
    if kind == "quantile":
        rank = min(max(1, round(quantile * flat.shape[1])), flat.shape[1])
        threshold = flat.kthvalue(rank, dim=1).values[:, None, None]
        return ((saliency >= threshold) & (saliency > 0)).to(saliency.dtype)
    peak = flat.amax(1)[:, None, None]
    return saliency / peak.clamp_min(torch.finfo(saliency.dtype).tiny)
