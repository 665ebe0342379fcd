"""Numbers and names as people read them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

MISSING = "not recorded"
UNLIMITED = "whole utterance"
MINUS = "\N{MINUS SIGN}"

KIND_NAMES = {
    "grad": "Gradient-adjusted profiles (GradNAP)",
    "snap": "Saliency-adjusted profiles (SNAP)",
    "nap": "Plain profiles (NAP)",
    "tinap": "Time-independent profiles (NAP)",
    "erp": "Event-related potentials (ERP)",
    "navai": "Normalised averages of aligned inputs (NAvAI)",
}
SHORT_KINDS = {
    "grad": "GradNAP",
    "snap": "SNAP",
    "nap": "NAP",
    "tinap": "time-independent NAP",
    "erp": "ERP",
    "navai": "NAvAI",
}
_MODES = {"binary": "by correctness", "confusion": "by what was written"}
CATEGORY_PHRASES = {
    "manner": "by manner of articulation",
    "place": "by place of articulation",
    "voicing": "by voicing",
    "vowel": "into vowels and consonants",
}
STATISTIC_NAMES = {"silhouette": "silhouette", "purity": "purity", "ari": "adjusted Rand index"}


def shown(value: object, digits: int = 3) -> str:
    """Write a value for people; None and NaN are "not recorded"."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 1e15:
            return f"{int(value):,}"
        return f"{value:,.{digits}f}" if abs(value) >= 1 else f"{value:.{digits}g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {shown(part, digits)}" for key, part in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(shown(part, digits) for part in value)
    return str(value) or MISSING


def decimal(value: float | None, digits: int = 3) -> str:
    """Write a statistic with a fixed number of decimals, for columns."""
    if value is None or math.isnan(value):
        return MISSING
    # "-0.000" would be read as a sign.
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", MINUS)


def probability(value: float | None) -> str:
    """Write a p value."""
    if value is None or math.isnan(value):
        return MISSING
    return f"{value:.2g}" if value >= 1e-4 else f"{value:.1e}"


def percent(value: object) -> str:
    """Write a fraction in percent."""
    known = isinstance(value, int | float) and not math.isnan(value)
    return f"{value:.1%}" if known else MISSING


def duration(value: object) -> str:
    """Write seconds as hours, minutes and seconds."""
    if not isinstance(value, int | float) or math.isnan(value):
        return MISSING
    if value < 60:
        return f"{value:.1f} s"
    minutes, seconds = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"


def plural(group: str) -> str:
    """Name the members of a group: letters, phonemes, phonemes by what was written."""
    column, _, mode = group.rpartition("_")
    return f"{column}s {_MODES[mode]}" if column and mode in _MODES else f"{group}s"


def file_name(name: str) -> str:
    """Make a name safe for a file and a link, the same name every time."""
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".")
    return safe or "unnamed"
