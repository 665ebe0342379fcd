"""What two recognizers did at the same moments of an utterance."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from naps.corpus.audio import SAMPLE_RATE, count_samples, read_audio
from naps.corpus.utterance import Utterance
from naps.errors import UtteranceError
from naps.models import Layer, Recognizer, Window
from naps.profiles import choose_layers
from naps.profiles.tracing import trace
from naps.similarity.distance import Floats

Ints = npt.NDArray[np.int64]

# Every step by itself: what is asked of a trace here.
_STEP = Window(1, 0, 1)


@dataclass(frozen=True)
class Heard:
    """What the layers of a recognizer did over an utterance.

    Attributes
    ----------
    values : mapping of str to array, shape (steps, channels)
        By layer, the logits under the name of the output layer.
    seconds : mapping of str to array, shape (steps,)
        The middle of what each step sees, or the moment that it stands for, from the start of the
        recording; of the output, earlier by how much later than the other the recognizer writes.
    best : array of int, shape (frames,)
        The most probable unit of every output frame.
    output : str
        Name of the output layer.
    """

    values: Mapping[str, npt.NDArray[np.float32]]
    seconds: Mapping[str, Floats]
    best: Ints
    output: str

    @property
    def frames(self) -> Floats:
        """The moment that every output frame tells of, in seconds."""
        return self.seconds[self.output]

    def at(self, times: Floats) -> dict[str, npt.NDArray[np.float32]]:
        """Return what every layer did at some moments, (moments, channels) each."""
        return {
            name: values[nearest(self.seconds[name], times)] for name, values in self.values.items()
        }

    def reaches(self, times: Floats, step_s: float) -> npt.NDArray[np.bool_]:
        """Say at which moments every layer has a step no further away than ``step_s``."""
        near = np.ones(len(times), bool)
        for seconds in self.seconds.values():
            near &= np.abs(seconds[nearest(seconds, times)] - times) <= step_s
        return near


def nearest(seconds: Floats, times: Floats) -> Ints:
    """Return the step nearest to each moment, the earlier one of two.

    Parameters
    ----------
    seconds : array, shape (steps,)
        Of the steps, rising.
    times : array, shape (moments,)
    """
    after = np.minimum(np.searchsorted(seconds, times), len(seconds) - 1)
    before = np.maximum(after - 1, 0)
    closer = times - seconds[before] <= seconds[after] - times
    return np.asarray(np.where(closer, before, after), np.int64)


def hear(
    model: Recognizer, samples: npt.NDArray[np.float32], names: Sequence[str], late_s: float = 0.0
) -> Heard:
    """Run a recognizer over a recording and keep what its layers did.

    Parameters
    ----------
    model : Recognizer
        Fused, as from `naps.load_model`.
    samples : array, shape (samples,)
    names : sequence of str
        Layers and taps; the output layer is always there.
    late_s : float
        How many seconds earlier output frames are said to be.

    Raises
    ------
    UtteranceError
        If the recording is too short, or what a layer gave is not finite.
    InputError
        If there is no such layer.
    """
    output = model.layers[-1]
    layers = choose_layers(model, [name for name in names if name != output.name])
    traced = trace(
        model.network, model.spectrogram(samples), {layer.name: _STEP for layer in layers},
        gradients=None,
    )  # fmt: skip
    values = {output.name: traced.logits}
    for layer in layers:
        shown = traced.layers[layer.name]
        values[layer.name] = shown.activation[shown.left : shown.left + shown.steps]
    for name, found in values.items():
        if not torch.isfinite(found).all():
            raise UtteranceError("not_finite", f"what layer {name!r} gives is not finite")
    return Heard(
        values={name: found.detach().float().cpu().numpy() for name, found in values.items()},
        seconds={
            **{layer.name: _seconds(layer, len(values[layer.name]), model) for layer in layers},
            output.name: _seconds(output, len(traced.logits), model) - late_s,
        },
        best=traced.logits.argmax(1).cpu().numpy().astype(np.int64),
        output=output.name,
    )


def _seconds(layer: Layer, steps: int, model: Recognizer) -> Floats:
    middles = layer.centre(0) + layer.stride * np.arange(steps, dtype=np.float64)
    return np.asarray(middles * model.features.frame_s)


@dataclass(frozen=True)
class HeardByBoth:
    """What two recognizers did over the same utterance.

    Attributes
    ----------
    utterance : Utterance
    a, b : Heard
    times : array, shape (moments,)
        When they are compared, in seconds: at the middles of the output frames of the one that has
        fewer, as far as all layers of both reach.
    """

    utterance: Utterance
    a: Heard
    b: Heard
    times: Floats


def hear_both(
    a: Recognizer,
    b: Recognizer,
    utterance: Utterance,
    names_a: Sequence[str],
    names_b: Sequence[str],
) -> HeardByBoth:
    """Run two recognizers over an utterance.

    Parameters
    ----------
    a, b : Recognizer
    utterance : Utterance
    names_a, names_b : sequence of str
        Layers and taps of each; the output layers are always there.

    Raises
    ------
    UtteranceError
        If the sound cannot be read, is too short for one of them, or what a layer gave is not
        finite.
    """
    samples = read_audio(utterance.audio)
    step_s = max(a.frame_s, b.frame_s)
    late_s = later(a, b, step_s)
    heard = hear(a, samples, names_a), hear(b, samples, names_b, late_s)
    # Where inner layers of the coarser one have a step.
    times = heard[0].frames if a.frame_s >= b.frame_s else heard[1].frames + late_s
    near = heard[0].reaches(times, step_s) & heard[1].reaches(times, step_s)
    return HeardByBoth(utterance, *heard, times[near])


def later(a: Recognizer, b: Recognizer, step_s: float) -> float:
    """Say how much later b writes a letter than a, in seconds and whole steps.

    What is less than a step is neither known of a recognizer's delay nor to be seen in its output.
    """
    apart = (b.delay_s - a.delay_s) / step_s
    # A whole number of steps stays one whatever rounding does to it.
    return math.trunc(apart + math.copysign(1e-6, apart)) * step_s


def durations(utterances: Sequence[Utterance]) -> Floats:
    """Return the length of each utterance in seconds; 0 for those that cannot be read."""
    return np.array([_duration(utterance) for utterance in utterances])


def _duration(utterance: Utterance) -> float:
    if utterance.duration_s is not None:
        return utterance.duration_s
    try:
        return count_samples(utterance.audio) / SAMPLE_RATE
    except UtteranceError:
        return 0.0


def cut(seconds: Floats, blocks: int) -> Iterator[int]:
    """Give the block of each utterance: stretches of a corpus of about equal length.

    Parameters
    ----------
    seconds : array, shape (utterances,)
    blocks : int
    """
    middles = np.cumsum(seconds) - seconds / 2
    total = float(seconds.sum())
    for middle in middles:
        yield min(blocks - 1, int(middle / total * blocks)) if total else 0
