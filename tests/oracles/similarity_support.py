"""Support of branches from explicit means of blocks: sets of leaves, tree by tree."""

import numpy as np
from scipy.cluster.hierarchy import linkage, to_tree
from scipy.spatial.distance import pdist

from tests.oracles.blocks import contrasted, weighted_means


def branches(merges):
    """The leaves under every merge, as sets."""
    _, nodes = to_tree(merges, rd=True)
    return [frozenset(node.pre_order()) for node in nodes if not node.is_leaf()]


def support(means, counts, weights, metric, reference, method):
    """Share of the drawn corpora with each branch of the whole corpus' tree."""

    def tree(drawn):
        pairs = weighted_means(means, counts, drawn)
        if any(mean is None for mean, _ in pairs):
            return None
        return branches(linkage(pdist(contrasted(pairs, reference), metric), method))

    whole = tree(np.ones(len(means)))
    trees = [found for found in map(tree, weights) if found is not None]
    return [np.mean([branch in found for found in trees]) for branch in whole], len(trees)
