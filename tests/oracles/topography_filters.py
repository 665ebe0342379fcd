"""Descriptors of one filter, term by term."""

import cmath
import math

import numpy as np


def spectrum(kernel):
    """Power at every pair of cycles a window along frames and along bands."""
    frames, bands = kernel.shape
    found = {}
    for r in range(frames):
        for s in range(bands):
            total = 0j
            for t in range(frames):
                for m in range(bands):
                    turn = r * t / frames + s * m / bands
                    total += kernel[t, m] * cmath.exp(-2j * math.pi * turn)
            found[r, s] = abs(total) ** 2
    return found


def direction(index, count):
    """1, 0 or −1 for frequencies above, at and below zero; half the sampling rate is 0."""
    if index == 0 or 2 * index == count:
        return 0
    return 1 if 2 * index < count else -1


def percussive(kernel):
    """Energy of the average over bands about its mean, over that of the kernel about its mean."""
    course = kernel.mean(1)
    explained = kernel.shape[1] * ((course - course.mean()) ** 2).sum()
    return explained / ((kernel - kernel.mean()) ** 2).sum()


def sweep(kernel):
    """Rising less falling power over their sum."""
    frames, bands = kernel.shape
    rising = falling = 0.0
    for (r, s), power in spectrum(kernel).items():
        slope = direction(r, frames) * direction(s, bands)
        rising += power if slope < 0 else 0.0
        falling += power if slope > 0 else 0.0
    return (rising - falling) / (rising + falling)


def flatness(values):
    """Geometric over arithmetic mean."""
    return math.exp(sum(math.log(v) for v in values) / len(values)) / (sum(values) / len(values))


def noisy(kernel):
    """Flatness of spectrum and energy in units of white noise."""
    power = [p for at, p in spectrum(kernel).items() if at != (0, 0)]
    white = math.exp(-np.euler_gamma) * math.exp(-np.euler_gamma) / 2
    return flatness(power) * flatness([v**2 for v in kernel.ravel()]) / white


def onset(kernel):
    """Greatest answer to a sound that begins less that to one that ends, in all bands."""
    course = [float(sum(row)) for row in kernel]
    beginnings = [sum(course[t:]) for t in range(len(course) + 1)]
    endings = [sum(course[:t]) for t in range(len(course) + 1)]
    return 2 * (max(beginnings) - max(endings)) / sum(abs(c) for c in course)
