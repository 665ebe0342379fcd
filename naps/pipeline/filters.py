"""Maps of the filters of a first layer: of a network and of the same before training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from naps.corpus.features import FeatureConfig
from naps.errors import InputError
from naps.files import replacing, write_json, write_text
from naps.models import Recognizer
from naps.models.randomise import randomised
from naps.pipeline.recipe import MapsConfig
from naps.report.filters import TRAINED, UNTRAINED
from naps.topography import FilterMap, band_frequencies, map_filters


def make_filters(folder: Path, model: Recognizer, config: MapsConfig) -> dict[str, FilterMap]:
    """Map the filters of a network, and beside them those that its training began with.

    Parameters
    ----------
    folder : Path
        Gets ``filters.nc``, ``filters.csv`` and ``filters.json``.
    model : Recognizer
    config : MapsConfig
        Its view, rows, columns, permutations, and its seed: of the maps, the shuffling and the
        weights before training.

    Returns
    -------
    dict
        By ``trained`` and ``untrained``; the latter is missing where the weights of a network
        cannot be drawn again.

    Raises
    ------
    InputError
        If the first layer has no filters that can be mapped, see `naps.topography.map_filters`.
    """

    def mapped(network: Recognizer) -> FilterMap:
        return map_filters(
            network, view=config.view, rows=config.rows, columns=config.columns,
            seed=config.seed, permutations=config.permutations,
        )  # fmt: skip

    found, missing = {TRAINED: mapped(model)}, ""
    try:
        found[UNTRAINED] = mapped(randomised(model, seed=config.seed))
    except InputError as error:
        missing = str(error)
    with replacing(folder / "filters.nc") as temporary:
        _dataset(found, model).to_netcdf(
            temporary,
            engine="h5netcdf",
            encoding={"kernel": {"zlib": True, "complevel": 1, "shuffle": True}},
        )
    table = pd.concat([_table(network, filters) for network, filters in found.items()])
    write_text(folder / "filters.csv", table.to_csv(index=False))
    first = found[TRAINED]
    write_json(
        folder / "filters.json",
        {
            "naps": metadata.version("naps"),
            "model": model.name,
            "model_sha256": model.sha256,
            "layer": first.layer,
            "view": config.view,
            "seed": config.seed,
            "rows": first.cells.rows,
            "columns": first.cells.columns,
            "no_untrained": missing or None,
            "networks": {
                network: {
                    "regions": pd.Series(filters.regions).value_counts().to_dict(),
                    "orders": {k: asdict(v) for k, v in filters.orders.items()},
                }
                for network, filters in found.items()
            },
        },
    )
    return found


def _dataset(found: Mapping[str, FilterMap], model: Recognizer) -> xr.Dataset:
    def together(values: list[Any]) -> Any:
        return np.stack([np.asarray(value) for value in values])

    maps = list(found.values())
    dataset = xr.Dataset(
        {
            "kernel": (
                ("network", "unit", "frame", "band"),
                together([x.kernels.astype(np.float32) for x in maps]),
            ),
            "cell": (("network", "unit"), together([x.cells.unit_cells for x in maps])),
            "region": (
                ("network", "unit"), together([np.array(x.regions, dtype=object) for x in maps])
            ),
        },
        coords={"network": list(found)},
        attrs={
            "rows": maps[0].cells.rows,
            "columns": maps[0].cells.columns,
            "layer": maps[0].layer,
            "model": model.name,
        },
    )  # fmt: skip
    features = model.features
    if isinstance(features, FeatureConfig):
        dataset = dataset.assign_coords(frequency_hz=("band", band_frequencies(features)))
        dataset.attrs["frame_ms"] = 1000 * features.frame_s
    return dataset


def _table(network: str, filters: FilterMap) -> pd.DataFrame:
    rows, columns = np.divmod(filters.cells.unit_cells, filters.cells.columns)
    places = {"network": network, "unit": np.arange(len(rows)), "row": rows, "column": columns}
    return pd.DataFrame(places | {"region": filters.regions}).join(filters.descriptors)
