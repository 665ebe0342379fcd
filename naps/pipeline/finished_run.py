"""A run that is to be compared, read from its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from naps.corpus.manifest import read_manifest
from naps.corpus.utterance import Utterance
from naps.errors import InputError
from naps.files import sha256
from naps.pipeline.recipe import ProfileRecipe
from naps.pipeline.recipe_file import load_recipe
from naps.pipeline.run_folder import RunFolder
from naps.pipeline.stages import corpus_folder
from naps.profiles import Profiles, load_profiles


@dataclass(frozen=True, eq=False)
class FinishedRun:
    """What a comparison needs of a run.

    Attributes
    ----------
    path : Path
    record : mapping
        Its ``run.json``.
    recipe : ProfileRecipe
        As resolved.
    file : Path
        Of the profiles.
    profiles : Profiles
    """

    path: Path
    record: Mapping[str, Any]
    recipe: ProfileRecipe
    file: Path
    profiles: Profiles

    @property
    def model_sha256(self) -> str:
        """Of the model; empty where it is not known."""
        return str(self.record.get("model", {}).get("sha256", ""))

    @property
    def language(self) -> str:
        """Of the model; empty where it is not known."""
        return str(self.record.get("model", {}).get("language", ""))

    def speech(self) -> list[str]:
        """Return the languages that the manifest names."""
        return sorted({u.language for u in self.manifest() if u.language is not None})

    def manifest(self) -> list[Utterance]:
        """Read the utterances, without knowing where their sound is."""
        return read_manifest(self.path / "manifest.jsonl", self.path)

    def utterances(self) -> list[Utterance]:
        """Read the utterances with their sound.

        Raises
        ------
        InputError
            If the corpus is not where the recipe says.
        """
        try:
            root = corpus_folder(self.recipe.corpus)
        except InputError:
            raise InputError(
                f"{self.path}: its corpus {self.recipe.corpus.path} is not there any more; start "
                f"from the folder that the run was started from, or compare profiles alone with "
                f"--set frames=0"
            ) from None
        return read_manifest(self.path / "manifest.jsonl", root)

    def spoken(self) -> frozenset[tuple[object, ...]]:
        """Say what was heard, wherever the corpus lies: other corpora may have the same names."""
        root = self.path.absolute()
        return frozenset(
            (u.id, u.audio.relative_to(root).as_posix(), u.text, u.language, u.duration_s)
            for u in self.manifest()
        )

    def made_by(self) -> object:
        """Return what else decides on the profiles, to be compared with another run's."""
        keys = {"lexicon", "g2p", "events", "profiles", "max_bad_share"}
        return self.recipe.model_dump(mode="json", include=keys)

    def events(self) -> pd.DataFrame:
        """Read the events.

        Raises
        ------
        InputError
            If they are not there.
        """
        path = self.path / "events" / "events.parquet"
        try:
            return pd.read_parquet(path, columns=["utterance", "frame", "letter"])
        except (OSError, ValueError) as error:
            first = str(error).splitlines()[0]
            raise InputError(f"{path}: no readable events ({first}); run it again") from None

    def began_as(self, other: FinishedRun) -> bool:
        """Say whether the models are one, or one was trained on from the other."""
        both = {self.model_sha256, other.model_sha256}
        return len(both) == 1 or any(
            _start(one) in both and _start(one) != one.model_sha256 for one in (self, other)
        )

    def digest(self) -> list[str]:
        """Return what changes when the run's model, speech or profiles do."""
        return [self.model_sha256, sha256(self.file), sha256(self.path / "manifest.jsonl")]

    def source(self) -> dict[str, str]:
        """Say where the profiles are and what they were."""
        return {"folder": str(self.path), "profiles_sha256": sha256(self.file)}

    def facts(self) -> dict[str, Any]:
        """Return what a report says of the run."""
        model = self.record.get("model", {})
        first = next(iter(self.profiles.values()))
        return {
            "run": self.path.resolve().name,
            "model": model.get("name"),
            "model_sha256": model.get("sha256"),
            "language": self.language,
            "speech": self.speech(),
            "manifest_sha256": self.record.get("manifest_sha256"),
            "utterances": len(self.manifest()),
            "events": int(first["count"].sum()),
        }


def _start(run: FinishedRun) -> str | None:
    """Return the hash of the model that a run's model began as, if its trainer wrote it down."""
    start = (run.record.get("model", {}).get("facts") or {}).get("began_as")
    return str(start.get("sha256")) if isinstance(start, dict) else None


def recipe_of(path: Path) -> ProfileRecipe:
    """Return the recipe of a run, as resolved.

    Raises
    ------
    InputError
        If the folder is no run, or that of another kind of recipe.
    """
    needed = [path / name for name in ("run.json", "recipe.yaml", "manifest.jsonl")]
    missing = [file.name for file in needed if not file.is_file()]
    if missing:
        raise InputError(f"{path}: no run folder (no {missing[0]}); make one with naps run")
    recipe = load_recipe(str(path / "recipe.yaml"))
    if not isinstance(recipe, ProfileRecipe):
        raise InputError(
            f"{path}: a {recipe.kind} recipe was run there, which makes no events or profiles"
        )
    return recipe


def read_finished(path: Path, group: str, kind: str) -> FinishedRun:
    """Read a run that is to be compared.

    Parameters
    ----------
    path : Path
        Its folder.
    group, kind : str
        Whose profiles are wanted.

    Raises
    ------
    InputError
        If the folder is no run of a profile recipe, its profiles are not made yet, or not those.
    """
    recipe = recipe_of(path)
    file = path / "profiles" / f"{group}-{kind}.nc"
    if not file.is_file():
        there = sorted(found.stem for found in (path / "profiles").glob("*-*.nc"))
        hint = "the stage profiles has not been finished; run it again"
        if there:
            hint = f"there are: {', '.join(there)}; choose with --group and --kind"
        raise InputError(f"{path}: no profiles of {group}-{kind}; {hint}")
    return FinishedRun(path, RunFolder(path).record(), recipe, file, load_profiles(file))
