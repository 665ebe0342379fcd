"""One layout for two runs whose units are the same: what each does, and the difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from naps.errors import InputError
from naps.similarity import Statistic
from naps.similarity.distance import Floats
from naps.topography.group_values import group_values
from naps.topography.layouts import Layout, layout
from naps.topography.moran import joint_moran_test, neighbour_weights
from naps.topography.units import Units


@dataclass(frozen=True, eq=False)
class JointMap:
    """Units of a layer of two runs in the same places.

    Attributes
    ----------
    layer : str
    layout : Layout
    labels : tuple of str, length groups
    values_a, values_b : array of float64, shape (groups, units)
        What the units do for the groups in either run, less the average over the groups there.
    """

    layer: str
    layout: Layout
    labels: tuple[str, ...]
    values_a: Floats
    values_b: Floats

    @property
    def difference(self) -> Floats:
        """The first run less the second, shape (groups, units)."""
        return self.values_a - self.values_b

    def orders(self, *, permutations: int = 10_000, seed: int = 0) -> dict[str, Statistic]:
        """Test Moran's I of ``a``, ``b`` and ``difference`` against maps with shuffled units."""
        weights = neighbour_weights(self.layout.positions)
        found = {"a": self.values_a, "b": self.values_b, "difference": self.difference}
        return {
            name: joint_moran_test(values, weights, permutations=permutations, seed=seed)
            for name, values in found.items()
            if np.ptp(values, axis=1).any()
        }


def map_together(
    a: xr.Dataset,
    b: xr.Dataset,
    method: str = "tsne_pso",
    *,
    labels: Sequence[str] | None = None,
    reference: str = "equal",
    metric: str = "cosine",
    seed: int = 0,
) -> JointMap:
    """Lay units out by what they do in both runs alike.

    The values of the first run stand beside those of the second in the vector of a unit, each
    run's divided by their root mean square, so that neither decides alone.

    Parameters
    ----------
    a, b : Dataset
        Profiles of a layer in either run, of the same groups in the same order, and of the same
        units.
    method, metric, seed
        See `naps.topography.layout`.
    labels : sequence of str, optional
        What the groups are called; by default as in the first.
    reference : {"equal", "count", "none"}
        What is subtracted from each group, see `naps.contrast`.

    Raises
    ------
    InputError
        If the profiles have other numbers of groups or units, or the units cannot be mapped.
    """
    first, second = (group_values(x, reference=reference) for x in (a, b))
    if first.shape != second.shape:
        raise InputError(
            f"profiles of {first.shape[0]} groups and {first.shape[1]} units and of "
            f"{second.shape[0]} and {second.shape[1]} have no map in common"
        )
    sizes = [float(np.sqrt(np.square(x.values).mean())) or 1.0 for x in (first, second)]
    layer = str(a.attrs.get("layer", "profile"))
    units = Units(layer, np.concatenate([first.values / sizes[0], second.values / sizes[1]]).T)
    return JointMap(
        layer,
        layout(units, method, seed=seed, metric=metric),
        tuple(str(x) for x in (first["label"].values if labels is None else labels)),
        first.values,
        second.values,
    )
