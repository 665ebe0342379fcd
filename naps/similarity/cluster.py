"""From a layer's profile to its tree."""

from __future__ import annotations

import numpy as np
import xarray as xr

from naps.errors import InputError
from naps.profiles import contrast
from naps.similarity.distance import distances
from naps.similarity.tree import Tree, build_tree


def cluster(
    profile: xr.Dataset,
    *,
    metric: str = "cosine",
    linkage: str = "average",
    reference: str = "equal",
    min_count: int = 1,
) -> Tree:
    """Cluster the groups of a layer by their profiles.

    Parameters
    ----------
    profile : Dataset
        ``profiles["conv9"]``.
    metric : {"cosine", "correlation", "euclidean"}
    linkage : {"average", "complete", "ward"}
    reference : {"equal", "count", "none"}
        What is subtracted first, see `naps.contrast`.
    min_count : int
        Groups with fewer events are left out, of the reference too.

    Raises
    ------
    InputError
        If an option does not exist or fewer than two groups remain.
    """
    counts = profile["count"].values
    kept = np.flatnonzero(counts >= max(1, min_count))
    if len(kept) < 2:
        raise InputError(
            f"{profile.attrs.get('layer', 'profile')}: {len(kept)} groups have {min_count} events "
            f"or more, and a tree needs two; lower min_count or use more speech"
        )
    chosen = contrast(profile.isel(label=kept), reference)
    return build_tree(
        [str(label) for label in chosen["label"].values],
        chosen["count"].values.tolist(),
        distances(chosen, metric),
        linkage,
    )
