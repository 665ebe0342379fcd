"""Moran's I, swarm steps and trustworthiness, with plain loops."""

import math

import numpy as np


def morans_i(values, positions, neighbours):
    """Moran's I with the nearest units of each as neighbours."""
    n = len(values)
    mean = sum(values) / n
    total = weights = 0.0
    for i in range(n):
        others = sorted((math.dist(positions[i], positions[j]), j) for j in range(n) if j != i)
        for _, j in others[:neighbours]:
            total += (values[i] - mean) * (values[j] - mean)
            weights += 1
    return n / weights * total / sum((v - mean) ** 2 for v in values)


def swarm(positions, square, steps):
    """Move units one after the other, all from where they were before the step."""
    found = [list(map(float, p)) for p in positions]
    n = len(found)
    for s in np.linspace(-3, 6, steps):
        far, near = (1 - math.tanh(s)) / 2, (1 + math.tanh(s)) / 2
        moved = []
        for i in range(n):
            step = [0.0, 0.0]
            for j in range(n):
                gap = [found[j][a] - found[i][a] for a in (0, 1)]
                r = max(math.hypot(*gap), 0.01)
                force = near * (1.5 / (r + 1) ** 3 - 15 * math.exp(-r / 2))
                if square is not None:
                    d = square[i][j]
                    likeness = 1.5 * (1 - (d / np.max(square)) ** 3) - 0.5 * math.exp(-d / 2)
                    force += far * likeness
                for a in (0, 1):
                    step[a] += gap[a] * force / 2 / n
            moved.append([found[i][a] + step[a] for a in (0, 1)])
        found = moved
    return np.array(found)


def legacy_error(image, changed):
    """Mean squared error of two 8-bit images, in arithmetic modulo 256."""
    total = 0
    pairs = list(zip(np.ravel(image), np.ravel(changed), strict=True))
    for a, b in pairs:
        total += (round(a) - round(b)) ** 2 % 256
    return total / len(pairs)


def resized(image, size):
    """Shrink one grey image by sampling each pixel finely, and stretch it by hand."""
    rows, columns = image.shape
    fine = 60
    small = np.zeros((size, size))
    for i in range(size):
        for j in range(size):
            ys = ((i + (np.arange(fine) + 0.5) / fine) * rows / size).astype(int)
            xs = ((j + (np.arange(fine) + 0.5) / fine) * columns / size).astype(int)
            small[i, j] = image[np.ix_(ys, xs)].mean()
    large = np.zeros_like(image)
    for y in range(rows):
        for x in range(columns):
            v = min(max((y + 0.5) * size / rows - 0.5, 0), size - 1)
            u = min(max((x + 0.5) * size / columns - 0.5, 0), size - 1)
            a, b = int(v), int(u)
            c, d = min(a + 1, size - 1), min(b + 1, size - 1)
            top = small[a, b] * (1 - u + b) + small[a, d] * (u - b)
            bottom = small[c, b] * (1 - u + b) + small[c, d] * (u - b)
            large[y, x] = top * (1 - v + a) + bottom * (v - a)
    return large
