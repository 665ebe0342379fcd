"""Which groups a layer holds together, and how sure that is."""

from naps.similarity.bootstrap import DistanceSamples, bootstrap_distances
from naps.similarity.categories import Statistic, category_statistics
from naps.similarity.cluster import cluster
from naps.similarity.crossvalidation import CROSS_METRICS, crossvalidated_distances
from naps.similarity.distance import METRICS, distances
from naps.similarity.gram import BlockGram, blocks_of
from naps.similarity.products import block_distances
from naps.similarity.reliability import (
    DistanceReliability,
    SplitHalf,
    distance_reliability,
    split_half,
)
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
    "build_tree",
    "category_statistics",
    "cluster",
    "crossvalidated_distances",
    "distance_reliability",
    "distances",
    "split_half",
]
