"""The commands as functions, for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from naps.comparison import ComparisonOptions, ProfileComparison, compare_profiles
from naps.corpus import Utterance, read_alignments, read_manifest
from naps.events import EventOptions, Events
from naps.events import find_events as _find_events
from naps.models import Recognizer
from naps.phonology import Lexicon, SpokenWord, find_pronouncer
from naps.phonology.g2p import G2P
from naps.plots import dendrogram, filter_sheet, unit_map
from naps.profiles import Kind, ProfileOptions, Profiles, profile_events
from naps.similarity import Tree
from naps.similarity import cluster as _cluster
from naps.topography import FilterMap, LayerMap, common_groups, map_layer, paint
from naps.topography import map_filters as _map_filters
from naps.topography.activation_map import Mode

Corpus = str | Path | Sequence[Utterance]


def _utterances(corpus: Corpus) -> Sequence[Utterance]:
    return read_manifest(Path(corpus)) if isinstance(corpus, str | Path) else corpus


def find_events(
    model: Recognizer,
    manifest: Corpus,
    lexicon: str | Path | Lexicon | None = "auto",
    *,
    g2p: str | Path | G2P | None = "auto",
    alignments: str | Path | None = None,
    max_bad_share: float = 0.05,
    **options: Any,
) -> Events:
    """Recognise a corpus and make an event of every letter or of every given interval.

    Parameters
    ----------
    model : Recognizer
        From `naps.load_model` or `naps.model_from_python`.
    manifest : path or sequence of Utterance
        What to listen to.
    lexicon : str, Path, Lexicon or None
        ``"auto"`` is CMUdict for English and none for German; a path names a dictionary.
    g2p : str, Path, G2P or None
        Says what the lexicon lacks; ``"auto"`` is the model that comes with the package. With
        neither lexicon nor model there are letters only.
    alignments : path, optional
        Intervals for ``mode="given"``: a file or a folder, see `naps.corpus.read_alignments`.
    max_bad_share : float
        Stop when more of the utterances than this cannot be used.
    **options
        Of `naps.events.EventOptions`: ``mode``, ``beam``, ``phonemes``, ``inserted``,
        ``delay_s``, ``tier``, ``notation``, ``anchor``, ``language``.

    Returns
    -------
    Events
        ``events.table`` is a DataFrame; its columns are in ``docs/run-folder.md``.
    """
    utterances = _utterances(manifest)
    choice = EventOptions(**options)
    return _find_events(
        model,
        utterances,
        pronouncer=find_pronouncer(choice.language_of(utterances, model.language), lexicon, g2p),
        alignments=None if alignments is None else read_alignments(Path(alignments), utterances),
        options=choice,
        max_bad_share=max_bad_share,
    )


def pronounce(
    words: Sequence[str],
    language: str = "en",
    lexicon: str | Path | Lexicon | None = "auto",
    *,
    g2p: str | Path | G2P | None = "auto",
) -> list[SpokenWord | None]:
    """Say words: phones, and which letter stands for which.

    Parameters
    ----------
    words : sequence of str
    language : str
        Two-letter code.
    lexicon, g2p
        As in `find_events`.

    Returns
    -------
    list of SpokenWord or None
        None for what cannot be said.
    """
    pronouncer = find_pronouncer(language, lexicon, g2p)
    if pronouncer is None:
        return [None] * len(words)
    lower = [word.lower() for word in words]
    pronouncer.learn(lower)
    return [pronouncer(word) for word in lower]


def profile(
    model: Recognizer,
    manifest: Corpus,
    events: Events | pd.DataFrame,
    *,
    layers: Sequence[str] | None = None,
    group: str = "phoneme",
    kind: Kind = "grad",
    **options: Any,
) -> Profiles:
    """Average the activations of layers around events.

    Parameters
    ----------
    model : Recognizer
    manifest : path or sequence of Utterance
        As given to `find_events`.
    events : Events or DataFrame
        Whole, or any rows of it.
    layers : sequence of str, optional
        All by default.
    group : str
        ``letter``, ``phoneme`` or any column of the events.
    kind : {"grad", "nap"}
        Gradient-adjusted or plain.
    **options
        Of `naps.profiles.ProfileOptions`: ``lags_ms``, ``align``, ``mask``, ``quantile``,
        ``edges``, ``batch``.

    Returns
    -------
    Profiles
        A mapping of layer names to `xarray.Dataset`.
    """
    table = events.table if isinstance(events, Events) else events
    result = profile_events(
        model,
        _utterances(manifest),
        table,
        groups=(group,),
        kinds=(kind,),
        options=ProfileOptions(layers=layers, **options),
    )
    return result.profiles[group, kind]


def compare(
    a: Profiles, b: Profiles, *, related: bool = False, **options: Any
) -> ProfileComparison:
    """Compare two profile files layer by layer; see `naps.comparison.compare_profiles`.

    Parameters
    ----------
    a, b : Profiles
        As from `profile` or `naps.load_profiles`, of the same grouping and kind.
    related : bool
        Whether one model began as the other, so that units correspond.
    **options
        ``metric``, ``linkage``, ``min_count``, ``replicates`` …: see
        `naps.comparison.ComparisonOptions`.
    """
    return compare_profiles(a, b, ComparisonOptions(**options), related=related)


@dataclass(frozen=True)
class PlottableTree(Tree):
    """A tree that can draw itself."""

    def plot(self, **options: Any) -> Figure:
        """Draw the dendrogram; options as in `naps.plots.dendrogram`."""
        return dendrogram(self.merges, self.labels, self.order, counts=list(self.counts), **options)


def cluster(profile: xr.Dataset, **options: Any) -> PlottableTree:
    """Cluster the groups of a layer; options as in `naps.similarity.cluster`.

    Parameters
    ----------
    profile : Dataset
        ``profiles["conv9"]``.
    **options
        ``metric``, ``linkage``, ``reference``, ``min_count``.
    """
    tree = _cluster(profile, **options)
    return PlottableTree(**{f.name: getattr(tree, f.name) for f in fields(tree)})


@dataclass(frozen=True, eq=False)
class PlottableMap(LayerMap):
    """A map that can draw itself."""

    def plot(self, *, mode: Mode = "linear", **options: Any) -> Figure:
        """Draw the map of every group; options as in `naps.plots.unit_map`."""
        painted = paint(self.layout.positions, self.values, self.labels, mode=mode)
        return unit_map(painted, **options)


def map_units(
    profile: xr.Dataset, method: str = "tsne_pso", *, min_count: int = 1, **options: Any
) -> PlottableMap:
    """Lay the units of a layer out in the plane; options as in `naps.topography.map_layer`.

    Parameters
    ----------
    profile : Dataset
        ``profiles["conv9"]``.
    method : str
        See `naps.topography.layout`.
    min_count : int
        Groups with fewer events are left out.
    **options
        ``reference``, ``lags``, ``frames``, ``metric``, ``seed``.
    """
    labels = list(common_groups({"layer": profile}, min_count))
    found = map_layer(profile.sel(label=labels), method, **options)
    return PlottableMap(**{f.name: getattr(found, f.name) for f in fields(found)})


@dataclass(frozen=True, eq=False)
class PlottableFilters(FilterMap):
    """Filters in order that can draw themselves."""

    def plot(self, **options: Any) -> Figure:
        """Draw the sheet of filters; options as in `naps.plots.filter_sheet`."""
        return filter_sheet(self.kernels, self.cells.grid, self.regions, **options)


def map_filters(model: Recognizer, **options: Any) -> PlottableFilters:
    """Order the filters of a first layer; options as in `naps.topography.map_filters`.

    Parameters
    ----------
    model : Recognizer
    **options
        ``view``, ``rows``, ``columns``, ``seed``, ``permutations``.
    """
    found = _map_filters(model, **options)
    return PlottableFilters(**{f.name: getattr(found, f.name) for f in fields(found)})
