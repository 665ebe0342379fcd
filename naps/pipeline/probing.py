"""The probes stage: what a linear classifier reads off every layer at events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional

from naps.corpus.audio import read_audio
from naps.corpus.utterance import Utterance
from naps.errors import InputError, UtteranceError
from naps.events import Drop, DropLog, read_events
from naps.events.drops import write_drops
from naps.files import write_text
from naps.models import Layer, Recognizer
from naps.pipeline.clustering import categories_of
from naps.pipeline.recipe import ProfileRecipe
from naps.pipeline.run_folder import RunFolder
from naps.pipeline.stages import Progress, profile_options, run_utterances
from naps.profiles import choose_layers
from naps.profiles.layers import INPUT
from naps.profiles.plan import plan_windows
from naps.profiles.trace import TracedLayer
from naps.profiles.tracing import trace
from naps.profiles.windows import EventWindows
from naps.similarity.probe import ProbeDesign, probe, probe_design

PHONE_TARGETS = ("manner", "place", "voicing", "vowel")
"""What a probe can read beside the columns of the events: classes of their phonemes."""

COLUMNS = (
    "layer", "target", "accuracy", "low", "high", "balanced", "chance_mean", "chance_p99",
    "majority", "classes", "events", "folds", "disjoint", "interval", "shuffles", "left_out",
)  # fmt: skip

# A window is averaged over so many stretches of time, one after the other.
_PARTS = 8
# Values of windows that are held at a time.
_VALUES = 2**24
_MIB = 2**20

Rows = npt.NDArray[np.int64]


def make_probes(
    run: RunFolder,
    recipe: ProfileRecipe,
    model: Recognizer,
    progress: Progress,
    say: Callable[[str], None] = print,
) -> None:
    """Write ``probes/probes.csv``: how well each layer's activation tells the targets apart.

    At most ``max_events`` events of each target are drawn from all over the corpus, each label as
    often as it occurs there. What a layer did at an event is its activation over the event's
    window (zero outside the utterance), averaged over eight parts of equal length, or as many as
    the window has steps. Classifiers are those of `naps.similarity.probe`.

    Parameters
    ----------
    run : RunFolder
        With events.
    recipe : ProfileRecipe
        Without ``probes.targets`` there are no probes.
    model : Recognizer
    progress : callable
        Wraps the utterances, to show how far it is.
    say : callable
        Gets lines for people.

    Raises
    ------
    InputError
        If there is no such target, activations of so many events need more memory than the recipe
        allows, or too many utterances cannot be used.
    """
    for name in ("probes.csv", "left_out.csv"):
        (run.probes / name).unlink(missing_ok=True)
    config = recipe.probes
    events = read_events(run.events / "events.parquet")
    labels = {target: probe_labels(events, target) for target in config.targets}
    chosen: dict[str, Rows] = {}
    left_out: dict[str, str] = {}
    for target, values in labels.items():
        rows = _drawn(values, config.max_events, config.seed)
        if _design(recipe, events.iloc[rows], values.iloc[rows], target, left_out) is not None:
            chosen[target] = rows
    table: list[dict[str, object]] = []
    if chosen:
        table = _probed(run, recipe, model, progress, events, labels, chosen, left_out)
        text = pd.DataFrame(table, columns=list(COLUMNS)).to_csv(index=False)
        write_text(run.probes / "probes.csv", text)
    if left_out:
        reasons = pd.DataFrame(list(left_out.items()), columns=["target", "reason"])
        write_text(run.probes / "left_out.csv", reasons.to_csv(index=False))
    for target, reason in left_out.items():
        say(f"no probe of {target}: {reason}")


def _probed(
    run: RunFolder,
    recipe: ProfileRecipe,
    model: Recognizer,
    progress: Progress,
    events: pd.DataFrame,
    labels: Mapping[str, pd.Series[str]],
    chosen: Mapping[str, Rows],
    left_out: dict[str, str],
) -> list[dict[str, object]]:
    """Listen to the chosen events and read off every layer what each target is."""
    layers = choose_layers(model, recipe.profiles.layers)
    windows = plan_windows(model, layers, recipe.profiles.kinds, profile_options(recipe))[0]
    rows = np.unique(np.concatenate(list(chosen.values())))
    _refuse_too_large(recipe, len(rows), [_cells(layer, windows) for layer in layers])
    wanted = events.iloc[rows]
    utterances = [u for u in run_utterances(run, recipe) if u.id in set(wanted["utterance"])]
    found = _Activations(recipe, model, layers, windows, wanted)
    log = DropLog(recipe.max_bad_share, len(utterances))
    for utterance in progress(utterances, "probes"):
        found.listen(utterance, log)
    write_drops(run.probes / "dropped.csv", log.drops)
    table: list[dict[str, object]] = []
    for target, own in chosen.items():
        here = np.isin(rows, own) & found.heard
        values = labels[target].iloc[rows[here]]
        design = _design(recipe, wanted[here], values, target, left_out)
        if design is not None:
            table += [
                {"layer": layer.name, "target": target}
                | asdict(probe(found.cells[layer.name][here], design))
                | _described(design)
                for layer in layers
            ]
    return table


def probe_labels(events: pd.DataFrame, target: str) -> pd.Series[str]:
    """Return what a probe is to read off at each event; null where there is nothing.

    Parameters
    ----------
    events : DataFrame
    target : str
        A column, or one of `PHONE_TARGETS`.

    Raises
    ------
    InputError
        If there is no such column.
    """
    if target in events:
        labels = events[target].astype("string")
    elif target in PHONE_TARGETS and "phoneme" in events:
        phones = events["phoneme"].astype("string")
        known = sorted(phones.dropna().unique().tolist())
        classes = categories_of(known, "phoneme").get(target, []) if known else []
        labels = phones.map(dict(zip(known, classes, strict=False))).astype("string")
    else:
        raise InputError(
            f"no probe of {target!r}: probes.targets are {', '.join(PHONE_TARGETS)} and the "
            f"columns of the events, {', '.join(events.columns)}"
        )
    return labels


def _drawn(labels: pd.Series[str], count: int, seed: int) -> Rows:
    """Draw events, each label as often as it occurs; all of them if they are no more."""
    rows = np.flatnonzero(labels.notna())
    if len(rows) <= count:
        return rows
    # The same events for every target, as far as labels allow: activations are held once.
    order = np.random.default_rng(seed).random(len(labels))[rows]
    ordered = rows[np.lexsort([order, labels.iloc[rows].to_numpy(str)])]
    return np.sort(ordered[np.arange(count) * len(rows) // count])


def _design(
    recipe: ProfileRecipe,
    events: pd.DataFrame,
    labels: pd.Series[str],
    target: str,
    left_out: dict[str, str],
) -> ProbeDesign | None:
    """Say who is held out when; None, and the reason, where there is too little to learn from."""
    if not len(labels):
        left_out[target] = "no event has a value"
        return None
    config = recipe.probes
    speakers = events["speaker"].to_numpy(object) if "speaker" in events else None
    try:
        return probe_design(
            labels.to_numpy(str), speakers, events["utterance"].to_numpy(str),
            folds=config.folds, shuffles=config.shuffles, seed=config.seed,
        )  # fmt: skip
    except InputError as error:
        left_out[target] = str(error)
        return None


def _described(design: ProbeDesign) -> dict[str, object]:
    return {
        "classes": len(design.classes),
        "events": len(design.codes),
        "folds": design.folds,
        "disjoint": design.disjoint,
        "interval": design.interval,
        "shuffles": len(design.shuffled),
        "left_out": len(design.left_out),
    }


def _cells(layer: Layer, windows: EventWindows) -> int:
    return layer.channels * min(_PARTS, windows.by_layer[layer.name].width)


def _refuse_too_large(recipe: ProfileRecipe, events: int, cells: Sequence[int]) -> None:
    needed, most = 4 * events * sum(cells) / _MIB, recipe.profiles.memory_mib
    if needed > most:
        fitting = int(recipe.probes.max_events * most / needed)
        raise InputError(
            f"probes of {events} events hold {needed:.0f} MiB of activations, more than "
            f"profiles.memory_mib={most:g}; --set probes.max_events={fitting}, or name fewer "
            f"layers in profiles.layers"
        )


@dataclass
class _Activations:
    """What layers did at events.

    Attributes
    ----------
    cells : mapping of str to array of float32, shape (events, cells)
        By layer.
    heard : array of bool, shape (events,)
        The events that can be used.
    """

    recipe: ProfileRecipe
    model: Recognizer
    layers: Sequence[Layer]
    windows: EventWindows
    events: pd.DataFrame

    def __post_init__(self) -> None:
        count = len(self.events)
        self.cells: Mapping[str, npt.NDArray[np.float32]] = {
            layer.name: np.zeros((count, _cells(layer, self.windows)), np.float32)
            for layer in self.layers
        }
        self.heard = np.zeros(count, np.bool_)
        self._frames = self.events["frame"].to_numpy(np.int64)
        self._places = {
            str(name): np.asarray(places, np.int64)
            for name, places in self.events.groupby("utterance", sort=False).indices.items()
        }

    def listen(self, utterance: Utterance, log: DropLog) -> None:
        """Run the network over an utterance and keep what it did at its events."""
        places, shown = self._places[utterance.id], self.windows.by_layer
        try:
            spectrogram = self.model.spectrogram(read_audio(utterance.audio))
            traced = trace(
                self.model.network, spectrogram, {x.name: shown[x.name] for x in self.layers},
                gradients=None, hook=self.recipe.profiles.hook,
            )  # fmt: skip
            places = self._inside(places, len(spectrogram), utterance, log)
            for name, layer in traced.layers.items():
                frames = torch.from_numpy(self._frames[places]).to(layer.activation.device)
                pooled = pooled_windows(layer, frames).cpu().numpy()
                if not np.isfinite(pooled).all():
                    raise UtteranceError("not_finite", f"activations of {name} are not finite")
                self.cells[name][places] = pooled
        except UtteranceError as error:
            log.add_utterance(Drop("probes", utterance.id, error.reason, str(error)))
        else:
            self.heard[places] = True

    def _inside(self, places: Rows, steps: int, utterance: Utterance, log: DropLog) -> Rows:
        """Return the events whose window is complete, if others are to be dropped."""
        if self.recipe.profiles.edges != "drop":
            return places
        seen = self.windows.by_layer[INPUT]
        first = seen.stride * self._frames[places] + seen.offset
        inside = (first >= 0) & (first + seen.width <= steps)
        if not inside.all():
            log.add(Drop("probes", utterance.id, "edge", "", int((~inside).sum())))
        return places[inside]


def pooled_windows(layer: TracedLayer, frames: Tensor) -> Tensor:
    """Average windows over a few stretches of time.

    Parameters
    ----------
    layer : TracedLayer
    frames : Tensor of int, shape (events,)
        Output frames.

    Returns
    -------
    Tensor, shape (events, channels × parts)
        Eight parts, or as many as a window has steps; parts of windows that cannot be cut evenly
        have a step in common.
    """
    width, channels = layer.window.width, layer.activation.shape[1]
    parts = min(_PARTS, width)
    found = layer.activation.new_empty((len(frames), channels * parts))
    size = max(1, _VALUES // (width * channels))
    for start in range(0, len(frames), size):
        windows = layer.windows(frames[start : start + size]).transpose(1, 2)
        pooled = functional.adaptive_avg_pool1d(windows, parts)
        found[start : start + size] = pooled.flatten(1)
    return found
