"""Maps of a layer: units that do the same near each other, and how good such a map is."""

from naps.topography.activation_map import MODES, ActivationMap, paint
from naps.topography.alignment import turned, turned_by_groups
from naps.topography.cells import Cells, assign_cells, plane_cells, som_cells
from naps.topography.descriptors import (
    REGIONS,
    band_frequencies,
    describe_filters,
    name_regions,
    onsets,
)
from naps.topography.filter_map import FilterMap, map_filters
from naps.topography.group_values import contrasted_groups, group_values
from naps.topography.joint_map import JointMap, map_together
from naps.topography.layer_map import LayerMap, common_groups, frame_times, map_layer
from naps.topography.layouts import METHODS, Layout, layout
from naps.topography.learned import learned_grid
from naps.topography.moran import joint_moran_test, moran_test, morans_i, neighbour_weights
from naps.topography.order import grid_moran_test, preferred_classes, region_test, touching
from naps.topography.quality import Quality, disparities, measure_map, quality_table
from naps.topography.som import SelfOrganisingMap, SomOptions, train_som
from naps.topography.units import Units, kernels, units_from_kernels, units_from_profile

__all__ = [
    "METHODS",
    "MODES",
    "REGIONS",
    "ActivationMap",
    "Cells",
    "FilterMap",
    "JointMap",
    "LayerMap",
    "Layout",
    "Quality",
    "SelfOrganisingMap",
    "SomOptions",
    "Units",
    "assign_cells",
    "band_frequencies",
    "common_groups",
    "contrasted_groups",
    "describe_filters",
    "disparities",
    "frame_times",
    "grid_moran_test",
    "group_values",
    "joint_moran_test",
    "kernels",
    "layout",
    "learned_grid",
    "map_filters",
    "map_layer",
    "map_together",
    "measure_map",
    "moran_test",
    "morans_i",
    "name_regions",
    "neighbour_weights",
    "onsets",
    "paint",
    "plane_cells",
    "preferred_classes",
    "quality_table",
    "region_test",
    "som_cells",
    "touching",
    "train_som",
    "turned",
    "turned_by_groups",
    "units_from_kernels",
    "units_from_profile",
]
