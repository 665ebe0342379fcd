"""The stages of a profile recipe; each reads files and writes files in the run's folder."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pandas as pd

import data_prep
from naps.corpus.manifest import read_manifest, write_manifest
from naps.corpus.utterance import Utterance
from naps.errors import InputError
from naps.files import write_text
from naps.phonology import classes, letter_classes
from naps.pipeline.recipe import CorpusConfig, ProfileRecipe
from naps.pipeline.run_folder import RunFolder, write_json
from naps.profiles import (
    ProfileOptions,
    Profiles,
    load_profiles,
)
from naps.similarity import Statistic, category_statistics, cluster

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


def categories_of(labels: Sequence[str], group: str) -> dict[str, list[str]]:
    """Return the known categories of the labels of a group: of phonemes, of letters, or none.

    Place and voicing part the consonants; vowels are one more class there.
    """
    # German phones are written with letters: only the group tells the letter a from the phone.
    manners = None if group == "letter" else classes(list(labels), "manner")
    if manners is None:
        letters = letter_classes(list(labels))
        return {} if letters is None else {"vowel": letters}
    result = {"manner": manners}
    for feature in ("place", "voicing"):
        found = classes(list(labels), feature) or []
        result[feature] = [
            "vowel" if m == "vowel" else f for f, m in zip(found, manners, strict=True)
        ]
    result["vowel"] = ["vowel" if m == "vowel" else "consonant" for m in manners]
    return result


def make_clusters(run: RunFolder, recipe: ProfileRecipe) -> None:
    """Cluster every layer of every profile file and write trees and statistics."""
    rows: list[dict[str, Any]] = []
    for group in active_groups(recipe):
        for kind in recipe.profiles.kinds:
            profiles = load_profiles(profile_file(run, group, kind))
            rows += _cluster_file(run, recipe, profiles, group, kind)
    columns = [
        "group", "kind", "layer", "category", "statistic", "value", "chance_mean", "chance_p99",
        "p", "permutations",
    ]  # fmt: skip
    text = pd.DataFrame(rows, columns=columns).to_csv(index=False)
    write_text(run.clusters / "statistics.csv", text)


def _cluster_file(
    run: RunFolder, recipe: ProfileRecipe, profiles: Profiles, group: str, kind: str
) -> list[dict[str, Any]]:
    options = recipe.clusters
    rows: list[dict[str, Any]] = []
    layers: dict[str, Any] = {}
    left_out: dict[str, int] = {}
    for name, profile in profiles.items():
        counts = profile["count"].values
        labels = [str(x) for x in profile["label"].values]
        left_out = {
            label: int(n) for label, n in zip(labels, counts, strict=True) if n < options.min_count
        }
        tree = cluster(
            profile,
            metric=options.metric,
            linkage=options.linkage,
            reference=options.contrast,
            min_count=options.min_count,
        )
        folder = run.clusters / f"{group}-{kind}"
        square = pd.DataFrame(tree.distances, index=tree.labels, columns=tree.labels)
        write_text(folder / f"{name}-distances.csv", square.to_csv(index_label="label"))
        merges = pd.DataFrame(tree.merges, columns=["first", "second", "height", "size"])
        write_text(folder / f"{name}-linkage.csv", merges.to_csv(index=False))
        categories: dict[str, Any] = {}
        for category, members in categories_of(tree.labels, group).items():
            found = category_statistics(
                tree, members, permutations=options.permutations, seed=options.seed
            )
            categories[category] = {"classes": members} | {
                statistic: asdict(value) for statistic, value in found.items()
            }
            rows += [
                {"group": group, "kind": kind, "layer": name, "category": category}
                | {"statistic": statistic, **asdict(value)}
                for statistic, value in found.items()
            ]
        rows.append(
            {"group": group, "kind": kind, "layer": name, "category": "", "statistic": "cophenetic"}
            | asdict(Statistic(tree.cophenetic, math.nan, math.nan, math.nan, 0))
        )
        layers[name] = {
            "labels": tree.labels,
            "counts": tree.counts,
            "distances": tree.distances.round(6).tolist(),
            "merges": tree.merges.tolist(),
            "order": tree.order,
            "cophenetic": None if math.isnan(tree.cophenetic) else tree.cophenetic,
            "categories": categories,
        }
    write_json(
        run.clusters / f"{group}-{kind}.json",
        {
            "group": group,
            "kind": kind,
            "metric": options.metric,
            "linkage": options.linkage,
            "contrast": options.contrast,
            "min_count": options.min_count,
            "left_out": left_out,
            "layers": layers,
        },
    )
    return rows
