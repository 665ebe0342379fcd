"""When something was heard: letter events, their phonemes, and what was dropped."""

from naps.events.drops import Drop, DropLog
from naps.events.finder import Events, find_events
from naps.events.letters import letter_events
from naps.events.phonemes import attach_phonemes
from naps.events.table import read_events, write_events

__all__ = [
    "Drop",
    "DropLog",
    "Events",
    "attach_phonemes",
    "find_events",
    "letter_events",
    "read_events",
    "write_events",
]
