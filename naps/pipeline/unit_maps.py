"""Maps of a finished run by other options than its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from naps.files import write_text
from naps.pipeline.finished_run import read_finished
from naps.pipeline.mapping import layer_maps, quality_rows, write_layer_maps, write_quality
from naps.pipeline.recipe import MapsConfig
from naps.plots import unit_map, write_figure
from naps.plots.profile import SHOWN, symmetric_limit
from naps.plots.render import known_formats
from naps.report.words import notation
from naps.similarity import cluster
from naps.topography import LayerMap, paint


def write_maps(
    path: Path,
    *,
    group: str,
    kind: str,
    options: MapsConfig,
    min_count: int | None = None,
    formats: Sequence[str] = ("svg",),
    say: Callable[[str], None] = print,
) -> Path:
    """Map layers of a run and write the maps as figures and numbers.

    Parameters
    ----------
    path : Path
        The run's folder. What is written goes to ``maps/own/`` in it.
    group, kind : str
        Such as ``letter`` and ``grad``.
    options : MapsConfig
        All layers of the run if it names none.
    min_count : int, optional
        Fewest events of a group; the run's own by default.
    formats : sequence of str
        See `naps.plots.figure_file`.
    say : callable
        Gets lines for people.

    Returns
    -------
    Path
        The figure, or the folder if there are several.

    Raises
    ------
    InputError
        If the run has no such profiles or layers, a layer cannot be mapped, or there is no such
        format.
    """
    formats = known_formats(formats)
    run = read_finished(path, group, kind)
    clusters = run.recipe.clusters
    if min_count is not None:
        clusters = clusters.model_copy(update={"min_count": min_count})
    # Named ones may be unknown, which is told; all are taken where none is named.
    layers = options.layers if isinstance(options.layers, tuple) else ()
    layers = layers or tuple(run.profiles)
    folders: list[Path] = []
    written: list[Path] = []
    for method in options.methods:
        folder = path / "maps" / "own" / f"{group}-{kind}-{method}-{options.metric}"
        folders.append(folder)
        found = list(layer_maps(run.profiles, layers, method, options, clusters))
        place = {"group": group, "kind": kind, "method": method, "network": "trained"}
        rows = quality_rows(found, options)
        write_quality(folder / "quality.csv", [place | row for row in rows])
        write_layer_maps(folder / "maps.nc", found, run.profiles)
        for one in found:
            profile = run.profiles[one.layer].sel(label=list(one.labels))
            tree = cluster(
                profile,
                metric=clusters.metric,
                linkage=clusters.linkage,
                reference=clusters.contrast,
                min_count=1,
            )
            order = [tree.labels[place] for place in tree.order]
            write_text(folder / f"{one.layer}-units.csv", unit_table(one).to_csv(index=False))
            painted = paint(one.layout.positions, one.values, one.labels, mode=options.mode)
            figure = unit_map(
                painted, order, limit=symmetric_limit(one.values, SHOWN),
                notation=notation(group), title=f"{one.layer}, {method}",
            )  # fmt: skip
            written += write_figure(figure, folder, one.layer, formats)
        for row in rows:
            if row["measure"] == "order":
                say(
                    f"{row['layer']}, {method}: Moran's I {row['value']:.3f}, 99 % of shuffled "
                    f"maps below {row['chance_high']:.3f}"
                )
    if len(written) == 1:
        return written[0]
    return folders[0] if len(folders) == 1 else path / "maps" / "own"


def unit_table(found: LayerMap) -> pd.DataFrame:
    """Give the place of every unit and what it does for every group, one row a unit."""
    x, y = found.layout.positions.T
    places = {"unit": range(len(x)), "x": x, "y": y}
    # A group may well be called x.
    groups = zip(found.labels, found.values, strict=True)
    return pd.DataFrame(places | {f"group {label}": values for label, values in groups})
