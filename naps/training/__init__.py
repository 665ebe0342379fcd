"""Training recognizers with CTC, and G2P models; resumable to the step."""

from naps.training.config import TrainConfig
from naps.training.g2p import TrainG2PConfig, train_g2p
from naps.training.loop import train

__all__ = ["TrainConfig", "TrainG2PConfig", "train", "train_g2p"]
