"""The maps of a run at a glance: how much order each layer has."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from naps.report.element import Element, table
from naps.report.filters import UNTRAINED, filter_finding
from naps.report.layer_maps import about_method
from naps.report.maps_file import RunMaps
from naps.report.report_folder import ReportFolder
from naps.report.words import SHORT_KINDS, decimal, plural, probability


def map_table(maps: RunMaps | None, pages: Mapping[str, str], out: ReportFolder) -> Element | None:
    """Make the table of all maps with their Moran's I; ``pages`` gives the page of each layer.

    None where there are no maps.
    """
    if maps is None:
        return None
    rows: list[list[str | Markup]] = []
    numbers: list[list[object]] = []
    for key in maps.trained:
        order = maps.measures(key).get("order", {})
        before = maps.measures(key, UNTRAINED).get("order", {})
        values = [order.get(name) for name in ("value", "chance_high", "p_corrected")]
        rows.append(
            [
                _link(key.layer, pages),
                f"{plural(key.group)} ({SHORT_KINDS.get(key.kind, key.kind)})",
                about_method(key.method),
                decimal(values[0]),
                decimal(values[1]),
                probability(values[2]),
                decimal(before.get("value")),
            ]
        )
        numbers.append([*vars(key).values(), *values, before.get("value")])
    caption = (
        "Moran's I, the mean over groups: 1 where neighbours do the same for every group, 0 "
        "where units lie as if shuffled; the 99th percentile of shuffled maps; p corrected over "
        "the layers; and the same for units with random weights."
    )
    if maps.filters is not None:
        caption += f" The filters of {maps.filters.layer} have a map of their own. "
        caption += filter_finding(maps.filters)
        if not any(key.layer == maps.filters.layer for key in maps.trained):
            rows.insert(0, [_link(maps.filters.layer, pages), "filters", "", *[""] * 4])
    header = ["group", "kind", "method", "layer", "morans_i", "chance_p99", "p_corrected"]
    return table(
        "Order in the maps",
        ["layer", "by", "layout", "Moran's I", "chance 99 %", "p", "before training"],
        rows,
        numeric=range(3, 7),
        caption=caption,
        data=out.data.table("maps", [*header, "morans_i_untrained"], numbers),
    )


def _link(layer: str, pages: Mapping[str, str]) -> str | Markup:
    if layer not in pages:
        return layer
    return Markup('<a href="{}">{}</a>').format(pages[layer], layer)
