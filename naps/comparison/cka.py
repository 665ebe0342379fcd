"""Centred kernel alignment: how alike two layers are whatever their units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from naps.comparison.estimate import Estimate, estimate
from naps.comparison.hsic import HSICBlocks, HSICSums
from naps.similarity.distance import Floats


@dataclass(frozen=True)
class CKASums:
    """Sums over frames from which the alignment of two layers follows.

    Attributes
    ----------
    first, second : HSICSums
        Of each layer with itself.
    both : HSICSums
        Of one with the other.
    """

    first: HSICSums
    second: HSICSums
    both: HSICSums

    @classmethod
    def of(cls, x: Floats, y: Floats) -> CKASums:
        """Sum over frames.

        Parameters
        ----------
        x : array of float64, shape (frames, p)
        y : array of float64, shape (frames, q)
        """
        return cls(HSICSums.of(x, x), HSICSums.of(y, y), HSICSums.of(x, y))

    def plus(self, other: CKASums) -> CKASums:
        """Return the sums over the frames of both."""
        return CKASums(
            self.first.plus(other.first),
            self.second.plus(other.second),
            self.both.plus(other.both),
        )

    def cka(self) -> float:
        """Return the alignment; see `CKABlocks.cka`."""
        return float(CKABlocks.of([self]).cka(np.ones((1, 1)))[0])


@dataclass(frozen=True)
class CKABlocks:
    """The same for blocks of frames that may be drawn again and again.

    Attributes
    ----------
    first, second, both : HSICBlocks
    """

    first: HSICBlocks
    second: HSICBlocks
    both: HSICBlocks

    @classmethod
    def of(cls, blocks: Sequence[CKASums]) -> CKABlocks:
        """Multiply the sums of blocks with each other."""
        return cls(
            HSICBlocks.of([block.first for block in blocks]),
            HSICBlocks.of([block.second for block in blocks]),
            HSICBlocks.of([block.both for block in blocks]),
        )

    def cka(self, weights: Floats) -> Floats:
        """Return the debiased linear alignment of corpora that have each block so many times.

        HSIC(x, y) / √(HSIC(x, x) HSIC(y, y)) (Kornblith et al. 2019, "Similarity of neural network
        representations revisited", ICML) with unbiased estimates: few frames of many units do not
        look alike for their number alone. 1 for layers that a rotation, a shift and a scale make
        equal; near 0, and now and then below it, for layers that have nothing in common.

        Parameters
        ----------
        weights : array, shape (corpora, blocks)

        Returns
        -------
        array, shape (corpora,)
            NaN where a layer is constant or there are fewer than four frames.
        """
        return np.asarray(self.both.hsic(weights) / self.scale(weights))

    def scale(self, weights: Floats) -> Floats:
        """Return what the criterion is divided by; NaN where a layer is constant."""
        own = self.first.hsic(weights), self.second.hsic(weights)
        x, y = (np.where(found > 0, found, np.nan) for found in own)
        return np.asarray(np.sqrt(x * y))


@dataclass(frozen=True)
class LayerAlignment:
    """How alike a layer of one network and one of another are over the same frames.

    Attributes
    ----------
    a, b : str
        Names of the layers.
    cka : Estimate
        Debiased linear CKA; its interval is of blocks of utterances drawn with replacement, for
        the frames of an utterance are alike.
    rotated : float
        The same after the frames of the second in each utterance are rotated by half of its
        length: what any two layers have in common that hear the same voices, but at other times.
    replicates : array of float64, shape (replicates,)
        CKA of the drawn corpora; the same draws for all layers of a comparison.
    """

    a: str
    b: str
    cka: Estimate
    rotated: float
    replicates: Floats


def align_layers(
    a: str, b: str, products: CKABlocks, rotated: HSICSums, weights: Floats
) -> LayerAlignment:
    """Measure the alignment of two layers.

    Parameters
    ----------
    a, b : str
    products : CKABlocks
        Of the blocks of a corpus.
    rotated : HSICSums
        Of the whole corpus, with the frames of the second rotated.
    weights : array, shape (replicates, blocks)
        How often each block was drawn.
    """
    blocks = len(products.both.frames)
    whole = np.ones((1, blocks))
    replicates = products.cka(weights)
    value = float(products.cka(whole)[0])
    # Rotation leaves the frames of each layer what they are.
    chance = rotated.hsic() / products.scale(whole)[0]
    return LayerAlignment(a, b, estimate(value, replicates, blocks), float(chance), replicates)
