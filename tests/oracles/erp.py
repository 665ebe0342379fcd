"""Baselines, peaks and areas of one channel at a time, by their definitions, with plain loops."""

import math


def baseline(x, times, first, last, mode):
    """The six modes of ``mne.baseline.rescale``."""
    inside = [v for v, t in zip(x, times, strict=True) if first <= t <= last]
    m = sum(inside) / len(inside)

    def spread(values):
        centre = sum(values) / len(values)
        return math.sqrt(sum((v - centre) ** 2 for v in values) / len(values))

    s = spread(inside)
    logs = [math.log10(v / m) for v in inside] if mode == "zlogratio" else []
    formula = {
        "mean": lambda v: v - m,
        "ratio": lambda v: v / m,
        "logratio": lambda v: math.log10(v / m),
        "percent": lambda v: (v - m) / m,
        "zscore": lambda v: (v - m) / s,
        "zlogratio": lambda v: math.log10(v / m) / spread(logs),
    }[mode]
    return [formula(v) for v in x]


def area_latency(x, times, fraction, parts=20_000):
    """Walk along the polygon in tiny steps until enough area lies behind."""
    heights, spots = [], []
    for i in range(len(x) - 1):
        for k in range(parts):
            u = (k + 0.5) / parts
            heights.append((x[i] + x[i + 1]) / 2 / parts * (times[i + 1] - times[i]))
            spots.append(times[i] + u * (times[i + 1] - times[i]))
    goal, behind = fraction * sum(heights), 0.0
    for height, spot in zip(heights, spots, strict=True):
        behind += height
        if behind >= goal:
            return spot
    return None
