"""What blocks of utterances say about each other: all that resampling them needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.linalg.blas import dsyrk
from torch import Tensor

from naps.profiles.moments import Moments, zeros


class BlockMeans:
    """The average of every group in every block, and their products.

    Distances, correlations, cross-validated distances and their bootstrap over blocks are
    functions of these products, which are far smaller than the profiles themselves.

    Parameters
    ----------
    blocks : int
    shape : tuple of int
        Groups, width and channels.
    folder : Path, optional
        Gets a file that holds the averages in place of memory.
    """

    def __init__(
        self, blocks: int, shape: tuple[int, int, int], folder: Path | None = None
    ) -> None:
        groups, width, channels = shape
        self._means = zeros((blocks, groups, width * channels), folder)
        self._counts = torch.zeros((blocks, groups), dtype=torch.int64)

    def put(self, block: int, moments: Moments, average: Tensor) -> None:
        """Take over a block.

        Parameters
        ----------
        block : int
        moments : Moments
            Its sums.
        average : Tensor, shape (groups, width, channels)
        """
        self._means[block] = average.flatten(1)
        self._counts[block] = moments.count

    def times(self, mask: Tensor) -> None:
        """Multiply every block's averages with what is one for all: a mask of each group."""
        for means in self._means:
            means *= mask.flatten(1)

    def centre(self) -> None:
        """Subtract from all groups of a block the average over those that have events there."""
        for means, counts in zip(self._means, self._counts, strict=True):
            there = counts > 0
            if there.any():
                means[there] -= means[there].mean(0)

    def products(self) -> dict[str, Any]:
        """Multiply the averages of all groups in all blocks with each other.

        Returns
        -------
        dict
            Variables of the profile's dataset: ``block_gram`` (block, label, other_block,
            other_label), inner products over lag and channel; ``block_sum`` (block, label), the
            sum of each average over lag and channel; ``block_count`` (block, label), events.
            Groups without events in a block have zeros there.
        """
        shape = self._counts.shape
        flat = self._means.flatten(0, 1)
        pair = ("block", "label")
        # Half of a symmetric product is enough.
        half = dsyrk(1.0, flat.numpy().T, trans=1)
        gram = (np.triu(half) + np.triu(half, 1).T).reshape(*shape, *shape)
        return {
            "block_gram": ((*pair, "other_block", "other_label"), gram),
            "block_sum": (pair, flat.sum(1).view(shape).numpy()),
            "block_count": (pair, self._counts.numpy()),
        }
