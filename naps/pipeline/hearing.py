"""Letting the networks of two runs hear the same speech."""

from __future__ import annotations

import pandas as pd
import torch

from naps.comparison import ComparisonOptions, HeardTogether, hear_together
from naps.corpus.utterance import Utterance
from naps.errors import InputError
from naps.events import EventOptions, find_events
from naps.models import Recognizer, is_import, load_model, open_model
from naps.pipeline.finished_run import FinishedRun
from naps.pipeline.runner import Say
from naps.pipeline.stages import Progress

Runs = tuple[FinishedRun, FinishedRun]

# Sums of products of layers with layers, in bytes: beyond it only layers of one name meet.
_SUMS = 1 << 30
_BLOCKS = 16


def load_both(
    runs: Runs,
    given: tuple[Recognizer | str | None, Recognizer | str | None],
    device: torch.device,
) -> tuple[Recognizer, Recognizer]:
    """Load the recognizers of two runs.

    Parameters
    ----------
    runs : tuple of FinishedRun
    given : tuple of (Recognizer, str or None)
        In place of those that the runs name. Python paths among these are imported; what a run
        names never is.
    device : torch.device

    Raises
    ------
    InputError
        If one cannot be loaded, or is not the one that its run was made with.
    """
    found = []
    for run, model, letter in zip(runs, given, "ab", strict=True):
        name = run.recipe.model
        if model is None and is_import(name):
            raise InputError(
                f"{run.path}: its model {name!r} is a Python path, and nothing is imported that a "
                f"file names; give it as --model-{letter}, or compare profiles alone with "
                f"--set frames=0"
            )
        if model is None:
            loaded = load_model(name)
        else:
            loaded = open_model(model) if isinstance(model, str) else model
        if loaded.sha256 != run.model_sha256:
            raise InputError(
                f"{run.path}: {loaded.name} is not the model that this run was made with (its "
                f"weights have changed); give the right one as --model-{letter}, or run it again"
            )
        found.append(loaded.to(device))
    return found[0], found[1]


def heard_together(
    models: tuple[Recognizer, Recognizer],
    runs: Runs,
    options: ComparisonOptions,
    *,
    frames: int,
    progress: Progress,
    say: Say,
) -> HeardTogether:
    """Let both recognizers hear the speech that both runs have.

    Parameters
    ----------
    models : tuple of Recognizer
    runs : tuple of FinishedRun
        Their layers are those that are compared.
    options : ComparisonOptions
    frames : int
        At most so many are compared.
    progress, say : callable
        As for `naps.pipeline.comparing.compare_runs`.

    Raises
    ------
    InputError
        If the corpus is not there any more, or too much of it cannot be used.
    """
    utterances = runs[0].utterances()
    names = list(dict.fromkeys([*runs[0].profiles, *runs[1].profiles]))
    widths = [sum(profile.sizes["channel"] for profile in run.profiles.values()) for run in runs]
    all_pairs = 8 * _BLOCKS * widths[0] * widths[1] <= _SUMS
    if not all_pairs:
        say("the networks are large: CKA only of layers with the same name")
    letters = [_letters(run, model, utterances) for run, model in zip(runs, models, strict=True)]
    return hear_together(
        *models,
        utterances,
        layers=names,
        all_pairs=all_pairs,
        events_a=letters[0],
        events_b=letters[1],
        frames=frames,
        blocks=_BLOCKS,
        replicates=options.replicates,
        seed=options.seed,
        max_bad_share=max(run.recipe.max_bad_share for run in runs),
        progress=lambda items: progress(items, "both listen"),
    )


def _letters(
    run: FinishedRun, model: Recognizer, utterances: list[Utterance]
) -> pd.DataFrame | None:
    """Return the letters that a recognizer wrote, as events; None where it writes none."""
    if not model.writes:
        return None
    if run.recipe.events.mode == "predicted":
        return run.events()
    # Events of phone times or of the true text are not what the recognizer wrote.
    return find_events(model, utterances, options=EventOptions(), max_bad_share=1.0).table
