"""The trees and statistics of ``clusters/GROUP-KIND.json`` as values."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naps.errors import InputError

STATISTICS = ("silhouette", "purity", "ari")


@dataclass(frozen=True)
class Statistic:
    """A number and what shuffled classes give; NaN where it was not recorded."""

    value: float
    chance_mean: float
    chance_p99: float
    p: float
    permutations: int | None

    @property
    def above_chance(self) -> bool:
        """Whether the value exceeds the 99th percentile of chance."""
        return self.value > self.chance_p99


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
    """

    labels: tuple[str, ...]
    counts: tuple[int, ...] | None
    distances: NDArray[np.float64]
    merges: NDArray[np.float64]
    order: tuple[int, ...]
    cophenetic: float
    categories: Mapping[str, Category]

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
        minimum = data.get("min_count")
        return Clusters(
            group=str(data.get("group", group)),
            kind=str(data.get("kind", kind)),
            metric=str(data.get("metric", "unknown")),
            linkage=str(data.get("linkage", "unknown")),
            contrast=str(data.get("contrast") or "none"),
            minimum=None if minimum is None else int(minimum),
            left_out={str(k): int(v) for k, v in (data.get("left_out") or {}).items()},
            layers={str(k): _tree(v) for k, v in (data.get("layers") or {}).items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: no readable clusters ({error}); run the stage clusters again"
        ) from None


def _tree(data: Mapping[str, Any]) -> Tree:
    labels = tuple(str(label) for label in data["labels"])
    counts = data.get("counts")
    return Tree(
        labels=labels,
        counts=None if counts is None else tuple(int(count) for count in counts),
        distances=np.array(data["distances"], dtype=float).reshape(len(labels), len(labels)),
        merges=np.array(data["merges"], dtype=float).reshape(-1, 4),
        order=tuple(int(index) for index in data["order"]),
        cophenetic=_number(data.get("cophenetic")),
        categories={
            str(name): _category(value) for name, value in (data.get("categories") or {}).items()
        },
    )


def _category(data: Mapping[str, Any]) -> Category:
    return Category(
        classes=tuple(str(name or "") for name in data["classes"]),
        statistics={
            name: Statistic(
                value=_number(value.get("value")),
                chance_mean=_number(value.get("chance_mean")),
                chance_p99=_number(value.get("chance_p99")),
                p=_number(value.get("p")),
                permutations=value.get("permutations"),
            )
            for name, value in data.items()
            if isinstance(value, dict)
        },
    )


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
