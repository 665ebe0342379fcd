"""Training recognizers with CTC; resumable to the step."""

from naps.training.config import TrainConfig
from naps.training.loop import train

__all__ = ["TrainConfig", "train"]
