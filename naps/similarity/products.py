"""Distances from inner products of profiles, without the profiles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from naps.errors import InputError
from naps.profiles.contrast import reference_weights
from naps.similarity.distance import METRICS, Floats
from naps.similarity.gram import BlockGram

# Squared norms this much smaller than that of the largest profile are what rounding leaves of
# profiles that cancel.
_SILENT = 1e-14


@dataclass(frozen=True)
class Products:
    """Inner products between two sets of mean profiles of the same groups.

    Attributes
    ----------
    products : array of float64, shape (groups, groups)
        Sum over cells of a group's profile in the first set times one's in the second; NaN for
        groups without events.
    first_sums, second_sums : array of float64, shape (groups,)
        Sums over cells.
    first_counts, second_counts : array of float64, shape (groups,)
        Events, times their weights.
    cells : int
        Lags × channels.
    """

    products: Floats
    first_sums: Floats
    second_sums: Floats
    first_counts: Floats
    second_counts: Floats
    cells: int

    def contrasted(self, reference: str = "equal") -> Products:
        """Return the products after a contrast in both sets, as by `naps.contrast`.

        Groups that either set has no events of are no part of the average.

        Parameters
        ----------
        reference : {"equal", "count", "none"}

        Raises
        ------
        InputError
            If there is no such reference.
        """
        there = (self.first_counts > 0) & (self.second_counts > 0)
        first = _centring(np.where(there, self.first_counts, 0.0), reference)
        second = _centring(np.where(there, self.second_counts, 0.0), reference)
        products = first @ np.where(there & there[:, None], self.products, 0.0) @ second.T
        products[~there] = np.nan
        products[:, ~there] = np.nan
        return Products(
            products,
            np.where(there, first @ np.where(there, self.first_sums, 0.0), np.nan),
            np.where(there, second @ np.where(there, self.second_sums, 0.0), np.nan),
            self.first_counts,
            self.second_counts,
            self.cells,
        )

    def centred(self) -> Floats:
        """Return the products of profiles less their mean over cells, for correlations."""
        return self.products - np.outer(self.first_sums, self.second_sums) / self.cells

    def rounding(self) -> float:
        """Return the squared norm up to which a profile, once contrasted, is but rounding."""
        return _SILENT * float(np.nanmax(np.diag(self.products), initial=0.0))


def _centring(counts: Floats, reference: str) -> Floats:
    """Return the matrix that subtracts the average over groups."""
    return np.asarray(np.eye(len(counts)) - reference_weights(counts, reference))


def group_products(
    blocks: BlockGram, first: Floats | None = None, second: Floats | None = None
) -> Products:
    """Compute the inner products of group means under weights of the blocks.

    Parameters
    ----------
    blocks : BlockGram
    first : array, shape (blocks,), optional
        How often each block counts: 1 by default; drawn at random for a bootstrap; 0 and 1 for
        half of the blocks.
    second : array, shape (blocks,), optional
        Of the other set of profiles; as the first by default.
    """
    ones = np.ones(blocks.blocks)
    first = ones if first is None else np.asarray(first, np.float64)
    second = first if second is None else np.asarray(second, np.float64)
    events = blocks.counts * first[:, None], blocks.counts * second[:, None]
    totals = events[0].sum(0), events[1].sum(0)
    with np.errstate(invalid="ignore"):
        shares = events[0] / totals[0], events[1] / totals[1]
    part = np.einsum("bg,bgch->gch", shares[0], blocks.gram)
    return Products(
        products=np.einsum("gch,ch->gh", part, shares[1]),
        first_sums=(shares[0] * blocks.sums).sum(0),
        second_sums=(shares[1] * blocks.sums).sum(0),
        first_counts=totals[0],
        second_counts=totals[1],
        cells=blocks.cells,
    )


def block_distances(
    blocks: BlockGram,
    metric: str = "cosine",
    reference: str = "equal",
    weights: Floats | None = None,
) -> Floats:
    """Compute distances between groups as `naps.similarity.distances` does, from products alone.

    They are equal to those of the profiles but for rounding. A small difference of large numbers
    loses digits: a contrast, or a distance, of 10⁻ᵏ times the size of the profiles is exact to
    about 10²ᵏ⁻¹⁶ of itself. Profiles that a contrast makes smaller than 10⁻⁷ of the largest one
    count as constant.

    Parameters
    ----------
    blocks : BlockGram
    metric : {"cosine", "correlation", "euclidean"}
    reference : {"equal", "count", "none"}
        What is subtracted first, see `naps.contrast`.
    weights : array, shape (blocks,), optional
        How often each block counts.

    Returns
    -------
    array, shape (groups, groups)
        Symmetric, zeros on the diagonal; NaN for groups that the weighted blocks do not have.

    Raises
    ------
    InputError
        If there is no such metric or reference.
    """
    if metric not in METRICS:
        raise InputError(f"no metric {metric!r}; there are: {', '.join(METRICS)}")
    plain = group_products(blocks, weights)
    shown = plain.contrasted(reference)
    inner = shown.centred() if metric == "correlation" else shown.products
    there = shown.first_counts > 0
    squares = np.diag(inner)
    if metric == "euclidean":
        square = np.sqrt(np.maximum(squares + squares[:, None] - inner - inner.T, 0.0))
    else:
        silent = there & ~(squares > plain.rounding())
        norms = np.sqrt(np.where(silent, 1.0, squares))
        square = np.clip(1.0 - inner / np.outer(norms, norms), 0.0, 2.0)
        square[silent] = square[:, silent] = 1.0
        square[np.ix_(silent, silent)] = 0.0
        square[~there] = square[:, ~there] = np.nan
        square = (square + square.T) / 2
    np.fill_diagonal(square, np.where(there, 0.0, np.nan))
    return np.asarray(square)
