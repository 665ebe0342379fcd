"""The map of a layer: its units in the plane, what each does for every group, and its order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import xarray as xr

from naps.errors import InputError
from naps.similarity import Statistic
from naps.similarity.distance import Floats
from naps.topography.alignment import turned_by_groups
from naps.topography.group_values import group_values
from naps.topography.layouts import Layout, layout
from naps.topography.moran import joint_moran_test, neighbour_weights
from naps.topography.units import Units, units_from_profile


@dataclass(frozen=True, eq=False)
class LayerMap:
    """Units of a layer in the plane, and what they do.

    Attributes
    ----------
    units : Units
        What the layout was made of.
    layout : Layout
    labels : tuple of str, length groups
    values : array of float64, shape (groups, units)
        The mean over lags.
    frames : array of float64, shape (lags, groups, units)
        The same at single lags.
    lags : tuple of int
        Of the frames, as in the profile; empty where the layer has a single lag.
    """

    units: Units
    layout: Layout
    labels: tuple[str, ...]
    values: Floats
    frames: Floats
    lags: tuple[int, ...]

    @property
    def layer(self) -> str:
        """Whose units."""
        return self.units.layer

    def turned_onto(self, other: LayerMap) -> Self:
        """Turn or mirror the layout so that units come near those of another layer like them."""
        moved = turned_by_groups(other.layout, other.values, self.layout, self.values)
        return replace(self, layout=moved)

    def order(self, *, permutations: int = 10_000, seed: int = 0) -> Statistic:
        """Test Moran's I, the mean over groups, against maps with shuffled units."""
        weights = neighbour_weights(self.layout.positions)
        return joint_moran_test(self.values, weights, permutations=permutations, seed=seed)


def map_layer(
    profile: xr.Dataset,
    method: str = "tsne_pso",
    *,
    reference: str = "equal",
    lags: bool = False,
    frames: int = 0,
    metric: str = "cosine",
    seed: int = 0,
) -> LayerMap:
    """Lay the units of a layer out by their profiles.

    Parameters
    ----------
    profile : Dataset
        A layer's profile, of the groups that are to be in the map; see `common_groups`.
    method, metric, seed
        See `naps.topography.layout`.
    reference : {"equal", "count", "none"}
        What is subtracted from each group, see `naps.contrast`.
    lags : bool
        Whether every lag is a feature of a unit; else only the mean over lags is.
    frames : int
        So many single lags to give values of, from first to last, see `frame_times`.

    Raises
    ------
    InputError
        If the layer has fewer than four units, values that are not finite, or nothing that
        differs between units.
    """
    units = units_from_profile(profile, reference=reference, lags=lags)
    values = group_values(profile, reference=reference)
    chosen = frame_times(profile, frames)
    shown = [group_values(profile, reference=reference, lag=lag).values for lag in chosen]
    return LayerMap(
        units,
        layout(units, method, seed=seed, metric=metric),
        tuple(str(label) for label in values["label"].values),
        values.values,
        np.stack(shown) if shown else np.zeros((0, *values.shape)),
        chosen,
    )


def frame_times(profile: xr.Dataset, frames: int) -> tuple[int, ...]:
    """Choose lags at equal distances from the first to the last; none where there is but one."""
    lags = [int(lag) for lag in profile[str(profile["mean"].dims[1])].values]
    if len(lags) < 2 or frames < 1:
        return ()
    places = np.unique(np.linspace(0, len(lags) - 1, frames + 2).round().astype(int)[1:-1])
    return tuple(lags[place] for place in places)


def common_groups(profiles: Mapping[str, xr.Dataset], min_count: int = 1) -> Sequence[str]:
    """Name the groups that have so many events in every layer, in the order of the first.

    Raises
    ------
    InputError
        If there are none.
    """
    kept: list[str] | None = None
    for profile in profiles.values():
        enough = profile["count"].values >= max(1, min_count)
        there = [str(label) for label in profile["label"].values[enough]]
        kept = there if kept is None else [label for label in kept if label in there]
    if not kept:
        raise InputError(
            f"no group has {min_count} events in every layer; lower min_count or use more speech"
        )
    return kept
