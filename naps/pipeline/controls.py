"""The controls stage: the same analysis where there is nothing, or less, to be found."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from naps.corpus.features import FeatureConfig
from naps.events import read_events, write_events
from naps.events.shuffle import PLACES, shuffled_labels
from naps.files import read_text, replacing, sha256, write_text
from naps.models import (
    LSTMRecognizer,
    Recognizer,
    Wav2Letter,
    identified,
    load_model,
    save_recognizer,
)
from naps.models.randomise import randomised
from naps.pipeline.clustering import make_clusters
from naps.pipeline.profiling import make_profiles
from naps.pipeline.recipe import ControlsConfig, ProbesConfig, ProfileRecipe
from naps.pipeline.recipe_file import dump_recipe
from naps.pipeline.run_folder import RunFolder, digest_of
from naps.pipeline.stages import Progress, active_groups
from naps.pipeline.workers import Workers
from naps.profiles.error_modes import error_groups
from naps.profiles.grouping import split_name

Say = Callable[[str], None]

SHUFFLED, RANDOM = "shuffled-labels", "random-weights"
COLUMNS = ("control", "group", "kind", "layer", "statistic", "value")


@dataclass(frozen=True)
class Control:
    """Something to be analysed in place of the trained network and its events.

    Attributes
    ----------
    name : str
        Of its folder.
    random : bool
        Whether weights are random.
    layer : str or None
        From which layer up; all for None.
    keeps_profiles : bool
        Whether its profile files stay.
    """

    name: str
    random: bool = False
    layer: str | None = None
    keeps_profiles: bool = True


def controls_of(recipe: ProfileRecipe, model: Recognizer) -> list[Control]:
    """Return the controls that a recipe asks for.

    The last step of the cascade is the network with random weights, wherever it is asked for.
    """
    config, chosen = recipe.controls, []
    if config.shuffled_labels:
        chosen.append(Control(SHUFFLED))
    if config.random_weights or config.cascade:
        chosen.append(Control(RANDOM, random=True))
    if config.cascade:
        chosen += [
            Control(f"random-from-{layer.name}", True, layer.name, keeps_profiles=False)
            for layer in reversed(model.layers[1:])
        ]
    return chosen


def make_controls(
    run: RunFolder,
    recipe: ProfileRecipe,
    model: Recognizer,
    progress: Progress,
    *,
    workers: Workers | None = None,
    say: Say = print,
) -> None:
    """Make profiles and clusters of every control and compare them with those of the run.

    Each control has a folder of its own in ``controls/``, laid out like a run. Finished ones are
    not made again; of one that was interrupted, the shards that are done are kept. The cascade
    keeps clusters alone, without permutations; its profile files are deleted.
    ``controls/controls.csv`` holds for each layer Spearman's correlation of a control's distances
    with those of the run, over the labels that both have, and the control's own silhouettes and
    relations.

    Parameters
    ----------
    run : RunFolder
        With clusters.
    recipe : ProfileRecipe
    model : Recognizer
        The trained one.
    progress : callable
        Wraps the utterances, to show how far it is.
    workers : Workers, optional
        Who makes the profiles; this process by default, and wherever a network with random
        weights cannot be written to a file of this package.
    say : callable
        Gets lines for people.

    Raises
    ------
    InputError
        If weights cannot be drawn again, or no profiles can be made.
    """
    (run.controls / "controls.csv").unlink(missing_ok=True)
    rows: list[dict[str, Any]] = []
    for control in controls_of(recipe, model):
        made = _Making(run, recipe, model, control, workers, say)
        if not made.recipe.profiles.groups:
            say(f"control {control.name}: no grouping can be shuffled")
            continue
        began = time.monotonic()
        if made.is_done():
            say(f"control {control.name}: already done")
        else:
            made.make(progress)
            say(f"control {control.name}: {time.monotonic() - began:.1f} s")
        rows += control_rows(run, made.folder, control.name)
    if rows:
        text = pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(index=False)
        write_text(run.controls / "controls.csv", text)


class _Making:
    """One control, and its folder."""

    def __init__(
        self,
        run: RunFolder,
        recipe: ProfileRecipe,
        model: Recognizer,
        control: Control,
        workers: Workers | None,
        say: Say,
    ) -> None:
        self.control, self._run, self._model = control, run, model
        self._workers, self._say = workers, say
        self._seed = recipe.controls.seed
        self.folder = RunFolder(run.controls / control.name)
        self.recipe = _plain(recipe, control)
        inputs = [
            sha256(run.manifest),
            sha256(run.events / "events.parquet"),
            model.sha256,
            control.layer,
            self._seed,
            self.recipe.profiles.model_dump(mode="json"),
            recipe.max_bad_share,
        ]
        self._profiles = digest_of(run.record()["naps"], control.name, inputs)
        self._clusters = digest_of(self._profiles, self.recipe.clusters.model_dump(mode="json"))

    def is_done(self) -> bool:
        return self.folder.is_done("clusters", self._clusters)

    def make(self, progress: Progress) -> None:
        began = time.monotonic()
        if not self.folder.is_done("profiles", self._profiles):
            self._begin()
            self._make_profiles(progress)
            self.folder.finish("profiles", self._profiles, time.monotonic() - began)
        began = time.monotonic()
        # Shuffled letters are spelled no other way than letters are.
        events = read_events(self._run.events / "events.parquet")
        make_clusters(self.folder, self.recipe, events)
        if not self.control.keeps_profiles:
            # Its clusters may be wanted anew, and need them: it is not half done.
            self.folder.update({"stages": {}})
            shutil.rmtree(self.folder.profiles)
        self.folder.finish("clusters", self._clusters, time.monotonic() - began)

    def _begin(self) -> None:
        """Write what a run has before there are profiles."""
        folder, record = self.folder, self._run.record()
        folder.begin()
        folder.update({key: record[key] for key in ("layers", "frame_ms") if key in record})
        write_text(folder.manifest, read_text(self._run.manifest))
        source, target = (x.events / "events.parquet" for x in (self._run, folder))
        if self.control.random:
            with replacing(target) as temporary:
                shutil.copyfile(source, temporary)
        else:
            write_events(target, _shuffled(self.recipe, read_events(source), self._seed))

    def _make_profiles(self, progress: Progress) -> None:
        model, recipe, workers = self._model, self.recipe, self._workers
        file, label = self.folder.path / "model.safetensors", f"control {self.control.name}"
        if self.control.random:
            model = identified(randomised(model, self.control.layer, seed=self._seed))
            if _can_be_saved(model):
                save_recognizer(file, model)
                # As workers see it, who load the file.
                model = load_model(file, device=model.device)
                recipe = recipe.model_copy(update={"model": str(file)})
            elif workers is not None:
                self._say(
                    f"{label}: {model.name} cannot be written to a file for others, so this "
                    f"process works alone"
                )
                workers = None
        facts = {"name": model.name, "sha256": model.sha256, "facts": model.facts or {}}
        self.folder.update({"model": facts | {"language": model.language}})
        write_text(self.folder.path / "recipe.yaml", dump_recipe(recipe))
        make_profiles(
            self.folder, recipe, model, lambda items, _: progress(items, label),
            workers=workers, say=self._say,
        )  # fmt: skip
        file.unlink(missing_ok=True)


def _plain(recipe: ProfileRecipe, control: Control) -> ProfileRecipe:
    """Return the recipe of a control: what is compared, and nothing for people to listen to."""
    profiles: dict[str, Any] = {"exemplars": 0, "differences": ()}
    clusters: dict[str, Any] = {"replicates": 0}
    if not control.random:
        groups = [x for x in active_groups(recipe) if split_name(x)[0] not in PLACES]
        profiles["groups"] = tuple(groups)
    if not control.keeps_profiles:
        clusters["permutations"] = 0
    return recipe.model_copy(
        update={
            "profiles": recipe.profiles.model_copy(update=profiles),
            "clusters": recipe.clusters.model_copy(update=clusters),
            "controls": ControlsConfig(),
            "probes": ProbesConfig(),
        }
    )


def _shuffled(recipe: ProfileRecipe, events: pd.DataFrame, seed: int) -> pd.DataFrame:
    groups = recipe.profiles.groups
    for name in groups:
        column, mode = split_name(name)
        if mode is not None and name not in events:
            # As a column of its own, so that each of its groups stays as large as it is.
            events = events.assign(**{name: error_groups(events, column, mode).column})
    return shuffled_labels(events, groups, seed)


def _can_be_saved(model: Recognizer) -> bool:
    own = type(model.network) in (Wav2Letter, LSTMRecognizer)
    return own and isinstance(model.features, FeatureConfig) and model.writes


def control_rows(run: RunFolder, control: RunFolder, name: str) -> Iterator[dict[str, Any]]:
    """Compare the clusters of a control with those of its run.

    Parameters
    ----------
    run, control : RunFolder
    name : str
        Of the control.

    Yields
    ------
    dict
        With the keys `COLUMNS`, where a statistic is defined.
    """
    for path in sorted(control.clusters.glob("*.json")):
        if not (run.clusters / path.name).is_file():
            continue
        found, trained = (json.loads(read_text(x.clusters / path.name)) for x in (control, run))
        for layer, tree in found["layers"].items():
            values = {"similarity": _similarity(trained["layers"].get(layer), tree)}
            for category, statistics in tree["categories"].items():
                statistic = statistics.get("silhouette", {})
                values[f"silhouette: {category}"] = statistic.get("value")
            for relation, statistic in tree.get("relations", {}).items():
                values[f"relation: {relation}"] = statistic["value"]
            place = {"control": name, "group": found["group"], "kind": found["kind"]}
            for statistic, value in values.items():
                if value is not None and np.isfinite(value):
                    yield place | {"layer": layer, "statistic": statistic, "value": value}


def _similarity(trained: dict[str, Any] | None, control: dict[str, Any]) -> float | None:
    """Correlate the distances of two trees by rank over common labels (Kriegeskorte et al. 2008).

    None where there are fewer than three labels or all distances are equal.
    """
    if trained is None:
        return None
    common = [label for label in trained["labels"] if label in control["labels"]]
    if len(common) < 3:
        return None
    pairs = np.triu_indices(len(common), 1)
    first, second = (
        np.asarray(tree["distances"])[np.ix_(rows, rows)][pairs]
        for tree in (trained, control)
        if (rows := [tree["labels"].index(label) for label in common])
    )
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return float(spearmanr(first, second).statistic)
