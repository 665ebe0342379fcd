"""How far distances would be off with other speech: blocks drawn anew."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import squareform

from naps.similarity.crossvalidation import crossvalidated_distances
from naps.similarity.distance import Floats
from naps.similarity.gram import BlockGram
from naps.similarity.products import block_distances

# Distances that are computed at once; what lies in between takes some times their memory.
_IN_MEMORY = 2**22


@dataclass(frozen=True)
class DistanceSamples:
    """Distances of many corpora that might have been.

    Attributes
    ----------
    labels : tuple of str
    samples : array of float64, shape (replicates, pairs)
        Distances as `scipy.spatial.distance.squareform` flattens them; NaN where a drawn corpus
        does not have both groups.
    """

    labels: tuple[str, ...]
    samples: Floats

    def standard_error(self) -> Floats:
        """Return the standard deviation over replicates, shape (groups, groups)."""
        with _gaps_are_known():
            return _square(np.nanstd(self.samples, axis=0, ddof=1))

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Return the ends between which this share of the replicates lies (percentiles).

        Parameters
        ----------
        level : float
            Above 0 and below 1.

        Returns
        -------
        low, high : array, shape (groups, groups)
        """
        with _gaps_are_known():
            low, high = np.nanquantile(self.samples, [(1 - level) / 2, (1 + level) / 2], axis=0)
        return _square(low), _square(high)


@contextmanager
def _gaps_are_known() -> Iterator[None]:
    """Keep numpy from warning of pairs that no replicate has."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


def _square(condensed: Floats) -> Floats:
    return np.asarray(squareform(condensed, checks=False), np.float64)


def bootstrap_weights(blocks: int, replicates: int, seed: int = 0) -> Floats:
    """Draw as many blocks as there are, with replacement, again and again.

    Parameters
    ----------
    blocks : int
    replicates : int
    seed : int

    Returns
    -------
    array of float64, shape (replicates, blocks)
        How often each block was drawn.
    """
    random = np.random.default_rng(seed)
    return random.multinomial(blocks, np.full(blocks, 1 / blocks), replicates).astype(np.float64)


def bootstrap_distances(
    blocks: BlockGram,
    metric: str = "cosine",
    reference: str = "equal",
    *,
    crossvalidated: bool = False,
    replicates: int = 1000,
    seed: int = 0,
) -> DistanceSamples:
    """Compute distances for blocks drawn with replacement (Efron 1979; blocks: Künsch 1989).

    Whole blocks are drawn, not events, for the events of an utterance or a speaker are alike.
    A replicate repeats blocks and so its means are noisier than those of the corpus: plain
    distances come out larger on average. Where that matters, take cross-validated ones, or the
    standard error rather than the interval.

    Parameters
    ----------
    blocks : BlockGram
    metric, reference
        See `block_distances`, or `crossvalidated_distances`.
    crossvalidated : bool
        Whether distances are without the noise in means.
    replicates : int
        Corpora to draw; 8 bytes a pair of groups each.
    seed : int

    Returns
    -------
    DistanceSamples

    Raises
    ------
    InputError
        If there is no such metric or reference, or a group occurs in one block only.
    """
    blocks.check_repeated()
    measure = crossvalidated_distances if crossvalidated else block_distances
    parts = list(drawn_distances(blocks, measure, metric, reference, replicates, seed))
    pairs = len(blocks.labels) * (len(blocks.labels) - 1) // 2
    return DistanceSamples(blocks.labels, np.concatenate([np.empty((0, pairs)), *parts]))


def drawn_distances(
    blocks: BlockGram,
    measure: Callable[[BlockGram, str, str, Floats], Floats],
    metric: str,
    reference: str,
    replicates: int,
    seed: int,
) -> Iterator[Floats]:
    """Yield the distances of drawn blocks, flat, so many replicates at once as memory bears.

    Parameters
    ----------
    blocks : BlockGram
    measure : callable
        Such as `block_distances`.
    metric, reference : str
        What it is asked for.
    replicates, seed : int

    Yields
    ------
    array, shape (part of the replicates, pairs)
    """
    weights = bootstrap_weights(blocks.blocks, replicates, seed)
    groups = len(blocks.labels)
    pairs = np.triu_indices(groups, 1)
    size = max(1, _IN_MEMORY // groups**2)
    for start in range(0, replicates, size):
        part = measure(blocks, metric, reference, weights[start : start + size])
        yield part[:, *pairs]
