"""The units of a layer as vectors: what a map is made from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
import xarray as xr

from naps.errors import InputError
from naps.models import Adapter, Recognizer
from naps.similarity.distance import Floats, distances
from naps.topography.group_values import contrasted_groups

LEAST = 4
VIEWS = ("kernel", "ripples")
_NAMED = 10


@dataclass(frozen=True)
class Units:
    """What each unit of a layer does, as a row of numbers.

    Attributes
    ----------
    layer : str
    vectors : array of float64, shape (units, features)

    Raises
    ------
    InputError
        If there are fewer than four units, no features, or values that are not finite; the
        message names the units.
    """

    layer: str
    vectors: Floats

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2 or self.vectors.shape[1] == 0:
            raise InputError(f"{self.layer}: units of shape {self.vectors.shape} are no vectors")
        if len(self.vectors) < LEAST:
            raise InputError(
                f"{self.layer}: {len(self.vectors)} units make no map, it needs {LEAST} or more; "
                f"choose another layer"
            )
        bad = np.flatnonzero(~np.isfinite(self.vectors).all(1))
        if len(bad):
            some = ", ".join(map(str, bad[:_NAMED]))
            more = f" and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
            raise InputError(
                f"{self.layer}: values of units {some}{more} are not finite numbers; leave them "
                f"out or make the profiles anew"
            )

    def __len__(self) -> int:
        """Return the number of units."""
        return len(self.vectors)

    @property
    def constant(self) -> npt.NDArray[np.bool_]:
        """Flag units that do the same for everything, shape (units,); dead ones are among them."""
        largest = np.abs(self.vectors).max(1)
        return np.asarray(np.ptp(self.vectors, axis=1) <= 1e-12 * largest)

    @property
    def differ(self) -> bool:
        """Whether any two units differ by more than rounding."""
        centred = self.vectors - self.vectors.mean(0)
        return bool(np.abs(centred).max() > 1e-12 * np.abs(self.vectors).max())

    def normalised(self) -> Units:
        """Scale every unit's vector to length 1; vectors of zeros stay."""
        lengths = np.linalg.norm(self.vectors, axis=1, keepdims=True)
        return replace(self, vectors=self.vectors / np.where(lengths > 0, lengths, 1.0))

    def distances(self, metric: str = "cosine") -> Floats:
        """Compare every pair of units, see `naps.similarity.distances`; shape (units, units)."""
        return distances(xr.Dataset({"mean": (("unit", "feature"), self.vectors)}), metric)


def kernels(model: Recognizer, layer: str | None = None) -> Floats:
    """Return the kernels of a convolution.

    Parameters
    ----------
    model : Recognizer
    layer : str, optional
        The first by default, whose kernels are little spectrograms.

    Returns
    -------
    array of float64, shape (units, frames, inputs)
        In the order of time; inputs are mel bands in the first layer.

    Raises
    ------
    InputError
        If there is no such layer, or it is no convolution over time.
    """
    names = [x.name for x in model.layers]
    name = names[0] if layer is None else layer
    if name not in names:
        raise InputError(f"no layer {name!r}; there are: {', '.join(names)}")
    # Layers of somebody else's module are named as there.
    network = model.network.module if isinstance(model.network, Adapter) else model.network
    weight = getattr(dict(network.named_modules()).get(name), "weight", None)
    if not isinstance(weight, torch.Tensor) or weight.ndim != 3:
        raise InputError(
            f"{model.name}: {name} is no convolution over time, so it has no kernels; make its "
            f"map from profiles"
        )
    return weight.detach().cpu().numpy().astype(np.float64).transpose(0, 2, 1)


def units_from_kernels(
    model: Recognizer, layer: str | None = None, *, view: str = "kernel"
) -> Units:
    """Take each unit's kernel for its vector, scaled to length 1.

    Kernels differ in length by a factor of ten; without the scaling a map with Euclidean distances
    would show little else.

    Parameters
    ----------
    model, layer
        See `kernels`.
    view : {"kernel", "ripples"}
        ``kernel``: as it is. Two filters that listen for the same at another time are as unlike
        then as any. ``ripples``: the amplitudes of its two-dimensional spectrum, which say what
        pattern it is, but not when, in which bands or with which sign.

    Raises
    ------
    InputError
        If there is no such view, or `kernels` are not to be had.
    """
    if view not in VIEWS:
        raise InputError(f"no view {view!r} of kernels; there are: {', '.join(VIEWS)}")
    found = kernels(model, layer)
    if view == "ripples":
        found = np.abs(np.fft.rfft2(found))
        found[:, 0, 0] = 0.0
    name = model.layers[0].name if layer is None else layer
    return Units(name, found.reshape(len(found), -1)).normalised()


def units_from_profile(
    profile: xr.Dataset, *, reference: str = "equal", lags: bool = False, min_count: int = 1
) -> Units:
    """Take what each unit does for the groups of a profile for its vector.

    Parameters
    ----------
    profile : Dataset
        A layer's profile, such as ``profiles["conv9"]``.
    reference : {"equal", "count", "none"}
        What is subtracted from each group, see `naps.contrast`.
    lags : bool
        Whether every lag of every group is a feature. By default lags are averaged, as in the
        maps of Krug et al. (2023).
    min_count : int
        Groups with fewer events are left out, of the reference too.

    Raises
    ------
    InputError
        If no group is left, or `Units` cannot be made of it.
    """
    values = contrasted_groups(profile, reference, min_count)["mean"].values.astype(np.float64)
    if not lags:
        values = values.mean(axis=1, keepdims=True)
    rows = values.transpose(2, 0, 1).reshape(values.shape[2], -1)
    return Units(str(profile.attrs.get("layer", "profile")), rows)
