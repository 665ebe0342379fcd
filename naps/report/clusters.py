"""The trees and statistics of ``clusters/GROUP-KIND.json`` as values."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naps.errors import InputError

STATISTICS = ("silhouette", "purity", "ari", "v_measure")
LEVEL = 0.05


@dataclass(frozen=True)
class Statistic:
    """A number and what shuffled classes give; NaN where it was not recorded.

    ``p_corrected`` is corrected for the number of layers.
    """

    value: float
    chance_mean: float
    chance_p99: float
    p: float
    permutations: int | None
    p_corrected: float = math.nan

    @property
    def corrected(self) -> bool:
        """Whether p was corrected."""
        return not math.isnan(self.p_corrected)

    @property
    def above_chance(self) -> bool:
        """Whether p, corrected, is below `LEVEL`, or else the value above its 99th percentile."""
        return self.p_corrected < LEVEL if self.corrected else self.value > self.chance_p99


@dataclass(frozen=True)
class Reliability:
    """How far the distances of random halves of the events agree; NaN where unknown.

    Attributes
    ----------
    correlation, reliability : float
        Between the halves, and of all events.
    ceiling : float
        The most that distances without noise would correlate with these.
    splits : int or None
    """

    correlation: float
    reliability: float
    ceiling: float
    splits: int | None


@dataclass(frozen=True)
class Category:
    """A division of the labels into classes, and how well the distances follow it."""

    classes: tuple[str, ...]
    statistics: Mapping[str, Statistic]


@dataclass(frozen=True, eq=False)
class Tree:
    """The clustering of one layer.

    Attributes
    ----------
    labels, counts : tuple, length labels
    distances : ndarray, shape (labels, labels)
    merges : ndarray, shape (labels - 1, 4)
    order : tuple of int, length labels
    support : tuple of float, length labels - 1, or None
        Share of bootstrap trees with the branch of each merge; NaN where unknown.
    relations : mapping of str to Statistic
        Correlations with other distances, by their name.
    """

    labels: tuple[str, ...]
    counts: tuple[int, ...] | None
    distances: NDArray[np.float64]
    merges: NDArray[np.float64]
    order: tuple[int, ...]
    cophenetic: float
    categories: Mapping[str, Category]
    support: tuple[float, ...] | None = None
    reliability: Reliability | None = None
    relations: Mapping[str, Statistic] = field(default_factory=dict)

    @property
    def leaves(self) -> list[str]:
        """Labels in leaf order."""
        return [self.labels[index] for index in self.order]


@dataclass(frozen=True, eq=False)
class Clusters:
    """All layers of one group and kind."""

    group: str
    kind: str
    metric: str
    linkage: str
    contrast: str
    minimum: int | None
    left_out: Mapping[str, int]
    layers: Mapping[str, Tree]
    crossvalidated: bool = False
    replicates: int | None = None


def read_clusters(path: Path) -> Clusters:
    """Read one file of clusters.

    Raises
    ------
    InputError
        If it is no JSON or lacks labels, distances, merges or order of a layer.
    """
    group, _, kind = path.stem.rpartition("-")
    try:
        data: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return Clusters(
            group=str(data.get("group", group)),
            kind=str(data.get("kind", kind)),
            metric=str(data.get("metric", "unknown")),
            linkage=str(data.get("linkage", "unknown")),
            contrast=str(data.get("contrast") or "none"),
            minimum=_count(data.get("min_count")),
            left_out={str(k): int(v) for k, v in (data.get("left_out") or {}).items()},
            layers={str(k): _tree(v) for k, v in (data.get("layers") or {}).items()},
            crossvalidated=bool(data.get("crossvalidated")),
            replicates=_count(data.get("replicates")),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: no readable clusters ({error}); run the stage clusters again"
        ) from None


def _tree(data: Mapping[str, Any]) -> Tree:
    labels = tuple(str(label) for label in data["labels"])
    counts = data.get("counts")
    support = data.get("support")
    merges = np.array(data["merges"], dtype=float).reshape(-1, 4)
    if support is not None and len(support) != len(merges):
        raise ValueError(f"{len(merges)} merges but support of {len(support)}")
    return Tree(
        labels=labels,
        counts=None if counts is None else tuple(int(count) for count in counts),
        distances=np.array(data["distances"], dtype=float).reshape(len(labels), len(labels)),
        merges=merges,
        order=tuple(int(index) for index in data["order"]),
        cophenetic=_number(data.get("cophenetic")),
        categories={
            str(name): _category(value) for name, value in (data.get("categories") or {}).items()
        },
        support=None if support is None else tuple(map(_number, support)),
        reliability=_reliability(data.get("reliability")),
        relations={
            str(name): _statistic(value) for name, value in (data.get("relations") or {}).items()
        },
    )


def _reliability(data: Mapping[str, Any] | None) -> Reliability | None:
    if data is None:
        return None
    return Reliability(
        correlation=_number(data.get("correlation")),
        reliability=_number(data.get("reliability")),
        ceiling=_number(data.get("ceiling")),
        splits=_count(data.get("splits")),
    )


def _category(data: Mapping[str, Any]) -> Category:
    return Category(
        classes=tuple(str(name or "") for name in data["classes"]),
        statistics={
            name: _statistic(value) for name, value in data.items() if isinstance(value, dict)
        },
    )


def _statistic(data: Mapping[str, Any]) -> Statistic:
    return Statistic(
        value=_number(data.get("value")),
        chance_mean=_number(data.get("chance_mean")),
        chance_p99=_number(data.get("chance_p99")),
        p=_number(data.get("p")),
        permutations=_count(data.get("permutations")),
        p_corrected=_number(data.get("p_corrected")),
    )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
