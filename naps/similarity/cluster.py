"""From a layer's profile to its tree."""

from __future__ import annotations

import numpy as np
import xarray as xr

from naps.errors import InputError
from naps.profiles import contrast
from naps.similarity.crossvalidation import denoised_distances
from naps.similarity.distance import Floats, distances
from naps.similarity.gram import BlockGram, blocks_of
from naps.similarity.tree import Tree, build_tree, check_linkage


def cluster(
    profile: xr.Dataset,
    *,
    metric: str = "cosine",
    linkage: str = "average",
    reference: str = "equal",
    min_count: int = 1,
    crossvalidated: bool = False,
) -> Tree:
    """Cluster the groups of a layer by their profiles.

    Groups that are left out are no part of the reference either; the tree's labels say which are
    left.

    Parameters
    ----------
    profile : Dataset
        ``profiles["conv9"]``.
    metric : {"cosine", "correlation", "euclidean"}
    linkage : {"average", "complete", "ward"}
        Ward for Euclidean distances only.
    reference : {"equal", "count", "none"}
        What is subtracted first, see `naps.contrast`.
    min_count : int
        Groups with fewer events are left out.
    crossvalidated : bool
        Whether distances are without the noise in means, see `crossvalidated_distances`; those
        that come out below zero are zero in the tree. Groups that fewer than two blocks have are
        left out then, and those of which nothing is seen again in other blocks.

    Raises
    ------
    InputError
        If an option does not exist or fewer than two groups remain.
    """
    check_linkage(linkage, metric)
    layer = profile.attrs.get("layer", "profile")
    counts = {
        str(label): int(count)
        for label, count in zip(profile["label"].values, profile["count"].values, strict=True)
    }
    kept = [label for label, count in counts.items() if count >= max(1, min_count)]
    if len(kept) < 2:
        raise InputError(
            f"{layer}: {len(kept)} groups have {min_count} events or more, and a tree needs two; "
            f"lower min_count or use more speech"
        )
    if crossvalidated:
        labels, square = _seen_again(blocks_of(profile).select(kept), metric, reference)
        if len(labels) < 2:
            raise InputError(
                f"{layer}: {len(labels)} groups look alike in different blocks of the corpus, and "
                f"a tree needs two; use more speech, or distances that are not cross-validated"
            )
    else:
        chosen = contrast(profile.isel(label=[label in kept for label in counts]), reference)
        labels, square = tuple(kept), distances(chosen, metric)
    return build_tree(labels, [counts[label] for label in labels], square, linkage)


def _seen_again(blocks: BlockGram, metric: str, reference: str) -> tuple[tuple[str, ...], Floats]:
    """Return the groups that have cross-validated distances, and these distances."""
    blocks = blocks.select(blocks.repeated())
    while True:
        square = denoised_distances(blocks, metric, reference)
        noise = np.isnan(np.diag(square))
        if not noise.any():
            return blocks.labels, square
        # One at a time, the rarest first: its noise was in the reference of all others.
        rarest = int(np.where(noise, blocks.counts.sum(0), np.inf).argmin())
        blocks = blocks.select(blocks.labels[:rarest] + blocks.labels[rarest + 1 :])
