"""A small run folder of exactly the form of ``docs/run-folder.md``, made of random numbers."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import pdist, squareform

from naps.phonology.inventory import classes, letter_classes

LAYERS = {"input": (16, 11), "conv1": (24, 7), "conv9": (64, 5), "conv10": (48, 1)}
LABELS = {
    "letter": list("abdeimst"),
    "phoneme": ["AA", "B", "CH", "IY", "L", "M", "S", "T", "UW"],
}
HOSTILE = "<script>alert('x')</script>"


def statistic(value: float) -> dict[str, float]:
    return {
        "value": value,
        "chance_mean": -0.02,
        "chance_p99": 0.05,
        "p": 0.0001 if value > 0.05 else 0.4,
        "p_corrected": 0.0004 if value > 0.05 else 0.4,
        "permutations": 10000,
    }


def layer_profile(
    rng: np.random.Generator, labels: list[str], channels: int, lags: int, kinds: list[str]
) -> xr.Dataset:
    lag = np.arange(lags) - lags // 2
    centres = {kind: rng.normal(size=channels) for kind in sorted(set(kinds))}
    shape = np.exp(-((lag / (1 + lags / 5)) ** 2))
    mean = np.stack(
        [shape[:, None] * (centres[k] + 0.7 * rng.normal(size=channels)) for k in kinds]
    )
    mean += 0.1 * rng.normal(size=mean.shape) + 2
    return xr.Dataset(
        {
            "mean": (("label", "lag", "channel"), mean),
            "std": (("label", "lag", "channel"), np.ones_like(mean)),
            "count": ("label", np.arange(20, 20 + len(labels))),
            "lag_count": (("label", "lag"), np.full((len(labels), lags), 20)),
        },
        coords={"label": labels, "lag": lag, "time_ms": ("lag", lag * 20.0)},
    )


def tree(profile: xr.Dataset, categories: dict[str, list[str]], value: float) -> dict[str, Any]:
    mean = profile["mean"].values
    flat = (mean - mean.mean(axis=0)).reshape(len(mean), -1)
    near = pdist(flat, "cosine")
    merges = linkage(near, "average", optimal_ordering=True)
    labels = [str(label) for label in profile["label"].values]
    return {
        "labels": labels,
        "counts": profile["count"].values.tolist(),
        "distances": squareform(near).tolist(),
        "merges": merges.tolist(),
        "order": leaves_list(merges).tolist(),
        "cophenetic": 0.87,
        "categories": {
            name: {
                "classes": members,
                "silhouette": statistic(value),
                "purity": statistic(value + 0.3),
                "ari": statistic(value - 0.1),
                "v_measure": statistic(value + 0.2),
            }
            for name, members in categories.items()
        },
        "support": [None, *np.linspace(0.3, 1, len(labels) - 1).tolist()][: len(merges)],
        "reliability": {
            "correlation": 0.4 + value,
            "reliability": 0.5 + value,
            "ceiling": (0.5 + value) ** 0.5,
            "splits": 20,
        },
        "relations": relations(labels, value),
    }


def relations(labels: Sequence[str], value: float) -> dict[str, dict[str, float]]:
    """Relate distances to others; a phone is written with more than a small letter."""
    phones = any(label != label.lower() for label in labels)
    known = ["phonetic"] if phones else []
    found = [*known, "spelling", *(f"{name} beyond acoustic" for name in [*known, "spelling"])]
    return {
        **{name: statistic(value + 0.1 - 0.05 * n) for n, name in enumerate(found)},
        "acoustic": statistic(0.6 - value),
    }


def write_run(
    run: Path,
    labels: dict[str, list[str]] | None = None,
    layers: Sequence[str] = tuple(LAYERS),
    kinds: Sequence[str] = ("nap", "grad"),
) -> Path:
    """Write the run; ``labels`` by group, in alphabetical order."""
    labels = labels or LABELS
    rng = np.random.default_rng(0)
    for folder in ("events", "profiles", "clusters"):
        (run / folder).mkdir(parents=True)
    for group, names in labels.items():
        vowels = letter_classes(names) if group == "letter" else None
        manner = classes(names) if group == "phoneme" else None
        place = classes(names, "place") if group == "phoneme" else None
        of = {"vowel": vowels, "manner": manner, "place": place}
        categories = {key: value for key, value in of.items() if value}
        for kind in kinds:
            trees = {}
            for number, (layer, (channels, lags)) in enumerate(LAYERS.items()):
                if layer not in layers:
                    continue
                profile = layer_profile(rng, names, channels, lags, manner or vowels or names)
                profile.assign_attrs(layer=layer, group=group, kind=kind).to_netcdf(
                    run / "profiles" / f"{group}-{kind}.nc",
                    mode="a" if trees else "w",
                    group=layer,
                    engine="h5netcdf",
                )
                trees[layer] = tree(profile, categories, 0.04 * number - 0.01)
            clusters = {
                "group": group,
                "kind": kind,
                "metric": "cosine",
                "linkage": "average",
                "contrast": "equal",
                "crossvalidated": False,
                "min_count": 10,
                "replicates": 1000,
                "left_out": {"ZH": 3} if group == "phoneme" else {},
                "layers": trees,
            }
            write_json(run / "clusters" / f"{group}-{kind}.json", clusters)
    record = provenance()
    record["layers"] = [row for row in record["layers"] if row["name"] in layers]
    write_json(run / "run.json", record)
    (run / "recipe.yaml").write_text(
        f"name: mini\nseed: 7\ncorpus:\n  path: data\n# {HOSTILE}\n", encoding="utf-8"
    )
    write_events(run, labels, rng)
    write_controls(run)
    write_probes(run, layers)
    return run


def write_controls(run: Path) -> None:
    """Write what control networks give: near chance, and from the layer up that is random."""
    rows: list[list[object]] = []
    for file in sorted((run / "clusters").glob("*.json")):
        clusters = json.loads(file.read_text("utf-8"))
        names = list(clusters["layers"])
        key = [clusters["group"], clusters["kind"]]
        for layer, found in clusters["layers"].items():
            height = names.index(layer)
            statistics = [f"silhouette: {name}" for name in found["categories"]]
            statistics += [f"relation: {name}" for name in found["relations"]]
            for n, control in enumerate(("random-weights", "shuffled-labels")):
                rows += [
                    [control, *key, layer, name, 0.01 * (n + 1) + 0.002 * height]
                    for name in statistics
                ]
                rows.append([control, *key, layer, "similarity", 0.1 - 0.1 * n])
            for start in names[1:]:
                alike = 1.0 if height < names.index(start) else 0.3 - 0.02 * height
                rows.append([f"random-from-{start}", *key, layer, "similarity", alike])
    (run / "controls").mkdir()
    header = ["control", "group", "kind", "layer", "statistic", "value"]
    write_csv(run / "controls" / "controls.csv", [header, *rows])


def write_probes(run: Path, layers: Sequence[str]) -> None:
    header = ["layer", "target", "accuracy", "low", "high", "balanced", "chance_mean"]
    header += ["chance_p99", "majority", "classes", "events", "folds", "disjoint"]
    rows: list[list[object]] = []
    for target, best, number in (("phoneme", 0.6, 9), ("sex", 0.95, 2)):
        for place, layer in enumerate(reversed(layers)):
            value, chance = best - 0.03 * place, 1 / number
            measured = [value, value - 0.02, value + 0.02, value - 0.05]
            shuffled = [chance, chance + 0.03, chance + 0.05]
            rows.append([layer, target, *measured, *shuffled, number, 390, 5, "speakers"])
    (run / "probes").mkdir()
    write_csv(run / "probes" / "probes.csv", [header, *rows])


def write_csv(path: Path, rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def write_events(run: Path, labels: dict[str, list[str]], rng: np.random.Generator) -> None:
    letters = labels.get("letter", ["a"])
    phones = labels.get("phoneme", ["AA"])
    number = 400
    phoneme = rng.choice([*phones, None], number)
    pd.DataFrame(
        {
            "utterance": [f"u{i // 10}" for i in range(number)],
            "frame": range(number),
            "letter": rng.choice(letters, number),
            "phoneme": phoneme,
            "phone_reason": [None if p is not None else "silent letter" for p in phoneme],
        }
    ).to_parquet(run / "events" / "events.parquet")
    write_json(
        run / "events" / "summary.json",
        {
            "utterances": 42,
            "used": 40,
            "audio_s": 4321.5,
            "events": number,
            "phoneme_events": int(sum(p is not None for p in phoneme)),
            "seconds": 12.5,
            "error_rates": {
                "test": {
                    "utterances": 20,
                    "cer": 0.1234,
                    "wer": 0.3456,
                    "cer_macro": 0.13,
                    "wer_macro": 0.36,
                },
                "dev": {"utterances": 22, "cer": 0.11, "wer": 0.31},
            },
        },
    )
    write_json(
        run / "profiles" / "summary.json",
        {"events": 390, "seconds": 33.3, "peak_memory_mib": 812.4, "events_per_s": 11.7},
    )
    header = ["stage", "utterance", "reason", "detail", "count"]
    for stage, rows in {
        "events": [["events", HOSTILE, "unreadable", "no audio", 1]],
        "profiles": [["profiles", f"utt-{i}", "edge", "conv9", 2] for i in range(7)],
    }.items():
        write_csv(run / stage / "dropped.csv", [header, *rows])
    (run / "manifest.jsonl").write_text(
        "".join(
            json.dumps({"id": f"u{i}", "speaker": f"s{i % 9}", "language": "en"}) + "\n"
            for i in range(42)
        ),
        encoding="utf-8",
    )


def provenance() -> dict[str, Any]:
    stage = {"digest": "ab" * 32, "seconds": 61.0, "finished": "2026-01-02T03:05:00+00:00"}
    return {
        "naps": "0.1.0",
        "started": "2026-01-02T03:04:05+00:00",
        "machine": {"system": "Linux", "processor": "x86_64", "device": "cpu"},
        "versions": {"numpy": "2.4.6", "torch": "2.9.0"},
        "model": {
            "name": "wav2letter-en-mini",
            "sha256": "0123456789abcdef" * 4,
            "language": "en",
            "parameters": 1234567,
            "facts": {"trained on": "LibriSpeech", "test": {"cer": 0.12, "wer": 0.34}},
        },
        "layers": [
            {
                "name": name,
                "channels": channels,
                "stride": 2,
                "offset": -3 * number,
                "receptive_field": 1 + 14 * number,
            }
            for number, (name, (channels, _)) in enumerate(LAYERS.items())
        ],
        "frame_ms": 10.0,
        "manifest_sha256": "fedcba9876543210" * 4,
        "stages": {"prepare": stage, "events": stage, "profiles": stage, "clusters": stage},
    }


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Write each run folder that is asked for once, to be copied."""
    known: dict[str, Path] = {}

    def write(**choices: Any) -> Path:
        key = json.dumps(choices)
        if key not in known:
            known[key] = write_run(tmp_path_factory.mktemp("written") / "run", **choices)
        return known[key]

    return write


@pytest.fixture
def make_run(tmp_path: Path, written: Callable[..., Path]) -> Callable[..., Path]:
    """Give a run folder of one's own; of other labels, layers and kinds where given.

    A report's time goes into its pictures: ask for no more layers and kinds than a test looks at.
    """

    def make(labels: dict[str, list[str]] | None = None, **choices: Any) -> Path:
        return Path(shutil.copytree(written(labels=labels, **choices), tmp_path / "run"))

    return make


@pytest.fixture(scope="session")
def shared_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a run folder with its report, for tests that only look."""
    from naps.report import report

    run = write_run(tmp_path_factory.mktemp("shared") / "run")
    report(run)
    return run
