"""What a profile file keeps of its blocks: inner products of their mean profiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import xarray as xr

from naps.errors import InputError
from naps.similarity.distance import Floats


@dataclass(frozen=True)
class BlockGram:
    """Inner products between the mean profiles of the groups in the blocks of a corpus.

    Blocks are stretches of a corpus that share no utterance, so that what they know of a group is
    independent. Cosine, correlation and Euclidean distance of any weighted means of the blocks
    follow from these products alone, however large a profile is.

    A mean of blocks by their counts is the mean over all events where every event has a value at
    every lag. Where windows are cut off (``edges: keep``, ``lags_ms``) it is near to it.

    Attributes
    ----------
    labels : tuple of str
        Groups.
    gram : array of float64, shape (blocks, groups, blocks, groups)
        ``gram[b, g, c, h]`` is the sum over all cells (lags × channels) of the mean profile of
        group g in block b times that of group h in block c. What stands where a block has no
        event of a group does not matter.
    counts : array, shape (blocks, groups)
        Events.
    sums : array of float64, shape (blocks, groups)
        Sum over all cells of the mean profiles.
    cells : int
        Lags × channels.

    Raises
    ------
    InputError
        If the shapes do not fit, or a product or sum of groups with events is not finite.
    """

    labels: tuple[str, ...]
    gram: Floats
    counts: Floats
    sums: Floats
    cells: int

    def __post_init__(self) -> None:
        blocks, groups = self.counts.shape
        fits = self.gram.shape == (blocks, groups) * 2 and self.sums.shape == (blocks, groups)
        if not fits or len(self.labels) != groups or self.cells < 1:
            raise InputError(
                f"products of {self.gram.shape}, counts of {self.counts.shape}, sums of "
                f"{self.sums.shape}, {len(self.labels)} labels and {self.cells} cells do not fit"
            )
        # Kept at zero where there is no event, so that sums with zero weights stay sums.
        there = self.counts > 0
        both = there[:, :, None, None] & there
        object.__setattr__(self, "counts", np.where(there, self.counts, 0).astype(np.float64))
        object.__setattr__(self, "sums", np.where(there, self.sums, 0.0).astype(np.float64))
        object.__setattr__(self, "gram", np.where(both, self.gram, 0.0).astype(np.float64))
        if not (np.isfinite(self.gram).all() and np.isfinite(self.sums).all()):
            raise InputError("inner products of profiles are not finite")

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return len(self.counts)

    @cached_property
    def block_pairs(self) -> Floats:
        """Products times the counts of both groups, shape (blocks × blocks, groups × groups).

        Products of group totals under any weights of the blocks are one matrix product with these.
        """
        pairs = self.gram.transpose(0, 2, 1, 3) * self.counts[:, None, :, None]
        pairs *= self.counts[None, :, None, :]
        return pairs.reshape(self.blocks**2, -1)

    def select(self, labels: Sequence[str]) -> BlockGram:
        """Keep some groups, in the order given.

        Raises
        ------
        InputError
            If there is no such group; the message lists those that there are.
        """
        for label in labels:
            if label not in self.labels:
                raise InputError(f"no group {label!r}; there are: {', '.join(self.labels)}")
        at = [self.labels.index(label) for label in labels]
        return replace(
            self,
            labels=tuple(labels),
            gram=self.gram[:, at][:, :, :, at],
            counts=self.counts[:, at],
            sums=self.sums[:, at],
        )

    def repeated(self) -> tuple[str, ...]:
        """Return the groups that occur in two blocks or more."""
        often = (self.counts > 0).sum(0) >= 2
        return tuple(label for label, many in zip(self.labels, often, strict=True) if many)

    def check_repeated(self) -> None:
        """See that every group occurs in two blocks or more.

        Raises
        ------
        InputError
            If not; the message names the groups.
        """
        alone = [label for label in self.labels if label not in self.repeated()]
        if alone:
            raise InputError(
                f"groups that occur in fewer than two blocks have nothing to be checked against: "
                f"{', '.join(alone)}; leave them out (a higher min_count) or use more speech"
            )


def blocks_of(profile: xr.Dataset) -> BlockGram:
    """Return the blocks that a profile was made of.

    Parameters
    ----------
    profile : Dataset
        A layer's profile as `naps.profile` or `naps.load_profiles` gives it, with all its labels;
        choose among them by `BlockGram.select`.

    Raises
    ------
    InputError
        If the profile says nothing of its blocks, or has lost some of its labels.
    """
    layer = profile.attrs.get("layer", "?")
    if "block_gram" not in profile:
        raise InputError(f"the profile of layer {layer!r} says nothing of blocks: make it anew")
    if profile.sizes["label"] != profile.sizes["other_label"]:
        raise InputError(
            f"the profile of layer {layer!r} has lost some of its labels: take it as loaded"
        )
    return BlockGram(
        labels=tuple(str(label) for label in profile["label"].values),
        gram=profile["block_gram"].values,
        counts=profile["block_count"].values,
        sums=profile["block_sum"].values,
        cells=profile.sizes["lag"] * profile.sizes["channel"],
    )
