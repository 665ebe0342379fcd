"""Maps of two runs whose units correspond: both and their difference in one layout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import xarray as xr

from naps.comparison import ProfileComparison
from naps.errors import InputError
from naps.files import replacing, write_text
from naps.pipeline.comparison_recipe import CompareConfig
from naps.pipeline.finished_run import FinishedRun
from naps.pipeline.mapping import layers_of
from naps.topography import JointMap, map_together

FILE, TABLE = "maps.nc", "maps.csv"
_PERMUTATIONS = 10_000


def mapped_layers(config: CompareConfig, run: FinishedRun) -> tuple[str, ...]:
    """Return the layers whose maps a comparison has: its own, or those of the first run."""
    if config.maps is not None:
        return config.maps
    return tuple(layers_of(run.recipe.maps, list(run.profiles)))


def write_comparison_maps(
    out: Path,
    runs: tuple[FinishedRun, FinishedRun],
    found: ProfileComparison,
    config: CompareConfig,
    contrast: str,
    say: Callable[[str], None],
) -> None:
    """Map the units of layers that both runs have in common.

    Parameters
    ----------
    out : Path
        Gets ``maps.nc`` and ``maps.csv``; old ones are deleted.
    runs : tuple of FinishedRun
    found : ProfileComparison
        Which groups are shared, and whether units correspond. If they do not, there are no maps.
    config : CompareConfig
        Which layers.
    contrast : str
        What is subtracted from each group.
    say : callable
        Gets lines for people.

    Raises
    ------
    InputError
        If a layer that is asked for by name has no profiles.
    """
    for name in (FILE, TABLE):
        (out / name).unlink(missing_ok=True)
    wanted = mapped_layers(config, runs[0])
    for name in config.maps or ():
        for run in runs:
            run.profiles[name]
    names = [pair.name for pair in found.layers if pair.name in wanted and pair.units is not None]
    if not names:
        return
    options = runs[0].recipe.maps
    made: list[JointMap] = []
    rows = []
    for name in names:
        a, b = (
            run.profiles[name].sel(label=list(labels))
            for run, labels in zip(
                runs, (found.shared.labels_a, found.shared.labels_b), strict=True
            )
        )
        labels = [one if one == other else f"{one}/{other}" for one, other in found.shared.pairs]
        try:
            joint = map_together(
                a, b, options.methods[0], labels=labels, reference=contrast,
                metric=options.metric, seed=config.seed,
            )  # fmt: skip
        except InputError as error:
            say(f"no map of {name}: {error}")
            continue
        say(f"map of {name}")
        made.append(joint)
        orders = joint.orders(permutations=_PERMUTATIONS, seed=config.seed)
        rows += [{"layer": name, "of": of, **asdict(order)} for of, order in orders.items()]
    if not made:
        return
    write_text(out / TABLE, pd.DataFrame(rows).to_csv(index=False))
    with replacing(out / FILE) as temporary:
        for number, joint in enumerate(made):
            _dataset(joint).assign_attrs(order=number).to_netcdf(
                temporary,
                mode="w" if number == 0 else "a",
                group=joint.layer,
                engine="h5netcdf",
            )


def _dataset(joint: JointMap) -> xr.Dataset:
    return xr.Dataset(
        {
            "position": (("unit", "axis"), joint.layout.positions),
            "a": (("label", "unit"), joint.values_a),
            "b": (("label", "unit"), joint.values_b),
        },
        coords={"label": list(joint.labels), "axis": ["x", "y"]},
        attrs={"layer": joint.layer, "method": joint.layout.method, "seed": joint.layout.seed},
    )
