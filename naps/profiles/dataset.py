"""The profile of a layer, as an xarray Dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from naps.models import Layer
from naps.profiles.moments import Moments
from naps.profiles.windows import EventWindows


def layer_dataset(
    moments: Moments,
    layer: Layer,
    frame_ms: float,
    labels: Sequence[str],
    windows: EventWindows,
    attributes: Mapping[str, Any],
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
    attributes : mapping
        From `ProfileOptions.describe`, and whatever else is to be stated.

    Returns
    -------
    Dataset
        As written down in ``docs/run-folder.md``.
    """
    width, channels = moments.total.shape[1:]
    mean, mask = moments.mean(), moments.mean_mask(complete=windows.complete)
    if mask is not None and attributes["mask_kind"] == "group":
        # One mask a group, scaled to 1 at its peak, applied to the group's mean.
        mask = mask / mask.amax((1, 2), keepdim=True).clamp_min(1e-30)
        mean = mean * mask
    if attributes["align"] == "layer":
        # Aligned windows have their own zero; others keep their place around the output frame.
        lags = np.arange(width) - width // 2
        times = lags * layer.stride * frame_ms
    else:
        lags = windows.lags(layer)
        times = windows.centres(layer) * frame_ms
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
    return xr.Dataset(
        variables,
        coords={
            "label": ("label", list(labels)),
            "lag": ("lag", lags),
            "channel": ("channel", np.arange(channels)),
            "time_ms": ("lag", times, {"units": "ms"}),
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
