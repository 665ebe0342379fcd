"""Distances and reliabilities from explicit mean profiles of blocks, with plain loops."""

import numpy as np


def weighted_means(means, counts, weights):
    """Mean profile of every group over blocks; None for a group that they do not have."""
    result = []
    for g in range(means.shape[1]):
        total, events = np.zeros(means.shape[2]), 0.0
        for b in range(len(means)):
            if counts[b, g] * weights[b] > 0:
                total = total + weights[b] * counts[b, g] * means[b, g]
                events += weights[b] * counts[b, g]
        result.append((total / events, events) if events else (None, 0.0))
    return result


def contrasted(pairs, reference):
    """Subtract the average over groups."""
    there = [(m, n) for m, n in pairs if m is not None]
    if reference == "none":
        average = 0.0
    else:
        weight = [1.0 if reference == "equal" else n for _, n in there]
        average = sum(w * m for w, (m, _) in zip(weight, there, strict=True)) / sum(weight)
    return [None if m is None else m - average for m, _ in pairs]


def crossvalidated(means, counts, g, h):
    """Noise-corrected squared distance of two groups, pair of blocks by pair of blocks."""
    total = weight = 0.0
    for b in range(len(means)):
        for c in range(len(means)):
            if b == c or 0 in (counts[b, g], counts[b, h], counts[c, g], counts[c, h]):
                continue
            v = 1 / (1 / counts[b, g] + 1 / counts[b, h])
            w = 1 / (1 / counts[c, g] + 1 / counts[c, h])
            total += v * w * np.dot(means[b, g] - means[b, h], means[c, g] - means[c, h])
            weight += v * w
    return total / weight if weight else None


def between_blocks(means, counts, g, h):
    """Product of two groups' means over pairs of different blocks."""
    total = weight = 0.0
    for b in range(len(means)):
        for c in range(len(means)):
            if b != c and counts[b, g] and counts[c, h]:
                total += counts[b, g] * counts[c, h] * np.dot(means[b, g], means[c, h])
                weight += counts[b, g] * counts[c, h]
    return total / weight
