"""Whether two explanations of the same inputs agree: of two methods, or of two models.

Two models of equal performance may follow different strategies (Lapuschkin et al. 2016); so may
two methods disagree about one model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata
from torch import Tensor

from naps.errors import InputError
from naps.relevance.interval import Floats, Interval, mean_interval


@dataclass(frozen=True)
class Agreement:
    """How alike two relevances of the same parts are, item by item.

    Attributes
    ----------
    spearman, cosine : array, shape (items,)
        Rank correlation and cosine; NaN where one of the two is constant, or zero.
    spearman_mean, cosine_mean : Interval, shape ()
    chance : Interval, shape ()
        The mean rank correlation where the parts of each item are shuffled.
    chance_p99 : float
        Its 99th percentile over shuffles.
    """

    spearman: Floats
    cosine: Floats
    spearman_mean: Interval
    cosine_mean: Interval
    chance: Interval
    chance_p99: float

    def lowest(self, count: int, among: npt.ArrayLike | None = None) -> list[int]:
        """Return the items that agree least, the worst first.

        Parameters
        ----------
        count : int
        among : array of bool, shape (items,), optional
            Items to choose from, such as those of which both models predict the same class.
        """
        values = self.spearman if among is None else np.where(among, self.spearman, np.nan)
        order = np.argsort(values, kind="stable")
        return [int(item) for item in order[:count] if np.isfinite(values[item])]


def agreement(
    first: Tensor,
    second: Tensor,
    lengths: Sequence[int] | Tensor | None = None,
    *,
    shuffles: int = 200,
    seed: int = 0,
) -> Agreement:
    """Compare two relevances of the same inputs, item by item.

    Parameters
    ----------
    first, second : Tensor, shape (items, ...)
        Relevance of words, or of the cells of a spectrogram.
    lengths : sequence of int, optional
        Real steps of each item.
    shuffles : int
        For the chance level.
    seed : int

    Raises
    ------
    InputError
        If the shapes differ.
    """
    if first.shape != second.shape:
        raise InputError(
            f"relevances of shapes {tuple(first.shape)} and {tuple(second.shape)} cannot be "
            f"compared"
        )
    random = np.random.default_rng(seed)
    ends = [first.shape[1]] * len(first) if lengths is None else [int(n) for n in lengths]
    spearman, cosine, chance = [], [], []
    for a, b, end in zip(first, second, ends, strict=True):
        x, y = (value[:end].double().flatten().cpu().numpy() for value in (a, b))
        # Relevance that is no longer finite has no cosine, but an order.
        with np.errstate(invalid="ignore", over="ignore"):
            norms = float(np.linalg.norm(x) * np.linalg.norm(y))
            cosine.append(float(x @ y) / norms if norms else np.nan)
        ranks_x, ranks_y = _standardized(rankdata(x)), _standardized(rankdata(y))
        spearman.append(float(ranks_x @ ranks_y))
        shuffled = random.permuted(np.tile(ranks_y, (shuffles, 1)), axis=1)
        chance.append(shuffled @ ranks_x)
    by_chance = np.nanmean(chance, 0) if np.isfinite(chance).any() else np.full(shuffles, np.nan)
    return Agreement(
        spearman=np.array(spearman),
        cosine=np.array(cosine),
        spearman_mean=mean_interval(spearman),
        cosine_mean=mean_interval(cosine),
        chance=mean_interval(np.array(chance).mean(1)),
        chance_p99=float(np.quantile(by_chance, 0.99)),
    )


def _standardized(ranks: Floats) -> Floats:
    """Return values whose products sum up to a correlation; NaN if all are the same."""
    centred = ranks - ranks.mean()
    norm = float(np.linalg.norm(centred))
    return centred / norm if norm else np.full(len(ranks), np.nan)
