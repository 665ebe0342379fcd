"""From logits to letters, and how far they are from what was said."""

from naps.decoding.error_rate import ErrorRates, error_rates
from naps.decoding.greedy import Letter, greedy

__all__ = ["ErrorRates", "Letter", "error_rates", "greedy"]
