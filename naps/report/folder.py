"""What a run folder holds, read for showing; whatever is not there stays empty."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5netcdf
import pandas as pd
import xarray as xr
import yaml

from naps.errors import InputError
from naps.report.clusters import Clusters, read_clusters
from naps.report.words import KIND_NAMES

GROUPS = ("letter", "phoneme")
KINDS = tuple(KIND_NAMES)
_NUMBERS = {
    name: [""]
    for name in ("share", "chance", "offset_median", *(f"offset_p{q}" for q in (5, 25, 75, 95)))
}
DROPS = ("stage", "utterance", "reason", "detail", "count")
# Control, group, kind, layer and statistic.
ControlKey = tuple[str, str, str, str, str]
_CONTROLS = (("control", "group", "kind", "layer", "statistic"), ("value",))
_PROBES = (
    ("layer", "target", "disjoint", "interval"),
    ("accuracy", "low", "high", "balanced", "chance_mean", "chance_p99", "majority", "classes",
     "events", "folds"),
)  # fmt: skip
_EXEMPLARS = (
    ("label", "utterance", "letter", "phoneme", "word", "speaker"),
    ("rank", "time_s", "probability"),
)


@dataclass(frozen=True)
class LayerFacts:
    """A layer as it stands in ``run.json``; None where nothing was recorded.

    A layer that is ``unlimited`` has no receptive field: a step may see the whole utterance.
    """

    name: str
    channels: int | None = None
    stride: int | None = None
    offset: int | None = None
    receptive_field: int | None = None
    unlimited: bool = False


@dataclass(frozen=True, eq=False)
class RunContent:
    """The files of a run as values."""

    path: Path
    info: Mapping[str, Any]
    recipe: str | None
    settings: Mapping[str, Any]
    events_summary: Mapping[str, Any]
    profiles_summary: Mapping[str, Any]
    manifest: tuple[Mapping[str, Any], ...]
    events: pd.DataFrame
    confusions: pd.DataFrame
    label_quality: pd.DataFrame
    label_offsets: pd.DataFrame
    dropped: pd.DataFrame
    clusters: Mapping[tuple[str, str], Clusters]
    profiles: Mapping[tuple[str, str], Path]
    layers: tuple[LayerFacts, ...]
    controls: Mapping[ControlKey, float]
    probes: pd.DataFrame
    exemplars: Mapping[str, pd.DataFrame]

    @property
    def frame_ms(self) -> float | None:
        """Milliseconds from one input frame to the next."""
        value = self.info.get("frame_ms")
        return float(value) if isinstance(value, int | float) else None

    @property
    def groups(self) -> list[str]:
        """Groups with clusters or profiles, letters and phonemes first."""
        found = {group for group, _ in [*self.clusters, *self.profiles]}
        return sorted(found, key=lambda name: (_rank(name, GROUPS), name))

    @property
    def kinds(self) -> list[str]:
        """Kinds with clusters or profiles, gradient-adjusted ones first."""
        found = {kind for _, kind in [*self.clusters, *self.profiles]}
        return sorted(found, key=lambda name: (_rank(name, KINDS), name))

    def profile(self, group: str, kind: str, layer: str) -> xr.Dataset | None:
        """Read the profile of one layer, or None if the run has none."""
        path = self.profiles.get((group, kind))
        if path is None:
            return None
        try:
            with h5netcdf.File(path, "r") as file:
                if layer not in file.groups:
                    return None
            return xr.load_dataset(path, group=layer, engine="h5netcdf")
        except (OSError, ValueError) as error:
            raise InputError(
                f"{path}: no readable profiles ({error}); run the stage profiles again"
            ) from None


def read_run(path: Path) -> RunContent:
    """Read a run folder.

    Raises
    ------
    InputError
        If the folder is no run, or one of its files is broken.
    """
    if not any((path / name).is_file() for name in ("run.json", "recipe.yaml")):
        raise InputError(
            f"{path}: no run folder (neither run.json nor recipe.yaml); make one with naps run"
        )
    info = _object(path / "run.json")
    clusters = {
        (entry.group, entry.kind): entry
        for entry in map(read_clusters, sorted((path / "clusters").glob("*-*.json")))
    }
    recipe = _recipe(path / "recipe.yaml")
    return RunContent(
        path=path,
        info=info,
        recipe=recipe,
        settings=_settings(recipe),
        events_summary=_object(path / "events" / "summary.json"),
        profiles_summary=_object(path / "profiles" / "summary.json"),
        manifest=_lines(path / "manifest.jsonl"),
        events=_events(path / "events" / "events.parquet"),
        confusions=_table(path / "events" / "confusions.csv"),
        label_quality=_table(path / "events" / "label_quality.csv"),
        label_offsets=_table(path / "events" / "label_offsets.csv"),
        dropped=_dropped([path / stage / "dropped.csv" for stage in ("events", "profiles")]),
        clusters=clusters,
        profiles={_key(file): file for file in sorted((path / "profiles").glob("*-*.nc"))},
        layers=_layers(info, clusters),
        controls=_controls(path / "controls" / "controls.csv"),
        probes=_measured(path / "probes" / "probes.csv", *_PROBES),
        exemplars={
            file.stem: _measured(file, *_EXEMPLARS)
            for file in sorted((path / "profiles" / "exemplars").glob("*.csv"))
        },
    )


def _rank(name: str, known: tuple[str, ...]) -> int:
    return known.index(name) if name in known else len(known)


def _key(path: Path) -> tuple[str, str]:
    group, _, kind = path.stem.rpartition("-")
    return group, kind


def _object(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: no JSON ({error}); run its stage again") from None
    if not isinstance(value, dict):
        raise InputError(f"{path}: not a JSON object; run its stage again")
    return value


def _recipe(path: Path) -> str | None:
    return path.read_text("utf-8") if path.is_file() else None


def _settings(recipe: str | None) -> dict[str, Any]:
    """Read the recipe; one that is damaged is still shown as it is."""
    try:
        found = yaml.safe_load(recipe or "")
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, dict) else {}


def _lines(path: Path) -> tuple[Mapping[str, Any], ...]:
    if not path.is_file():
        return ()
    try:
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    except ValueError as error:
        raise InputError(f"{path}: no JSON lines ({error})") from None
    return tuple(row for row in rows if isinstance(row, dict))


def _events(path: Path) -> pd.DataFrame:
    if not path.is_file():
        return pd.DataFrame()
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: no readable events ({error})") from None


def _table(path: Path) -> pd.DataFrame:
    if not path.is_file():
        return pd.DataFrame()
    try:
        # "NA" and "nan" may be phones.
        return pd.read_csv(path, keep_default_na=False, na_values=_NUMBERS)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: no readable table ({error}); run the stage events again"
        ) from None


def _controls(path: Path) -> dict[ControlKey, float]:
    table = _measured(path, *_CONTROLS)
    return {
        (control, group, kind, layer, statistic): float(value)
        for control, group, kind, layer, statistic, value in table.itertuples(index=False)
    }


def _measured(path: Path, texts: tuple[str, ...], numbers: tuple[str, ...]) -> pd.DataFrame:
    """Read columns of text, where "NA" may be a phone, and of numbers; of no file, no rows."""
    if not path.is_file():
        return pd.DataFrame(columns=[*texts, *numbers])
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: no readable table ({error}); make it again") from None
    table = table.reindex(columns=[*texts, *numbers], fill_value="")
    for name in numbers:
        table[name] = pd.to_numeric(table[name], errors="coerce").astype(float)
    return table


def _dropped(paths: list[Path]) -> pd.DataFrame:
    tables = []
    for path in paths:
        if not path.is_file():
            continue
        try:
            table = pd.read_csv(path, dtype=str, keep_default_na=False)
        except pd.errors.EmptyDataError:
            continue
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: no readable drop log ({error})") from None
        tables.append(table.reindex(columns=list(DROPS), fill_value=""))
    if not tables:
        return pd.DataFrame(columns=list(DROPS))
    drops = pd.concat(tables, ignore_index=True)
    drops["count"] = pd.to_numeric(drops["count"], errors="coerce").fillna(1).astype(int)
    return drops


def _layers(
    info: Mapping[str, Any], clusters: Mapping[tuple[str, str], Clusters]
) -> tuple[LayerFacts, ...]:
    facts: dict[str, LayerFacts] = {}
    for row in info.get("layers") or []:
        if isinstance(row, dict) and "name" in row:
            known = {
                key: row.get(key) for key in ("channels", "stride", "offset", "receptive_field")
            }
            unlimited = "receptive_field" in row and row["receptive_field"] is None
            facts[str(row["name"])] = LayerFacts(str(row["name"]), **known, unlimited=unlimited)
    names = list(facts)
    for entry in clusters.values():
        before = -1
        for name in entry.layers:
            if name not in names:
                names.insert(before + 1, name)
            before = names.index(name)
    return tuple(facts.get(name, LayerFacts(name)) for name in names)


def group_counts(run: RunContent, group: str) -> dict[str, int]:
    """Count the events of each label of a group, from the events or else from the clusters."""
    if group in run.events.columns:
        return {str(k): int(v) for k, v in Counter(run.events[group].dropna()).items()}
    for (name, _), entry in run.clusters.items():
        if name == group:
            for tree in entry.layers.values():
                if tree.counts is not None:
                    found = dict(zip(tree.labels, tree.counts, strict=True))
                    return found | dict(entry.left_out)
    return {}
