"""Blocks of made-up speech, for tests."""

from collections.abc import Sequence

import numpy as np

from naps.similarity.gram import BlockGram


def block_gram(means: np.ndarray, counts: np.ndarray, labels: Sequence[str]) -> BlockGram:
    """Inner products of explicit means, shape (blocks, groups, ...)."""
    rows = means.reshape(len(means), means.shape[1], -1)
    return BlockGram(
        labels=tuple(labels),
        gram=np.einsum("bgk,chk->bgch", rows, rows, optimize=True),
        counts=counts,
        sums=rows.sum(2),
        cells=rows.shape[2],
    )


def planted(
    seed: int = 0,
    *,
    blocks: int = 6,
    groups: int = 5,
    cells: int = 12,
    noise: float = 0.5,
    missing: float = 0.0,
    centres: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, BlockGram]:
    """Means (blocks, groups, cells), counts and their products; noise falls with the count."""
    random = np.random.default_rng(seed)
    counts = random.integers(1, 20, (blocks, groups))
    counts[random.random((blocks, groups)) < missing] = 0
    counts[0, counts.sum(0) == 0] = 3
    lone = np.flatnonzero((counts > 0).sum(0) < 2)
    for g in lone:
        counts[np.flatnonzero(counts[:, g] == 0)[0], g] = 4
    true = random.standard_normal((groups, cells)) + 1 if centres is None else centres
    spread = noise / np.sqrt(np.maximum(counts, 1))[:, :, None]
    means = true + spread * random.standard_normal((blocks, groups, cells))
    # What stands where there are no events must not matter.
    means[counts == 0] = np.nan
    return means, counts, block_gram(means, counts, [f"g{i}" for i in range(groups)])
