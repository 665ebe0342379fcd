"""Trees of a finished run by other options than its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from naps.events import read_events
from naps.pipeline.clustering import (
    LayerClusters,
    categories_of,
    cluster_layers,
    statistic_rows,
    write_statistics,
    write_tree,
)
from naps.pipeline.finished_run import read_finished
from naps.pipeline.recipe import ClustersConfig
from naps.pipeline.run_folder import RunFolder
from naps.plots import dendrogram, write_figure
from naps.plots.render import known_formats


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
    formats = known_formats(formats)
    run = read_finished(path, group, kind)
    for name in layers:
        run.profiles[name]
    events = read_events(RunFolder(path).events / "events.parquet")
    found = cluster_layers(run.profiles, events, group, options)
    chosen = {name: found[name] for name in layers or found}
    folder = path / "trees" / f"{group}-{kind}-{options.metric}-{options.linkage}"
    write_statistics(folder / "statistics.csv", statistic_rows(group, kind, chosen))
    written: list[Path] = []
    for name, layer in chosen.items():
        write_tree(folder, name, layer)
        written += write_figure(_figure(layer, group, options), folder, name, formats)
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
