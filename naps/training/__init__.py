"""Training recognizers with CTC, G2P and sentiment models; resumable to the step."""

from naps.training.comparison import TransferConfig, TransferResult, compare_starts
from naps.training.config import TrainConfig
from naps.training.g2p import TrainG2PConfig, train_g2p
from naps.training.loop import train
from naps.training.sentiment import TrainSentimentConfig, train_sentiment
from naps.training.sweep import SweepResult, SweepRun, TopographySweepConfig, train_sweep

__all__ = [
    "SweepResult",
    "SweepRun",
    "TopographySweepConfig",
    "TrainConfig",
    "TrainG2PConfig",
    "TrainSentimentConfig",
    "TransferConfig",
    "TransferResult",
    "compare_starts",
    "train",
    "train_g2p",
    "train_sentiment",
    "train_sweep",
]
