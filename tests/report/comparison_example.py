"""A comparison of exactly the form of ``comparison.json``, made of random numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import pdist

from naps.phonology import shared_phones

LAYERS = ["input", "conv1", "conv5", "conv9", "conv10"]
HOSTILE = "<script>alert('x')</script>"


def example(case: str = "same-model", layers: list[str] | None = None) -> dict[str, Any]:
    """Return a comparison with plausible numbers."""
    rng = np.random.default_rng(5)
    layers = layers or LAYERS
    units = case != "both-differ"
    pairs = list(shared_phones()) if case != "same-speech" else [(b, b) for _, b in shared_phones()]
    pairs = pairs[:20]
    entries = [
        layer_entry(name, 0.9 - 0.7 * n / len(layers), pairs, units, case == "same-speech", rng)
        for n, name in enumerate(layers)
    ]
    return {
        "case": case,
        "a": facts("en_on_en", "wav2letter-en-mini", "en", ["en"] if units else ["de"]),
        "b": facts("en_on_de", "wav2letter-en-mini", "en", ["de"])
        if case == "same-model"
        else facts("de_on_de", "wav2letter-de-mini", "de", ["de"]),
        "group": "phoneme", "kind": "grad", "metric": "cosine", "linkage": "average",
        "contrast": "equal",
        "shared": [list(pair) for pair in pairs],
        "only_a": ["AE", "ER", "R"], "only_b": ["ç", "øː", HOSTILE],
        "same_units": units,
        "layers": entries,
        "cka_matrix": matrix(layers) if case == "same-speech" else None,
        "rsa_matrix": matrix(layers),
        "agreement": agreement() if case == "same-speech" else None,
        "statement": statement(layers) if case == "same-speech" else None,
        "provenance": {"naps": "0.1.0", "made": "2026-01-02T03:04:05Z", "versions": {"numpy": "2"}},
    }  # fmt: skip


def facts(run: str, model: str, language: str, speech: list[str]) -> dict[str, Any]:
    return {
        "run": run, "model": model, "model_sha256": "ab" * 32, "language": language,
        "speech": speech, "manifest_sha256": "cd" * 32, "utterances": 60, "events": 3456,
    }  # fmt: skip


def estimate(value: float, **more: float | None) -> dict[str, float | None]:
    low, high = max(-1.0, value - 0.06), min(1.0, value + 0.05)
    return {"value": value, "low": low, "high": high} | more


def correlation(value: float) -> dict[str, float | None]:
    p = 0.0001 if value > 0.3 else 0.2
    return estimate(
        value, chance_mean=0.01, chance_p99=0.3, p=p, p_corrected=min(1.0, 2 * p), ceiling=0.95
    )


def layer_entry(
    name: str,
    value: float,
    pairs: list[tuple[str, str]],
    units: bool,
    cka: bool,
    rng: np.random.Generator,
) -> dict[str, Any]:
    points = rng.normal(size=(len(pairs), 5))
    trees = [
        linkage(pdist(points + 0.5 * rng.normal(size=points.shape), "cosine"), "average")
        for _ in "ab"
    ]
    labels = [a for a, _ in pairs], [b for _, b in pairs]
    return {
        "a": name, "b": name,
        "unit_correlation": correlation(value) if units else None,
        "rsa": correlation(value - 0.1),
        "cka": estimate(value, chance_mean=0.05) if cka else None,
        "phones": [
            {"a": a, "b": b, "correlation": value - 0.02 * n, "ceiling": 0.9, "count_a": 100 + n,
             "count_b": 50 + n}
            for n, (a, b) in enumerate(pairs)
        ] if units else [],
        "tanglegram": {
            "labels_a": labels[0], "labels_b": labels[1],
            "order_a": leaves_list(trees[0]).tolist(), "order_b": leaves_list(trees[1]).tolist(),
            "merges_a": trees[0].tolist(), "merges_b": trees[1].tolist(),
            "entanglement": {"value": 0.12, "chance_mean": 0.4, "chance_p01": 0.21, "p": 0.005},
        },
    }  # fmt: skip


def matrix(layers: list[str]) -> dict[str, Any]:
    place = np.arange(len(layers))
    values = np.exp(-np.abs(place[:, None] - place) / 2)
    return {"layers_a": layers, "layers_b": layers, "values": values.tolist()}


def agreement() -> dict[str, Any]:
    return {
        "frames": 12345, "frames_same": 0.71, "frames_low": 0.69, "frames_high": 0.73,
        "frames_chance": 0.52, "events": 4321, "events_same": 0.43, "events_low": 0.41,
        "events_high": 0.45, "events_chance": 0.11,
        "by_letter": [{"letter": "e", "events": 700, "same": 0.5},
                      {"letter": "x", "events": 7, "same": 0.0}],
    }  # fmt: skip


def statement(layers: list[str]) -> dict[str, Any]:
    return {
        "claim": "Low layers are alike although predictions differ",
        "similarity": {"layers": layers[1:3]} | estimate(0.8),
        "predictions": estimate(0.43),
        "predictions_cka": estimate(0.35),
        "difference": estimate(0.37),
        "holds": True,
        "by": "the interval of the difference lies above 0",
    }


def write_example(folder: Path, **choices: Any) -> Path:
    """Write a comparison into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(example(**choices), ensure_ascii=False)
    (folder / "comparison.json").write_text(text, encoding="utf-8")
    return folder
