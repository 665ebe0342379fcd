"""Everything a training run depends on, as read from its recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from naps.corpus.features import FeatureConfig
from naps.training.schedule import Precision, Schedule


class Strict(BaseModel):
    """A frozen model that refuses unknown keys, so that a misspelt one is found at once."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DataConfig(Strict):
    """One corpus to train on.

    Attributes
    ----------
    path : Path or None
        Folder with ``manifest.jsonl``; set it with ``--set data.NAME.path=FOLDER``.
    train, dev, test : str, sequence of str or None
        Splits of the manifest, or subsets such as ``train-clean-100``, to learn from, to watch,
        and to look at once when all is done.
    language : str or None
        Keep only utterances of this language.
    required : bool
        Whether training without this corpus is an error.
    """

    path: Path | None = None
    train: str | tuple[str, ...] | None = "train"
    dev: str | tuple[str, ...] | None = "dev"
    test: str | tuple[str, ...] | None = None
    language: str | None = None
    required: bool = True

    def splits(self, use: Literal["train", "dev", "test"]) -> tuple[str, ...]:
        """Return the names of the splits for a use, none for None."""
        named: str | tuple[str, ...] | None = getattr(self, use)
        return (named,) if isinstance(named, str) else named or ()


class Wav2LetterNetwork(Strict):
    """Sizes of a convolutional recognizer; bands and letters follow from the rest."""

    architecture: Literal["wav2letter"] = "wav2letter"
    channels: int = Field(250, ge=1)
    wide: int = Field(2000, ge=1)
    dropout: float = Field(0.0, ge=0.0, lt=1.0)
    batch_norm: bool = True
    padding: Literal["symmetric", "same"] = "symmetric"


class LSTMNetwork(Strict):
    """Sizes of an LSTM recognizer; bands and letters follow from the rest."""

    architecture: Literal["lstm"] = "lstm"
    hidden: int = Field(192, ge=1)
    layers: int = Field(4, ge=1, le=16)
    bidirectional: bool = True
    front: int = Field(192, ge=0)
    kernel: int = Field(11, ge=1)
    stride: int = Field(3, ge=1)
    dropout: float = Field(0.0, ge=0.0, lt=1.0)
    batch_norm: bool = True


def _architecture(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("architecture", "wav2letter"))
    return str(getattr(value, "architecture", "wav2letter"))


NetworkConfig = Annotated[
    Annotated[Wav2LetterNetwork, Tag("wav2letter")] | Annotated[LSTMNetwork, Tag("lstm")],
    Discriminator(_architecture),
]


class AugmentConfig(Strict):
    """Random changes while training; zero switches one off.

    Attributes
    ----------
    speeds : sequence of float
        An utterance is resampled to one of these speeds, which moves its pitch as well (Ko et
        al. 2015). ``[0.9, 1.0, 1.1]`` is usual; ``[1.0]`` changes nothing.
    time_warp, mel_warp : float
        Greatest share by which the spectrogram is stretched in time, or its mel axis (and with
        it the apparent length of the vocal tract).
    tilt : float
        Standard deviation of a smooth random offset over mel bands, in units of the z-norm.
    noise : float
        Greatest standard deviation of added white noise.
    mel_masks, mel_mask_width : int
        SpecAugment masks over bands (Park et al. 2019).
    time_masks_per_s, time_mask_s : float
        SpecAugment masks over time.
    """

    speeds: tuple[Annotated[float, Field(ge=0.5, le=2.0)], ...] = Field((1.0,), min_length=1)
    time_warp: float = Field(0.12, ge=0.0, le=0.5)
    mel_warp: float = Field(0.12, ge=0.0, le=0.5)
    tilt: float = Field(0.2, ge=0.0)
    noise: float = Field(0.2, ge=0.0)
    mel_masks: int = Field(2, ge=0)
    mel_mask_width: int = Field(10, ge=0)
    time_masks_per_s: float = Field(0.5, ge=0.0)
    time_mask_s: float = Field(0.25, ge=0.0)


Regulariser = Literal["groups", "neighbours", "sheet"]


class TopographyConfig(Strict):
    """Learn filters that lie in order on a sheet, see `naps.training.topography`.

    Attributes
    ----------
    kind : {"groups", "neighbours", "sheet"}
        ``groups``: units that are active together lie together; ``neighbours``: kernels side by
        side point the same way; ``sheet``: the sheet of kernels bears shrinking and stretching.
    weight : float
        Of the sum over layers beside the CTC loss per letter; 0 measures and changes nothing.
    layers : sequence of str
        Convolutions to order; the last one gives the letters and has no order.
    grid : (int, int) or None
        Rows and columns of the sheet of every layer named; None is as near to a square as the
        number of its units allows.
    torus : bool or None
        Whether opposite edges are neighbours; None is true for ``groups`` and ``neighbours``.
        ``sheet`` has edges.
    neighbours : {4, 8}
        Of each unit, for ``neighbours``.
    window : {3, 5}
        Width of a group, for ``groups``.
    shrink : float
        To what part the sheet is shrunk, for ``sheet``.
    """

    kind: Regulariser
    weight: float = Field(ge=0.0, allow_inf_nan=False)
    layers: tuple[str, ...] = Field(tuple(f"conv{n}" for n in range(1, 9)), min_length=1)
    grid: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]] | None = None
    torus: bool | None = None
    neighbours: Literal[4, 8] = 4
    window: Literal[3, 5] = 5
    shrink: float = Field(3.0, gt=1.0, allow_inf_nan=False)

    @property
    def on_torus(self) -> bool:
        """Whether opposite edges are neighbours."""
        return self.kind != "sheet" if self.torus is None else self.torus

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.kind == "sheet" and self.torus:
            raise ValueError("torus: a sheet that is shrunk has edges; leave it out")
        if len(set(self.layers)) < len(self.layers):
            raise ValueError("layers: one is named twice")
        return self


class TrainConfig(Strict):
    """A training recipe.

    Attributes
    ----------
    start : str or None
        Recognizer to begin with, a shipped model's name or a path; its output layer is mapped
        character by character.
    new_characters : {"zero", "random"}
        Output weights of characters that the start does not write.
    frozen : int
        Leave the first layers of the network as they are, so many.
    fresh_above : bool
        Take only the frozen layers from the start; the others begin with random weights.
    topography : TopographyConfig or None
        Learn filters that lie in order; of a convolutional network only.
    steps : int
        Updates in all.
    batch_s : float
        Seconds of sound in a batch, padding included.
    optimiser : {"adamw", "adam"}
        ``adam`` is the one of Kunze et al. (2017): no weight decay.
    schedule : {"one_cycle", "plateau", "constant"}
        How the learning rate changes, see `naps.training.schedule.rate_at`.
    patience : int
        Schedule ``plateau``: halve the rate after so many looks at dev without a better CER.
    stop_early : int or None
        Stop after so many looks at dev without a better CER.
    precision : {"auto", "float32", "bfloat16", "float16"}
        ``auto`` computes products in bfloat16 where the processor multiplies it natively.
        ``float16`` scales the loss, for GPUs without bfloat16.
    workers : int
        Processes that read and change spectrograms ahead of the updates.
    cache_gib : float
        Spectrograms kept in memory rather than computed anew; divided among the workers.
    log_every, eval_every, save_every : int
        Steps between rows of the log, looks at the dev sets, and checkpoints.
    max_bad_share : float
        Training stops if more of the utterances than this cannot be used.
    """

    kind: Literal["train"] = "train"
    name: str
    language: Literal["en", "de"] = "en"
    seed: int = Field(1, ge=0)
    features: FeatureConfig = FeatureConfig()
    network: NetworkConfig = Wav2LetterNetwork()
    augment: AugmentConfig = AugmentConfig()
    data: dict[str, DataConfig]
    start: str | None = None
    new_characters: Literal["zero", "random"] = "zero"
    frozen: int = Field(0, ge=0)
    fresh_above: bool = False
    topography: TopographyConfig | None = None
    steps: int = Field(10_000, ge=1)
    batch_s: float = Field(80.0, gt=0.0)
    optimiser: Literal["adamw", "adam"] = "adamw"
    learning_rate: float = Field(1e-3, gt=0.0)
    weight_decay: float = Field(0.02, ge=0.0)
    schedule: Schedule = "one_cycle"
    warmup: float = Field(0.04, ge=0.0, lt=1.0)
    patience: int = Field(3, ge=1)
    stop_early: int | None = Field(None, ge=1)
    clip: float = Field(5.0, gt=0.0)
    precision: Precision = "auto"
    workers: int = Field(0, ge=0)
    cache_gib: float = Field(4.0, ge=0.0)
    log_every: int = Field(100, ge=1)
    eval_every: int = Field(1000, ge=1)
    save_every: int = Field(500, ge=1)
    max_bad_share: float = Field(0.05, ge=0.0, le=1.0)

    @model_validator(mode="after")
    def _can_be_ordered(self) -> Self:
        if self.topography is not None and not isinstance(self.network, Wav2LetterNetwork):
            raise ValueError("topography: only convolutional recognizers learn it, not LSTMs")
        return self
