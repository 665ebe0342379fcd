"""The profile of a layer, as an xarray Dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from naps.models import Layer
from naps.profiles.contrast import reference_weights
from naps.profiles.erp.baseline import baseline
from naps.profiles.erp.interval import Interval
from naps.profiles.erp.waves import global_field_power
from naps.profiles.kinds import Rule
from naps.profiles.moments import Moments
from naps.profiles.time_reduction import reduced_axis
from naps.profiles.windows import EventWindows


def average_of(moments: Moments, rule: Rule) -> Tensor:
    """Return the average over events that a kind is about, shape (groups, width, channels)."""
    return moments.weighted_mean() if rule.average == "weighted" else moments.mean()


def layer_dataset(
    moments: Moments,
    layer: Layer,
    frame_ms: float,
    labels: Sequence[str],
    windows: EventWindows,
    rule: Rule,
    attributes: Mapping[str, Any],
    *,
    baseline_ms: Interval = (None, None),
) -> xr.Dataset:
    """Turn the sums of a layer into its profile.

    Parameters
    ----------
    moments : Moments
        Sums over (label, lag, channel).
    layer : Layer
    frame_ms : float
        Milliseconds between input frames.
    labels : sequence of str
    windows : EventWindows
    rule : Rule
        What was done to the windows.
    attributes : mapping
        From `naps.profiles.kinds.describe`, and whatever else is to be stated.
    baseline_ms : tuple of float or None
        Where the rule has a baseline.

    Returns
    -------
    Dataset
        As written down in ``docs/run-folder.md``.

    Raises
    ------
    InputError
        If no step lies in the baseline, or there is nothing to divide by.
    """
    channels = moments.total.shape[2]
    mean, mask = average_of(moments, rule), moments.mean_mask(complete=windows.complete)
    if mask is not None and rule.mask == "group":
        # One mask a group, scaled to 1 at its peak, applied to the group's mean.
        mask = mask / mask.amax((1, 2), keepdim=True).clamp_min(1e-30)
        mean = mean * mask
    if rule.reference != "none":
        weights = torch.from_numpy(reference_weights(moments.count.numpy(), rule.reference))
        mean = torch.where(
            moments.count[:, None, None] > 0, mean - torch.tensordot(weights, mean, 1), 0.0
        )
    field = {} if layer.receptive_field is None else {"receptive_field": layer.receptive_field}
    cube = ("label", "lag", "channel")
    variables: dict[str, Any] = {
        "mean": (cube, mean.numpy()),
        "std": (cube, moments.std().numpy()),
        "count": (("label",), moments.count.numpy()),
        "lag_count": (("label", "lag"), moments.lag_count.numpy()),
    }
    if mask is not None:
        variables["mask"] = (cube, mask.numpy())
        variables["shift"] = (("label",), moments.mean_shift().numpy())
    profile = xr.Dataset(
        variables,
        coords={
            "label": ("label", list(labels)),
            "channel": ("channel", np.arange(channels)),
            **_lags(layer, frame_ms, windows, rule),
        },
        attrs={
            "layer": layer.name,
            "stride": layer.stride,
            "offset": layer.offset,
            **field,
            "frame_ms": frame_ms,
            "comment": f"{attributes['kind']} of {layer.name} by {attributes['group']}",
            **attributes,
        },
    )
    if rule.epoch:
        if rule.baseline is not None:
            profile = baseline(profile, baseline_ms, rule.baseline)
        profile = profile.assign(global_field_power=global_field_power(profile))
    return profile


def _lags(
    layer: Layer, frame_ms: float, windows: EventWindows, rule: Rule
) -> dict[str, tuple[Any, ...]]:
    """Give the coordinates along ``lag``: steps and their times, or what stands for them."""
    width, step_ms = windows.by_layer[layer.name].width, layer.stride * frame_ms
    if rule.reduction is not None:
        axis = reduced_axis(rule.reduction, width, step_ms)
        steps = ("lag", np.arange(len(axis.values)))
        if len(axis.values) == 1:
            return {"lag": steps}
        return {"lag": steps, axis.name: ("lag", axis.values, {"units": axis.units})}
    if rule.align == "none":
        lags, times = windows.lags(layer), windows.centres(layer) * frame_ms
    else:
        # Aligned windows have their own zero; others keep their place around the output frame.
        lags = np.arange(width) - width // 2
        times = lags.astype(np.float64) * step_ms
    return {"lag": ("lag", lags), "time_ms": ("lag", times, {"units": "ms"})}
