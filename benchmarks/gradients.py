"""Exact per-event gradients of every layer, beside other ways to get them, in one run.

Ways that give the gradients of many events are checked against each other before they are timed.
Times are medians of interleaved runs in one process.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

import torch
from captum.attr import LayerGradientXActivation
from torch import Tensor, nn

from benchmarks.machine import machine
from naps.models import Layer, LSTMConfig, LSTMRecognizer, Wav2Letter, Wav2LetterConfig, Window
from naps.profiles.tracing import trace, way_back
from naps.profiles.windows import lag_window

TITLE = "Exact gradients of events"
RUNS = 5
SECONDS = 10.0
EVENTS_PER_SECOND = 14
SIZES = {
    "mini (64 bands, 160/512 channels)": Wav2LetterConfig(n_mels=64, channels=160, wide=512),
    "full (128 bands, 250/2000 channels)": Wav2LetterConfig(),
}
RECURRENT = {"LSTM (64 bands, 4 layers of 2 × 192 cells, stride 3)": LSTMConfig()}


class Crops(nn.Module):
    """The same network without padding, for crops of 194 frames."""

    def __init__(self, network: Wav2Letter) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        for block in network.blocks:
            outputs, inputs, kernel = block.weight.shape
            layer = nn.Conv1d(inputs, outputs, kernel, block.geometry.stride)
            layer.weight, layer.bias = block.weight, block.bias
            self.layers.append(nn.Sequential(layer, nn.ReLU()) if block.relu else layer)

    def forward(self, crops: Tensor) -> Tensor:
        x = crops.transpose(1, 2)
        for layer in self.layers:
            x = layer(x)
        return x[:, :, 0]

    def with_activations(self, crops: Tensor) -> tuple[Tensor, list[Tensor]]:
        x, activations = crops.transpose(1, 2), []
        for layer in self.layers:
            activations.append(x)
            x = layer(x)
        return x[:, :, 0], activations


def agree(first: list[Tensor], second: list[Tensor]) -> None:
    """Two ways must give the same numbers for the median event.

    Where one pre-activation lies within rounding of zero, its ReLU may open in one way and not in
    the other, and the gradients of all events whose windows hold it differ by more; in float64
    all events agree to 1e-14.
    """
    for a, b in zip(first, second, strict=True):
        error = (a - b).abs().amax((1, 2)) / b.abs().amax((1, 2)).clamp_min(1e-12)
        if float(error.median()) > 1e-4:
            raise AssertionError(f"two ways differ: median {float(error.median()):.1e}")


def measure(config: Wav2LetterConfig) -> dict[str, float]:
    torch.manual_seed(0)
    network = Wav2Letter(config).eval().requires_grad_(False)
    crops_network = Crops(network)
    spectrogram = torch.randn(round(SECONDS * 100) + 400, config.n_mels)
    count = round(SECONDS * EVENTS_PER_SECOND)
    frames = torch.linspace(60, 60 + SECONDS * 50 - 20, count).long()
    units = torch.randint(0, 28, (count,))
    names = ["input", *(layer.name for layer in network.layers[:-1])]
    windows = dict(zip(names, network.windows, strict=False))

    back = way_back(network)

    def ours() -> list[Tensor]:
        traced = trace(network, spectrogram, windows, back=back)
        return [a * g for _, a, g in traced.gradients(frames, units, names)][::-1]

    def plain() -> None:
        with torch.no_grad():
            network(spectrogram[None])

    def crops() -> Tensor:
        starts = (2 * frames - 97).tolist()
        return torch.stack([spectrogram[s : s + 194] for s in starts])

    def batched() -> list[Tensor]:
        logits, activations = crops_network.with_activations(crops().requires_grad_())
        chosen = logits.gather(1, units[:, None]).sum()
        gradients = torch.autograd.grad(chosen, activations)
        return [
            (a * g).detach().transpose(1, 2) for a, g in zip(activations, gradients, strict=True)
        ]

    def captum() -> list[Tensor]:
        batch, found = crops(), []
        for layer in list(crops_network.layers)[:-1]:
            method = LayerGradientXActivation(crops_network, layer)
            found.append(method.attribute(batch, target=units).detach().transpose(1, 2))
        return found

    def naive() -> None:
        x = spectrogram[None].clone().requires_grad_()
        activations = [x]
        for block in network.blocks:
            activations.append(block(activations[-1]))
        for frame, unit in zip(frames.tolist(), units.tolist(), strict=True):
            torch.autograd.grad(
                activations[-1][0, frame, unit], activations[:-1], retain_graph=True
            )

    reference = ours()
    agree(reference, batched())
    agree(reference[1:], captum())
    ways: dict[str, Callable[[], object]] = {
        "naps: shared forward, windowed backward": ours,
        "plain forward pass, no gradients": plain,
        "batched crops, one autograd backward": batched,
        "captum LayerGradientXActivation, layer by layer, batched crops": captum,
        "autograd, one backward per event over the utterance": naive,
    }
    return medians(ways, once=naive)


def measure_recurrent(config: LSTMConfig) -> dict[str, float]:
    torch.manual_seed(0)
    network = LSTMRecognizer(config).eval()
    spectrogram = torch.randn(round(SECONDS * 100), config.n_mels)
    count = round(SECONDS * EVENTS_PER_SECOND)
    frames = torch.linspace(0, network.output_length(len(spectrogram)) - 1, count).long()
    units = torch.randint(0, 28, (count,))
    shown = (Layer("input", config.n_mels, 1, 0, 1), *network.layers[:-1])
    # Half a second to either side, in frames of 10 ms.
    windows = {x.name: lag_window(x, network.layers[-1], (-50, 50)) for x in shown}
    with_taps = windows | {
        tap.name: lag_window(tap, network.layers[-1], (-50, 50)) for tap in network.taps
    }

    def by_hand(chosen: dict[str, Window], some: slice = slice(None)) -> dict[str, Tensor]:
        traced = trace(network, spectrogram, chosen)
        found = traced.gradients(frames[some], units[some], chosen)
        return {name: gradient for name, _, gradient in found}

    def plain() -> None:
        with torch.no_grad():
            network(spectrogram[None])

    def listen() -> list[Tensor]:
        features = spectrogram[None].clone().requires_grad_()
        activations, logits = network.watched(features)
        return [logits, features, *activations.values()]

    graph = listen()

    def backward(event: int) -> tuple[Tensor, ...]:
        target = graph[0][0, frames[event], units[event]]
        return torch.autograd.grad(target, graph[1:], retain_graph=True)

    few = slice(0, None, count // 5)
    checked = by_hand(windows, few)
    traced = trace(network, spectrogram, windows)
    for row, event in enumerate(range(count)[few]):
        for (name, ours), whole in zip(
            sorted(checked.items(), key=lambda item: list(windows).index(item[0])),
            backward(event),
            strict=True,
        ):
            layer, at = traced.layers[name], frames[event : event + 1]
            valid, places = layer.valid(at)[0], layer.places(at)[0]
            error = (ours[row][valid] - whole[0][places[valid]]).abs().max()
            if float(error) > 1e-4 * float(whole.abs().max()):
                raise AssertionError(f"two ways differ in {name}")

    def backwards() -> None:
        for event in range(count)[few]:
            backward(event)

    share = count / len(range(count)[few])
    found = medians(
        {
            "naps: shared forward, backward by hand": lambda: by_hand(windows),
            "the same with cell states and gates of all layers": lambda: by_hand(with_taps),
            "plain forward pass, no gradients": plain,
            "autograd, forward pass": listen,
            "autograd, one backward per event": backwards,
        }
    )
    found["autograd, one backward per event"] *= share
    found["autograd, one backward per event"] += found.pop("autograd, forward pass")
    return found


def medians(
    ways: Mapping[str, Callable[[], object]], once: Callable[[], object] | None = None
) -> dict[str, float]:
    """Time several ways in turns, in seconds; ``once`` is but run once."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(RUNS):
        for name, way in ways.items():
            if way is once and times[name]:
                continue
            began = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - began)
    return {name: statistics.median(values) for name, values in times.items()}


def report() -> str:
    lines = [
        f"{machine('torch', 'captum', 'numpy')}, {torch.get_num_threads()} threads. "
        f"One utterance of {SECONDS:.0f} s, {EVENTS_PER_SECOND} events a second, activation × "
        f"gradient of the event's logit at the input and all ten layers (captum: the ten layers), "
        f"float32, median of {RUNS} interleaved runs (one run of the slowest way). Of the LSTM: "
        f"gradients at the input and all five layers, half a second around each event, but through "
        f"the whole utterance; one backward per event is reckoned from five events.",
    ]
    measured = {title: measure(config) for title, config in SIZES.items()}
    for title, config in RECURRENT.items():
        measured[title] = measure_recurrent(config)
    for title, found in measured.items():
        ours = next(iter(found.values()))
        lines += ["", f"### {title}", "", "| way | ms | times naps |", "|---|---|---|"]
        lines += [f"| {n} | {1000 * s:.0f} | {s / ours:.2f} |" for n, s in found.items()]
    return "\n".join(lines)
