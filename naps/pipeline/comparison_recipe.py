"""Recipes of comparisons: several runs, and which of them are compared."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from naps.pipeline.recipe import ProfileRecipe, Strict

# Names of folders, which are put together with a hyphen.
_Name = Annotated[str, Field(pattern=r"^\w+$")]


class CompareConfig(Strict):
    """How two runs are compared; see `naps.comparison`.

    Attributes
    ----------
    metric, linkage, contrast, min_count
        As in a profile recipe; None takes what the first run was clustered with.
    frames : int
        Of both networks' activations at the same moments, at the most; 0 compares profiles alone.
    replicates : int
        Corpora drawn for intervals.
    maps : tuple of str or None
        Layers whose units are mapped for both runs and the difference, where units correspond;
        None takes those whose maps the first run's recipe names.
    """

    metric: Literal["cosine", "correlation", "euclidean"] | None = None
    linkage: Literal["average", "complete", "ward"] | None = None
    contrast: Literal["equal", "count", "none"] | None = None
    min_count: int | None = Field(None, ge=1)
    permutations: int = Field(10_000, ge=1)
    tree_permutations: int = Field(200, ge=1)
    replicates: int = Field(1000, ge=1)
    frames: int = Field(40_000, ge=0)
    maps: tuple[str, ...] | None = None
    seed: int = 0


class SpeechConfig(Strict):
    """A corpus that runs name, with what is known of its phone times.

    Attributes
    ----------
    path : Path or None
        Its folder; the corpus that comes with the package for None.
    layout : str or None
        As in a profile recipe; by default ``embedded`` without a path and ``manifest`` with one.
    splits, language, limit
        As in a profile recipe.
    alignments : Path or None
        Phone times, as for ``events.alignments``; without them the tiers of the manifest serve.
    tier, notation : str or None
        Of the phone times.
    """

    path: Path | None = None
    layout: str | None = None
    splits: tuple[str, ...] | None = None
    language: str | None = None
    limit: int | None = Field(None, ge=1)
    alignments: Path | None = None
    tier: str | None = None
    notation: str | None = None

    def parts(self) -> dict[str, dict[str, Any]]:
        """Return what a profile recipe says of it."""
        layout = self.layout or ("embedded" if self.path is None else "manifest")
        known = self.model_dump(exclude={"layout", "alignments", "tier", "notation"})
        times = self.model_dump(include={"language", "alignments", "tier", "notation"})
        return {
            "corpus": known | {"layout": layout},
            "events": {key: value for key, value in times.items() if value is not None},
        }


class Pairing(Strict):
    """Two runs that are compared.

    Attributes
    ----------
    a, b : str
        Names of runs.
    group, kind : str
        Whose profiles.
    same_units : bool or None
        Whether unit 7 of the one is unit 7 of the other, see `naps.pipeline.comparing`.
    """

    a: _Name
    b: _Name
    group: str = "phoneme"
    kind: str = "grad"
    same_units: bool | None = None


class ComparisonRecipe(Strict):
    """Several experiments and what is to be compared.

    Attributes
    ----------
    corpora : mapping of str to SpeechConfig
        By the name that runs have in ``corpus``.
    base : mapping
        Keys of a profile recipe that all runs have in common.
    runs : mapping of str to mapping
        Keys of a profile recipe, beyond those of ``base``. ``corpus`` may be a name, and
        ``untrained: true`` takes the model with the weights it had before training. Where
        ``events.mode`` is not given it is ``given`` for speech with known phone times and
        ``predicted`` for other.
    comparisons : sequence of Pairing
    compare : CompareConfig
        How.
    """

    kind: Literal["comparison"] = "comparison"
    name: str
    corpora: dict[_Name, SpeechConfig] = Field(default_factory=dict)
    base: dict[str, Any] = Field(default_factory=dict)
    runs: dict[_Name, dict[str, Any]] = Field(min_length=2)
    comparisons: tuple[Pairing, ...] = Field(min_length=1)
    compare: CompareConfig = CompareConfig()

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        for name in self.runs:
            self.profile_recipe(name)
        for pairing in self.comparisons:
            for name in (pairing.a, pairing.b):
                if name not in self.runs:
                    raise ValueError(
                        f"comparisons: no run {name!r}; there are: {', '.join(self.runs)}"
                    )
            if pairing.a == pairing.b:
                raise ValueError(f"comparisons: {pairing.a!r} is compared with itself")
        if len(set(self.folders())) < len(self.comparisons):
            raise ValueError("comparisons: one is there twice")
        return self

    def folders(self) -> list[str]:
        """Name the folder of each comparison."""
        plain = [(pairing.a, pairing.b) for pairing in self.comparisons]
        return [
            f"{p.a}-{p.b}" + (f"-{p.group}-{p.kind}" if plain.count((p.a, p.b)) > 1 else "")
            for p in self.comparisons
        ]

    def untrained(self, name: str) -> bool:
        """Say whether a run is of a model before training."""
        return bool(self._body(name).get("untrained", False))

    def says_mode(self, name: str) -> bool:
        """Say whether the recipe says how events of a run are made."""
        return "mode" in (self._body(name).get("events") or {})

    def profile_recipe(self, name: str) -> ProfileRecipe:
        """Return the recipe of a run, as far as this file says.

        Raises
        ------
        ValueError
            If a key or value is wrong, or there is no such corpus.
        """
        body = self._body(name)
        untrained = body.pop("untrained", False)
        if not isinstance(untrained, bool):
            raise ValueError(f"runs.{name}.untrained: true or false")
        try:
            return ProfileRecipe.model_validate({"name": name, **body})
        except ValidationError as error:
            problems = "; ".join(
                f"runs.{name}.{'.'.join(str(x) for x in e['loc'])}: {e['msg']}"
                for e in error.errors()
            )
            raise ValueError(problems) from None

    def _body(self, name: str) -> dict[str, Any]:
        """Return the keys of a run: those of all, of its corpus, and its own, the last winning."""
        body = merged(self.base, self.runs[name])
        corpus = body.get("corpus")
        if not isinstance(corpus, str):
            return body
        if corpus not in self.corpora:
            there = ", ".join(self.corpora) or "none"
            raise ValueError(f"runs.{name}.corpus: no corpus {corpus!r}; there are: {there}")
        plain = {key: value for key, value in body.items() if key != "corpus"}
        return merged(self.corpora[corpus].parts(), plain)


def merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Merge two nested mappings; the second wins."""
    result = dict(base)
    for key, value in own.items():
        before = result.get(key)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            value = merged(before, value)
        result[key] = value
    return result
