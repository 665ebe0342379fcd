"""Whether the distances of layers follow other distances between the same labels."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from naps.errors import InputError
from naps.similarity.distance import Floats
from naps.similarity.statistic import UNDEFINED, Statistic, against_chance

# Distances of permuted labels that are held at once: so few that they stay in the cache.
_IN_CACHE = 2**17
# What rounding leaves of ranks, of norm 1, that another matrix explains wholly.
_EXPLAINED = 1e-9


def relation(
    distances: Floats,
    model: Floats,
    *,
    given: Floats | None = None,
    permutations: int = 10_000,
    seed: int = 0,
) -> list[Statistic]:
    """Correlate the distances of layers with those that a model expects.

    Spearman's correlation over all pairs of labels, as representational dissimilarity matrices
    are compared (Kriegeskorte, Mur & Bandettini 2008). Chance are random permutations of the
    model's labels, as distances of one label are not independent (Mantel 1967); they are the same
    for all layers.

    With other distances that are given it is the partial correlation of ranks (Smouse, Long &
    Sokal 1986). What these explain of the model, a cubic curve of their ranks, then stays where it
    is, and the labels of the rest are permuted (Freedman & Lane 1983). Ranks depend on each other
    in curves, so that a partial correlation of a few hundredths is left where the given distances
    are all that layer and model have in common: the mean of chance is that correlation, not 0.

    Parameters
    ----------
    distances : array, shape (layers, labels, labels)
        Symmetric; diagonals do not matter.
    model : array, shape (labels, labels)
    given : array, shape (labels, labels) or (layers, labels, labels), optional
        What shall not explain the correlation.
    permutations : int
    seed : int

    Returns
    -------
    list of Statistic
        For each layer; ``p`` is one-sided: how often chance correlates at least as much. NaN for
        fewer than four labels, and where the distances of the layer, the model or those given are
        all equal, or these explain one of the others wholly.

    Raises
    ------
    InputError
        If the shapes do not fit, or a distance is not a finite number.
    """
    labels = len(model)
    _check("the layers", distances, 3, labels)
    _check("the model", model, 2, labels)
    if given is not None and np.ndim(given) == 3:
        _check("those given", given, 3, labels)
        if len(given) != len(distances):
            raise InputError(f"{len(given)} distances are given for {len(distances)} layers")
        return [
            relation(layer[None], model, given=control, permutations=permutations, seed=seed)[0]
            for layer, control in zip(distances, given, strict=True)
        ]
    if labels < 4:
        return [UNDEFINED] * len(distances)
    pairs = np.triu_indices(labels, 1)
    layers, expected = _ranks(distances[:, *pairs]), _ranks(model[pairs])
    control = np.zeros(len(expected))
    if given is not None:
        _check("those given", given, 2, labels)
        control = _ranks(given[pairs])
        layers = _unit(layers - (layers @ control)[:, None] * control)
    beyond = _unit(expected - (expected @ control) * control)
    values = layers @ beyond
    known = np.isfinite(values)
    if not known.any():
        return [UNDEFINED] * len(values)
    fixed = _curve(expected, control)
    chance = np.full((permutations, len(values)), np.nan)
    chance[:, known] = _drawn(
        layers[known], expected - fixed, fixed, control, labels, permutations, seed
    )
    return [
        UNDEFINED if np.isnan(value) else against_chance(float(value), drawn)
        for value, drawn in zip(values, chance.T, strict=True)
    ]


def _check(name: str, square: Floats, axes: int, labels: int) -> None:
    if np.ndim(square) != axes or square.shape[-2:] != (labels, labels):
        raise InputError(
            f"distances of {name} have the shape {np.shape(square)}, which does not fit "
            f"{labels} labels"
        )
    if not np.isfinite(square).all():
        raise InputError(
            f"distances of {name} are not all finite numbers; leave out labels without them"
        )


def _ranks(flat: Floats) -> Floats:
    """Return ranks of mean 0 and norm 1; NaN where all values are equal."""
    ranks = rankdata(flat, axis=-1)
    return _unit(ranks - ranks.mean(-1, keepdims=True))


def _unit(rows: Floats) -> Floats:
    norms = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.where(norms > _EXPLAINED, norms, np.nan))


def _curve(ranks: Floats, control: Floats) -> Floats:
    """Fit a cubic polynomial of the control."""
    powers = (control[:, None] * np.sqrt(len(control))) ** [1, 2, 3]
    powers = powers - powers.mean(0)
    return np.asarray(powers @ np.linalg.lstsq(powers, ranks)[0])


def _drawn(
    layers: Floats,
    loose: Floats,
    fixed: Floats,
    control: Floats,
    labels: int,
    permutations: int,
    seed: int,
) -> Floats:
    """Return partial correlations of layers with the fixed part and the loose one, permuted.

    Parameters
    ----------
    layers : array, shape (layers, pairs)
        Ranks less their regression on the control, of norm 1.
    loose, fixed, control : array, shape (pairs,)
        Of mean 0; the control of norm 1, or zeros.

    Returns
    -------
    array, shape (permutations, layers)
    """
    first, second = np.triu_indices(labels, 1)
    square = np.zeros((labels, labels))
    square[first, second] = square[second, first] = loose
    random = np.random.default_rng(seed)
    size = max(1, _IN_CACHE // len(loose))
    chance = np.empty((permutations, len(layers)))
    for start in range(0, permutations, size):
        rows = min(size, permutations - start)
        order = random.permuted(np.tile(np.arange(labels), (rows, 1)), axis=1)
        model = fixed + square.ravel()[order[:, first] * labels + order[:, second]]
        norms = np.sqrt((model**2).sum(1) - (model @ control) ** 2)
        chance[start : start + rows] = model @ layers.T / norms[:, None]
    return chance
