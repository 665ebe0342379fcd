"""From logits to letters, and how far they are from what was said."""

from naps.decoding.beam import beam_search
from naps.decoding.confusions import Confusion, confusions, word_confusions
from naps.decoding.error_rate import ErrorRates, error_rates
from naps.decoding.forced import forced_path
from naps.decoding.fused import fused_search
from naps.decoding.greedy import Letter, greedy
from naps.decoding.language_model import LanguageModel, read_language_model
from naps.decoding.ngram import write_arpa

__all__ = [
    "Confusion",
    "ErrorRates",
    "LanguageModel",
    "Letter",
    "beam_search",
    "confusions",
    "error_rates",
    "forced_path",
    "fused_search",
    "greedy",
    "read_language_model",
    "word_confusions",
    "write_arpa",
]
