"""When something was heard: letter events, their phonemes, and what was dropped."""

from naps.events.drops import Drop, DropLog
from naps.events.export import export_events
from naps.events.finder import Events, check_mode, find_events
from naps.events.given import interval_events
from naps.events.letters import letter_events
from naps.events.options import EventOptions
from naps.events.phonemes import attach_phonemes
from naps.events.quality import LabelQuality, label_quality
from naps.events.table import read_events, write_events

__all__ = [
    "Drop",
    "DropLog",
    "EventOptions",
    "Events",
    "LabelQuality",
    "attach_phonemes",
    "check_mode",
    "export_events",
    "find_events",
    "interval_events",
    "label_quality",
    "letter_events",
    "read_events",
    "write_events",
]
