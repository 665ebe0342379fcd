"""Everything a training run depends on, as read from its recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from naps.corpus.features import FeatureConfig
from naps.training.schedule import Precision


class Strict(BaseModel):
    """A frozen model that refuses unknown keys, so that a misspelt one is found at once."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DataConfig(Strict):
    """One corpus to train on.

    Attributes
    ----------
    path : Path or None
        Folder with ``manifest.jsonl``; set it with ``--set data.NAME.path=FOLDER``.
    train, dev, test : str or None
        Splits of the manifest to learn from, to watch, and to look at once when all is done.
    language : str or None
        Keep only utterances of this language.
    required : bool
        Whether training without this corpus is an error.
    """

    path: Path | None = None
    train: str | None = "train"
    dev: str | None = "dev"
    test: str | None = None
    language: str | None = None
    required: bool = True


class NetworkConfig(Strict):
    """Sizes that the recipe decides; bands and letters follow from features and alphabet."""

    channels: int = Field(250, ge=1)
    wide: int = Field(2000, ge=1)
    dropout: float = Field(0.0, ge=0.0, lt=1.0)
    batch_norm: bool = True
    padding: Literal["symmetric", "same"] = "symmetric"


class AugmentConfig(Strict):
    """Random changes of the spectrograms while training; zero switches one off.

    Attributes
    ----------
    time_warp, mel_warp : float
        Greatest share by which an utterance is stretched in time, or its mel axis (and with it
        the apparent length of the vocal tract).
    tilt : float
        Standard deviation of a smooth random offset over mel bands, in units of the z-norm.
    noise : float
        Greatest standard deviation of added white noise.
    mel_masks, mel_mask_width : int
        SpecAugment masks over bands (Park et al. 2019).
    time_masks_per_s, time_mask_s : float
        SpecAugment masks over time.
    """

    time_warp: float = Field(0.12, ge=0.0, le=0.5)
    mel_warp: float = Field(0.12, ge=0.0, le=0.5)
    tilt: float = Field(0.2, ge=0.0)
    noise: float = Field(0.2, ge=0.0)
    mel_masks: int = Field(2, ge=0)
    mel_mask_width: int = Field(10, ge=0)
    time_masks_per_s: float = Field(0.5, ge=0.0)
    time_mask_s: float = Field(0.25, ge=0.0)


class TrainConfig(Strict):
    """A training recipe.

    Attributes
    ----------
    start : str or None
        Recognizer to begin with, a shipped model's name or a path; its output layer is mapped
        character by character.
    steps : int
        Updates in all; the learning rate rises over ``warmup`` of them and then falls as a
        cosine to zero.
    batch_s : float
        Seconds of sound in a batch.
    precision : {"auto", "float32", "bfloat16"}
        ``auto`` computes convolutions in bfloat16 where the processor multiplies it natively.
    eval_every, save_every : int
        Steps between looks at the dev sets, and between checkpoints.
    max_bad_share : float
        Training stops before it starts if more of the utterances than this cannot be used.
    """

    kind: Literal["train"] = "train"
    name: str
    language: Literal["en", "de"] = "en"
    seed: int = 1
    features: FeatureConfig = FeatureConfig()
    network: NetworkConfig = NetworkConfig()
    augment: AugmentConfig = AugmentConfig()
    data: dict[str, DataConfig]
    start: str | None = None
    steps: int = Field(10_000, ge=1)
    batch_s: float = Field(80.0, gt=0.0)
    learning_rate: float = Field(1e-3, gt=0.0)
    weight_decay: float = Field(0.02, ge=0.0)
    warmup: float = Field(0.04, ge=0.0, lt=1.0)
    clip: float = Field(5.0, gt=0.0)
    precision: Precision = "auto"
    eval_every: int = Field(1000, ge=1)
    save_every: int = Field(500, ge=1)
    max_bad_share: float = Field(0.05, ge=0.0, le=1.0)
