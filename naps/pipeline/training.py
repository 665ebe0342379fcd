"""Training recipes: what to train, and the pictures of how it went."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from matplotlib.figure import Figure

from naps.errors import InputError
from naps.files import write_text
from naps.pipeline.recipe_file import Recipe
from naps.pipeline.topography_sweep import run_sweep
from naps.plots import svg, training_curves, transfer_curve
from naps.training import (
    TopographySweepConfig,
    TrainConfig,
    TrainG2PConfig,
    TrainSentimentConfig,
    TransferConfig,
    TransferResult,
    compare_starts,
    train,
    train_g2p,
    train_sentiment,
)

Say = Callable[[str], None]


def run_training(recipe: Recipe, out: Path, *, device: torch.device, say: Say) -> Path:
    """Train what a recipe says, or continue.

    Parameters
    ----------
    recipe : Recipe
        Of kind ``train``, ``transfer``, ``topography_sweep``, ``g2p`` or ``sentiment``.
    out : Path
        The run's folder; a recognizer's gets ``curves.svg`` beside what `naps.training.train`
        writes, a transfer table's ``transfer.svg``; a sweep's see `run_sweep`.
    device : torch.device
    say : callable
        Gets lines for people.

    Returns
    -------
    Path
        The model, the picture of the table, or the page of the sweep.

    Raises
    ------
    InputError
        If it is no training recipe, or anything that it names is missing or wrong.
    """
    if isinstance(recipe, TrainG2PConfig):
        return train_g2p(recipe, out, say=say)
    if isinstance(recipe, TrainSentimentConfig):
        return train_sentiment(recipe, out, say=say)
    if isinstance(recipe, TransferConfig):
        results = compare_starts(recipe, out, device=device, say=say)
        write_text(out / "transfer.svg", svg(_transfer_figure(results)) + "\n")
        return out / "transfer.svg"
    if isinstance(recipe, TopographySweepConfig):
        return run_sweep(recipe, out, device=device, say=say)
    if not isinstance(recipe, TrainConfig):
        raise InputError(f"{recipe.name} is no training recipe; use 'naps run {recipe.name}'")
    name = recipe.name
    return train(
        recipe,
        out,
        device=device,
        say=say,
        draw=lambda rows: write_text(
            out / "curves.svg", svg(training_curves(rows, title=name)) + "\n"
        ),
    )


def _transfer_figure(results: list[TransferResult]) -> Figure:
    taken: dict[str, list[tuple[int, float]]] = {}
    fresh: dict[str, list[tuple[int, float]]] = {}
    scratch: dict[str, float] = {}
    for result in results:
        for where, rates in result.error_rates.items():
            taken.setdefault(where, [])
            if result.run.frozen is None:
                scratch[where] = rates["cer"]
            else:
                curve = fresh if result.run.fresh else taken
                curve.setdefault(where, []).append((result.run.frozen, rates["cer"]))
    return transfer_curve(taken, fresh, scratch)
