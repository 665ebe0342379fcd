"""Neuron activation profiles: exact gradients, alignment, masks, streaming sums, the file."""

from naps.profiles.contrast import contrast
from naps.profiles.engine import ProfileRun, profile_events
from naps.profiles.file import Profiles, load_profiles, save_profiles
from naps.profiles.layers import choose_layers, traceable_layers
from naps.profiles.options import KINDS, Kind, ProfileOptions
from naps.profiles.windows import EventWindows, event_windows

__all__ = [
    "KINDS",
    "EventWindows",
    "Kind",
    "ProfileOptions",
    "ProfileRun",
    "Profiles",
    "choose_layers",
    "contrast",
    "event_windows",
    "load_profiles",
    "profile_events",
    "save_profiles",
    "traceable_layers",
]
