"""How sure the branches of a tree are: which of them other speech would give, too."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.cluster.hierarchy import linkage as scipy_linkage

from naps.similarity.bootstrap import drawn_distances
from naps.similarity.crossvalidation import denoised_distances
from naps.similarity.distance import Floats
from naps.similarity.gram import BlockGram
from naps.similarity.products import block_distances
from naps.similarity.tree import Tree, check_linkage


def branch_support(
    tree: Tree,
    blocks: BlockGram,
    *,
    metric: str = "cosine",
    reference: str = "equal",
    linkage: str = "average",
    crossvalidated: bool = False,
    replicates: int = 1000,
    seed: int = 0,
) -> Floats:
    """Count the trees of other corpora that have the branches of this one (Felsenstein 1985).

    Other corpora are blocks of this one, drawn with replacement. Their tree has a branch if one of
    its own holds the same groups, no more and no fewer. Where groups are many and alike, a branch
    may be there in few of the trees though its groups are always near each other. Of a group that
    few blocks have, all these corpora say nearly the same, and its branches look surer than they
    are.

    Parameters
    ----------
    tree : Tree
    blocks : BlockGram
        Of the same layer; may have more groups.
    metric, reference, linkage, crossvalidated
        What the tree was made with, see `cluster`.
    replicates : int
        Corpora to draw. Those in which a group of the tree has no distances do not count: it is
        in none of the blocks drawn; or, of cross-validated distances, in one of them only, or
        noise in those drawn.
    seed : int

    Returns
    -------
    array of float64, shape (labels - 1,)
        For each row of the tree's merges, from 0 to 1; 1 for the root. NaN where there are fewer
        than two blocks, or no corpus counts.

    Raises
    ------
    InputError
        If an option does not exist, a group of the tree is not among those of the blocks, or, of
        cross-validated distances, occurs in one block only.
    """
    check_linkage(linkage, metric)
    kept = blocks.select(tree.labels)
    branches = list(_branches(tree.merges))
    if kept.blocks < 2:
        return np.full(len(branches), np.nan)
    measure = denoised_distances if crossvalidated else block_distances
    found, counted = np.zeros(len(branches)), 0
    for part in drawn_distances(kept, measure, metric, reference, replicates, seed):
        for condensed in part[~np.isnan(part).any(1)]:
            others = set(_branches(scipy_linkage(condensed, linkage)))
            found += [branch in others for branch in branches]
            counted += 1
    return found / counted if counted else np.full(len(branches), np.nan)


def _branches(merges: Floats) -> Iterator[int]:
    """Yield the leaves under each merge as the bits of a number."""
    members = [1 << leaf for leaf in range(len(merges) + 1)]
    for first, second in merges[:, :2].astype(int).tolist():
        members.append(members[first] | members[second])
        yield members[-1]
