"""Event-related potentials: what EEG research does with averages, done with profiles."""

from naps.profiles.erp.baseline import MODES, BaselineMode, baseline
from naps.profiles.erp.peaks import fractional_area_latency, peaks
from naps.profiles.erp.waves import difference, global_field_power
from naps.profiles.standard_error import standard_error

__all__ = [
    "MODES",
    "BaselineMode",
    "baseline",
    "difference",
    "fractional_area_latency",
    "global_field_power",
    "peaks",
    "standard_error",
]
