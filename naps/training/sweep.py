"""One recognizer trained with growing weights of topography: what order costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import torch
from pydantic import Field, model_validator

from naps.training.config import Regulariser, Strict, TopographyConfig, TrainConfig
from naps.training.table import trained

Weight = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]


class MeasureConfig(Strict):
    """How the order of the trained networks is measured.

    Attributes
    ----------
    splits : sequence of str
        Of the corpora in ``training.data``: speech to make profiles of.
    limit : int or None
        Utterances of each corpus, the first ones.
    methods : sequence of str
        Layouts made afterwards of the network that was trained without topography, to compare
        with; one whose extra is not installed is left out.
    min_count : int
        Phonemes with fewer events are left out.
    permutations : int
        Of the units over the sheet.
    seed : int
        Of permutations and layouts.
    """

    splits: tuple[str, ...] = Field(("dev",), min_length=1)
    limit: int | None = Field(100, ge=1)
    methods: tuple[str, ...] = ("som", "pca", "umap")
    min_count: int = Field(20, ge=1)
    permutations: int = Field(1000, ge=99)
    seed: int = Field(0, ge=0)


class TopographySweepConfig(Strict):
    """A table of training runs that differ only in their topography.

    Attributes
    ----------
    training : TrainConfig
        What all runs have in common.
    weights : mapping
        Of each kind of cost; a run for each weight, and one without topography.
    layers : sequence of str
        To order.
    grid : (int, int) or None
        See `TopographyConfig`.
    measure : MeasureConfig
    """

    kind: Literal["topography_sweep"] = "topography_sweep"
    name: str
    training: TrainConfig
    weights: dict[Regulariser, Annotated[tuple[Weight, ...], Field(min_length=1)]] = Field(
        {"neighbours": (0.01, 0.1, 1.0)}, min_length=1
    )
    layers: tuple[str, ...] = TopographyConfig.model_fields["layers"].default
    grid: tuple[int, int] | None = None
    measure: MeasureConfig = MeasureConfig()

    @model_validator(mode="after")
    def _can_run(self) -> Self:
        if self.training.topography is not None:
            raise ValueError("topography is this recipe's, not training's")
        for kind, weights in self.weights.items():
            if len(set(weights)) < len(weights):
                raise ValueError(f"weights.{kind}: one is named twice")
        for run in self.runs():
            # Not checked by model_copy.
            TrainConfig.model_validate(run.config.model_dump())
        return self

    def topography(self, kind: Regulariser, weight: float) -> TopographyConfig:
        """Return the topography of a run."""
        return TopographyConfig(kind=kind, weight=weight, layers=self.layers, grid=self.grid)

    def runs(self) -> list[SweepRun]:
        """Return the runs of the table, the one without topography first."""
        runs = [SweepRun("none", None, 0.0, self.training)]
        for kind, weights in self.weights.items():
            for weight in sorted(weights):
                changed = {"topography": self.topography(kind, weight)}
                config = self.training.model_copy(update=changed)
                runs.append(SweepRun(f"{kind}-{weight:g}", kind, weight, config))
        return runs


@dataclass(frozen=True)
class SweepRun:
    """One training of a sweep.

    Attributes
    ----------
    name : str
        Of its folder.
    kind : str or None
        Of its cost; None for the run without topography.
    weight : float
    config : TrainConfig
    """

    name: str
    kind: Regulariser | None
    weight: float
    config: TrainConfig


@dataclass(frozen=True)
class SweepResult:
    """What a run came to.

    Attributes
    ----------
    run : SweepRun
    model : Path
        Its network.
    facts : dict
        Its ``figures.json``.
    """

    run: SweepRun
    model: Path
    facts: dict[str, Any]


def train_sweep(
    config: TopographySweepConfig,
    out: Path,
    *,
    device: torch.device | str = "cpu",
    say: Callable[[str], None] = print,
) -> list[SweepResult]:
    """Train every run of a sweep, or continue it; finished runs are not trained again.

    Parameters
    ----------
    config : TopographySweepConfig
        The recipe.
    out : Path
        Gets a folder for each run, see `naps.training.train`.
    device : torch.device or str
    say : callable
        Gets lines for people.
    """
    return [
        SweepResult(
            run,
            out / run.name / f"{run.config.name}.safetensors",
            trained(run.name, run.config, out, device=device, say=say),
        )
        for run in config.runs()
    ]
