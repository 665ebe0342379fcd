"""Reading the maps of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5netcdf
import numpy as np
import pandas as pd
import xarray as xr

from naps.errors import InputError
from naps.report.filters import TRAINED, UNTRAINED, FilterMaps, read_filters

_TEXTS = ("group", "kind", "method", "network", "layer", "measure")
_NUMBERS = (
    "value", "low", "high", "chance_mean", "chance_low", "chance_high", "p", "p_corrected",
    "repetitions",
)  # fmt: skip


@dataclass(frozen=True)
class MapKey:
    """Whose map it is, and by which method."""

    group: str
    kind: str
    method: str
    layer: str


@dataclass(frozen=True, eq=False)
class StoredMap:
    """Units of a layer in the plane.

    Attributes
    ----------
    positions : array, shape (units, 2)
    labels : tuple of str, length groups
    values : array, shape (groups, units)
    frames : array, shape (times, groups, units)
    times_ms : tuple of float
        Of the frames.
    align : str
        What time 0 is, as in the profile.
    """

    positions: np.ndarray
    labels: tuple[str, ...]
    values: np.ndarray
    frames: np.ndarray
    times_ms: tuple[float, ...]
    align: str


@dataclass(frozen=True, eq=False)
class RunMaps:
    """All maps of a run.

    Attributes
    ----------
    facts : mapping
        ``maps.json``.
    trained, untrained : mapping
        By group, kind, method and layer, in the order of the layers.
    quality : DataFrame
        ``maps.csv``.
    filters : FilterMaps or None
    """

    facts: Mapping[str, Any]
    trained: Mapping[MapKey, StoredMap]
    untrained: Mapping[MapKey, StoredMap]
    quality: pd.DataFrame
    filters: FilterMaps | None

    @property
    def layers(self) -> list[str]:
        """Layers with a map, that of the filters first."""
        first = [] if self.filters is None else [self.filters.layer]
        return list(dict.fromkeys([*first, *(key.layer for key in self.trained)]))

    def measures(self, key: MapKey, network: str = TRAINED) -> dict[str, dict[str, float]]:
        """Give the measures of a map by name, each with its range and chance."""
        table = self.quality
        chosen = table[
            (table["group"] == key.group)
            & (table["kind"] == key.kind)
            & (table["method"] == key.method)
            & (table["layer"] == key.layer)
            & (table["network"] == network)
        ]
        return {
            str(row["measure"]): {name: float(row[name]) for name in _NUMBERS}
            for _, row in chosen.iterrows()
        }


def read_maps(folder: Path) -> RunMaps | None:
    """Read the maps of a run; None if it has none.

    Parameters
    ----------
    folder : Path
        ``maps/`` of a run.

    Raises
    ------
    InputError
        If a file is broken.
    """
    filters = read_filters(folder)
    if not (folder / "maps.json").is_file():
        return None if filters is None else RunMaps({}, {}, {}, _quality(folder), filters)
    try:
        facts = dict(json.loads((folder / "maps.json").read_text("utf-8")))
        trained, untrained = (_stored(folder / name) for name in (TRAINED, UNTRAINED))
        return RunMaps(facts, trained, untrained, _quality(folder), filters)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{folder}: no readable maps ({error}); run the stage maps again"
        ) from None


def _quality(folder: Path) -> pd.DataFrame:
    path = folder / "maps.csv"
    if not path.is_file():
        return pd.DataFrame(columns=[*_TEXTS, *_NUMBERS])
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table = table.reindex(columns=[*_TEXTS, *_NUMBERS], fill_value="")
    for name in _NUMBERS:
        table[name] = pd.to_numeric(table[name], errors="coerce")
    return table


def _stored(folder: Path) -> dict[MapKey, StoredMap]:
    found: dict[MapKey, StoredMap] = {}
    for path in sorted(folder.glob("*.nc")):
        group, kind, method = path.stem.rsplit("-", 2)
        with h5netcdf.File(path, "r") as file:
            layers = sorted(file.groups, key=lambda name: int(file.groups[name].attrs["order"]))
        for layer in layers:
            data = xr.load_dataset(path, group=layer, engine="h5netcdf")
            found[MapKey(group, kind, method, layer)] = StoredMap(
                data["position"].values.astype(float),
                tuple(str(label) for label in data["label"].values),
                data["value"].values.astype(float),
                data["frame_value"].values.astype(float),
                tuple(float(time) for time in data["time_ms"].values),
                str(data.attrs.get("align", "none")),
            )
    return found
