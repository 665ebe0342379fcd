"""The maps stage: units of layers in the plane, and how good the maps are."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from naps.errors import InputError
from naps.files import replacing, write_json, write_text
from naps.models import Recognizer
from naps.pipeline.controls import RANDOM
from naps.pipeline.filters import make_filters
from naps.pipeline.recipe import ClustersConfig, MapsConfig, ProfileRecipe
from naps.pipeline.run_folder import RunFolder
from naps.pipeline.stages import active_groups, profile_file
from naps.profiles import Profiles, choose_layers, load_profiles, traceable_layers
from naps.report.filters import TRAINED, UNTRAINED
from naps.similarity import corrected
from naps.topography import (
    LayerMap,
    Layout,
    Quality,
    common_groups,
    disparities,
    kernels,
    layout,
    map_layer,
    measure_map,
    paint,
    units_from_kernels,
)
from naps.topography.som import grid_shape
from naps.topography.units import LEAST

Say = Callable[[str], None]

COLUMNS = (
    "group", "kind", "method", "network", "layer", "measure", "value", "low", "high",
    "chance_mean", "chance_low", "chance_high", "p", "p_corrected", "repetitions",
)  # fmt: skip
INPUT = "input"
_PACKED = {"zlib": True, "complevel": 1, "shuffle": True, "dtype": "float32"}


def check_maps(recipe: ProfileRecipe, model: Recognizer) -> None:
    """See that the maps of a recipe can be made.

    Raises
    ------
    InputError
        If a layer has no profiles or too few units, there are no profiles of a kind, or the first
        layer has no filters.
    """
    names = [layer.name for layer in traceable_layers(model)]
    there = {x.name: x for x in choose_layers(model, [*names, *(recipe.profiles.layers or ())])}
    for name in () if recipe.maps.layers == "some" else recipe.maps.layers:
        if name not in there:
            raise InputError(f"maps.layers: no layer {name!r}; there are: {', '.join(there)}")
        if there[name].channels < LEAST:
            raise InputError(
                f"maps.layers: {name} has {there[name].channels} units, and a map needs {LEAST}"
            )
    for kind in map_kinds(recipe):
        if kind not in recipe.profiles.kinds:
            there_are = ", ".join(recipe.profiles.kinds)
            raise InputError(f"maps.kinds: no profiles of {kind!r}; there are: {there_are}")
    if recipe.maps.filters is True:
        units = units_from_kernels(model, view=recipe.maps.view)
        rows, columns = grid_shape(len(units), recipe.maps.rows, recipe.maps.columns)
        if rows * columns < len(units):
            raise InputError(
                f"maps: {len(units)} filters do not fit into {rows} × {columns} cells; give one of "
                f"rows and columns"
            )
        if kernels(model).shape[2] < 2:
            raise InputError("maps.filters: the filters of a waveform are no little spectrograms")


def make_maps(run: RunFolder, recipe: ProfileRecipe, model: Recognizer, say: Say = print) -> None:
    """Map the units of layers by their profiles, and the filters of the first one.

    Beside the maps of the network stand those of the control with random weights, where the run
    has it. A layer that cannot be mapped is left out, and ``maps.json`` says why.

    Parameters
    ----------
    run : RunFolder
        With profiles and controls.
    recipe : ProfileRecipe
    model : Recognizer
    say : callable
        Gets lines for people.

    Raises
    ------
    InputError
        If filters are asked for and cannot be mapped.
    """
    config = recipe.maps
    for old in (TRAINED, UNTRAINED):
        shutil.rmtree(run.maps / old, ignore_errors=True)
    for name in ("filters.nc", "filters.csv", "filters.json", "maps.csv", "maps.json"):
        (run.maps / name).unlink(missing_ok=True)
    left_out: list[dict[str, str]] = []
    if config.filters:
        try:
            make_filters(run.maps, model, config)
        except InputError as error:
            if config.filters is True:
                raise
            say(f"no map of filters: {error}")
            left_out.append({"filters": str(error)})
    if not config.layers:
        return
    rows: list[dict[str, Any]] = []
    for group in map_groups(recipe):
        for kind in map_kinds(recipe):
            files = {
                TRAINED: profile_file(run, group, kind),
                UNTRAINED: profile_file(RunFolder(run.controls / RANDOM), group, kind),
            }
            networks = {n: load_profiles(path) for n, path in files.items() if path.is_file()}
            for method in config.methods:
                place = {"group": group, "kind": kind, "method": method}
                made = _Making(config, recipe.clusters, method, say)
                for network, found in made.networks(networks).items():
                    write_layer_maps(
                        run.maps / network / f"{group}-{kind}-{method}.nc", found, networks[network]
                    )
                    rows += [
                        place | {"network": network} | row
                        for row in quality_rows(found, config, alone=network == UNTRAINED)
                    ]
                left_out += [place | reason for reason in made.left_out]
    write_quality(run.maps / "maps.csv", rows)
    write_json(
        run.maps / "maps.json",
        {**config.model_dump(mode="json"), "left_out": left_out},
    )


def layers_of(config: MapsConfig, there: Sequence[str]) -> list[str]:
    """Return the layers that have maps, of those that have profiles."""
    if config.layers != "some":
        # A layer whose profiles are not wanted has no map: that is no mistake.
        return [name for name in there if name in config.layers]
    above = [name for name in there if name != INPUT]
    middle = (len(above) - 1) // 2
    return list(dict.fromkeys([*above[:1], *above[middle : middle + 1], *above[-2:]]))


def map_groups(recipe: ProfileRecipe) -> tuple[str, ...]:
    """Return the groupings whose maps a recipe asks for, as far as there are profiles."""
    there = active_groups(recipe)
    return (
        there if recipe.maps.groups is None else tuple(x for x in there if x in recipe.maps.groups)
    )


def map_kinds(recipe: ProfileRecipe) -> tuple[str, ...]:
    """Return the kinds of profiles whose maps a recipe asks for."""
    return recipe.maps.kinds or recipe.profiles.kinds[:1]


class _Making:
    """Maps of several layers by one method, and what could not be mapped."""

    def __init__(self, config: MapsConfig, clusters: ClustersConfig, method: str, say: Say) -> None:
        self._config, self._clusters, self._method, self._say = config, clusters, method, say
        self.left_out: list[dict[str, str]] = []

    def networks(self, networks: Mapping[str, Profiles]) -> dict[str, list[LayerMap]]:
        """Map every network; the layers of the untrained one are turned onto the others'."""
        found: dict[str, list[LayerMap]] = {}
        for network, profiles in networks.items():
            made = list(
                layer_maps(
                    profiles, layers_of(self._config, list(profiles)), self._method,
                    self._config, self._clusters, partial(self._without, network),
                )
            )  # fmt: skip
            first = {x.layer: x for x in found.get(TRAINED, [])}
            found[network] = [
                x.turned_onto(first[x.layer])
                if x.layer in first and first[x.layer].labels == x.labels
                else x
                for x in made
            ]
        return {network: made for network, made in found.items() if made}

    def _without(self, network: str, layer: str, reason: str) -> None:
        self.left_out.append({"network": network, "layer": layer, "reason": reason})
        self._say(f"no map of {layer}, {network}: {reason}")


def layer_maps(
    profiles: Profiles,
    layers: Sequence[str],
    method: str,
    config: MapsConfig,
    clusters: ClustersConfig,
    without: Callable[[str, str], None] | None = None,
) -> Iterator[LayerMap]:
    """Map layers one after another, each turned onto the one before.

    Parameters
    ----------
    profiles : Profiles
    layers : sequence of str
    method : str
    config : MapsConfig
    clusters : ClustersConfig
        Its contrast and its fewest events of a group.
    without : callable, optional
        Gets the name of a layer that cannot be mapped, and why. Without it, that is an error.

    Yields
    ------
    LayerMap
        In the order of the profiles.

    Raises
    ------
    InputError
        If there is no such layer, or no group with enough events in all of them.
    """
    for name in layers:
        profiles[name]
    chosen = {name: profile for name, profile in profiles.items() if name in layers}
    if not chosen:
        return
    labels = common_groups(chosen, clusters.min_count)
    before: LayerMap | None = None
    for name, profile in chosen.items():
        try:
            found = map_layer(
                profile.sel(label=list(labels)),
                method,
                reference=clusters.contrast,
                lags=config.lags,
                frames=config.frames,
                metric=config.metric,
                seed=config.seed,
            )
            # Units on a line have no picture; better known now than when it is drawn.
            paint(found.layout.positions, found.values[:1], found.labels[:1], size=2)
        except InputError as error:
            if without is None:
                raise
            without(name, str(error))
            continue
        before = found if before is None else found.turned_onto(before)
        yield before


def quality_rows(
    maps: Sequence[LayerMap], config: MapsConfig, *, alone: bool = False
) -> list[dict[str, Any]]:
    """Measure maps, beside layouts where units lie at random.

    Parameters
    ----------
    maps : sequence of LayerMap
    config : MapsConfig
    alone : bool
        Whether one seed will do.

    Returns
    -------
    list of dict
        With the keys of `COLUMNS` that are not of the map's place. ``order`` is Moran's I of the
        map that is drawn, against shuffled units, p corrected over the maps; every measure of
        `naps.topography.Quality` and ``disparity`` are means over seeds with their range, chance
        the same of random layouts.
    """
    rows: list[dict[str, Any]] = []
    orders = [x.order(permutations=config.permutations, seed=config.seed) for x in maps]
    p = corrected([order.p for order in orders])
    repetitions = 1 if alone else config.repetitions
    for found, order, adjusted in zip(maps, orders, p, strict=True):
        rows.append(
            {
                "layer": found.layer,
                "measure": "order",
                "value": order.value,
                "chance_mean": order.chance_mean,
                "chance_high": order.chance_p99,
                "p": order.p,
                "p_corrected": float(adjusted),
                "repetitions": order.permutations,
            }
        )
        layouts = [found.layout]
        chance = [_again(found, "random", config, i) for i in range(repetitions)]
        layouts += [_again(found, found.layout.method, config, i) for i in range(1, repetitions)]
        own, random = _measured(found, layouts, config), _measured(found, chance, config)
        rows += [
            {
                "layer": found.layer,
                "measure": name,
                **_range(own[name], ""),
                **_range(random[name], "chance_"),
                "repetitions": repetitions,
            }
            for name in own
        ]
    return rows


def _again(found: LayerMap, method: str, config: MapsConfig, number: int) -> Layout:
    return layout(found.units, method, seed=config.seed + number, metric=config.metric)


def _measured(
    found: LayerMap, layouts: Sequence[Layout], config: MapsConfig
) -> dict[str, list[float]]:
    measured = [
        asdict(measure_map(found.units, x, found.values, metric=config.metric)) for x in layouts
    ]
    result = {field.name: [m[field.name] for m in measured] for field in fields(Quality)}
    return result | {"disparity": disparities(layouts).tolist()}


def _range(values: Sequence[float], before: str) -> dict[str, float]:
    finite = [value for value in values if np.isfinite(value)]
    mean = "value" if not before else f"{before}mean"
    if not finite:
        return {mean: float("nan")}
    return {
        mean: float(np.mean(finite)), f"{before}low": min(finite), f"{before}high": max(finite)
    }  # fmt: skip


def write_quality(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows of `quality_rows` with their places."""
    write_text(path, pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(index=False))


def write_layer_maps(path: Path, maps: Sequence[LayerMap], profiles: Profiles) -> None:
    """Write positions and values of units as NetCDF, one group a layer."""
    with replacing(path) as temporary:
        for number, found in enumerate(maps):
            dataset = _dataset(found, profiles[found.layer]).assign_attrs(order=number)
            dataset.to_netcdf(
                temporary,
                mode="w" if number == 0 else "a",
                group=found.layer,
                engine="h5netcdf",
                encoding={"value": _PACKED, "frame_value": _PACKED},
            )


def _dataset(found: LayerMap, profile: xr.Dataset) -> xr.Dataset:
    along = str(profile["mean"].dims[1])
    lags = list(profile[along].values)
    places = [lags.index(lag) for lag in found.lags]
    times = profile["time_ms"].values[places] if "time_ms" in profile.coords else found.lags
    return xr.Dataset(
        {
            "position": (("unit", "axis"), found.layout.positions),
            "value": (("label", "unit"), found.values),
            "frame_value": (("frame", "label", "unit"), found.frames),
        },
        coords={
            "label": list(found.labels),
            "axis": ["x", "y"],
            "time_ms": ("frame", np.asarray(times, np.float64)),
        },
        attrs={
            "layer": found.layer,
            "method": found.layout.method,
            "seed": found.layout.seed,
            "align": str(profile.attrs.get("align", "none")),
        },
    )
