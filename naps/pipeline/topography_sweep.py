"""Recipes of kind ``topography_sweep``: what order of the filters costs, and what it is worth."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from naps.corpus import Utterance
from naps.errors import InputError
from naps.events import EventOptions, find_events
from naps.files import json_value, write_json, write_text
from naps.models import load_model
from naps.phonology import find_pronouncer
from naps.pipeline.learned_order import GRID, MEASURES, measure_order
from naps.pipeline.sweep_page import LEVEL, sweep_page
from naps.plots import order_over_errors, svg
from naps.profiles import ProfileOptions, profile_events
from naps.topography import METHODS
from naps.training import SweepResult, TopographySweepConfig, train_sweep
from naps.training.corpora import choose_utterances
from naps.training.table import error_columns, write_rows

Say = Callable[[str], None]
Row = dict[str, Any]

# Short utterances can be learned from, but have no whole window to listen to.
_MAX_BAD_SHARE = 0.25
# Of one group alone there is nothing that it could be told from.
_LEAST_GROUPS = 2


def run_sweep(config: TopographySweepConfig, out: Path, *, device: torch.device, say: Say) -> Path:
    """Train the runs of a sweep, measure their order, and write the table.

    Parameters
    ----------
    config : TopographySweepConfig
    out : Path
        Gets a folder for each run with ``order.json`` in it, and ``sweep.csv`` (a row for each run
        and layout), ``order.csv`` (a row for each layer of them), ``sweep.json`` (both),
        ``sweep.svg`` and ``sweep.md``.
    device : torch.device
    say : callable
        Gets lines for people.

    Returns
    -------
    Path
        ``sweep.md``.

    Raises
    ------
    InputError
        If anything that the recipe names is missing or wrong.
    """
    methods, absent = layouts_to_compare(config)
    for method in absent:
        say(f"layout {method} left out: pip install 'naps[umap]'")
    utterances = utterances_to_measure(config)
    results = train_sweep(config, out, device=device, say=say)
    events = _events(config, results[0], utterances, say)
    rows: list[Row] = []
    layers: list[Row] = []
    for result in results:
        layouts = [GRID, *methods] if result.run.kind is None else [GRID]
        orders = _orders(config, out, result, layouts, utterances, events, say)
        layers += [{"run": result.run.name, **order} for order in orders]
        rows += [_row(result, name, [x for x in orders if x["layout"] == name]) for name in layouts]
    write_rows(out / "sweep.csv", rows)
    write_rows(out / "order.csv", [_flat(row) for row in layers])
    facts = {
        "rows": rows,
        "layers": layers,
        "events": len(events),
        "utterances": len(utterances),
        "measure": config.measure.model_dump(mode="json"),
    }
    write_json(out / "sweep.json", facts)
    write_text(out / "sweep.svg", svg(order_over_errors(rows)) + "\n")
    write_text(out / "sweep.md", sweep_page(config, rows, len(utterances), len(events)))
    return out / "sweep.md"


def layouts_to_compare(config: TopographySweepConfig) -> tuple[list[str], list[str]]:
    """Return the methods of the recipe that can be used, and those whose extra is missing.

    Raises
    ------
    InputError
        If there is no such method.
    """
    found: list[str] = []
    absent: list[str] = []
    for method in config.measure.methods:
        if method not in METHODS:
            raise InputError(
                f"measure.methods: no layout {method!r}; there are: {', '.join(METHODS)}"
            )
        missing = method.startswith("umap") and find_spec("umap") is None
        (absent if missing else found).append(method)
    return found, absent


def utterances_to_measure(config: TopographySweepConfig) -> list[Utterance]:
    """Return the speech that profiles are made of: of all corpora that are looked at.

    Raises
    ------
    InputError
        If a corpus has none in these splits, or there is no corpus.
    """
    chosen: list[Utterance] = []
    for name, data in config.training.data.items():
        if data.dev is None and data.test is None:
            continue
        changed = data.model_copy(
            update={"train": None, "dev": config.measure.splits, "test": None}
        )
        found = choose_utterances(name, changed)
        chosen += [] if found is None else found["dev"][: config.measure.limit]
    if not chosen:
        raise InputError(
            "measure: no corpus of training.data has a dev or test split to measure on"
        )
    return chosen


def _events(
    config: TopographySweepConfig,
    first: SweepResult,
    utterances: Sequence[Utterance],
    say: Say,
) -> pd.DataFrame:
    """Say where phonemes are, by the network without topography: the same for all networks."""
    say("finding phonemes")
    language = config.training.language
    pronouncer = find_pronouncer(language, "auto", "auto")
    model = load_model(first.model)
    options = EventOptions(mode="reference", language=language)
    found = find_events(
        model, utterances, pronouncer=pronouncer, options=options, max_bad_share=_MAX_BAD_SHARE
    )
    table: pd.DataFrame = found.table.dropna(subset=["phoneme"])
    mute = len(utterances) - table["utterance"].nunique()
    say(f"{len(table)} phonemes; {mute} of {len(utterances)} utterances have none")
    least = config.measure.min_count
    if (table["phoneme"].value_counts() >= least).sum() < _LEAST_GROUPS:
        raise InputError(
            f"fewer than {_LEAST_GROUPS} phonemes were said {least} times; "
            f"raise measure.limit or lower measure.min_count"
        )
    return table


def _orders(
    config: TopographySweepConfig,
    out: Path,
    result: SweepResult,
    layouts: Sequence[str],
    utterances: Sequence[Utterance],
    events: pd.DataFrame,
    say: Say,
) -> list[Row]:
    """Measure one network, unless it was measured in the same way before."""
    model = load_model(result.model)
    path = out / result.run.name / "order.json"
    how = {
        "model": model.sha256,
        "layouts": list(layouts),
        "layers": list(config.layers),
        "grid": config.grid and list(config.grid),
        "measure": config.measure.model_dump(mode="json"),
        "events": len(events),
    }
    if path.is_file():
        before = json.loads(path.read_text(encoding="utf-8"))
        if before["how"] == how:
            return list(before["layers"])
    say(f"{result.run.name}: measuring its order")
    profiles = profile_events(
        model, utterances, events, groups=("phoneme",), kinds=("nap",),
        options=ProfileOptions(layers=config.layers),
    ).profiles["phoneme", "nap"]  # fmt: skip
    orders = measure_order(
        model,
        {layer: profiles[layer] for layer in config.layers},
        layouts,
        grid=config.grid,
        options=config.measure,
    )
    rows = [json_value(asdict(order)) for order in orders]
    write_json(path, {"how": how, "layers": rows})
    return rows


def _row(result: SweepResult, layout: str, orders: Sequence[Row]) -> Row:
    """Sum up a run and a layout over layers."""
    row: Row = {
        "run": result.run.name,
        "kind": result.run.kind or "",
        "weight": result.run.weight,
        "layout": layout,
        "steps": result.facts["steps"],
        **error_columns(result.facts["error_rates"]),
    }
    for measure in MEASURES:
        # A layer whose units all do the same has no order.
        tests = [order[measure] for order in orders if order[measure]["value"] is not None]
        row |= {
            measure: _mean([test["value"] for test in tests]),
            f"{measure}_chance": _mean([test["chance_mean"] for test in tests]),
            f"{measure}_layers": sum(test["p_corrected"] <= LEVEL for test in tests),
        }
    silent = [order["layer"] for order in orders if order["profiles"]["value"] is None]
    return row | {"layers": len(orders), "silent": " ".join(silent)}


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None


def _flat(row: Row) -> Row:
    flat: Row = {}
    for key, value in row.items():
        flat |= (
            {f"{key}_{k}": v for k, v in value.items()} if isinstance(value, dict) else {key: value}
        )
    return flat
