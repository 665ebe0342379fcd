"""The filters of a model in order, without a run."""

from __future__ import annotations

from pathlib import Path

from naps.models import open_model
from naps.pipeline.filters import make_filters
from naps.pipeline.recipe import MapsConfig
from naps.plots.render import known_formats
from naps.report.filters import filter_report
from naps.report.words import file_name


def write_filter_map(
    model: str, out: Path | None, *, options: MapsConfig, formats: tuple[str, ...] = ()
) -> Path:
    """Map the filters of a model's first layer and write a page of them.

    Parameters
    ----------
    model : str
        A shipped one, a file, or a Python path, which is imported.
    out : Path, optional
        Folder; by default ``runs/filters-`` and the model's name.
    options : MapsConfig
        See `naps.pipeline.filters.make_filters`.
    formats : sequence of str
        The sheets are also written to ``figures`` in these.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InputError
        If there is no such model or format, or its first layer has no filters that can be mapped.
    """
    formats = known_formats(formats)
    found = open_model(model)
    folder = out or Path("runs") / f"filters-{file_name(found.name)}"
    make_filters(folder, found, options)
    return filter_report(folder, formats)
