"""All ways to draw a tree, and the tangle between two of them."""

import itertools
from collections.abc import Iterator

import numpy as np


def drawings(merges: np.ndarray) -> Iterator[list[int]]:
    """Every order of leaves that turning branches gives."""
    leaves = len(merges) + 1
    for turns in itertools.product((False, True), repeat=leaves - 1):
        below = [[leaf] for leaf in range(leaves)]
        for (left, right), turned in zip(merges[:, :2].astype(int), turns, strict=True):
            first, second = below[left], below[right]
            below.append(second + first if turned else first + second)
        yield below[-1]


def tangle(order_a: list[int], order_b: list[int]) -> float:
    """Sum of distances to the power of 1.5, as a share of that of a reversed order."""
    n = len(order_a)
    apart = sum(abs(order_a.index(i) - order_b.index(i)) ** 1.5 for i in range(n))
    return apart / sum(abs(i - (n - 1 - i)) ** 1.5 for i in range(n))


def least_tangle(merges_a: np.ndarray, merges_b: np.ndarray) -> float:
    second = list(drawings(merges_b))
    return min(tangle(a, b) for a in drawings(merges_a) for b in second)
