"""The claim that two runs have similar activations and predictions of their own, put to a test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from naps.comparison.estimate import Estimate, estimate
from naps.comparison.profiles import ProfileComparison
from naps.comparison.together import HeardTogether
from naps.profiles.layers import INPUT

CLAIM = "highly similar activations, language-specific predictions"


@dataclass(frozen=True)
class Statement:
    """What the numbers say of the claim.

    Attributes
    ----------
    layers : tuple of str
        Inner layers: all but the input and the output.
    similarity : Estimate
        Mean over them.
    predictions : Estimate or None
        How often both predict the same letter; on another scale than ``similarity``.
    predictions_cka : Estimate or None
        How alike the logits are, on the same scale.
    difference : Estimate or None
        ``similarity`` less ``predictions_cka``.
    holds : bool or None
        Whether the whole interval of the difference is above zero; None where that could not be
        tested.
    by : str
        How it was tested.
    """

    layers: tuple[str, ...]
    similarity: Estimate
    predictions: Estimate | None
    predictions_cka: Estimate | None
    difference: Estimate | None
    holds: bool | None
    by: str


def judge_together(together: HeardTogether) -> Statement | None:
    """Test the claim with two recognizers that heard the same speech.

    Parameters
    ----------
    together : HeardTogether

    Returns
    -------
    Statement or None
        None where their layers do not have the same names, so that none is the other's counterpart.
    """
    *inner, output = together.layers_a
    *inner_b, output_b = together.layers_b
    names = tuple(name for name in inner if name != INPUT)
    aligned = [together.alignment(name, name) for name in names]
    logits = together.alignment(output, output_b)
    if inner != inner_b or not names or logits is None:
        return None
    layers = [x for x in aligned if x is not None and np.isfinite(x.cka.value)]
    values = float(np.mean([x.cka.value for x in layers])) if layers else float("nan")
    drawn = np.mean([x.replicates for x in layers], 0) if layers else np.empty(0)
    similarity = estimate(values, drawn, together.blocks)
    difference = estimate(
        values - logits.cka.value, drawn - logits.replicates, together.blocks, (-2.0, 2.0)
    )
    agreement = together.agreement
    tested = np.isfinite(difference.low)
    return Statement(
        layers=tuple(x.a for x in layers),
        similarity=similarity,
        predictions=None if agreement is None else agreement.predictions,
        predictions_cka=logits.cka,
        difference=difference,
        holds=bool(difference.low > 0) if tested else None,
        by=(
            "mean debiased CKA of the inner layers less that of the logits, at the same moments of "
            f"the same speech, with a 95 % interval over {together.blocks} blocks of utterances; "
            "it holds if the whole interval is above zero, which says that inner layers are more "
            "alike than predictions, not how alike they are"
        ),
    )


def judge_profiles(comparison: ProfileComparison) -> Statement | None:
    """Say what profiles alone tell of the claim: how alike inner layers are.

    Parameters
    ----------
    comparison : ProfileComparison

    Returns
    -------
    Statement or None
        None where layers do not have the same names, or no inner layer can be compared.
    """
    layers = [
        layer
        for layer in comparison.layers
        if layer.name != INPUT and np.isfinite(layer.distances.correlation.estimate.value)
    ]
    if comparison.layers_a != comparison.layers_b or not layers:
        return None
    value = float(np.mean([x.distances.correlation.estimate.value for x in layers]))
    blocks = min(layer.distances.blocks for layer in layers)
    drawn = np.mean([x.distances.replicates for x in layers], 0) if blocks else np.empty(0)
    return Statement(
        layers=tuple(layer.name for layer in layers),
        similarity=estimate(value, drawn, blocks),
        predictions=None,
        predictions_cka=None,
        difference=None,
        holds=None,
        by=(
            "mean Spearman correlation of the distances between shared groups in the inner layers; "
            "predictions of different speech cannot be compared one by one, so the claim as a "
            "whole was not tested"
        ),
    )
