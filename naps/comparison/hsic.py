"""How much two sets of activations of the same frames have in common: sums that add up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from naps.similarity.distance import Floats


@dataclass(frozen=True)
class HSICSums:
    """Sums over frames from which the unbiased Hilbert–Schmidt independence criterion follows.

    With the kernels k_ij = x_i·x_j and l_ij = y_i·y_j without their diagonals, the criterion is
    [tr KL + (1ᵀK1)(1ᵀL1)/((n−1)(n−2)) − 2/(n−2) 1ᵀKL1] / (n(n−3)) (Song et al. 2012, "Feature
    selection via dependence maximization", JMLR 13; the squared distance covariance of Székely
    & Rizzo 2014 with these kernels). Each term is a function of sums over single frames, so that
    nothing grows with their number. It is the same for x and y moved by any vector: move large
    values near to zero first, as sums of large numbers lose digits.

    Attributes
    ----------
    frames : int
    product : array of float64, shape (p, q)
        Σ x yᵀ.
    first, second : array of float64, shape (p,) and (q,)
        Σ x and Σ y.
    first_weighted, second_weighted : array of float64, shape (p,) and (q,)
        Σ |y|² x and Σ |x|² y.
    first_squares, second_squares, both_squares : float
        Σ |x|², Σ |y|² and Σ |x|² |y|².
    """

    frames: int
    product: Floats
    first: Floats
    second: Floats
    first_weighted: Floats
    second_weighted: Floats
    first_squares: float
    second_squares: float
    both_squares: float

    @classmethod
    def of(cls, x: Floats, y: Floats) -> HSICSums:
        """Sum over frames.

        Parameters
        ----------
        x : array of float64, shape (frames, p)
        y : array of float64, shape (frames, q)
        """
        squares_x = np.einsum("ij,ij->i", x, x)
        squares_y = squares_x if y is x else np.einsum("ij,ij->i", y, y)
        return cls(
            frames=len(x),
            product=x.T @ y,
            first=x.sum(0),
            second=y.sum(0),
            first_weighted=squares_y @ x,
            second_weighted=squares_x @ y,
            first_squares=float(squares_x.sum()),
            second_squares=float(squares_y.sum()),
            both_squares=float(squares_x @ squares_y),
        )

    def plus(self, other: HSICSums) -> HSICSums:
        """Return the sums over the frames of both."""
        return HSICSums(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def hsic(self) -> float:
        """Return the criterion; NaN for fewer than four frames."""
        return float(HSICBlocks.of([self]).hsic(np.ones((1, 1)))[0])


@dataclass(frozen=True)
class HSICBlocks:
    """The same for blocks of frames that may be drawn again and again.

    What a resampling of the blocks needs of their sums: products between blocks. They are as small
    as there are blocks, however many units there are.

    Attributes
    ----------
    frames, first_squares, second_squares, both_squares : array of float64, shape (blocks,)
        As of `HSICSums`.
    products, first, second, first_weighted, second_weighted : array, shape (blocks, blocks)
        Inner products of Σ x yᵀ, of Σ x, of Σ y, of Σ x with Σ |y|² x, of Σ y with Σ |x|² y.
    triples : array of float64, shape (blocks, blocks, blocks)
        (Σ x)ᵀ (Σ x yᵀ) (Σ y): the product of the first block, the sums of the others.
    """

    frames: Floats
    first_squares: Floats
    second_squares: Floats
    both_squares: Floats
    products: Floats
    first: Floats
    second: Floats
    first_weighted: Floats
    second_weighted: Floats
    triples: Floats

    @classmethod
    def of(cls, blocks: Sequence[HSICSums]) -> HSICBlocks:
        """Multiply the sums of blocks with each other."""
        first = np.array([block.first for block in blocks])
        second = np.array([block.second for block in blocks])
        products = np.array(
            [[np.vdot(b.product, c.product) for c in blocks] for b in blocks], np.float64
        )
        return cls(
            frames=np.array([float(block.frames) for block in blocks]),
            first_squares=np.array([block.first_squares for block in blocks]),
            second_squares=np.array([block.second_squares for block in blocks]),
            both_squares=np.array([block.both_squares for block in blocks]),
            products=products,
            first=first @ first.T,
            second=second @ second.T,
            first_weighted=first @ np.array([block.first_weighted for block in blocks]).T,
            second_weighted=second @ np.array([block.second_weighted for block in blocks]).T,
            triples=np.array([first @ block.product @ second.T for block in blocks]),
        )

    def hsic(self, weights: Floats) -> Floats:
        """Return the criterion of corpora that have each block so many times.

        Parameters
        ----------
        weights : array, shape (corpora, blocks)

        Returns
        -------
        array, shape (corpora,)
            NaN for fewer than four frames.
        """

        def paired(products: Floats) -> Floats:
            return np.asarray(((weights @ products) * weights).sum(-1))

        n = weights @ self.frames
        n = np.where(n > 3, n, math.nan)
        diagonal = weights @ self.both_squares
        total_x = paired(self.first) - weights @ self.first_squares
        total_y = paired(self.second) - weights @ self.second_squares
        triples = np.tensordot(weights, self.triples, 1) @ weights[:, :, None]
        across = (
            (triples[:, :, 0] * weights).sum(1)
            - paired(self.first_weighted)
            - paired(self.second_weighted)
            + diagonal
        )
        same = paired(self.products) - diagonal
        found = same + total_x * total_y / ((n - 1) * (n - 2)) - 2 * across / (n - 2)
        return np.asarray(found / (n * (n - 3)))
