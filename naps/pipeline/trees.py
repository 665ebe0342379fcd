"""Trees of a finished run by other options than its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from naps.errors import InputError
from naps.events import read_events
from naps.files import replacing
from naps.pipeline.clustering import (
    LayerClusters,
    categories_of,
    cluster_layers,
    statistic_rows,
    write_statistics,
    write_tree,
)
from naps.pipeline.recipe import ClustersConfig
from naps.pipeline.run_folder import RunFolder
from naps.plots import dendrogram, figure_file
from naps.plots.render import check_format
from naps.profiles import load_profiles


def is_run(path: Path) -> bool:
    """Say whether a folder is that of a run."""
    return (path / "run.json").is_file()


def write_trees(
    path: Path,
    *,
    group: str,
    kind: str,
    layers: Sequence[str],
    options: ClustersConfig,
    formats: Sequence[str] = ("svg",),
    say: Callable[[str], None] = print,
) -> Path:
    """Cluster layers of a run and write their trees as figures and numbers.

    Statistics are corrected over all layers of the run, whichever are written.

    Parameters
    ----------
    path : Path
        The run's folder. What is written goes to ``trees/`` in it.
    group, kind : str
        Such as ``letter`` and ``grad``.
    layers : sequence of str
        All if empty.
    options : ClustersConfig
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
        If the run has no such profiles or layers, or an option does not exist.
    """
    for form in formats:
        check_format(form)
    run = RunFolder(path)
    file = run.profiles / f"{group}-{kind}.nc"
    if not file.is_file():
        there = ", ".join(sorted(found.stem for found in run.profiles.glob("*-*.nc")))
        raise InputError(f"{path}: no profiles {group}-{kind}; there are: {there or 'none'}")
    profiles = load_profiles(file)
    for name in layers:
        profiles[name]
    events = read_events(run.events / "events.parquet")
    found = cluster_layers(profiles, events, group, options)
    chosen = {name: found[name] for name in layers or found}
    folder = path / "trees" / f"{group}-{kind}-{options.metric}-{options.linkage}"
    write_statistics(folder / "statistics.csv", statistic_rows(group, kind, chosen))
    written: list[Path] = []
    for name, layer in chosen.items():
        write_tree(folder, name, layer)
        figure = _figure(layer, group, options)
        for form in formats:
            written.append(folder / f"{name}.{form}")
            with replacing(written[-1]) as temporary:
                temporary.write_bytes(figure_file(figure, form))
        say(f"{name}: {' '.join(layer.tree.labels[index] for index in layer.tree.order)}")
    return written[0] if len(written) == 1 else folder


def _figure(layer: LayerClusters, group: str, options: ClustersConfig) -> Figure:
    tree, categories = layer.tree, categories_of(layer.tree.labels, group)
    return dendrogram(
        tree.merges,
        tree.labels,
        tree.order,
        categories.get("manner", categories.get("vowel")),
        counts=tree.counts,
        support=None if layer.support is None else layer.support.tolist(),
        metric=options.metric,
    )
