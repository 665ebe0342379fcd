"""Neuron activation profile analysis of speech models.

The functions here carry the names of the commands::

    import naps
    model = naps.load_model("wav2letter-en-mini")
    events = naps.find_events(model, "manifest.jsonl", lexicon="cmudict")
    profiles = naps.profile(model, "manifest.jsonl", events, layers=["conv9"], group="phoneme")
    tree = naps.cluster(profiles["conv9"])
    tree.plot().savefig("conv9.svg")
"""

from __future__ import annotations

from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from naps.api import (
        PlottableFilters,
        PlottableMap,
        PlottableTree,
        cluster,
        compare,
        find_events,
        map_filters,
        map_units,
        profile,
        pronounce,
    )
    from naps.corpus import read_manifest
    from naps.errors import InputError
    from naps.models import load_model, load_sentiment_model, model_from_python
    from naps.profiles import Profiles, contrast, load_profiles
    from naps.relevance import explain

__version__ = metadata.version("naps")

# Loaded when first used, so that `naps --help` need not wait for torch.
_HOMES = {
    "InputError": "naps.errors",
    "PlottableFilters": "naps.api",
    "PlottableMap": "naps.api",
    "PlottableTree": "naps.api",
    "Profiles": "naps.profiles",
    "cluster": "naps.api",
    "compare": "naps.api",
    "contrast": "naps.profiles",
    "explain": "naps.relevance",
    "find_events": "naps.api",
    "load_model": "naps.models",
    "load_profiles": "naps.profiles",
    "load_sentiment_model": "naps.models",
    "map_filters": "naps.api",
    "map_units": "naps.api",
    "model_from_python": "naps.models",
    "profile": "naps.api",
    "pronounce": "naps.api",
    "read_manifest": "naps.corpus",
}

__all__ = [
    "InputError",
    "PlottableFilters",
    "PlottableMap",
    "PlottableTree",
    "Profiles",
    "cluster",
    "compare",
    "contrast",
    "explain",
    "find_events",
    "load_model",
    "load_profiles",
    "load_sentiment_model",
    "map_filters",
    "map_units",
    "model_from_python",
    "profile",
    "pronounce",
    "read_manifest",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'naps' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
