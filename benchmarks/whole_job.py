"""A job for the full-size Wav2Letter, and how others than naps would do it.

The job: read an utterance, compute its spectrogram, get activations and exact gradients of every
event's logit at ten layers over the event's window, and add them up by group in float64. What the
others add is activation × gradient as it is, with one ``index_add_`` a layer. naps also aligns and
masks, adds squares and masks, and writes a file, so the others have the lighter job.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
import torch
from captum.attr import LayerGradientXActivation
from torch import Tensor
from torch.nn import functional

from benchmarks.gradients import Crops
from naps.corpus.audio import SAMPLE_RATE, read_audio
from naps.corpus.features import FeatureConfig
from naps.corpus.utterance import Utterance
from naps.models import ENGLISH, Recognizer, Wav2Letter, Wav2LetterConfig
from naps.models.wav2letter import ConvolutionBlock

EVENTS_PER_SECOND = 14
GROUPS = 39
LAYERS = tuple(f"conv{number}" for number in range(1, 11))


@dataclass(frozen=True)
class Job:
    """A recognizer with random weights, sounds, and events in them."""

    model: Recognizer
    utterances: list[Utterance]
    events: pd.DataFrame

    @property
    def network(self) -> Wav2Letter:
        assert isinstance(self.model.network, Wav2Letter)
        return self.model.network

    @property
    def groups(self) -> int:
        return int(self.events["group"].nunique())

    def here(self, number: int) -> Here:
        """Return the events of an utterance; numbers begin anew after the last."""
        utterance = self.utterances[number % len(self.utterances)]
        table = self.events[self.events["utterance"] == utterance.id]
        columns = (torch.tensor(table[c].to_numpy()) for c in ("frame", "unit", "group"))
        return Here(utterance.audio, *columns)


@dataclass(frozen=True)
class Here:
    """The events of one utterance: output frame, unit and group of each."""

    audio: Path
    frames: Tensor
    units: Tensor
    groups: Tensor


def make_job(folder: Path, utterances: int, seconds: float) -> Job:
    """Write sounds into a folder and make up events in them."""
    torch.manual_seed(0)
    random = np.random.default_rng(0)
    network = Wav2Letter(Wav2LetterConfig()).eval().requires_grad_(False)
    model = Recognizer("full size, random weights", network.fused(), FEATURES, ENGLISH)
    sounds, tables = [], []
    for number in range(utterances):
        file = folder / f"u{number}.wav"
        soundfile.write(file, sound(random, seconds), SAMPLE_RATE)
        sounds.append(Utterance(id=file.stem, audio=file, duration_s=seconds))
        frames = spread_frames(network, seconds)
        units = random.integers(0, ENGLISH.blank, len(frames))
        tables.append(pd.DataFrame({"utterance": file.stem, "frame": frames, "unit": units}))
    events = pd.concat(tables, ignore_index=True)
    events["group"] = random.permutation(np.arange(len(events)) % GROUPS)
    return Job(model, sounds, events)


FEATURES = FeatureConfig(n_mels=128)


def sound(random: np.random.Generator, seconds: float) -> np.ndarray:
    """Make tones that swell three times a second, with some noise: no silence, nothing clipped."""
    times = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    pitches = random.uniform(100, 4000, 12)
    tones = np.sin(2 * np.pi * (pitches[:, None] * times + random.random((12, 1)))).mean(0)
    swell = 0.6 + 0.4 * np.sin(2 * np.pi * 3 * times)
    return 0.5 * tones * swell + 0.02 * random.standard_normal(len(times))


def spread_frames(network: Wav2Letter, seconds: float) -> np.ndarray:
    """Spread events over the frames whose receptive field is inside: crops need that."""
    window, steps = network.windows[0], round(seconds * SAMPLE_RATE) // FEATURES.hop + 1
    first = -(window.offset // window.stride)
    last = (steps - window.width - window.offset) // window.stride
    return np.linspace(first, last, round(seconds * EVENTS_PER_SECOND)).round().astype(np.int64)


def listen(job: Job, audio: Path) -> Tensor:
    """Read a sound and compute its spectrogram."""
    return job.model.spectrogram(read_audio(audio))


# One ``sums[layer]`` for each of `LAYERS`, shape (groups, width * channels).
Sums = list[Tensor]
Way = Callable[[Job, Here, Sums], None]


def empty_sums(job: Job) -> Sums:
    network = job.network
    sizes = zip(network.windows[1:-1], network.layers[:-1], strict=True)
    return [
        torch.zeros(job.groups, window.width * layer.channels, dtype=torch.float64)
        for window, layer in sizes
    ]


def add(sums: Tensor, groups: Tensor, values: Tensor) -> None:
    sums.index_add_(0, groups, values.flatten(1).double())


def crops_of(job: Job, here: Here) -> Tensor:
    """Cut out the 194 frames that each event depends on, shape (events, frames, bands)."""
    spectrogram, window = listen(job, here.audio), job.network.windows[0]
    starts = (window.stride * here.frames + window.offset).tolist()
    return torch.stack([spectrogram[s : s + window.width] for s in starts])


def plain_convolution(block: ConvolutionBlock, x: Tensor) -> Tensor:
    """Convolve (events, channels, steps), as PyTorch's users mostly do."""
    return functional.conv1d(x, block.weight, block.bias, block.geometry.stride)


def channels_last_convolution(block: ConvolutionBlock, x: Tensor) -> Tensor:
    """Do the same in the memory order that oneDNN likes best."""
    image = x.unsqueeze(2).contiguous(memory_format=torch.channels_last)
    stride = (1, block.geometry.stride)
    return functional.conv2d(image, block.weight.unsqueeze(2), block.bias, stride).squeeze(2)


def _batched(
    convolve: Callable[[ConvolutionBlock, Tensor], Tensor], job: Job, here: Here, sums: Sums
) -> None:
    x = crops_of(job, here).transpose(1, 2)
    activations: list[Tensor] = []
    for block in job.network.blocks:
        x = convolve(block, x)
        if block.relu:
            # Nothing below the first layer is wanted: no graph is built there.
            x = functional.relu(x) if activations else functional.relu(x).requires_grad_()
            activations.append(x)
    chosen = x[:, :, 0].gather(1, here.units[:, None]).sum()
    gradients = torch.autograd.grad(chosen, activations)
    for total, a, g in zip(sums, activations, gradients, strict=True):
        add(total, here.groups, (a.detach() * g).transpose(1, 2))


def batched(job: Job, here: Here, sums: Sums) -> None:
    """Take crops through the network in one batch, and go back once for all layers."""
    _batched(plain_convolution, job, here, sums)


def batched_channels_last(job: Job, here: Here, sums: Sums) -> None:
    _batched(channels_last_convolution, job, here, sums)


def captum(job: Job, here: Here, sums: Sums) -> None:
    """Take crops through the network once for each layer, as attribution per layer does."""
    network, crops = Crops(job.network), crops_of(job, here)
    for total, layer in zip(sums, list(network.layers)[:-1], strict=True):
        method = LayerGradientXActivation(network, layer)
        found = method.attribute(crops, target=here.units).detach()
        add(total, here.groups, found.transpose(1, 2))


def naive(job: Job, here: Here, sums: Sums) -> None:
    """Go back through the graph of the whole utterance once for each event."""
    x = listen(job, here.audio)[None]
    activations: list[Tensor] = []
    for block in job.network.blocks:
        x = block(x)
        if block.relu:
            x = x if activations else x.requires_grad_()
            activations.append(x)
    windows = job.network.windows[1:-1]
    for event, (frame, unit) in enumerate(zip(here.frames, here.units, strict=True)):
        gradients = torch.autograd.grad(x[0, frame, unit], activations, retain_graph=True)
        group = here.groups[event : event + 1]
        for total, window, a, g in zip(sums, windows, activations, gradients, strict=True):
            steps = slice(start := window.start(int(frame)), start + window.width)
            add(total, group, (a.detach()[:, steps] * g[:, steps]))


PEERS: dict[str, Way] = {
    "batched crops, one autograd backward, channels-last": batched_channels_last,
    "batched crops, one autograd backward": batched,
    "captum LayerGradientXActivation, layer by layer, batched crops": captum,
    "autograd, one backward per event over the utterance": naive,
}


def refuse_other_sums(found: dict[str, Sums]) -> None:
    """See that all ways give the same sums of an utterance.

    Where one pre-activation lies within rounding of zero, a ReLU may open in one way and not in
    the other; what that does to a few events hardly shows in the median group.
    """
    first = next(iter(found.values()))
    for name, sums in found.items():
        for layer, one, other in zip(LAYERS, first, sums, strict=True):
            size = one.flatten(1).norm(dim=1)
            error = ((one - other).flatten(1).norm(dim=1) / size.clamp_min(1e-30))[size > 0]
            if float(error.median()) > 1e-2:
                raise AssertionError(f"{name}: other sums in {layer}")


def forward_gflop(network: Wav2Letter, steps: int) -> float:
    """Count two operations for each weight and step of the forward pass."""
    total = 0
    for block in network.blocks:
        steps = block.geometry.output_length(steps)
        total += 2 * steps * block.weight.numel()
    return total / 1e9


def backward_gflop(network: Wav2Letter) -> float:
    """Count those of an event's way back from the last layer to the first, done directly."""
    windows = network.windows[2:-1]
    weights = (block.weight.numel() for block in network.blocks[1:-1])
    return sum(2 * w.width * n for w, n in zip(windows, weights, strict=True)) / 1e9
