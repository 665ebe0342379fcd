"""Whether to believe an explanation: tests of relevance, all with intervals and chance levels."""

from naps.relevance.evaluation.agreement import Agreement, agreement
from naps.relevance.evaluation.conservation import Conservation, conservation
from naps.relevance.evaluation.context import ContextShare, context_share, mark_cosine
from naps.relevance.evaluation.deletion import Deletion, random_deletion, word_deletion
from naps.relevance.evaluation.flipping import Flipping, Regions, pixel_flipping, random_flipping
from naps.relevance.evaluation.randomisation import Randomised, cascade
from naps.relevance.evaluation.toy import (
    ToyNetwork,
    ToyScores,
    ToyTask,
    toy_networks,
    toy_scores,
    toy_task,
)
from naps.relevance.interval import Interval, mean_interval

__all__ = [
    "Agreement",
    "Conservation",
    "ContextShare",
    "Deletion",
    "Flipping",
    "Interval",
    "Randomised",
    "Regions",
    "ToyNetwork",
    "ToyScores",
    "ToyTask",
    "agreement",
    "cascade",
    "conservation",
    "context_share",
    "mark_cosine",
    "mean_interval",
    "pixel_flipping",
    "random_deletion",
    "random_flipping",
    "toy_networks",
    "toy_scores",
    "toy_task",
    "word_deletion",
]
