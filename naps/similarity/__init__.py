"""Which groups a layer holds together, and how sure that is."""

from naps.similarity.categories import Statistic, category_statistics
from naps.similarity.cluster import cluster
from naps.similarity.distance import METRICS, distances
from naps.similarity.tree import LINKAGES, Tree, build_tree

__all__ = [
    "LINKAGES",
    "METRICS",
    "Statistic",
    "Tree",
    "build_tree",
    "category_statistics",
    "cluster",
    "distances",
]
