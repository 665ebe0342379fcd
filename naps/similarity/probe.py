"""What a linear classifier can read off a layer, and what it would read off by chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.linalg import cho_factor, cho_solve
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedGroupKFold

from naps.errors import InputError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Disjoint = Literal["speakers", "utterances"]

# Fewer speakers do not say how speakers differ.
_SPEAKERS = 5
_REPLICATES = 1000
# Of the variance of a cell: keeps a covariance that shrinkage leaves flat from being singular.
_RIDGE = 1e-6


@dataclass(frozen=True)
class ProbeDesign:
    """Which events are learned from and which are held out: the same for every layer.

    Attributes
    ----------
    kept : array of bool, shape (events,)
        The events of classes that are frequent enough; all further arrays are of those alone.
    classes : tuple of str
    codes : array of int, shape (kept,)
        Index into ``classes``.
    shuffled : array of int, shape (shuffles, kept)
        The same, dealt out anew.
    fold : array of int, shape (kept,)
        Part in which an event is held out.
    disjoint : {"speakers", "utterances"}
        What no two parts have in common.
    sources : array of int, shape (kept,)
        Speaker or utterance, whichever the interval is drawn over.
    interval : {"speakers", "utterances"}
        Which that is.
    left_out : tuple of str
        Classes with too few events, speakers or utterances.
    seed : int
    """

    kept: npt.NDArray[np.bool_]
    classes: tuple[str, ...]
    codes: Ints
    shuffled: Ints
    fold: Ints
    disjoint: Disjoint
    sources: Ints
    interval: Disjoint
    left_out: tuple[str, ...]
    seed: int

    @property
    def folds(self) -> int:
        """How many parts there are."""
        return int(self.fold.max()) + 1


@dataclass(frozen=True)
class ProbeResult:
    """How well held-out events are told apart.

    Attributes
    ----------
    accuracy : float
        Share of the held-out events, all of them once, whose class is found.
    low, high : float
        Ends of its 95 % interval: 1000 bootstrap draws of speakers or utterances.
    balanced : float
        Mean over classes of the share found.
    chance_mean, chance_p99 : float
        Mean and 99th percentile of the accuracy with shuffled labels; NaN without any shuffle.
    majority : float
        Share of the commonest class: the accuracy of always naming it.
    """

    accuracy: float
    low: float
    high: float
    balanced: float
    chance_mean: float
    chance_p99: float
    majority: float


def probe_design(
    labels: npt.ArrayLike,
    speakers: npt.ArrayLike | None,
    utterances: npt.ArrayLike,
    *,
    folds: int = 5,
    shuffles: int = 5,
    seed: int = 0,
) -> ProbeDesign:
    """Part events for a probe so that nobody is both learned from and tested on.

    Parts have no speaker in common, if at least two classes were said by several speakers; if not,
    such as where the classes are the speakers, no utterance. Classes are spread over the parts as
    evenly as that allows (scikit-learn's ``StratifiedGroupKFold``).

    For the chance level, labels are shuffled where they can change: among whole speakers, if each
    has one label and parts are of speakers; among whole utterances, if each of them has one label;
    else among single events; the latter two within speakers, unless each has one label. So a
    classifier of shuffled labels can gain all that comes from knowing who speaks, as a control
    task should let it (Hewitt & Liang 2019).

    Parameters
    ----------
    labels : array of str, shape (events,)
    speakers : array of str, shape (events,), or None
        One that is unknown makes parts those of utterances.
    utterances : array of str, shape (events,)
    folds : int
        So many parts, or as many as there are speakers or utterances.
    shuffles : int
    seed : int

    Raises
    ------
    InputError
        If fewer than two classes have two events a part, said by two speakers or in two
        utterances.
    """
    label = np.asarray(labels, dtype=str)
    said = pd.factorize(np.asarray(utterances, dtype=object))[0].astype(np.int64)
    who = None if speakers is None else pd.factorize(np.asarray(speakers, dtype=object))[0]
    if who is not None and (who < 0).any():
        who = None
    by_speaker = who is not None and len(_classes(label, who, folds)) >= 2
    groups = who if by_speaker and who is not None else said
    classes = _classes(label, groups, folds)
    if len(classes) < 2:
        raise InputError(
            f"nothing to tell apart: of {len(np.unique(label))} classes {len(classes)} have "
            f"{2 * folds} events or more in more than one utterance; take more events, fewer "
            f"folds or another target"
        )
    kept = np.isin(label, classes)
    codes = np.searchsorted(classes, label[kept]).astype(np.int64)
    group, said = _numbered(groups[kept]), _numbered(said[kept])
    who = None if who is None else _numbered(who[kept])
    random = np.random.default_rng(seed)
    resampled = group if not by_speaker or int(group.max()) + 1 >= _SPEAKERS else said
    levels = _levels(codes, who, said, by_speaker=by_speaker)
    return ProbeDesign(
        kept=kept,
        classes=tuple(classes),
        codes=codes,
        shuffled=np.array([_dealt(codes, *levels, random) for _ in range(shuffles)], np.int64),
        fold=_folds(codes, group, folds, seed),
        disjoint="speakers" if by_speaker else "utterances",
        sources=resampled,
        interval="speakers" if by_speaker and resampled is group else "utterances",
        left_out=tuple(sorted(set(np.unique(label).tolist()) - set(classes))),
        seed=seed,
    )


def _classes(label: npt.NDArray[Any], groups: npt.NDArray[Any], folds: int) -> list[str]:
    """Return the classes with enough events in more than one group, sorted."""
    found = pd.DataFrame({"label": label, "group": groups}).groupby("label")["group"]
    counts = found.agg(["size", "nunique"])
    return sorted(counts.index[(counts["size"] >= 2 * folds) & (counts["nunique"] >= 2)])


def _numbered(values: npt.NDArray[Any]) -> Ints:
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def _folds(codes: Ints, groups: Ints, folds: int, seed: int) -> Ints:
    parts = StratifiedGroupKFold(min(folds, int(groups.max()) + 1), shuffle=True, random_state=seed)
    fold = np.zeros(len(codes), np.int64)
    for number, (_, held_out) in enumerate(parts.split(codes[:, None], codes, groups)):
        fold[held_out] = number
    return _numbered(fold)


def _levels(
    codes: Ints, speakers: Ints | None, utterances: Ints, *, by_speaker: bool
) -> tuple[Ints, Ints]:
    """Return of every event what has one label as a whole, and within what labels change places."""
    everywhere = np.zeros_like(codes)
    fixed = speakers is not None and _constant(codes, speakers)
    if fixed and by_speaker and speakers is not None:
        return speakers, everywhere
    unit = utterances if _constant(codes, utterances) else np.arange(len(codes))
    return unit, everywhere if fixed or speakers is None else speakers


def _constant(codes: Ints, groups: Ints) -> bool:
    """Say whether every group has one label."""
    return len(np.unique(np.stack([groups, codes]), axis=1).T) == int(groups.max()) + 1


def _dealt(codes: Ints, unit: Ints, within: Ints, random: np.random.Generator) -> Ints:
    """Shuffle the labels of units among those in the same stratum."""
    _, first = np.unique(unit, return_index=True)
    label, stratum = codes[first], within[first]
    # Sorted by stratum, in random order and in order: the n-th gets the label of the n-th.
    shuffled = np.lexsort([random.random(len(first)), stratum])
    dealt = np.empty_like(label)
    dealt[np.argsort(stratum, kind="stable")] = label[shuffled]
    return np.asarray(dealt[_numbered(unit)])


def probe(features: npt.ArrayLike, design: ProbeDesign) -> ProbeResult:
    """Tell the classes of held-out events apart by a linear classifier (Alain & Bengio 2016).

    Linear discriminant analysis of cells that are standardised over the training part, the
    covariance within classes shrunk after Ledoit & Wolf (2004); classes are expected as often as
    they are in the training part.

    Parameters
    ----------
    features : array, shape (events, cells)
        What the layer did at every event, of kept classes or not.
    design : ProbeDesign

    Raises
    ------
    InputError
        If the features are of other events, or not all of them numbers.
    """
    values = np.asarray(features)
    if values.ndim != 2 or len(values) != len(design.kept):
        raise InputError(
            f"features have the shape {values.shape}, and there are {len(design.kept)} events"
        )
    values = values[design.kept]
    if not np.isfinite(values).all():
        raise InputError("features that are not finite cannot be learned from")
    labellings = np.concatenate([design.codes[None], design.shuffled.reshape(-1, len(values))])
    said = np.empty_like(labellings)
    for number in range(design.folds):
        held_out = design.fold == number
        said[:, held_out] = _predicted(
            values[~held_out], values[held_out], labellings[:, ~held_out], len(design.classes)
        )
    right = said == labellings
    chance = right[1:].mean(1)
    low, high = _interval(right[0], design.sources, design.seed)
    return ProbeResult(
        accuracy=float(right[0].mean()),
        low=low,
        high=high,
        balanced=float(balanced_accuracy_score(design.codes, said[0])),
        chance_mean=float(chance.mean()) if len(chance) else float("nan"),
        chance_p99=float(np.quantile(chance, 0.99)) if len(chance) else float("nan"),
        majority=float(np.bincount(design.codes).max() / len(design.codes)),
    )


def _predicted(
    train: npt.NDArray[Any], test: npt.NDArray[Any], labellings: Ints, classes: int
) -> Ints:
    """Return what is predicted for the test part, shape (labellings, test).

    Labellings share the covariance of all events; only what lies between their classes is taken
    off it.
    """
    mean, scale = train.mean(0, np.float64), train.std(0, dtype=np.float64)
    varied = scale > 1e-12 * np.abs(mean)
    seen = (train[:, varied] - mean[varied]) / scale[varied]
    new = (test[:, varied] - mean[varied]) / scale[varied]
    whole = seen.T @ seen / len(seen)
    found = np.empty((len(labellings), len(test)), np.int64)
    for row, codes in enumerate(labellings):
        counts = np.bincount(codes, minlength=classes)
        there = np.flatnonzero(counts)
        member = (codes == there[:, None]).astype(np.float64)
        means = member @ seen / counts[there, None]
        weighted = means * np.sqrt(counts[there, None] / len(seen))
        covariance = whole - weighted.T @ weighted
        residuals = seen - means[np.searchsorted(there, codes)]
        factor = cho_factor(_shrunk(covariance, residuals), overwrite_a=True, check_finite=False)
        weights = cho_solve(factor, means.T, check_finite=False)
        offsets = np.log(counts[there] / len(seen)) - 0.5 * (means.T * weights).sum(0)
        found[row] = there[(new @ weights + offsets).argmax(1)]
    return found


def _shrunk(covariance: Floats, residuals: Floats) -> Floats:
    """Draw a covariance towards a multiple of the identity, as far as the data ask for it."""
    cells = len(covariance)
    level = np.trace(covariance) / max(1, cells)
    squares = (covariance**2).sum()
    spread = ((residuals**2).sum(1) ** 2).mean()
    error = (spread - squares) / len(residuals)
    distance = squares - cells * level**2
    share = float(np.clip(error / distance, 0.0, 1.0)) if distance > 0 else 1.0
    shrunk = (1 - share) * covariance
    shrunk.flat[:: cells + 1] += share * level + _RIDGE
    return shrunk


def _interval(right: npt.NDArray[np.bool_], sources: Ints, seed: int) -> tuple[float, float]:
    """Return the ends of the 95 % interval of the share that is right."""
    counts = np.bincount(sources)
    found = np.bincount(sources, right)
    drawn = np.random.default_rng(seed).multinomial(
        len(counts), np.full(len(counts), 1 / len(counts)), _REPLICATES
    )
    low, high = np.quantile(drawn @ found / (drawn @ counts), [0.025, 0.975])
    return float(low), float(high)
