"""The corpora of a training recipe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from naps.corpus.manifest import read_manifest
from naps.corpus.utterance import Utterance
from naps.errors import InputError
from naps.models import ENGLISH, GERMAN, Alphabet
from naps.training.config import DataConfig, TrainConfig
from naps.training.examples import Example, find_examples

Use = Literal["train", "dev", "test"]


@dataclass(frozen=True)
class Corpora:
    """Examples to learn from, to watch and to test, the latter two by corpus."""

    train: list[Example]
    dev: dict[str, list[Example]]
    test: dict[str, list[Example]]
    dropped: list[tuple[str, str]]


def alphabet_for(language: str) -> Alphabet:
    """Return the letters of a language."""
    return {"en": ENGLISH, "de": GERMAN}[language]


def choose_utterances(name: str, data: DataConfig) -> dict[Use, list[Utterance]] | None:
    """Read the manifest of a corpus and pick the utterances for each use.

    Returns
    -------
    dict or None
        None for a corpus that may be left out and is.

    Raises
    ------
    InputError
        If a required corpus has no path, or a split that the recipe names is empty.
    """
    if data.path is None:
        if data.required:
            raise InputError(f"no folder for corpus {name!r}; --set data.{name}.path=FOLDER")
        return None
    manifest = data.path / "manifest.jsonl"
    utterances = [u for u in read_manifest(manifest) if data.language in (None, u.language)]
    chosen: dict[Use, list[Utterance]] = {"train": [], "dev": [], "test": []}
    for use, found in chosen.items():
        for split in data.splits(use):
            part = [u for u in utterances if split in (u.split, u.columns.get("subset"))]
            if not part:
                raise InputError(f"{manifest}: no utterance of split {split!r}")
            found += part
    return chosen


def load_corpora(config: TrainConfig, output_length: Callable[[int], int]) -> Corpora:
    """Find the examples of every corpus of a recipe.

    Raises
    ------
    InputError
        If there is nothing to train on; also see `choose_utterances` and `find_examples`.
    """
    corpora = Corpora([], {}, {}, [])
    for name, data in config.data.items():
        chosen = choose_utterances(name, data)
        if chosen is None:
            continue
        for use, utterances in chosen.items():
            if not utterances:
                continue
            examples, dropped = find_examples(
                utterances, config.features, alphabet_for(config.language), output_length,
                max_bad_share=config.max_bad_share,
            )  # fmt: skip
            corpora.dropped.extend(dropped)
            if use == "train":
                corpora.train.extend(examples)
            else:
                {"dev": corpora.dev, "test": corpora.test}[use][name] = examples
    if not corpora.train:
        raise InputError("the recipe names nothing to train on")
    return corpora
