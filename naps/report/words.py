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
STATISTIC_NAMES = {
    "silhouette": "silhouette",
    "purity": "purity",
    "ari": "adjusted Rand index",
    "v_measure": "V-measure",
}
RELATION_NAMES = {
    "phonetic": "phonetic features",
    "phonetic beyond acoustic": "phonetic features beyond the spectrogram",
    "spelling": "spelling",
    "spelling beyond acoustic": "spelling beyond the spectrogram",
    "acoustic": "the spectrogram",
}
CONTROL_NAMES = {"random-weights": "random weights", "shuffled-labels": "shuffled labels"}
# Groups whose labels are phones; others may look like some, such as the letter B.
_PHONES = ("phoneme", "previous_phone", "next_phone")


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
    text = f"{value:.2g}"
    return f"{value:.1e}" if "e" in text else text


def percent(value: object) -> str:
    """Write a fraction in percent."""
    known = isinstance(value, int | float) and not math.isnan(value)
    return f"{value:.1%}" if known else MISSING


def number(text: str) -> float | None:
    """Read a number as the functions above write it, or None if it is none."""
    plain = text.replace(",", "").replace(MINUS, "-").removesuffix("%")
    try:
        value = float(plain)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


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


def notation(group: str) -> str:
    """Say how figures write the labels of a group: phones with their IPA."""
    return "both" if group in _PHONES else "as written"


def about(group: str, kind: str, layer: str) -> str:
    """Say what a figure of a layer shows."""
    return f"{plural(group).capitalize()} in {layer} ({SHORT_KINDS.get(kind, kind)})"


def listed(names: Sequence[str], most: int = 100) -> str:
    """Name some things after one another, and the number of those beyond ``most``."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")


def and_(names: Sequence[str]) -> str:
    """Join names as a sentence does: a, b and c."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def file_name(name: str) -> str:
    """Make a name safe for a file and a link, the same name every time."""
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".")
    return safe or "unnamed"
