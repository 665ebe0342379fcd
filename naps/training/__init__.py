"""Training recognizers with CTC, and G2P models; resumable to the step."""

from naps.training.comparison import TransferConfig, TransferResult, compare_starts
from naps.training.config import TrainConfig
from naps.training.g2p import TrainG2PConfig, train_g2p
from naps.training.loop import train

__all__ = [
    "TrainConfig",
    "TrainG2PConfig",
    "TransferConfig",
    "TransferResult",
    "compare_starts",
    "train",
    "train_g2p",
]
