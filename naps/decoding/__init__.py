"""From logits to letters, and how far they are from what was said."""

from naps.decoding.beam import beam_search
from naps.decoding.error_rate import ErrorRates, error_rates
from naps.decoding.forced import forced_path
from naps.decoding.greedy import Letter, greedy

__all__ = ["ErrorRates", "Letter", "beam_search", "error_rates", "forced_path", "greedy"]
