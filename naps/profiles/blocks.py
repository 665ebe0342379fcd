"""What blocks of utterances say about each other: all that resampling them needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from naps.profiles.moments import Moments


def block_products(blocks: Sequence[Moments], mask: Tensor | None = None) -> dict[str, Any]:
    """Multiply the mean profiles of all groups in all blocks with each other.

    Distances, correlations, cross-validated distances and their bootstrap over blocks are
    functions of these products, which are far smaller than the profiles themselves.

    Parameters
    ----------
    blocks : sequence of Moments
        Sums of each block, shape (groups, width, channels).
    mask : Tensor, shape (groups, width, channels), optional
        Multiplies every mean, where a group has one mask.

    Returns
    -------
    dict
        Variables of the profile's dataset: ``block_gram`` (block, label, other_block,
        other_label), inner products over lag and channel; ``block_sum`` (block, label), the sum
        of each mean over lag and channel; ``block_count`` (block, label), events. Groups without
        events in a block have zeros there.
    """
    means = torch.stack([part.mean() for part in blocks])
    if mask is not None:
        means = means * mask
    flat = means.flatten(0, 1).flatten(1)
    shape = means.shape[:2]
    gram = (flat @ flat.T).view(*shape, *shape)
    counts = torch.stack([part.count for part in blocks])
    pair = ("block", "label")
    return {
        "block_gram": ((*pair, "other_block", "other_label"), gram.numpy()),
        "block_sum": (pair, flat.sum(1).view(shape).numpy()),
        "block_count": (pair, counts.numpy()),
    }
