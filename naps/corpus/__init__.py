"""Recordings and what is known about them: utterances, manifests, intervals, audio, features."""

from naps.corpus.audio import read_audio
from naps.corpus.features import FeatureConfig, LogMel
from naps.corpus.interval import Interval
from naps.corpus.manifest import read_manifest, write_manifest
from naps.corpus.utterance import Utterance

__all__ = [
    "FeatureConfig",
    "Interval",
    "LogMel",
    "Utterance",
    "read_audio",
    "read_manifest",
    "write_manifest",
]
