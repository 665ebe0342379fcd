"""Figures from arrays; nothing here computes a result."""

from naps.plots.attention import attention_map
from naps.plots.cascade import cascade
from naps.plots.counts import count_bars
from naps.plots.curves import Curve, curves, overlaid_curves
from naps.plots.dendrogram import dendrogram
from naps.plots.distances import distance_map
from naps.plots.filter_sheet import filter_sheet
from naps.plots.names import label_names
from naps.plots.offsets import offset_boxes
from naps.plots.profile import channel_order, profile_map, symmetric_limit
from naps.plots.render import figure_file, png, svg, write_figure
from naps.plots.sweep import order_over_errors
from naps.plots.training import training_curves, transfer_curve
from naps.plots.unit_map import unit_map

__all__ = [
    "Curve",
    "attention_map",
    "cascade",
    "channel_order",
    "count_bars",
    "curves",
    "dendrogram",
    "distance_map",
    "figure_file",
    "filter_sheet",
    "label_names",
    "offset_boxes",
    "order_over_errors",
    "overlaid_curves",
    "png",
    "profile_map",
    "svg",
    "symmetric_limit",
    "training_curves",
    "transfer_curve",
    "unit_map",
    "write_figure",
]
