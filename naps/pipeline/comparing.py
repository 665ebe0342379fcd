"""Comparing two finished runs: what is the same, what can be compared, and the files it makes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

from naps.comparison import (
    Case,
    Comparison,
    ComparisonOptions,
    compare_profiles,
)
from naps.errors import InputError
from naps.files import write_json, write_text
from naps.models import Recognizer
from naps.pipeline.comparison_maps import mapped_layers, write_comparison_maps
from naps.pipeline.comparison_recipe import CompareConfig
from naps.pipeline.finished_run import FinishedRun, read_finished
from naps.pipeline.hearing import heard_together, load_both
from naps.pipeline.run_folder import digest_of, timestamp
from naps.pipeline.runner import Say, choose_device
from naps.pipeline.stages import Progress
from naps.report.comparison import comparison_report
from naps.report.comparison_file import read_comparison

# Attributes of profiles that say how they were made.
_MADE_BY = (
    "align", "mask_kind", "saliency", "quantile", "average", "target", "gradient", "reduction",
    "baseline_mode", "baseline_ms", "hook", "view", "edges",
)  # fmt: skip
_PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", "xarray", "pandas", "matplotlib")


def compare_runs(
    a: Path,
    b: Path,
    out: Path,
    *,
    group: str = "phoneme",
    kind: str = "grad",
    config: CompareConfig | None = None,
    same_units: bool | None = None,
    model_a: Recognizer | str | None = None,
    model_b: Recognizer | str | None = None,
    device: str = "auto",
    formats: Sequence[str] = (),
    progress: Progress = lambda items, _: items,
    say: Say = print,
) -> Path:
    """Compare two runs and write what was found.

    Parameters
    ----------
    a, b : Path
        Folders of runs whose profiles are made.
    out : Path
        Gets ``comparison.json``, ``layers.csv``, ``phones.csv``, ``agreement.csv``, ``maps.nc``,
        ``maps.csv`` and the report.
        A comparison that was made there of the same profiles, in the same way, is kept.
    group, kind : str
        Whose profiles.
    config : CompareConfig, optional
    same_units : bool, optional
        Whether unit 7 of the one is unit 7 of the other; by default where the model is the same,
        or one of them began as the other.
    model_a, model_b : Recognizer or str, optional
        In place of those that the runs name: a shipped model, a file, or a Python path, which is
        imported. What a run names is never imported.
    device : str
        Where networks run, for what both hear.
    formats : sequence of str
        In which the figures of the report are written as files, too.
    progress : callable
        Wraps the utterances, to show how far it is.
    say : callable
        Gets lines for people.

    Returns
    -------
    Path
        The report's index page.

    Raises
    ------
    InputError
        If a folder is no run or lacks what is to be compared, or both are the same.
    """
    config = config or CompareConfig()
    runs = read_finished(a, group, kind), read_finished(b, group, kind)
    case = case_of(*runs)
    related = runs[0].began_as(runs[1]) if same_units is None else same_units
    options = _options(config, runs[0], case)
    digest = digest_of(
        metadata.version("naps"), vars(options), config.frames, related,
        mapped_layers(config, runs[0]), runs[0].recipe.maps.methods[0],
        [(run.path.name, run.digest()) for run in runs],
    )  # fmt: skip
    if _is_made(out, digest):
        say("comparison: already done")
        return comparison_report(out, formats)
    models = None
    if _both_hear(case, runs, config):
        models = load_both(runs, (model_a, model_b), choose_device(device))
    for line in (*_differences(runs), *_other_layers(runs)):
        say(line)
    profiles = compare_profiles(
        runs[0].profiles, runs[1].profiles, options, related=related, progress=_told(say)
    )
    together = None
    if models is not None:
        together = heard_together(
            models, runs, options, frames=config.frames, progress=progress, say=say
        )
    found = Comparison(options, profiles, together, runs[0].facts(), runs[1].facts())
    written = found.to_json()
    if len({run.language for run in runs} | set(runs[0].speech() + runs[1].speech())) < 2:
        # The claim is about languages, and there is but one.
        written["statement"] = None
    write_comparison_maps(out, runs, profiles, config, options.contrast, say)
    provenance = {
        "naps": metadata.version("naps"),
        "made": timestamp(),
        "digest": digest,
        "options": config.model_dump(mode="json") | {"min_count": options.min_count},
        "to mind": _differences(runs),
        "versions": {name: metadata.version(name) for name in _PACKAGES},
        "a": runs[0].source(),
        "b": runs[1].source(),
    }
    _write(out, written | {"provenance": provenance})
    return comparison_report(out, formats)


def case_of(a: FinishedRun, b: FinishedRun) -> Case:
    """Say what two runs have in common.

    Raises
    ------
    InputError
        If it is everything.
    """
    same_model = bool(a.model_sha256) and a.model_sha256 == b.model_sha256
    same_speech = a.spoken() == b.spoken()
    if same_model and same_speech and a.made_by() == b.made_by():
        raise InputError(
            f"{a.path} and {b.path}: the two runs are the same model on the same speech; nothing "
            f"to compare"
        )
    if same_speech:
        return "same-speech"
    return "same-model" if same_model else "both-differ"


def _options(config: CompareConfig, run: FinishedRun, case: Case) -> ComparisonOptions:
    clusters = run.recipe.clusters
    return ComparisonOptions(
        case=case,
        metric=config.metric or clusters.metric,
        linkage=config.linkage or clusters.linkage,
        contrast=config.contrast or clusters.contrast,
        min_count=config.min_count or clusters.min_count,
        permutations=config.permutations,
        tree_permutations=config.tree_permutations,
        replicates=config.replicates,
        seed=config.seed,
    )


def _is_made(out: Path, digest: str) -> bool:
    if not (out / "comparison.json").is_file():
        return False
    try:
        return read_comparison(out).provenance.get("digest") == digest
    except InputError:
        return False


def _both_hear(case: Case, runs: tuple[FinishedRun, FinishedRun], config: CompareConfig) -> bool:
    """Say whether two networks are to hear the same speech."""
    other = runs[0].model_sha256 != runs[1].model_sha256
    return case == "same-speech" and other and config.frames > 0


def _differences(runs: tuple[FinishedRun, FinishedRun]) -> list[str]:
    """Say in what the profiles were made otherwise, apart from model and speech."""
    attributes = [next(iter(run.profiles.values())).attrs for run in runs]
    return [
        f"profiles were made with {key} {attributes[0].get(key)} and {attributes[1].get(key)}"
        for key in _MADE_BY
        if str(attributes[0].get(key)) != str(attributes[1].get(key))
    ]


def _other_layers(runs: tuple[FinishedRun, FinishedRun]) -> list[str]:
    """Say which layers have no counterpart of the same name."""
    lines = []
    for run, other in (runs, runs[::-1]):
        alone = [name for name in run.profiles if name not in other.profiles]
        if alone:
            lines.append(f"layers only in {run.path.name}: {', '.join(alone)}")
    return lines


def _told(say: Say) -> Callable[[Iterable[str]], Iterable[str]]:
    def tell(names: Iterable[str]) -> Iterable[str]:
        for name in names:
            say(f"comparing {name}")
            yield name

    return tell


def _write(out: Path, found: Mapping[str, Any]) -> None:
    """Write the comparison as tables and as JSON, which says that all is there."""
    layers = [
        {"layer_a": layer["a"], "layer_b": layer["b"], "measure": name, **layer[name]}
        for layer in found["layers"]
        for name in ("unit_correlation", "rsa", "cka")
        if layer[name] is not None
    ]
    columns = ["value", "low", "high", "chance_mean", "chance_p99", "p", "p_corrected", "ceiling"]
    _table(out / "layers.csv", layers, ["layer_a", "layer_b", "measure", *columns])
    phones = [
        {"layer_a": layer["a"], "layer_b": layer["b"], **phone}
        for layer in found["layers"]
        for phone in layer["phones"]
    ]
    names = ["a", "b", "correlation", "ceiling", "count_a", "count_b"]
    _table(out / "phones.csv", phones, ["layer_a", "layer_b", *names])
    agreement = found["agreement"]
    if agreement is not None:
        _table(out / "agreement.csv", agreement["by_letter"], ["letter", "events", "same"])
    write_json(out / "comparison.json", found)


def _table(path: Path, rows: list[dict[str, Any]], columns: list[str]) -> None:
    write_text(path, pd.DataFrame(rows, columns=columns).to_csv(index=False))
