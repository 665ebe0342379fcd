"""The profile of a layer, as an xarray Dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from naps.models import Layer
from naps.profiles.moments import Moments


def layer_dataset(
    moments: Moments,
    layer: Layer,
    frame_ms: float,
    labels: Sequence[str],
    offset: int,
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
    offset : int
        First step of the window of output frame 0.
    attributes : mapping
        From `ProfileOptions.describe`, and whatever else is to be stated.

    Returns
    -------
    Dataset
        As written down in ``docs/run-folder.md``.
    """
    width, channels = moments.total.shape[1:]
    mean, mask = moments.mean(), moments.mean_mask()
    if mask is not None and attributes["mask_kind"] == "group":
        # One mask a group, scaled to 1 at its peak, applied to the group's mean.
        mask = mask / mask.amax((1, 2), keepdim=True).clamp_min(1e-30)
        mean = mean * mask
    aligned = attributes["align"] == "layer"
    lags = np.arange(width) - width // 2
    # Aligned windows have their own zero; others keep their place around the output frame.
    centres = [layer.centre(offset + step) * frame_ms for step in range(width)]
    times = lags * layer.stride * frame_ms if aligned else np.array(centres)
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
            "receptive_field": layer.receptive_field,
            "frame_ms": frame_ms,
            "comment": f"{attributes['kind']} of {layer.name} by {attributes['group']}",
            **attributes,
        },
    )
