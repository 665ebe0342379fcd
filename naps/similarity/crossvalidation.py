"""Distances between groups without the noise in their means (Walther et al. 2016)."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from naps.errors import InputError
from naps.profiles.contrast import reference_weights
from naps.similarity.distance import Floats
from naps.similarity.gram import BlockGram

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
    weights : array, shape (blocks,), optional
        How often each block counts, as drawn for a bootstrap. A block drawn twice is no product of
        different blocks with itself.

    Returns
    -------
    array, shape (groups, groups)
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
    gram = blocks.gram
    if metric == "correlation":
        gram = gram - blocks.sums[:, :, None, None] * blocks.sums / blocks.cells
    events = blocks.counts if weights is None else blocks.counts * np.asarray(weights)[:, None]
    apart = 1.0 - np.eye(blocks.blocks)
    between = gram * apart[:, None, :, None]
    own = _own_products(between, events, apart)
    squares = _squared_distances(between, events, apart, own)
    np.fill_diagonal(squares, np.where(np.isnan(np.diag(own)), np.nan, 0.0))
    if metric == "sqeuclidean":
        return squares
    shared = own if reference == "none" else _contrasted(squares, events, reference)
    sizes = np.diag(shared)
    norms = np.sqrt(np.where(sizes > 0, sizes, np.nan))
    result: Floats = 1.0 - shared / np.outer(norms, norms)
    np.fill_diagonal(result, np.where(np.isnan(norms), np.nan, 0.0))
    return np.asarray((result + result.T) / 2)


def _own_products(between: Floats, events: Floats, apart: Floats) -> Floats:
    """Return p, the products of group means over pairs of different blocks."""
    total = np.einsum("bg,bc,ch->gh", events, apart, events)
    part = np.einsum("bg,bgch->gch", events, between)
    products = np.einsum("gch,ch->gh", part, events) / np.where(total > 0, total, np.nan)
    # A group of one block has products with others, but none with itself.
    alone = np.isnan(np.diag(products))
    products[alone] = products[:, alone] = np.nan
    return np.asarray(products)


def _squared_distances(between: Floats, events: Floats, apart: Floats, own: Floats) -> Floats:
    first, second = events[:, :, None], events[:, None, :]
    both = first * second / np.where(first + second > 0, first + second, 1.0)
    total = np.einsum("bgh,bc,cgh->gh", both, apart, both, optimize=True)
    same = np.einsum("bgcg->bcg", between)
    one = np.einsum("bgh,bcg,cgh->gh", both, same, both)
    cross = np.einsum("bgh,bgch,cgh->gh", both, between, both)
    summed = one + one.T - cross - cross.T
    sizes = np.diag(own)
    apart_anyway = sizes + sizes[:, None] - own - own.T
    squares = np.where(total > 0, summed / np.where(total > 0, total, 1.0), apart_anyway)
    return np.asarray((squares + squares.T) / 2)


def _contrasted(squares: Floats, events: Floats, reference: str) -> Floats:
    """Return the products of contrasted profiles, whose squared distances these are."""
    there = ~np.isnan(np.diag(squares))
    counts = np.where(there, events.sum(0), 0.0)
    centring = np.eye(len(counts)) - reference_weights(counts, reference)
    products = -0.5 * centring @ np.where(there & there[:, None], squares, 0.0) @ centring.T
    products[~there] = products[:, ~there] = np.nan
    return np.asarray(products)
