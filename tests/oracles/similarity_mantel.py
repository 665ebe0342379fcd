"""Mantel tests over every permutation of few labels, with plain loops."""

from itertools import permutations

import numpy as np
from scipy.stats import rankdata, spearmanr


def _flat(square, order):
    return [square[order[i], order[j]] for i in range(len(order)) for j in range(i + 1, len(order))]


def mantel(layer, model):
    """Spearman's correlation, and those of all orders of the model's labels."""
    labels = range(len(model))
    one = _flat(layer, list(labels))
    found = [spearmanr(one, _flat(model, order)).statistic for order in permutations(labels)]
    return found[0], found


def _partial(x, y, z):
    xy, xz, yz = np.corrcoef(x, y)[0, 1], np.corrcoef(x, z)[0, 1], np.corrcoef(y, z)[0, 1]
    return (xy - xz * yz) / np.sqrt((1 - xz**2) * (1 - yz**2))


def partial_mantel(layer, model, control):
    """Spearman's partial correlation, and those of a curve and of what it leaves in all orders."""
    labels = list(range(len(model)))
    x, y, z = (rankdata(_flat(square, labels)) for square in (layer, model, control))
    curve = np.polynomial.Polynomial.fit(z, y, 3)(z)
    left = np.zeros(np.shape(model))
    left[np.triu_indices(len(model), 1)] = y - curve
    found = [_partial(x, curve + _flat(left + left.T, order), z) for order in permutations(labels)]
    return _partial(x, y, z), found
