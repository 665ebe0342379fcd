"""Distances from inner products of profiles, without the profiles."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from naps.errors import InputError
from naps.profiles.contrast import reference_weights
from naps.similarity.distance import METRICS, Floats
from naps.similarity.gram import BlockGram

Mask = npt.NDArray[np.bool_]

# Squared norms this much smaller than that of the largest profile are what rounding leaves of
# profiles that cancel.
_SILENT = 1e-14


@dataclass(frozen=True)
class Products:
    """Inner products between two sets of mean profiles of the same groups.

    All arrays may have one more axis in front: replicates.

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

    @property
    def there(self) -> Mask:
        """Which groups have events in both sets."""
        return np.asarray((self.first_counts > 0) & (self.second_counts > 0))

    def only(self, there: Mask) -> Products:
        """Leave groups out.

        Parameters
        ----------
        there : array of bool, shape (groups,) or (replicates, groups)
            Those that stay.
        """
        return replace(
            self,
            products=np.where(_both(there), self.products, np.nan),
            first_counts=np.where(there, self.first_counts, 0.0),
            second_counts=np.where(there, self.second_counts, 0.0),
        )

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
        there = self.there
        first = group_weights(np.where(there, self.first_counts, 0.0), reference)
        second = group_weights(np.where(there, self.second_counts, 0.0), reference)
        products = centred_twice(np.where(_both(there), self.products, 0.0), first, second)
        return replace(
            self,
            products=np.where(_both(there), products, np.nan),
            first_sums=_centred(self.first_sums, first, there),
            second_sums=_centred(self.second_sums, second, there),
        )

    def centred(self) -> Floats:
        """Return the products of profiles less their mean over cells, for correlations."""
        sums = self.first_sums[..., :, None] * self.second_sums[..., None, :]
        return self.products - sums / self.cells

    def rounding(self) -> Floats:
        """Return the squared norm up to which a profile, once contrasted, is but rounding."""
        squares = np.diagonal(self.products, axis1=-2, axis2=-1)
        return _SILENT * np.asarray(np.nanmax(squares, axis=-1, initial=0.0))

    def distances(self, metric: str, reference: str) -> Floats:
        """Return distances between groups, where both sets are one; see `block_distances`."""
        if metric not in METRICS:
            raise InputError(f"no metric {metric!r}; there are: {', '.join(METRICS)}")
        shown = self.contrasted(reference)
        inner = shown.centred() if metric == "correlation" else shown.products
        there = shown.there
        squares = np.diagonal(inner, axis1=-2, axis2=-1)
        if metric == "euclidean":
            sizes = squares[..., :, None] + squares[..., None, :]
            square = np.sqrt(np.maximum(sizes - inner - inner.swapaxes(-1, -2), 0.0))
        else:
            silent = there & ~(squares > self.rounding()[..., None])
            norms = np.sqrt(np.where(silent, 1.0, squares))
            cosines = inner / (norms[..., :, None] * norms[..., None, :])
            square = np.clip(1.0 - (cosines + cosines.swapaxes(-1, -2)) / 2, 0.0, 2.0)
            square[(silent[..., :, None] | silent[..., None, :]) & _both(there)] = 1.0
            square[_both(silent)] = 0.0
        each = np.arange(there.shape[-1])
        square[..., each, each] = np.where(there, 0.0, np.nan)
        return np.asarray(square)


def group_weights(counts: Floats, reference: str) -> Floats:
    """Return how much each group weighs in the average that a contrast subtracts.

    Parameters
    ----------
    counts : array, shape (..., groups)
    reference : {"equal", "count", "none"}
    """
    return np.asarray(np.apply_along_axis(reference_weights, -1, counts, reference))


def centred_twice(products: Floats, first: Floats, second: Floats) -> Floats:
    """Subtract weighted averages over groups from both sides of products.

    Parameters
    ----------
    products : array, shape (..., groups, groups)
    first, second : array, shape (..., groups)
        Weights, of sum 1 or 0.
    """
    rows = first[..., None, :] @ products
    columns = products @ second[..., :, None]
    return np.asarray(products - rows - columns + rows @ second[..., :, None])


def _centred(sums: Floats, weights: Floats, there: Mask) -> Floats:
    known = np.where(there, sums, 0.0)
    return np.where(there, known - (weights * known).sum(-1, keepdims=True), np.nan)


def _both(there: Mask) -> Mask:
    return np.asarray(there[..., :, None] & there[..., None, :])


def group_products(
    blocks: BlockGram, first: Floats | None = None, second: Floats | None = None
) -> Products:
    """Compute the inner products of group means under weights of the blocks.

    Parameters
    ----------
    blocks : BlockGram
    first : array, shape (blocks,) or (replicates, blocks), optional
        How often each block counts: 1 by default; drawn at random for a bootstrap; 0 and 1 for
        half of the blocks.
    second : array of the same shape, optional
        Of the other set of profiles; as the first by default.
    """
    first = np.ones(blocks.blocks) if first is None else np.asarray(first, np.float64)
    second = first if second is None else np.asarray(second, np.float64)
    pairs = first[..., :, None] * second[..., None, :]
    flat = pairs.reshape(*first.shape[:-1], -1) @ blocks.block_pairs
    groups = len(blocks.labels)
    counts = first @ blocks.counts, second @ blocks.counts
    sums = blocks.counts * blocks.sums
    with np.errstate(invalid="ignore"):
        return Products(
            products=flat.reshape(*first.shape[:-1], groups, groups)
            / (counts[0][..., :, None] * counts[1][..., None, :]),
            first_sums=first @ sums / counts[0],
            second_sums=second @ sums / counts[1],
            first_counts=counts[0],
            second_counts=counts[1],
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
    weights : array, shape (blocks,) or (replicates, blocks), optional
        How often each block counts.

    Returns
    -------
    array, shape (groups, groups) or (replicates, groups, groups)
        Symmetric, zeros on the diagonal; NaN for groups that the weighted blocks do not have.

    Raises
    ------
    InputError
        If there is no such metric or reference.
    """
    return group_products(blocks, weights).distances(metric, reference)
