"""The profiles of one layer as elements."""

from __future__ import annotations

import xarray as xr

from naps.plots import channel_order, profile_map, symmetric_limit
from naps.plots.profile import SHOWN
from naps.profiles.contrast import contrast
from naps.report.clusters import Clusters, Tree
from naps.report.element import Element
from naps.report.report_folder import ReportFolder, Words
from naps.report.words import (
    MINUS,
    about,
    file_name,
    listed,
    notation,
    plural,
    shown,
)

_MOST_PANELS = 63
_MOST_ROWS = 200


def profile_element(
    profile: xr.Dataset,
    entry: Clusters | None,
    tree: Tree | None,
    names: tuple[str, str, str],
    out: ReportFolder,
    limit: int,
) -> Element:
    """Draw profiles in the order of the tree, minus their average as in the clustering.

    Parameters
    ----------
    profile : xarray.Dataset
        Of one layer.
    entry, tree : optional
        What was clustered.
    names : tuple of str
        Group, kind and layer.
    out : ReportFolder
    limit : int
        Bytes of the page that the picture may take.

    Returns
    -------
    Element
    """
    group, kind, layer = names
    present = {str(label): place for place, label in enumerate(profile["label"].values)}
    order = [label for label in tree.leaves if label in present] if tree is not None else []
    order = order or list(present)
    # As in the clustering, the reference is the average over the groups that are clustered.
    chosen = profile.isel(label=[present[label] for label in order])
    reference = entry.contrast if entry is not None else "equal"
    chosen = contrast(chosen, reference)
    ordered = None if layer == "input" else channel_order(chosen)
    alone = profile.sizes["lag"] == 1
    panels = order[: _MOST_ROWS if alone else _MOST_PANELS]
    values = chosen["mean"].values
    top = symmetric_limit(values, SHOWN)
    figure = profile_map(chosen, panels, channels=ordered, notation=notation(group), limit=top)
    caption = (
        f"{'Mean' if reference == 'none' else 'Mean minus the average over the groups'}, in the "
        f"order of the tree; the colours reach from {MINUS}{shown(top)} (blue) over zero (white) "
        f"to {shown(top)} (red) in every group."
    )
    if symmetric_limit(values) > top:
        caption += (
            f" The {1 - SHOWN:.1%} of values beyond, up to ±{shown(symmetric_limit(values))}, "
            "have the strongest colours."
        )
    if ordered is not None:
        caption += " Channels with similar responses stand together; the numbers keep their order."
    if not alone and "time_ms" in profile.coords:
        caption += f" Time is from {_ORIGINS.get(profile.attrs.get('align', 'none'), _FRAME)}."
    if len(panels) < len(order):
        caption += f" The first {len(panels)} of {len(order)} groups."
    identity = file_name(f"{group}-{kind}-{layer}-profile")
    what = (
        "one heat map of channel by group"
        if alone
        else "one heat map of channel by time for each group"
    )
    words = Words(
        title=f"{about(group, kind, layer)}: profiles",
        alt=f"Profiles of {len(panels)} {plural(group)}, {what}: {listed(panels)}.",
        caption=caption,
        data=out.data.profile(identity, chosen, f"{group}-{kind}.nc"),
    )
    return out.picture(identity, figure, words, limit)


_FRAME = "the frame that predicted the letter"
_ORIGINS = {
    "layer": "where each event's input mattered most",
    "input": "where each event's spectrogram mattered most",
}
