"""Profiles of made-up events, for tests."""

from collections.abc import Sequence

import numpy as np
import xarray as xr


def dataset(
    mean: np.ndarray,
    std: np.ndarray | None = None,
    lag_count: np.ndarray | None = None,
    labels: Sequence[str] = "abcdefghij",
    step_ms: float = 20.0,
) -> xr.Dataset:
    """A profile with time 0 in the middle."""
    groups, width, channels = mean.shape
    counts = np.full((groups, width), 5) if lag_count is None else lag_count
    lags = np.arange(width) - width // 2
    cube = ("label", "lag", "channel")
    return xr.Dataset(
        {
            "mean": (cube, mean),
            "std": (cube, np.ones_like(mean) if std is None else std),
            "count": (("label",), counts.max(1)),
            "lag_count": (("label", "lag"), counts),
        },
        coords={
            "label": list(labels)[:groups],
            "lag": lags,
            "channel": np.arange(channels),
            "time_ms": ("lag", lags * step_ms),
        },
        attrs={"layer": "conv3"},
    )


def of_events(values: np.ndarray, groups: np.ndarray, labels: Sequence[str] = "abc") -> xr.Dataset:
    """The profile of explicit windows, shape (events, width, channels)."""
    own = [values[groups == g] for g in range(len(labels))]
    counts = np.array([[len(v)] * values.shape[1] for v in own])
    mean = np.array([v.mean(0) for v in own])
    return dataset(mean, np.array([v.std(0) for v in own]), counts, labels)
