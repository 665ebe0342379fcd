"""An utterance explained: from sound to relevance over its spectrogram, written to a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import pandas as pd
import torch
import xarray as xr

import naps
from naps.corpus.audio import SAMPLE_RATE, read_audio
from naps.corpus.features import FeatureConfig
from naps.corpus.manifest import read_manifest
from naps.decoding import greedy
from naps.errors import InputError, UtteranceError
from naps.events import read_events
from naps.files import replacing, write_json
from naps.models import Recognizer, is_import, open_model
from naps.pipeline.explaining_options import MethodOptions
from naps.pipeline.finished_run import recipe_of
from naps.pipeline.run_folder import RunFolder
from naps.pipeline.runner import choose_device
from naps.pipeline.stages import corpus_folder
from naps.relevance import FrameRelevance, explain_frames, judge_frames
from naps.relevance.evaluation import Regions
from naps.report.explained import Explained, ExplainedSpeech, Judged
from naps.report.explained_speech import speech_page

FORMAT = "naps-relevance-1"
_NEAR_S = 0.1
# From how far on either side of a letter regions are drawn by chance.
_CHANCE_S = 0.5
# Of a region that is removed in the test: about one phone's formant.
_REGION_FRAMES, _REGION_BANDS = 5, 8


@dataclass(frozen=True)
class Spoken:
    """A recording, the recognizer that hears it, and what is to be explained of it.

    Attributes
    ----------
    name : str
    audio : Path
    model : Recognizer
    events : DataFrame or None
        Of a run: ``frame``, ``unit``, ``letter`` and, if there are any, ``phoneme``. None for the
        letters that the recognizer writes.
    """

    name: str
    audio: Path
    model: Recognizer
    events: pd.DataFrame | None = None


def recording(audio: Path, model: str, device: str = "auto") -> Spoken:
    """Return a sound file with the recognizer that is to hear it.

    Parameters
    ----------
    audio : Path
    model : str
        A shipped recognizer, a file or a Python path, which is imported.
    device : str

    Raises
    ------
    InputError
        If there is no such file or model.
    """
    if not audio.is_file():
        raise InputError(f"{audio}: no such sound file")
    return Spoken(audio.stem, audio, open_model(model).to(choose_device(device)))


def utterance_of_run(
    run: Path, utterance: str, model: str | None = None, device: str = "auto"
) -> Spoken:
    """Return an utterance of a finished run, with its events.

    Parameters
    ----------
    run : Path
        Its folder.
    utterance : str
        Its id in the manifest.
    model : str, optional
        In place of the run's.
    device : str

    Raises
    ------
    InputError
        If the folder is no run, has no such utterance or no events of it, the model is not the one
        of the run, or the sound is not there any more.
    """
    recipe = recipe_of(run)
    if model is None and is_import(recipe.model):
        raise InputError(
            f"{run}: its model {recipe.model!r} is a Python path, and nothing is imported that a "
            f"file names; give it as --model"
        )
    loaded = open_model(model or recipe.model)
    record = RunFolder(run).record()
    if loaded.sha256 != (record.get("model") or {}).get("sha256", ""):
        raise InputError(
            f"{run}: {loaded.name} is not the model that this run was made with; give the right "
            f"one as --model"
        )
    utterances = read_manifest(run / "manifest.jsonl", corpus_folder(recipe.corpus))
    found = next((one for one in utterances if one.id == utterance), None)
    if found is None:
        some = ", ".join(one.id for one in utterances[:3])
        raise InputError(
            f"{run}: no utterance {utterance!r}; there are {len(utterances)}: {some} …"
        )
    events = read_events(run / "events" / "events.parquet")
    events = events[events["utterance"] == utterance].sort_values("frame")
    if not len(events):
        raise InputError(f"{run}: no events in utterance {utterance!r}")
    return Spoken(utterance, found.audio, loaded.to(choose_device(device)), events)


def explain_speech(
    spoken: Spoken,
    options: MethodOptions,
    *,
    target: str | None = None,
    most: int = 40,
    test: bool = True,
) -> ExplainedSpeech:
    """Explain letters or events of an utterance down to its spectrogram.

    Parameters
    ----------
    spoken : Spoken
    options : MethodOptions
    target : str, optional
        A letter of the recognizer's alphabet, or the number of an output unit, to be explained
        everywhere in place of the predicted ones.
    most : int
        Letters explained at most, from the first.
    test : bool
        Whether to test the result by removing what is relevant.

    Raises
    ------
    InputError
        If the sound cannot be used, nothing is recognised in it, there is no such letter, the
        recognizer hears no spectrogram, or has a layer without a rule.
    """
    model = spoken.model
    if not isinstance(model.features, FeatureConfig):
        raise InputError(f"{model.name} hears the waveform; there is no spectrogram to explain")
    method, told = options.for_recognizer(model.network)
    try:
        features = model.spectrogram(read_audio(spoken.audio))
    except UtteranceError as error:
        raise InputError(str(error)) from None
    with torch.inference_mode():
        logits = model.network(features[None])[0].cpu()
    rows, heard = _rows(spoken, logits)
    if not rows:
        raise InputError(f"{spoken.audio}: {model.name} recognises nothing in it")
    wanted = None if target is None else _unit(model, target)
    left_out, rows = max(0, len(rows) - most), rows[:most]
    frames = [frame for frame, _, _ in rows]
    units = [unit if wanted is None else wanted for _, unit, _ in rows]
    found = explain_frames(model.network, features, frames, units, method)
    judged = _judge(model, features, found) if test else None
    return ExplainedSpeech(
        model=model.name,
        utterance=spoken.name,
        heard=heard,
        method=told,
        shared=options.shares,
        spectrogram=features.cpu().numpy(),
        frame_s=model.features.frame_s,
        mel_hz=_mel_hz(model.features),
        items=tuple(_items(model, found, [label for _, _, label in rows], logits)),
        relevance=found.relevance,
        left_out=left_out,
        judged=judged,
        provenance={
            "model": model.name,
            "SHA-256": model.sha256,
            "sound": spoken.audio.name,
            "method": told,
            "naps": naps.__version__,
        },
    )


def write_speech(content: ExplainedSpeech, folder: Path, formats: Sequence[str] = ()) -> Path:
    """Write ``relevance.nc``, ``relevance.json`` and the page; return the page.

    Raises
    ------
    InputError
        If there is no such format of figures, or the folder cannot be written to.
    """
    with replacing(folder / "relevance.nc") as temporary:
        packed = {"zlib": True, "complevel": 4, "shuffle": True}
        _dataset(content).to_netcdf(
            temporary, engine="h5netcdf", encoding={"relevance": packed, "spectrogram": packed}
        )
    write_json(folder / "relevance.json", _record(content))
    return speech_page(content, folder, formats)


def _rows(spoken: Spoken, logits: torch.Tensor) -> tuple[list[tuple[int, int, str]], str]:
    """Give frame, unit and label of each event, and what the recognizer writes."""
    model = spoken.model
    letters = greedy(logits, model.alphabet.blank) if model.writes else []
    heard = model.alphabet.decode([letter.unit for letter in letters]).strip()
    if spoken.events is None:
        if not model.writes:
            raise InputError(
                f"{model.name} writes no letters; explain events of a run with --run and "
                f"--utterance"
            )
        written = [(x.frame, x.unit, model.alphabet.symbols[x.unit]) for x in letters]
        return [row for row in written if row[2] != " "], heard
    events = spoken.events
    labels = events["phoneme" if "phoneme" in events else "letter"].fillna(events["letter"])
    return [
        (int(frame), int(unit), str(label))
        for frame, unit, label in zip(events["frame"], events["unit"], labels, strict=True)
    ], heard


def _unit(model: Recognizer, target: str) -> int:
    """Return the output unit of a letter or of its number."""
    symbols = model.alphabet.symbols
    if model.writes and len(target) == 1 and target in symbols:
        return symbols.index(target)
    if target in ("blank", "-") and model.writes:
        return model.alphabet.blank
    if target.isdecimal() and int(target) < len(model.alphabet):
        return int(target)
    there = f"{' '.join(symbols.strip())} and blank, " if model.writes else ""
    raise InputError(f"no letter {target!r}; there are: {there}or units 0 to {len(symbols)}")


def _mel_hz(features: FeatureConfig) -> np.ndarray:
    edges = librosa.mel_frequencies(features.n_mels + 2, fmax=SAMPLE_RATE / 2)
    return np.asarray(edges[1:-1])


def _items(
    model: Recognizer, found: FrameRelevance, labels: Sequence[str], logits: torch.Tensor
) -> list[Explained]:
    assert isinstance(model.features, FeatureConfig)
    last, step = model.layers[-1], model.features.frame_s
    probabilities = logits.double().softmax(1)
    units = [
        "blank" if unit == model.alphabet.blank else model.alphabet.symbols[unit]
        for unit in found.units
    ]
    reach = _NEAR_S / step
    items = []
    for place, (frame, unit) in enumerate(zip(found.frames, found.units, strict=True)):
        sizes = np.abs(found.relevance[place]).sum(1, dtype=np.float64)
        centre = last.stride * frame
        lags = np.abs(np.arange(len(sizes)) - centre)
        near = lags <= reach
        field = np.ones(len(sizes), bool)
        if (windows := model.network.windows) is not None:
            begin = windows[0].start(frame)
            field[:] = False
            field[max(0, begin) : begin + windows[0].width] = True
        items.append(
            Explained(
                frame=frame,
                time_s=centre * step,
                label=labels[place],
                target=units[place] if model.writes else str(unit),
                probability=float(probabilities[frame, unit]),
                score=float(found.scores[place]),
                total=float(found.sums[place]),
                cancellation=float(found.cancellation[place]),
                near=float(sizes[near].sum() / max(sizes.sum(), 1e-300)),
                near_even=float((near & field).sum() / field.sum()),
            )
        )
    return items


def _judge(model: Recognizer, features: torch.Tensor, found: FrameRelevance) -> Judged:
    size = (_REGION_FRAMES, min(_REGION_BANDS, features.shape[1]))
    # The features' mean is 0 in every utterance.
    result = judge_frames(
        model.network,
        features,
        found,
        regions=Regions(size, 0.0),
        near=round(_CHANCE_S / model.features.frame_s),
    )
    return Judged(
        curve=result.flipped.scores.mean,
        chance=result.chance,
        fall=float(result.flipped.aopc.mean),
        fall_low=float(result.flipped.aopc.low),
        fall_high=float(result.flipped.aopc.high),
        chance_fall=result.chance_fall,
        items=result.items,
        share=result.share,
        region=size,
    )


def _dataset(content: ExplainedSpeech) -> xr.Dataset:
    items = content.items
    seconds = np.arange(len(content.spectrogram)) * content.frame_s
    numbers = ("frame", "time_s", "probability", "score", "total", "cancellation")
    return xr.Dataset(
        {
            "relevance": (("letter", "time", "mel"), content.relevance),
            "spectrogram": (("time", "mel"), content.spectrogram),
            **{name: ("letter", [getattr(item, name) for item in items]) for name in numbers},
        },
        coords={
            "label": ("letter", [item.label for item in items]),
            "target": ("letter", [item.target for item in items]),
            "time": ("time", seconds, {"units": "s"}),
            "hz": ("mel", content.mel_hz, {"units": "Hz"}),
        },
        attrs={
            "format": FORMAT, "model": content.model, "utterance": content.utterance,
            "method": content.method,
        },
    )  # fmt: skip


def _record(content: ExplainedSpeech) -> dict[str, Any]:
    judged = content.judged
    test = None
    if judged is not None:
        test = asdict(judged) | {
            "curve": judged.curve.tolist(),
            "chance": judged.chance.tolist(),
        }
    return {
        "format": FORMAT,
        "utterance": content.utterance,
        "heard": content.heard,
        "method": content.method,
        "letters": [asdict(item) | {"error": item.error} for item in content.items],
        "left_out": content.left_out,
        "test": test,
        "provenance": dict(content.provenance),
    }
