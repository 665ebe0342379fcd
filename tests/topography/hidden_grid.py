"""Units that know a hidden place in a plane, and clusters of units, for tests."""

import numpy as np

from naps.topography import Units


def hidden_grid(
    seed: int = 0, *, rows: int = 10, columns: int = 12, features: int = 50, noise: float = 0.3
) -> tuple[np.ndarray, Units]:
    """Places in a plane, in random order, and units with broad receptive fields there."""
    random = np.random.default_rng(seed)
    y, x = np.divmod(random.permutation(rows * columns), columns)
    places = np.stack([x, y], 1) / columns
    centres = random.random((features, 2))
    gaps = ((places[:, None] - centres) ** 2).sum(2)
    vectors = np.exp(-gaps / (2 * 0.35**2))
    vectors -= vectors.mean(0)
    vectors += noise * vectors.std() * random.standard_normal(vectors.shape)
    return places, Units("hidden", vectors)


def clusters(seed: int = 0, units: int = 128, kinds: int = 8, groups: int = 10) -> Units:
    """Units of a few kinds that prefer the same groups."""
    random = np.random.default_rng(seed)
    tuning = random.standard_normal((kinds, groups))
    own = tuning[random.integers(0, kinds, units)]
    return Units("clusters", own + 0.5 * random.standard_normal(own.shape))
