"""Whether a training recipe will run, and what it will take."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch

from naps.errors import InputError
from naps.models import build, find_model
from naps.phonology import read_lexicon
from naps.pipeline.memory import peak_memory_mib
from naps.pipeline.recipe_file import Recipe
from naps.pipeline.topography_sweep import layouts_to_compare, utterances_to_measure
from naps.training import (
    TopographySweepConfig,
    TrainConfig,
    TrainG2PConfig,
    TrainSentimentConfig,
    TransferConfig,
)
from naps.training.batches import training_batches
from naps.training.corpora import alphabet_for, choose_utterances
from naps.training.distributed import Team
from naps.training.examples import find_examples
from naps.training.loop import sizes_of
from naps.training.sentiment import read_sentiment_data, vocabulary_of
from naps.training.topography import topography_of
from naps.training.transfer import prepare_start
from naps.training.update import Updater
from naps.training.word_vectors import read_word_vectors

# Updates are measured on no more sound than this, so that the check ends in seconds.
_SAMPLE_S = 30.0
_UPDATES = 2
# Utterances of each corpus that the sample is drawn from.
_POOL = 200


@dataclass(frozen=True)
class TrainingForecast:
    """What a training run will take, from a few updates.

    Attributes
    ----------
    parameters : int
        Weights of the network.
    updates : int
        Of all runs of the recipe.
    audio_per_s : float
        Seconds of sound learned from in a second, one process on this device.
    seconds : float
        For all updates, looks at dev left out.
    memory_mib : float
        Of this process, or on a GPU: what was measured, and its activations stretched to the
        recipe's longer batches. Spectrograms that are kept come to it.
    """

    parameters: int
    updates: int
    audio_per_s: float
    seconds: float
    memory_mib: float


def check_training(recipe: Recipe) -> list[str]:
    """Look at what a training recipe learns from; return a line for each.

    Raises
    ------
    InputError
        If one that is needed is missing or cannot be read, a split is empty, or the start does
        not fit.
    """
    if isinstance(recipe, TrainG2PConfig):
        return _check_dictionaries(recipe)
    if isinstance(recipe, TrainSentimentConfig):
        return _check_sentences(recipe)
    if isinstance(recipe, TransferConfig | TopographySweepConfig):
        lines = _check_corpora(recipe.training)
        for run in recipe.runs():
            _check_network(run.config)
        lines.append(f"runs: {', '.join(run.name for run in recipe.runs())}")
        return [*lines, *_check_measure(recipe)]
    if not isinstance(recipe, TrainConfig):
        raise InputError(f"{recipe.name} is no training recipe")
    _check_network(recipe)
    return _check_corpora(recipe)


def _check_network(config: TrainConfig) -> None:
    if config.start is not None:
        find_model(config.start)
    alphabet = alphabet_for(config.language)
    network = build(sizes_of(config, alphabet))
    prepare_start(network, alphabet, config, lambda _: None)
    topography_of(network, config)


def _check_corpora(config: TrainConfig) -> list[str]:
    lines = []
    for name, data in config.data.items():
        chosen = choose_utterances(name, data)
        if chosen is None:
            lines.append(f"{name}: left out")
            continue
        known = [u.duration_s for u in chosen["train"] if u.duration_s is not None]
        hours = f" ({sum(known) / 3600:.1f} h)" if len(known) == len(chosen["train"]) else ""
        counts = (f"{len(u)} {use}" + hours * (use == "train") for use, u in chosen.items() if u)
        lines.append(f"{name}: " + ", ".join(counts))
    return lines


def _check_measure(recipe: TransferConfig | TopographySweepConfig) -> list[str]:
    if isinstance(recipe, TransferConfig):
        return []
    used, absent = layouts_to_compare(recipe)
    missing = f"; left out, as they are not installed: {', '.join(absent)}" if absent else ""
    utterances = utterances_to_measure(recipe)
    layouts = ", ".join(["grid", *used])
    return [f"order: {len(utterances)} utterances, layouts {layouts}{missing}"]


def _check_dictionaries(config: TrainG2PConfig) -> list[str]:
    if config.lexicon is None:
        raise InputError("the recipe names no dictionary; --set lexicon=FILE")
    files = {"lexicon": config.lexicon} | ({"test": config.test} if config.test else {})
    return [
        f"{use}: {len(read_lexicon(path, language=config.language))} words"
        for use, path in files.items()
    ]


def _check_sentences(config: TrainSentimentConfig) -> list[str]:
    data = read_sentiment_data(config)
    numbers, _ = vocabulary_of(data.phrases, config.min_count)
    lines = [
        f"phrases: {len(data.phrases)}, of {len(numbers) - 1} words",
        f"dev: {len(data.dev)} sentences",
        f"test: {len(data.test)} sentences",
    ]
    if config.vectors is not None:
        found = read_word_vectors(config.vectors, config.network.embedding, numbers)
        lines.append(f"vectors: of {len(found)} of these words")
    return lines


def forecast_training(
    recipe: TrainConfig | TransferConfig | TopographySweepConfig, device: torch.device
) -> TrainingForecast:
    """Make a few updates with the recipe's own speech and reckon what all of them will take.

    Nothing is kept of them. Of a table of runs the first is measured; those with more frozen
    layers take less.
    """
    runs = [recipe] if isinstance(recipe, TrainConfig) else [run.config for run in recipe.runs()]
    config = runs[0]
    alphabet = alphabet_for(config.language)
    torch.manual_seed(config.seed)
    network = build(sizes_of(config, alphabet)).to(device)
    prepare_start(network, alphabet, config, lambda _: None)
    chosen = [choose_utterances(name, data) for name, data in config.data.items()]
    pool = [u for uses in chosen if uses is not None for u in uses["train"][:_POOL]]
    examples, _ = find_examples(
        pool, config.features, alphabet, network.output_length, max_bad_share=1.0
    )
    if not examples:
        raise InputError("none of the first utterances can be learned from; 'naps train' says why")
    sample_s = min(config.batch_s, _SAMPLE_S)
    small = config.model_copy(update={"batch_s": sample_s, "workers": 0})
    updater = Updater(network, small, alphabet, Team(0, 1, device))
    before = _held(device)
    seconds = audio = 0.0
    for number, batch in enumerate(training_batches(examples, small, 0, _UPDATES + 1)):
        began = time.perf_counter()
        updater(batch, ())
        if number:  # the first one warms up
            seconds += time.perf_counter() - began
            audio += sum(batch.lengths) * config.features.frame_s
    parameters = sum(p.numel() for p in network.parameters())
    # Weights, their gradients and the two averages of Adam, in float32.
    fixed = 16 * parameters / 2**20
    activations = max(0.0, _held(device) - before - fixed)
    per_s = audio / seconds
    return TrainingForecast(
        parameters=parameters,
        updates=(updates := config.steps * len(runs)),
        audio_per_s=per_s,
        seconds=updates * config.batch_s / per_s,
        memory_mib=before + fixed + activations * config.batch_s / sample_s,
    )


def _held(device: torch.device) -> float:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    return peak_memory_mib()
