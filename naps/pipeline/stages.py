"""The stages of a profile recipe; each reads files and writes files in the run's folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from pathlib import Path

import data_prep
from naps.corpus.manifest import read_manifest, write_manifest
from naps.corpus.utterance import Utterance
from naps.errors import InputError
from naps.pipeline.recipe import CorpusConfig, ProfileRecipe
from naps.pipeline.run_folder import RunFolder
from naps.profiles import ProfileOptions

Progress = Callable[[Iterable[Utterance], str], Iterable[Utterance]]

EMBEDDED = Path(__file__).resolve().parents[1] / "corpus" / "embedded"


def corpus_folder(corpus: CorpusConfig) -> Path:
    """Return the folder that audio paths of a corpus are relative to.

    Raises
    ------
    InputError
        If no path is given or there is no such folder.
    """
    if corpus.layout == "embedded":
        return EMBEDDED
    if corpus.path is None:
        raise InputError("the recipe names no corpus; --set corpus.path=FOLDER")
    if not corpus.path.is_dir():
        raise InputError(f"{corpus.path}: no such folder; --set corpus.path=FOLDER")
    return corpus.path


def select_utterances(corpus: CorpusConfig) -> list[Utterance]:
    """Read a corpus and keep what the recipe asks for.

    Raises
    ------
    InputError
        If the corpus cannot be read or nothing is left.
    """
    folder = corpus_folder(corpus)
    manifest = folder / "manifest.jsonl"
    if corpus.layout in ("embedded", "manifest") or manifest.is_file():
        utterances = read_manifest(manifest)
    elif corpus.layout in data_prep.LAYOUTS:
        utterances = data_prep.LAYOUTS[corpus.layout](folder)
    else:
        raise InputError(
            f"no layout {corpus.layout!r}; there are: embedded, manifest, "
            f"{', '.join(data_prep.LAYOUTS)}"
        )
    chosen = [
        u
        for u in utterances
        if (corpus.splits is None or u.split in corpus.splits)
        and corpus.language in (None, u.language)
    ]
    if not chosen:
        found = sorted({str(u.split) for u in utterances})
        raise InputError(
            f"{folder}: none of its {len(utterances)} utterances has split in "
            f"{list(corpus.splits or [])} and language {corpus.language}; its splits are {found}"
        )
    return chosen[: corpus.limit]


def prepare(run: RunFolder, recipe: ProfileRecipe) -> None:
    """Write the manifest of the utterances that the run uses."""
    utterances = select_utterances(recipe.corpus)
    write_manifest(run.manifest, utterances, corpus_folder(recipe.corpus))


def run_utterances(run: RunFolder, recipe: ProfileRecipe) -> list[Utterance]:
    """Read the run's own manifest."""
    return read_manifest(run.manifest, corpus_folder(recipe.corpus))


def profile_options(recipe: ProfileRecipe) -> ProfileOptions:
    """Give the options of the engine that a recipe asks for."""
    names = {field.name for field in fields(ProfileOptions)}
    chosen = {name: value for name, value in recipe.profiles if name in names}
    return ProfileOptions(**chosen, max_bad_share=recipe.max_bad_share)


def profile_file(run: RunFolder, group: str, kind: str) -> Path:
    """Return the profile file of a grouping and a kind."""
    return run.profiles / f"{group}-{kind}.nc"


def active_groups(recipe: ProfileRecipe) -> tuple[str, ...]:
    """Return the groupings of a recipe; phonemes only where words can be said."""
    said = (recipe.lexicon, recipe.g2p) != (None, None) or recipe.events.mode == "given"
    return tuple(g for g in recipe.profiles.groups if g != "phoneme" or said)
