"""The clusters stage: trees of every layer, how sure they are, and what they follow."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from naps.events import read_events
from naps.files import write_json, write_text
from naps.phonology import classes, letter_classes
from naps.pipeline.recipe import ClustersConfig, ProfileRecipe
from naps.pipeline.run_folder import RunFolder
from naps.pipeline.stages import active_groups, profile_file
from naps.profiles import Profiles, load_profiles
from naps.similarity import (
    BlockGram,
    DistanceReliability,
    Statistic,
    Tree,
    blocks_of,
    branch_support,
    category_statistics,
    cluster,
    corrected,
    distance_reliability,
    phonetic_distances,
    relation,
    spelling_distances,
)
from naps.similarity.distance import Floats

_COLUMNS = [
    "group", "kind", "layer", "category", "statistic", "value", "chance_mean", "chance_p99",
    "p", "p_corrected", "permutations",
]  # fmt: skip
_INPUT = "input"
# Of a statistic: its category, or none, and its name.
_Key = tuple[str, str]


@dataclass(frozen=True)
class LayerClusters:
    """What is found out about the groups of one layer.

    Attributes
    ----------
    tree : Tree
    support : array, shape (labels - 1,), or None
        Of every branch; None where the profile knows nothing of blocks.
    reliability : DistanceReliability or None
    statistics : mapping
        By category (or nothing) and name.
    """

    tree: Tree
    support: Floats | None
    reliability: DistanceReliability | None
    statistics: Mapping[_Key, Statistic]


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


def make_clusters(
    run: RunFolder, recipe: ProfileRecipe, events: pd.DataFrame | None = None
) -> None:
    """Cluster every layer of every profile file and write trees and statistics.

    Parameters
    ----------
    run : RunFolder
    recipe : ProfileRecipe
    events : DataFrame, optional
        Those that say how letters are spoken; the run's own by default.
    """
    if events is None:
        events = read_events(run.events / "events.parquet")
    rows: list[dict[str, Any]] = []
    for group in active_groups(recipe):
        for kind in recipe.profiles.kinds:
            profiles = load_profiles(profile_file(run, group, kind))
            layers = cluster_layers(profiles, events, group, recipe.clusters)
            _write(run, recipe.clusters, group, kind, profiles, layers)
            rows += statistic_rows(group, kind, layers)
    write_statistics(run.clusters / "statistics.csv", rows)


def cluster_layers(
    profiles: Profiles, events: pd.DataFrame, group: str, options: ClustersConfig
) -> dict[str, LayerClusters]:
    """Cluster the groups of every layer, and ask what their distances follow.

    Parameters
    ----------
    profiles : Profiles
        Of one group and kind.
    events : DataFrame
        Those they were made of: how letters were spoken and phonemes written.
    group : str
    options : ClustersConfig

    Raises
    ------
    InputError
        If an option does not exist, or a layer has fewer than two groups with enough events.
    """
    layers: dict[str, LayerClusters] = {}
    for name, profile in profiles.items():
        tree = cluster(
            profile,
            metric=options.metric,
            linkage=options.linkage,
            reference=options.contrast,
            min_count=options.min_count,
            crossvalidated=options.crossvalidated,
        )
        blocks = blocks_of(profile).select(tree.labels) if "block_gram" in profile else None
        layers[name] = LayerClusters(
            tree,
            _support(tree, blocks, options),
            _reliability(blocks, options),
            _categories(tree, group, options),
        )
    for name, found in _relations(layers, events, group, options):
        layers[name] = replace(layers[name], statistics={**layers[name].statistics, **found})
    return _over_layers(layers)


def _support(tree: Tree, blocks: BlockGram | None, options: ClustersConfig) -> Floats | None:
    if blocks is None or not options.replicates:
        return None
    return branch_support(
        tree,
        blocks,
        metric=options.metric,
        reference=options.contrast,
        linkage=options.linkage,
        crossvalidated=options.crossvalidated,
        replicates=options.replicates,
        seed=options.seed,
    )


def _reliability(blocks: BlockGram | None, options: ClustersConfig) -> DistanceReliability | None:
    if blocks is None:
        return None
    # A group of a single block has no second half.
    kept = blocks.select(blocks.repeated())
    if len(kept.labels) < 3:
        return None
    return distance_reliability(kept, options.metric, options.contrast, seed=options.seed)


def _categories(tree: Tree, group: str, options: ClustersConfig) -> dict[_Key, Statistic]:
    return {
        (category, statistic): value
        for category, members in categories_of(tree.labels, group).items()
        for statistic, value in category_statistics(
            tree, members, permutations=options.permutations, seed=options.seed
        ).items()
    }


def _relations(
    layers: Mapping[str, LayerClusters], events: pd.DataFrame, group: str, options: ClustersConfig
) -> Iterator[tuple[str, dict[_Key, Statistic]]]:
    """Relate the distances of the layers to those of phonetics, spelling and the spectrogram."""
    heard = layers[_INPUT].tree if _INPUT in layers else None
    alike: dict[tuple[str, ...], list[str]] = {}
    for name, layer in layers.items():
        alike.setdefault(layer.tree.labels, []).append(name)
    for labels, names in alike.items():
        known = {
            "phonetic": None if group == "letter" else phonetic_distances(labels),
            "spelling": _spelling(events, group, labels),
        }
        models = {name: square for name, square in known.items() if square is not None}
        acoustic = heard.distances if heard is not None and heard.labels == labels else None
        found: dict[str, dict[_Key, Statistic]] = {name: {} for name in names}
        _relate(found, layers, names, models, None, options)
        if acoustic is not None:
            above = [name for name in names if name != _INPUT]
            _relate(found, layers, above, {"acoustic": acoustic}, None, options)
            beyond = {f"{name} beyond acoustic": square for name, square in models.items()}
            _relate(found, layers, above, beyond, acoustic, options)
        yield from found.items()


def _spelling(events: pd.DataFrame, group: str, labels: Sequence[str]) -> Floats | None:
    # Letters at given phones are guesses of the recognizer, of which its layers are no witness.
    if "phone_source" in events and (events["phone_source"] == "given").any():
        return None
    return spelling_distances(events, group, labels)


def _relate(
    found: dict[str, dict[_Key, Statistic]],
    layers: Mapping[str, LayerClusters],
    names: Sequence[str],
    models: Mapping[str, Floats],
    given: Floats | None,
    options: ClustersConfig,
) -> None:
    if not names:
        return
    stack = np.stack([layers[name].tree.distances for name in names])
    for title, square in models.items():
        values = relation(
            stack, square, given=given, permutations=options.permutations, seed=options.seed
        )
        for name, value in zip(names, values, strict=True):
            if not math.isnan(value.value):
                found[name]["", f"relation: {title}"] = value


def _over_layers(layers: Mapping[str, LayerClusters]) -> dict[str, LayerClusters]:
    """Correct the p values of each statistic for the number of layers."""
    result = {name: dict(layer.statistics) for name, layer in layers.items()}
    for key in {key for statistics in result.values() for key in statistics}:
        names = [name for name, statistics in result.items() if key in statistics]
        values = corrected([result[name][key].p for name in names])
        for name, value in zip(names, values, strict=True):
            result[name][key] = replace(result[name][key], p_corrected=float(value))
    return {name: replace(layers[name], statistics=found) for name, found in result.items()}


def statistic_rows(
    group: str, kind: str, layers: Mapping[str, LayerClusters]
) -> list[dict[str, Any]]:
    """Give the statistics of layers as rows of ``statistics.csv``."""
    return [
        {"group": group, "kind": kind, "layer": name, **row}
        for name, layer in layers.items()
        for row in _rows(layer)
    ]


def write_statistics(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the rows of `statistic_rows`."""
    write_text(path, pd.DataFrame(rows, columns=_COLUMNS).to_csv(index=False))


def _rows(layer: LayerClusters) -> Iterator[dict[str, Any]]:
    for (category, statistic), value in layer.statistics.items():
        yield {"category": category, "statistic": statistic, **asdict(value)}
    # Chance says nothing of these.
    plain = {"cophenetic": layer.tree.cophenetic}
    if layer.reliability is not None:
        plain["reliability"] = layer.reliability.reliability
    for statistic, number in plain.items():
        yield {"category": "", "statistic": statistic, "value": number, "permutations": 0}


def _write(
    run: RunFolder,
    options: ClustersConfig,
    group: str,
    kind: str,
    profiles: Profiles,
    layers: Mapping[str, LayerClusters],
) -> None:
    for name, layer in layers.items():
        write_tree(run.clusters / f"{group}-{kind}", name, layer)
    write_json(
        run.clusters / f"{group}-{kind}.json",
        {
            "group": group,
            "kind": kind,
            "metric": options.metric,
            "linkage": options.linkage,
            "contrast": options.contrast,
            "crossvalidated": options.crossvalidated,
            "min_count": options.min_count,
            "replicates": options.replicates,
            "left_out": _left_out(profiles, layers),
            "layers": {name: _described(layer, group) for name, layer in layers.items()},
        },
    )


def write_tree(folder: Path, name: str, layer: LayerClusters) -> None:
    """Write ``NAME-distances.csv`` and ``NAME-linkage.csv``."""
    tree = layer.tree
    square = pd.DataFrame(tree.distances, index=tree.labels, columns=tree.labels)
    write_text(folder / f"{name}-distances.csv", square.to_csv(index_label="label"))
    merges = pd.DataFrame(tree.merges, columns=["first", "second", "height", "size"])
    if layer.support is not None:
        merges["support"] = layer.support
    write_text(folder / f"{name}-linkage.csv", merges.to_csv(index=False))


def _left_out(profiles: Profiles, layers: Mapping[str, LayerClusters]) -> dict[str, int]:
    """Count the events of the groups that some layer's tree does not have."""
    return {
        str(label): int(count)
        for name, layer in layers.items()
        for label, count in zip(
            profiles[name]["label"].values, profiles[name]["count"].values, strict=True
        )
        if str(label) not in layer.tree.labels
    }


def _described(layer: LayerClusters, group: str) -> dict[str, Any]:
    tree, reliability = layer.tree, layer.reliability
    statistics: dict[str, dict[str, Any]] = {}
    for (category, statistic), value in layer.statistics.items():
        statistics.setdefault(category, {})[statistic] = asdict(value)
    members = categories_of(tree.labels, group)
    return {
        "labels": tree.labels,
        "counts": tree.counts,
        "distances": tree.distances.round(6).tolist(),
        "merges": tree.merges.tolist(),
        "support": None if layer.support is None else layer.support.tolist(),
        "order": tree.order,
        "cophenetic": tree.cophenetic,
        "reliability": None
        if reliability is None
        else asdict(reliability) | {"ceiling": reliability.ceiling},
        "relations": {
            name.removeprefix("relation: "): value for name, value in statistics.get("", {}).items()
        },
        "categories": {
            category: {"classes": names} | statistics.get(category, {})
            for category, names in members.items()
        },
    }
