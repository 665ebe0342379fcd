"""Recordings and what is known about them: utterances, manifests, intervals, audio, features."""

from naps.corpus.alignments import Alignments, choose_tier, read_alignments, tier_name
from naps.corpus.audio import read_audio
from naps.corpus.ctm import read_ctm, write_ctm
from naps.corpus.features import FeatureConfig, LogMel, Waveform, WaveformConfig
from naps.corpus.interval import Interval
from naps.corpus.lablaut import read_lablaut
from naps.corpus.manifest import read_manifest, write_manifest
from naps.corpus.textgrid import read_textgrid, write_textgrid
from naps.corpus.timit import read_timit
from naps.corpus.utterance import Utterance

__all__ = [
    "Alignments",
    "FeatureConfig",
    "Interval",
    "LogMel",
    "Utterance",
    "Waveform",
    "WaveformConfig",
    "choose_tier",
    "read_alignments",
    "read_audio",
    "read_ctm",
    "read_lablaut",
    "read_manifest",
    "read_textgrid",
    "read_timit",
    "tier_name",
    "write_ctm",
    "write_manifest",
    "write_textgrid",
]
