"""Distances between groups without the noise in their means (Walther et al. 2016)."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from naps.errors import InputError
from naps.similarity.distance import METRICS, Floats
from naps.similarity.gram import BlockGram
from naps.similarity.products import centred_twice, group_weights

CrossMetric = Literal["sqeuclidean", "cosine", "correlation"]
CROSS_METRICS: tuple[CrossMetric, ...] = get_args(CrossMetric)


def crossvalidated_distances(
    blocks: BlockGram,
    metric: str = "sqeuclidean",
    reference: str = "equal",
    weights: Floats | None = None,
) -> Floats:
    """Estimate what distances between groups would be with no noise in their means.

    Noise in a mean makes plain distances too large, and those of rare groups more so. Products
    between different blocks have no such bias, for the noise in them is independent (Walther et
    al. 2016, "Reliability of dissimilarity measures for multi-voxel pattern analysis",
    NeuroImage 137).

    For groups g and h with the difference δ_b of their means in block b, ``sqeuclidean`` is
    Σ_{b≠c} v_b v_c δ_b·δ_c / Σ_{b≠c} v_b v_c, over blocks that have both, where v_b = n_bg n_bh /
    (n_bg + n_bh) is the effective count of δ_b. What a block adds to all of its groups, such as
    a speaker's voice, cancels in δ. It is unbiased, and so below zero now and then where groups
    hardly differ. Where groups have fewer than two blocks in common it is p_gg + p_hh − 2 p_gh,
    with products of single groups p_gh = Σ_{b≠c} n_bg n_ch m_bg·m_ch / Σ_{b≠c} n_bg n_ch,
    unbiased too.

    ``cosine`` is 1 − s_gh / √(s_gg s_hh). With a contrast, s = −½ C D Cᵀ, where D are the distances
    above and C subtracts the average over groups; without one (``none``), s = p. ``correlation``
    is the same with every profile less its mean over cells. The ratio of unbiased numbers is not
    quite unbiased itself, and may lie outside 0 … 2.

    Parameters
    ----------
    blocks : BlockGram
    metric : {"sqeuclidean", "cosine", "correlation"}
    reference : {"equal", "count", "none"}
        Of the contrast; it does not matter to ``sqeuclidean``.
    weights : array, shape (blocks,) or (replicates, blocks), optional
        How often each block counts, as drawn for a bootstrap. A block drawn twice is no product of
        different blocks with itself.

    Returns
    -------
    array, shape (groups, groups) or (replicates, groups, groups)
        Symmetric, zeros on the diagonal. NaN where weights leave a group in fewer than two blocks;
        with ``cosine`` and ``correlation`` also where a group's own s is not above zero: nothing
        of it is seen again in other blocks.

    Raises
    ------
    InputError
        If there is no such metric or reference, or a group occurs in one block only.
    """
    if metric not in CROSS_METRICS:
        raise InputError(f"no metric {metric!r}; there are: {', '.join(CROSS_METRICS)}")
    blocks.check_repeated()
    drawn = np.ones(blocks.blocks) if weights is None else np.asarray(weights, np.float64)
    first, second = np.triu_indices(blocks.blocks, 1)
    gram = blocks.gram[first, :, second]
    if metric == "correlation":
        gram = gram - blocks.sums[first, :, None] * blocks.sums[second, None, :] / blocks.cells
    pairs = drawn[..., first] * drawn[..., second]
    counts = blocks.counts[first], blocks.counts[second]
    own = _own_products(pairs, gram, *counts)
    squares = _squared_distances(pairs, gram, *counts, own)
    known = ~np.isnan(_diagonal(own))
    _set_diagonal(squares, np.where(known, 0.0, np.nan))
    if metric == "sqeuclidean":
        return squares
    events = np.where(known, drawn @ blocks.counts, 0.0)
    shared = own if reference == "none" else _contrasted(squares, events, reference)
    sizes = _diagonal(shared)
    norms = np.sqrt(np.where(sizes > 0, sizes, np.nan))
    cosines = shared / (norms[..., :, None] * norms[..., None, :])
    result: Floats = 1.0 - (cosines + cosines.swapaxes(-1, -2)) / 2
    _set_diagonal(result, np.where(np.isnan(norms), np.nan, 0.0))
    return result


def denoised_distances(
    blocks: BlockGram,
    metric: str = "cosine",
    reference: str = "equal",
    weights: Floats | None = None,
) -> Floats:
    """Return cross-validated distances as trees can take them: none below zero, roots of squares.

    Parameters
    ----------
    blocks, reference, weights
        See `crossvalidated_distances`.
    metric : {"cosine", "correlation", "euclidean"}

    Returns
    -------
    array, shape (groups, groups) or (replicates, groups, groups)
        NaN where those are.

    Raises
    ------
    InputError
        If there is no such metric or reference, or a group occurs in one block only.
    """
    if metric not in METRICS:
        raise InputError(f"no metric {metric!r}; there are: {', '.join(METRICS)}")
    if metric != "euclidean":
        return np.maximum(crossvalidated_distances(blocks, metric, reference, weights), 0.0)
    squares = crossvalidated_distances(blocks, "sqeuclidean", reference, weights)
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)))


def _over_pairs(pairs: Floats, values: Floats) -> Floats:
    """Add up values of pairs of blocks, shape (pairs, groups, groups), under weights of these."""
    groups = values.shape[-1]
    flat = pairs @ values.reshape(len(values), -1)
    return np.asarray(flat.reshape(*pairs.shape[:-1], groups, groups))


def _own_products(pairs: Floats, gram: Floats, first: Floats, second: Floats) -> Floats:
    """Return p, the products of group means over pairs of different blocks."""
    events = first[:, :, None] * second[:, None, :]
    total, products = _over_pairs(pairs, events), _over_pairs(pairs, events * gram)
    # A pair counts from both sides.
    total, products = (x + x.swapaxes(-1, -2) for x in (total, products))
    products /= np.where(total > 0, total, np.nan)
    # A group of one block has products with others, but none with itself.
    known = ~np.isnan(_diagonal(products))
    return np.where(known[..., :, None] & known[..., None, :], products, np.nan)


def _squared_distances(
    pairs: Floats, gram: Floats, first: Floats, second: Floats, own: Floats
) -> Floats:
    both = _effective(first) * _effective(second)
    same = np.einsum("pgg->pg", gram)
    apart = same[:, :, None] + same[:, None, :] - gram - gram.swapaxes(-1, -2)
    total, summed = _over_pairs(pairs, both), _over_pairs(pairs, both * apart)
    sizes = _diagonal(own)
    apart_anyway = sizes[..., :, None] + sizes[..., None, :] - own - own.swapaxes(-1, -2)
    squares = np.where(total > 0, summed / np.where(total > 0, total, 1.0), apart_anyway)
    return np.asarray((squares + squares.swapaxes(-1, -2)) / 2)


def _effective(counts: Floats) -> Floats:
    """Return the effective counts of differences of groups, shape (pairs, groups, groups)."""
    product = counts[:, :, None] * counts[:, None, :]
    total = counts[:, :, None] + counts[:, None, :]
    return np.asarray(product / np.where(total > 0, total, 1.0))


def _contrasted(squares: Floats, events: Floats, reference: str) -> Floats:
    """Return the products of contrasted profiles, whose squared distances these are."""
    weights = group_weights(events, reference)
    products = -0.5 * centred_twice(np.nan_to_num(squares), weights, weights)
    return np.where(np.isnan(squares), np.nan, products)


def _diagonal(square: Floats) -> Floats:
    return np.diagonal(square, axis1=-2, axis2=-1)


def _set_diagonal(square: Floats, values: Floats) -> None:
    each = np.arange(square.shape[-1])
    square[..., each, each] = values
