"""Recipes of the table of layout methods."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from naps.pipeline.recipe import Strict
from naps.profiles.options import Kind
from naps.topography.layouts import METHODS, check_method
from naps.topography.umap import has_umap


class MapQualityRecipe(Strict):
    """Maps of a finished run by all methods and many seeds, measured.

    After the experiments of Krug et al. (2023).

    Attributes
    ----------
    run : Path or None
        Folder of a run whose profiles are made.
    group : str
    profiles : str
        Kind of its profiles.
    layers : tuple of str
    methods : tuple of str or None
        See `naps.topography.layout`; None takes all, without UMAP where it is not installed.
    repetitions : int
        Seeds of each.
    redraw : bool
        Whether every repetition has units of its own: each group's mean is drawn anew within its
        standard error.
    min_count : int or None
        Fewest events of a group; None takes the run's.
    legacy : bool
        Whether errors of pictures wrap around as in the published curves.
    """

    kind: Literal["map_quality"] = "map_quality"
    name: str
    run: Path | None = None
    group: str = "phoneme"
    profiles: Kind = "grad"
    layers: tuple[str, ...] = Field(min_length=1)
    methods: tuple[str, ...] | None = Field(None, min_length=1)
    repetitions: int = Field(100, ge=1)
    redraw: bool = False
    metric: Literal["cosine", "correlation", "euclidean"] = "cosine"
    min_count: int | None = Field(None, ge=1)
    legacy: bool = False
    seed: int = 0

    @field_validator("methods")
    @classmethod
    def _known(cls, methods: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for method in methods or ():
            check_method(method)
        return methods

    def chosen(self) -> tuple[str, ...]:
        """Return the methods."""
        if self.methods is not None:
            return self.methods
        without = () if has_umap() else ("umap",)
        return tuple(name for name in METHODS if not name.startswith(without))
