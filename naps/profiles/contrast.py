"""Contrasts: each group against the average of the groups, or one group against another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import xarray as xr

from naps.errors import InputError
from naps.profiles.standard_error import squared_errors

Reference = Literal["equal", "count", "none"]
REFERENCES: tuple[Reference, ...] = get_args(Reference)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class GroupWeights:
    """Weighted sums of the groups of a profile.

    Attributes
    ----------
    labels : tuple of str
        Names of the sums.
    matrix : array of float64, shape (sums, groups)
        Weight of every group in every sum.
    """

    labels: tuple[str, ...]
    matrix: Floats


def reference_weights(counts: npt.ArrayLike, reference: str) -> Floats:
    """Return how much each group weighs in the average that is subtracted.

    Parameters
    ----------
    counts : array, shape (groups,)
        Events; a group without any weighs nothing.
    reference : {"equal", "count", "none"}

    Returns
    -------
    array of float64, shape (groups,)
        Of sum 1; zeros for ``none``, or where no group has events.

    Raises
    ------
    InputError
        If there is no such reference.
    """
    if reference not in REFERENCES:
        raise InputError(
            f"no contrast {reference!r}; there are: {', '.join(REFERENCES)}, and FIRST-SECOND of "
            f"two groups"
        )
    events = np.asarray(counts, dtype=np.float64)
    choices: dict[str, Floats] = {
        "equal": (events > 0).astype(np.float64),
        "count": events,
        "none": np.zeros_like(events),
    }
    weights = choices[reference]
    return weights / (float(weights.sum()) or 1.0)


def pair_weights(labels: Sequence[str], first: str, second: str) -> GroupWeights:
    """Weigh one group with 1 and another with −1.

    Raises
    ------
    InputError
        If there is no such group; the message lists those that there are.
    """
    row = np.zeros((1, len(labels)))
    row[0, _places(labels, [first])] += 1.0
    row[0, _places(labels, [second])] -= 1.0
    return GroupWeights((f"{first}-{second}",), row)


def contrast_weights(
    labels: Sequence[str],
    counts: npt.ArrayLike,
    reference: str = "equal",
    groups: Sequence[str] | None = None,
    *,
    drop_other_groups: bool = True,
) -> GroupWeights:
    """Write a contrast as weights of the groups; parameters as of `contrast`.

    Parameters
    ----------
    labels : sequence of str
    counts : array, shape (groups,)
        Events of each.
    reference, groups, drop_other_groups
        See `contrast`.
    """
    pair = pair_of(labels, reference)
    if pair is not None:
        if groups is not None:
            raise InputError(f"the contrast {reference!r} names its groups: leave groups out")
        return pair_weights(labels, *pair)
    chosen = np.arange(len(labels)) if groups is None else _places(labels, groups)
    interest = np.zeros(len(labels))
    interest[chosen] = np.asarray(counts, dtype=np.float64)[chosen]
    matrix = np.eye(len(labels)) - reference_weights(interest, reference)
    kept = np.unique(chosen) if drop_other_groups else np.arange(len(labels))
    return GroupWeights(tuple(labels[i] for i in kept), matrix[kept])


def contrast(
    profile: xr.Dataset,
    reference: str = "equal",
    groups: Sequence[str] | None = None,
    *,
    drop_other_groups: bool = True,
) -> xr.Dataset:
    """Subtract the average over groups from every group's mean, or one group from another.

    The contrasts of the groups that the average is over add up to zero under its weights.

    Parameters
    ----------
    profile : Dataset
        A layer's profile.
    reference : str
        ``equal``: every group with events weighs the same (normalised NAP, Krug et al. 2018);
        ``count``: as much as it has events; ``none``: nothing is subtracted. ``FIRST-SECOND``
        with two labels gives their difference alone, as `combine` does.
    groups : sequence of str, optional
        Average over these; over all by default.
    drop_other_groups : bool
        Whether only `groups` are given back; else the others are too, against the same average.

    Returns
    -------
    Dataset
        With another ``mean`` and the attribute ``contrast``; ``std`` and counts stay those of
        the groups, see `contrast_error` for the exactness of the result.

    Raises
    ------
    InputError
        If there is no such reference or group.
    """
    labels = [str(label) for label in profile["label"].values]
    pair = pair_of(labels, reference)
    weights = contrast_weights(
        labels, profile["count"].values, reference, groups, drop_other_groups=drop_other_groups
    )
    if pair is not None:
        return combine(profile, weights).assign_attrs(contrast=reference)
    mean = _weighted(weights.matrix, profile["mean"].values.astype(np.float64))
    result = profile.isel(label=[labels.index(label) for label in weights.labels])
    if groups is not None:
        result = result.assign_attrs(contrast_groups=sorted(groups))
    return result.assign(mean=(profile["mean"].dims, mean)).assign_attrs(contrast=reference)


def contrast_error(
    profile: xr.Dataset,
    reference: str = "equal",
    groups: Sequence[str] | None = None,
    *,
    drop_other_groups: bool = True,
) -> xr.DataArray:
    """Compute the standard error of a contrast from counts and second moments.

    The error of Σ w_g P_g over groups of different events is √(Σ w_g² e_g²), where e_g are the
    groups' own standard errors.

    Parameters
    ----------
    profile : Dataset
        A layer's profile, before the contrast.
    reference, groups, drop_other_groups
        As given to `contrast`.

    Returns
    -------
    DataArray, shape (contrasts, lags, channels)
        NaN where a group that has weight there has fewer than two events.
    """
    weights = contrast_weights(
        [str(label) for label in profile["label"].values],
        profile["count"].values,
        reference,
        groups,
        drop_other_groups=drop_other_groups,
    )
    return xr.DataArray(
        _combined_error(profile, weights.matrix),
        dims=profile["mean"].dims,
        coords={"label": list(weights.labels)}
        | {n: c for n, c in profile["mean"].coords.items() if "label" not in c.dims},
        name="standard_error",
    )


def combine(profile: xr.Dataset, weights: GroupWeights) -> xr.Dataset:
    """Add up the groups of a profile with weights.

    Parameters
    ----------
    profile : Dataset
        A layer's profile.
    weights : GroupWeights

    Returns
    -------
    Dataset
        ``mean``; ``standard_error``, where the profile has ``std`` and ``lag_count``; and as
        ``count`` and ``lag_count`` the effective number of events 1 / Σ(w²/n), as in MNE-Python's
        ``combine_evoked``. Where a group of the sum has no events, it is zero.
    """
    cube = profile["mean"].dims
    mean = _weighted(weights.matrix, profile["mean"].values.astype(np.float64))
    variables: dict[str, tuple[tuple[str, ...], Floats]] = {
        "count": (("label",), _effective(weights.matrix, profile["count"].values))
    }
    if "lag_count" in profile:
        lag_count = _effective(weights.matrix, profile["lag_count"].values)
        variables["lag_count"] = (("label", "lag"), lag_count)
        mean[lag_count == 0] = 0.0
        if "std" in profile:
            error = _combined_error(profile, weights.matrix)
            variables["standard_error"] = (tuple(map(str, cube)), error)
    return xr.Dataset(
        {"mean": (cube, mean), **variables},
        coords={"label": list(weights.labels)}
        | {n: c for n, c in profile.coords.items() if "label" not in c.dims},
        attrs=profile.attrs,
    )


def _weighted(matrix: Floats, values: Floats) -> Floats:
    """Add up groups with weights; what is unknown counts only where it has a weight."""
    unknown = np.isnan(values)
    total = np.tensordot(matrix, np.where(unknown, 0.0, values), axes=1)
    if unknown.any():
        total[np.tensordot((matrix != 0).astype(np.float64), unknown, axes=1) > 0] = np.nan
    return np.asarray(total)


def _combined_error(profile: xr.Dataset, matrix: Floats) -> Floats:
    return np.asarray(np.sqrt(_weighted(matrix**2, squared_errors(profile))))


def _effective(matrix: Floats, counts: npt.ArrayLike) -> Floats:
    events = np.asarray(counts, dtype=np.float64)
    variance = np.tensordot(matrix**2, 1 / np.maximum(events, 1.0), axes=1)
    missing = np.tensordot((matrix != 0).astype(np.float64), events == 0, axes=1) > 0
    return np.where(missing | (variance == 0), 0.0, 1 / np.where(variance == 0, 1.0, variance))


def pair_of(labels: Sequence[str], reference: str) -> tuple[str, str] | None:
    """Return the two groups that ``FIRST-SECOND`` names, if it does."""
    if reference in REFERENCES:
        return None
    cuts = [i for i, character in enumerate(reference) if character == "-"]
    pairs = [(reference[:i], reference[i + 1 :]) for i in cuts]
    return next((p for p in pairs if p[0] in labels and p[1] in labels), None)


def _places(labels: Sequence[str], wanted: Sequence[str]) -> npt.NDArray[np.int64]:
    for name in wanted:
        if name not in labels:
            raise InputError(f"no group {name!r}; there are: {', '.join(labels)}")
    return np.array([labels.index(name) for name in wanted], dtype=np.int64)
