"""The three costs of disorder, written out unit by unit."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def beside(rows: int, columns: int, torus: bool, count: int) -> list[tuple[int, int]]:
    """List every two neighbours once, by looking at all pairs of units."""
    found = []
    for p in range(rows * columns):
        for q in range(p + 1, rows * columns):
            down = abs(p // columns - q // columns)
            right = abs(p % columns - q % columns)
            if torus:
                down, right = min(down, rows - down), min(right, columns - right)
            if (down + right == 1) if count == 4 else max(down, right) == 1:
                found.append((p, q))
    return found


def cosine(a: Floats, b: Floats) -> float:
    return float(a @ b / (math.sqrt(a @ a) * math.sqrt(b @ b)))


def unlikeness(kernels: Floats, rows: int, columns: int, torus: bool, count: int) -> float:
    pairs = beside(rows, columns, torus, count)
    return sum(1 - cosine(kernels[p], kernels[q]) for p, q in pairs) / len(pairs)


def sparsity(frame: Floats, rows: int, columns: int, torus: bool, window: int) -> float:
    """Of one frame, with ε = 1e-4."""
    reach, total = window // 2, 0.0
    for row in range(rows):
        for column in range(columns):
            weights, energy = 0.0, 0.0
            for down in range(-reach, reach + 1):
                for right in range(-reach, reach + 1):
                    y, x = row + down, column + right
                    if torus:
                        y, x = y % rows, x % columns
                    elif not (0 <= y < rows and 0 <= x < columns):
                        continue
                    weight = math.exp(-0.5 * (down**2 + right**2) / (window / 4) ** 2)
                    weights += weight
                    energy += weight * frame[y * columns + x] ** 2
            total += math.sqrt(1e-4 + energy / weights)
    return total


def blurred(values: Floats, factor: float) -> Floats:
    """Shrink a sheet (rows, columns) by means over blocks and stretch it linearly."""
    along_rows = np.array([_line(column, factor) for column in values.T]).T
    return np.array([_line(row, factor) for row in along_rows])


def _line(values: Floats, factor: float) -> Floats:
    large, small = len(values), math.ceil(len(values) / factor)
    blocks = [
        float(np.mean(values[i * large // small : -(-(i + 1) * large // small)]))
        for i in range(small)
    ]
    stretched = []
    for i in range(large):
        place = min(max((i + 0.5) * small / large - 0.5, 0.0), small - 1.0)
        left = min(int(place), small - 1)
        right = min(left + 1, small - 1)
        stretched.append(blocks[left] + (place - left) * (blocks[right] - blocks[left]))
    return np.array(stretched)


def blur_loss(kernels: Floats, rows: int, columns: int, factor: float) -> float:
    sheets = [blurred(one.reshape(rows, columns), factor).ravel() for one in kernels.T]
    soft = np.array(sheets).T
    return 1 - sum(cosine(a, b) for a, b in zip(kernels, soft, strict=True)) / len(kernels)
