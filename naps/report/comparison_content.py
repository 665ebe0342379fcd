"""What a comparison found, as values to be shown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naps.report.clusters import LEVEL

MEASURES = ("unit_correlation", "rsa", "cka")


@dataclass(frozen=True)
class Likeness:
    """A measure of how alike two things are; NaN where it was not recorded.

    Attributes
    ----------
    value, low, high : float
        With its 95 % interval.
    chance_mean, chance_p99 : float
        What it is where nothing is alike.
    p, p_corrected : float
        Share of chance that reaches it; the same with regard to all layers.
    ceiling : float
        The most that noise allows.
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    chance_mean: float = math.nan
    chance_p99: float = math.nan
    p: float = math.nan
    p_corrected: float = math.nan
    ceiling: float = math.nan

    @property
    def known(self) -> bool:
        """Whether there is a number at all."""
        return not math.isnan(self.value)

    @property
    def above_chance(self) -> bool:
        """Whether p, corrected for the layers, is below 0.05.

        Where there is no p, whether the whole interval exceeds what chance gives on average.
        """
        if math.isnan(self.p_corrected):
            return self.low > self.chance_mean
        return self.p_corrected < LEVEL


@dataclass(frozen=True)
class GroupLikeness:
    """How alike the profiles of one group are in two runs."""

    a: str
    b: str
    correlation: float
    ceiling: float
    count_a: int
    count_b: int

    @property
    def name(self) -> str:
        """The label, or both where the two languages write the phone in their own way."""
        return self.a if self.a == self.b else f"{self.a}/{self.b}"


@dataclass(frozen=True, eq=False)
class Trees:
    """The trees of a layer in both runs, turned so that they cross little.

    Attributes
    ----------
    labels_a, labels_b : tuple of str, length groups
        Of the same groups in the same order.
    order_a, order_b : tuple of int, length groups
    merges_a, merges_b : ndarray, shape (groups - 1, 4)
    entanglement, chance_mean, chance_p01, p : float
        0 for trees whose leaves stand in the same order, 1 for the greatest disorder.
    """

    labels_a: tuple[str, ...]
    labels_b: tuple[str, ...]
    order_a: tuple[int, ...]
    order_b: tuple[int, ...]
    merges_a: NDArray[np.float64]
    merges_b: NDArray[np.float64]
    entanglement: float
    chance_mean: float
    chance_p01: float
    p: float


@dataclass(frozen=True, eq=False)
class LayerPair:
    """A layer of the one run and the layer of the other that it is compared with."""

    a: str
    b: str
    measures: Mapping[str, Likeness]
    groups: tuple[GroupLikeness, ...]
    trees: Trees | None

    @property
    def name(self) -> str:
        """The layer, or both where they have other names."""
        return self.a if self.a == self.b else f"{self.a}/{self.b}"


@dataclass(frozen=True, eq=False)
class LayerMatrix:
    """A measure of all layers of the one against all of the other."""

    layers_a: tuple[str, ...]
    layers_b: tuple[str, ...]
    values: NDArray[np.float64]

    def nearest(self) -> list[tuple[str, str, float]]:
        """Give each layer of the one with the most alike of the other, as far as known."""
        rows = zip(self.layers_a, self.values, strict=True)
        return [
            (layer, self.layers_b[int(np.nanargmax(row))], float(np.nanmax(row)))
            for layer, row in rows
            if np.isfinite(row).any()
        ]


@dataclass(frozen=True)
class Share:
    """How many of some cases are the same in both runs."""

    count: int
    same: Likeness


@dataclass(frozen=True)
class LetterAgreement:
    """How often both runs write the same at the events of one letter."""

    letter: str
    events: int
    same: float


@dataclass(frozen=True)
class Agreement:
    """How often two recognizers predict the same."""

    frames: Share
    events: Share | None
    letters: tuple[LetterAgreement, ...]


@dataclass(frozen=True)
class Statement:
    """A claim about two runs and what the numbers say of it; ``holds`` is None if undecided."""

    claim: str
    layers: tuple[str, ...]
    similarity: Likeness
    predictions: Likeness
    predictions_cka: Likeness
    difference: Likeness
    holds: bool | None
    by: str


@dataclass(frozen=True, eq=False)
class ComparisonContent:
    """The file of a comparison."""

    path: Path
    case: str
    a: Mapping[str, Any]
    b: Mapping[str, Any]
    group: str
    kind: str
    metric: str
    linkage: str
    contrast: str
    shared: tuple[tuple[str, str], ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    same_units: bool
    layers: tuple[LayerPair, ...]
    matrices: Mapping[str, LayerMatrix]
    agreement: Agreement | None
    statement: Statement | None
    provenance: Mapping[str, Any]

    @property
    def names(self) -> tuple[str, str]:
        """What the two runs are called."""
        return str(self.a.get("run", "first")), str(self.b.get("run", "second"))
