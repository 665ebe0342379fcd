"""The grid on which a network was trained to keep a layer's units in order."""

from __future__ import annotations

import numpy as np

from naps.errors import InputError
from naps.models import Recognizer
from naps.topography.cells import Cells


def learned_grid(model: Recognizer, layer: str) -> Cells | None:
    """Return the cells in which a layer's units were trained to lie, if they were.

    Parameters
    ----------
    model : Recognizer
        Its file says so, see `naps.training.topography`.
    layer : str

    Returns
    -------
    Cells or None
        Unit i lies in cell i, row by row; None for a layer that was trained without order.

    Raises
    ------
    InputError
        If there is no such layer, or what the file says does not fit it.
    """
    units = {known.name: known.channels for known in model.layers}
    if layer not in units:
        raise InputError(f"no layer {layer!r}; there are: {', '.join(units)}")
    said = (model.facts or {}).get("topography")
    if said is None:
        return None
    try:
        if not said["weight"] > 0 or layer not in said["layers"]:
            return None
        rows, columns = said["layers"][layer]
        fits = type(rows) is int and type(columns) is int and rows > 0
        if not fits or rows * columns != units[layer]:
            raise ValueError(f"{rows} × {columns} for {units[layer]} units")
    except (TypeError, KeyError, ValueError) as error:
        raise InputError(
            f"{model.name}: what its file says of the topography of {layer} does not fit "
            f"({type(error).__name__}: {error})"
        ) from None
    return Cells(rows, columns, np.arange(units[layer], dtype=np.int64))
