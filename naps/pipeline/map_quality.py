"""The table of layout methods: maps of a finished run by all of them and many seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from naps.errors import InputError
from naps.files import sha256, write_json, write_text
from naps.pipeline.finished_run import FinishedRun, read_finished
from naps.pipeline.map_quality_recipe import MapQualityRecipe
from naps.pipeline.recipe_file import dump_recipe
from naps.pipeline.run_folder import digest_of
from naps.profiles.standard_error import standard_error
from naps.report.map_quality import map_quality_report
from naps.similarity.distance import Floats
from naps.topography import (
    Units,
    common_groups,
    group_values,
    quality_table,
    units_from_profile,
)

Say = Callable[[str], None]


def check_map_quality(recipe: MapQualityRecipe) -> FinishedRun:
    """Look at the run that a recipe names, and at its layers.

    Raises
    ------
    InputError
        If it names none, the run has no such profiles or layers, or units cannot be mapped.
    """
    if recipe.run is None:
        raise InputError(f"{recipe.name} names no finished run; --set run=FOLDER")
    run = read_finished(recipe.run, recipe.group, recipe.profiles)
    for profile in _profiles(run, recipe).values():
        units_from_profile(profile, reference=run.recipe.clusters.contrast)
    return run


def run_map_quality(
    recipe: MapQualityRecipe, out: Path, *, formats: Sequence[str] = (), say: Say = print
) -> Path:
    """Measure maps of every layer, method and seed, and write the tables and a page.

    Parameters
    ----------
    recipe : MapQualityRecipe
    out : Path
        Gets ``quality.csv``, ``summary.csv``, ``quality.json`` and the page. Tables of a layer and
        method that were finished there in the same way are kept.
    formats : sequence of str
        In which the figures are written as files, too.
    say : callable
        Gets lines for people.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InputError
        If `check_map_quality` finds something, or a layer cannot be mapped.
    """
    run = check_map_quality(recipe)
    write_text(out / "recipe.yaml", dump_recipe(recipe))
    settings = recipe.model_dump(mode="json", exclude={"name", "run", "layers", "methods"})
    digest = digest_of(metadata.version("naps"), sha256(run.file), settings)
    tables = []
    for layer, profile in _profiles(run, recipe).items():
        for method in recipe.chosen():
            path = out / "parts" / digest / f"{layer}-{method}.csv"
            if path.is_file():
                say(f"{layer}, {method}: already done")
            else:
                table = _table(profile, run.recipe.clusters.contrast, method, recipe)
                write_text(path, table.assign(layer=layer).to_csv(index=False))
                middle = table.median(numeric_only=True)
                say(
                    f"{layer}, {method}: Moran's I {middle['morans_i']:.3f}, "
                    f"{middle['seconds']:.2f} s"
                )
            tables.append(pd.read_csv(path))
    together = pd.concat(tables)
    together = together[["layer", *(name for name in together if name != "layer")]]
    write_text(out / "quality.csv", together.to_csv(index=False))
    write_text(out / "summary.csv", summary(together).to_csv(index=False))
    write_json(
        out / "quality.json",
        {
            "naps": metadata.version("naps"),
            "run": run.path.resolve().name,
            "profiles_sha256": sha256(run.file),
            "model": run.record.get("model", {}).get("name"),
            "events": int(next(iter(run.profiles.values()))["count"].sum()),
            **recipe.model_dump(mode="json", exclude={"run"}),
        },
    )
    return map_quality_report(out, formats)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Give the middle and the range of 95 % of the seeds of every measure.

    Parameters
    ----------
    table : DataFrame
        ``layer``, ``method``, ``seed`` and a column a measure.

    Returns
    -------
    DataFrame
        ``layer``, ``method``, ``measure``, ``median``, ``low``, ``high``, ``repetitions``.
    """
    long = table.melt(["layer", "method", "seed"], var_name="measure").dropna(subset="value")
    grouped = long.groupby(["layer", "method", "measure"], sort=False)["value"]
    return pd.DataFrame(
        {
            "median": grouped.median(),
            "low": grouped.quantile(0.025),
            "high": grouped.quantile(0.975),
            "repetitions": grouped.size(),
        }
    ).reset_index()


def _profiles(run: FinishedRun, recipe: MapQualityRecipe) -> dict[str, xr.Dataset]:
    chosen = {name: run.profiles[name] for name in recipe.layers}
    least = run.recipe.clusters.min_count if recipe.min_count is None else recipe.min_count
    labels = list(common_groups(chosen, least))
    return {name: profile.sel(label=labels) for name, profile in chosen.items()}


def _table(
    profile: xr.Dataset, reference: str, method: str, recipe: MapQualityRecipe
) -> pd.DataFrame:
    def drawn(seed: int) -> tuple[Units, Floats]:
        own = redrawn(profile, seed)
        return units_from_profile(own, reference=reference), group_values(
            own, reference=reference
        ).values

    return quality_table(
        units_from_profile(profile, reference=reference),
        group_values(profile, reference=reference).values,
        methods=(method,),
        repetitions=recipe.repetitions,
        seed=recipe.seed,
        metric=recipe.metric,
        legacy=recipe.legacy,
        redrawn=drawn if recipe.redraw else None,
    )


def redrawn(profile: xr.Dataset, seed: int) -> xr.Dataset:
    """Draw the means of a profile anew within their standard errors.

    The errors of a group and unit are the same at all lags, in units of their size there: they
    come from the same events. So means over lags are drawn as far apart as they can be.

    Parameters
    ----------
    profile : Dataset
        Of one layer.
    seed : int

    Returns
    -------
    Dataset
        With ``mean`` alone changed.
    """
    error = np.nan_to_num(standard_error(profile).values)
    random = np.random.default_rng(seed)
    groups, _, units = profile["mean"].shape
    noise = random.standard_normal((groups, 1, units))
    return profile.assign(mean=profile["mean"] + error * noise)
