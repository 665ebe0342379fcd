"""Which groups a layer holds together, and how sure that is."""

from naps.similarity.bootstrap import DistanceSamples, bootstrap_distances
from naps.similarity.categories import category_statistics
from naps.similarity.cluster import cluster
from naps.similarity.correction import corrected
from naps.similarity.crossvalidation import (
    CROSS_METRICS,
    crossvalidated_distances,
    denoised_distances,
)
from naps.similarity.distance import METRICS, distances
from naps.similarity.gram import BlockGram, blocks_of
from naps.similarity.mantel import relation
from naps.similarity.products import block_distances
from naps.similarity.references import phonetic_distances, spelling_distances
from naps.similarity.reliability import (
    DistanceReliability,
    SplitHalf,
    distance_reliability,
    split_half,
)
from naps.similarity.statistic import Statistic
from naps.similarity.support import branch_support
from naps.similarity.tree import LINKAGES, Tree, build_tree

__all__ = [
    "CROSS_METRICS",
    "LINKAGES",
    "METRICS",
    "BlockGram",
    "DistanceReliability",
    "DistanceSamples",
    "SplitHalf",
    "Statistic",
    "Tree",
    "block_distances",
    "blocks_of",
    "bootstrap_distances",
    "branch_support",
    "build_tree",
    "category_statistics",
    "cluster",
    "corrected",
    "crossvalidated_distances",
    "denoised_distances",
    "distance_reliability",
    "distances",
    "phonetic_distances",
    "relation",
    "spelling_distances",
    "split_half",
]
