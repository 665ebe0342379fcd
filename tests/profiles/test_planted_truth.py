"""Networks whose weights are set by hand, so that profiles are known without computing them.

`TAPPED` copies three bands from layer to layer. Each kernel has a single tap, so a copy lies at
another step of each layer's window; conv9 alone sees two of its steps. What is planted in the
input is found again in closed form: nothing here is convolved or differentiated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import soundfile
import torch
import xarray as xr
from torch import Tensor, nn

from naps.corpus import FeatureConfig, Utterance
from naps.events.table import to_table
from naps.models import ENGLISH, Layer, Network, Recognizer, Wav2Letter, Wav2LetterConfig, Window
from naps.profiles import Kind, ProfileOptions, ProfileRun, contrast, profile_events
from naps.profiles.accumulation import add_adjusted
from naps.profiles.moments import Moments
from naps.profiles.trace import TracedLayer

Floats = npt.NDArray[np.float64]
Bands = tuple[float, float, float]
Align = Literal["layer", "input", "none"]

# By index: 0 is the input, 1 … 10 are conv1 … conv10.
LAYERS = ["input", *(f"conv{i}" for i in range(1, 11))]
WIDTHS = [194, 74, 68, 62, 56, 50, 44, 38, 32, 1, 1]
# The kernel's only tap, for conv1 … conv8.
TAPS = [20, 1, 5, 0, 6, 2, 3, 4]
CENTRED = [23, 3, 3, 3, 3, 3, 3, 3]
# What a layer's activations are multiplied by, the input's first.
GAINS = [1.0, 2.0, 0.5, 4.0, 1.0, 0.25, 2.0, 8.0, 0.5, 1.0, 4.0]
# conv4 hands each band to the next channel.
TURN = 4
# Steps of conv8's window of 32: conv9 hears the first two and how much; the last is not heard.
EARLY, LATE, IDLE = 10, 20, 31
HEARD = {EARLY: 1.0, LATE: 0.5}
UNITS: dict[int, Bands] = {5: (1.0, -2.0, 0.5), 7: (-0.5, 1.0, 4.0)}


def tapped(taps: Sequence[int]) -> Wav2Letter:
    """Copies three bands up to conv8, adds two steps of it in conv9, and weighs them in conv11."""
    config = Wav2LetterConfig(n_mels=3, n_outputs=len(ENGLISH), channels=3, wide=3)
    network = Wav2Letter(config).eval()
    with torch.no_grad():
        for weight in network.parameters():
            weight.zero_()
        for index, block in enumerate(network.blocks[:-1], 1):
            copies = torch.eye(3).roll(int(index == TURN), 0) * GAINS[index]
            taken = {taps[index - 1]: 1.0} if index < 9 else HEARD if index == 9 else {0: 1.0}
            for tap, share in taken.items():
                block.weight[:, :, tap] = share * copies
        for unit, weights in UNITS.items():
            network.blocks[-1].weight[unit, :, 0] = torch.tensor(weights)
    return network


@dataclass(frozen=True)
class Hearing(Recognizer):
    """Hears a matrix of ours, by the number of samples of a recording."""

    heard: Mapping[int, Tensor] = field(default_factory=dict)

    def spectrogram(self, samples: npt.NDArray[np.float32]) -> Tensor:
        return self.heard[len(samples)]


def hearing(
    folder: Path, network: Network, spectrograms: Sequence[Tensor]
) -> tuple[Hearing, list[Utterance]]:
    """A recognizer that hears these, and utterances u0, u1 … in which it does."""
    utterances = []
    for number in range(len(spectrograms)):
        path = folder / f"u{number}.wav"
        soundfile.write(path, np.zeros(100 + number, np.float32), 16_000)
        utterances.append(Utterance(f"u{number}", path))
    heard = {100 + number: matrix for number, matrix in enumerate(spectrograms)}
    features = FeatureConfig(n_mels=spectrograms[0].shape[1])
    return Hearing("planted", network, features, ENGLISH, heard=heard), utterances


class Planted(NamedTuple):
    """An event and the bands that are loud around it, at three steps of conv8's window."""

    utterance: int
    frame: int
    unit: int
    label: str
    early: Bands
    late: Bands
    idle: Bands
    # Which matters more, worked out with pencil and paper.
    peak: Literal["early", "late", "nothing"]

    @property
    def bands(self) -> dict[int, Bands]:
        return {EARLY: self.early, LATE: self.late, IDLE: self.idle}


SILENT: Bands = (0.0, 0.0, 0.0)
# Their windows of 194 frames do not overlap. With the weights of the unit, conv9's share of each
# step and the bands where conv4 has put them, the event of group c has a saliency of (0.5 · 8,
# 1 · 1, 4 · 0) = 5 early and ½ (0.5 · 0, 1 · 2, 4 · 7) = 15 late, and so on.
EVENTS = [
    Planted(0, 60, 5, "a", (1.0, 2.0, 4.0), (2.0, 1.0, 0.5), (9.0, 0.0, 3.0), "early"),
    Planted(0, 160, 5, "a", (0.5, 0.25, 1.0), (8.0, 2.0, 6.0), (0.0, 5.0, 1.0), "late"),
    Planted(0, 260, 7, "b", (3.0, 1.0, 5.0), (0.0, 6.0, 2.0), (6.0, 7.0, 0.0), "late"),
    Planted(1, 60, 7, "a", (0.0, 6.0, 2.0), (1.0, 3.0, 0.0), (0.0, 0.0, 9.0), "early"),
    Planted(1, 160, 7, "b", SILENT, SILENT, SILENT, "nothing"),
    Planted(1, 260, 7, "c", (1.0, 0.0, 8.0), (2.0, 7.0, 0.0), (1.0, 1.0, 1.0), "late"),
]
LABELS = ["a", "b", "c"]


def plant() -> list[Tensor]:
    """The two utterances."""
    found = [torch.zeros(640, 3), torch.zeros(640, 3)]
    for event in EVENTS:
        for step, bands in event.bands.items():
            found[event.utterance][2 * event.frame - 97 + row(0, step)] = torch.tensor(bands)
    return found


def row(layer: int, step: int) -> int:
    """Where in a layer's window a step of conv8's window comes from."""
    above = step + sum(TAPS[max(layer, 1) :])
    return above if layer else 2 * above + TAPS[0]


def shown(layer: int, bands: Sequence[float]) -> Floats:
    """What a layer makes of bands of the input."""
    return np.roll(bands, int(layer >= TURN)) * np.prod(GAINS[: layer + 1])


def heard(event: Planted) -> Floats:
    """What conv9 makes of an event."""
    return sum((HEARD[at] * shown(9, event.bands[at]) for at in HEARD), np.zeros(3))


def mattered(layer: int, event: Planted, step: int) -> Floats:
    """|gradient · activation| at a step; alike in all layers, for they only copy and multiply."""
    share = HEARD.get(step, 0.0) * np.prod(GAINS)
    weights = np.abs(np.roll(UNITS[event.unit], 0 if layer >= TURN else -1))
    return share * weights * np.roll(event.bands[step], int(layer >= TURN))


class Truth(NamedTuple):
    """An event's window in a layer, moved or not: values, saliency, and steps that exist."""

    values: Floats
    saliency: Floats
    known: npt.NDArray[np.bool_]
    shift: int


def moved_by(layer: int, event: Planted, align: Align) -> int:
    if align == "none" or event.peak == "nothing" or layer > 8:
        return 0
    early = event.peak == "early"
    if align == "layer":
        return row(layer, EARLY if early else LATE) - WIDTHS[layer] // 2
    # The input's peaks are at 82 and 102 of 194. Two of its frames are a step of a layer: −7½
    # and 2½ steps, and half a step is none.
    if layer == 0:
        return -15 if early else 5
    return -7 if early else 2


def truth(layer: int, event: Planted, align: Align) -> Truth:
    width = WIDTHS[layer]
    values, saliency = np.zeros((width, 3)), np.zeros((width, 3))
    shift = moved_by(layer, event, align)
    if layer > 8:
        values[0] = heard(event) * np.prod(GAINS[10 : layer + 1])
        saliency[0] = sum((mattered(layer, event, at) for at in HEARD), np.zeros(3))
    else:
        for step, bands in event.bands.items():
            at = row(layer, step) - shift
            if 0 <= at < width:
                values[at] = shown(layer, bands)
                saliency[at] = mattered(layer, event, step)
    rows = np.arange(width) + shift
    return Truth(values, saliency, (rows >= 0) & (rows < width), shift)


def averaged(values: Floats, known: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Mean and spread at each lag over the events that have one there."""
    count = np.maximum(known.sum(0), 1)[:, None]
    mean = (values * known[:, :, None]).sum(0) / count
    spread = ((values - mean) ** 2 * known[:, :, None]).sum(0) / count
    return mean, np.sqrt(spread)


def event_mask(saliency: Floats, mask: str, quantile: float) -> Floats:
    if not saliency.any():
        return np.zeros_like(saliency)
    if mask == "soft":
        return saliency / saliency.max()
    # Of all cells from the least up, those of this rank and above.
    kept = saliency.size - round(quantile * saliency.size) + 1
    return (saliency >= np.sort(saliency, None)[-kept]) & (saliency > 0)


def check(profile: xr.Dataset, label: str, expected: Mapping[str, Any]) -> None:
    for name, values in expected.items():
        found = profile[name].sel(label=label).values
        np.testing.assert_allclose(found, values, rtol=1e-6, atol=1e-12, err_msg=f"{label} {name}")


class Case(NamedTuple):
    """A recognizer with the utterances and events of `EVENTS`."""

    model: Hearing
    utterances: list[Utterance]
    events: pd.DataFrame

    def run(self, kind: Kind, options: ProfileOptions) -> ProfileRun:
        return profile_events(
            self.model, self.utterances, self.events, groups=("letter",), kinds=(kind,),
            options=options,
        )  # fmt: skip


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    model, utterances = hearing(tmp_path_factory.mktemp("planted"), tapped(TAPS), plant())
    rows = [
        {"utterance": f"u{e.utterance}", "frame": e.frame, "unit": e.unit, "letter": e.label}
        for e in EVENTS
    ]
    return Case(model, utterances, to_table(rows))


def of_group(label: str) -> list[Planted]:
    return [event for event in EVENTS if event.label == label]


def test_plain_means_are_where_the_taps_put_them(case: Case) -> None:
    # A batch of one event and one of all of them are the same.
    for batch in (1, 128):
        run = case.run("nap", ProfileOptions(batch=batch))
        assert (run.events, run.drops) == (6, [])
        profiles = run.profiles["letter", "nap"]
        assert list(profiles) == LAYERS
        for index, name in enumerate(LAYERS):
            profile = profiles[name]
            assert profile["label"].values.tolist() == LABELS
            assert profile["count"].values.tolist() == [3, 2, 1]
            for label, count in zip(LABELS, (3, 2, 1), strict=True):
                found = [truth(index, event, "none") for event in of_group(label)]
                values = np.array([t.values for t in found])
                mean, std = averaged(values, np.array([t.known for t in found]))
                lag_count = np.full(WIDTHS[index], count)
                check(profile, label, {"mean": mean, "std": std, "lag_count": lag_count})
    # Read off the weights. The eight gains up to conv8 make 8, and its channel 0 is band 2.
    assert profiles["conv8"]["mean"].sel(label="c").values[10].tolist() == [64.0, 8.0, 0.0]
    # conv9 hears all of the early step and half of the late one.
    assert profiles["conv9"]["mean"].sel(label="c").values.tolist() == [[64.0, 16.0, 28.0]]
    # conv2 … conv8 skip 21 steps, each of them two frames, and conv1 another 20 frames.
    assert profiles["input"]["mean"].sel(label="c").values[2 * 31 + 20].tolist() == [1.0, 0.0, 8.0]


@pytest.mark.parametrize("align", ["layer", "input", "none"])
@pytest.mark.parametrize(
    ("mask", "average"),
    [
        ("soft", "masked"), ("quantile", "masked"), ("group", "masked"), ("none", "masked"),
        ("soft", "weighted"),
    ],
)  # fmt: skip
def test_gradnap_is_what_was_planted(
    case: Case,
    align: Align,
    mask: Literal["soft", "quantile", "group", "none"],
    average: Literal["masked", "weighted"],
) -> None:
    quantile = 0.98
    options = ProfileOptions(align=align, mask=mask, quantile=quantile, average=average, batch=4)
    profiles = case.run("grad", options).profiles["letter", "grad"]
    for index, name in enumerate(LAYERS):
        for label in LABELS:
            found = [truth(index, event, align) for event in of_group(label)]
            values = np.array([t.values for t in found])
            saliency = np.array([t.saliency for t in found])
            known = np.array([t.known for t in found])
            if mask in ("soft", "quantile"):
                masks = np.array([event_mask(s, mask, quantile) for s in saliency], float)
                # What is masked is known beyond the window, too: it is zero.
                values, known = values * masks, np.ones_like(known)
                shown_mask = masks.mean(0)
            elif mask == "group":
                shown_mask = saliency.mean(0) / saliency.mean(0).max()
            else:
                shown_mask = known.mean(0)[:, None] * np.ones(3)
            mean, std = averaged(values, known)
            if mask == "group":
                mean = mean * shown_mask
            if average == "weighted":
                # Where no event has any mask, there is nothing to be divided by it.
                weight = masks.sum(0)
                mean = np.where(weight > 0, values.sum(0) / np.where(weight > 0, weight, 1), 0)
            expected = {
                "mean": mean, "std": std, "mask": shown_mask, "count": len(found),
                "lag_count": known.sum(0), "shift": np.mean([t.shift for t in found]),
            }  # fmt: skip
            check(profiles[name], label, expected)


def test_gradnap_by_hand(case: Case) -> None:
    profiles = case.run("grad", ProfileOptions()).profiles["letter", "grad"]
    # The one event of c: its late step comes to the middle, the early one ten steps before it.
    # Saliencies are (0, 1, 14) and (4, 1, 0), bands (0, 2, 7) and (8, 1, 0), as conv4 turns them.
    for name, width in (("conv8", 32), ("conv5", 50)):
        gain = 8.0 if name == "conv8" else 1.0
        mean = profiles[name]["mean"].sel(label="c").values
        late = [0.0, 2 * 1 / 14, 7 * 14 / 14]
        early = [8 * 4 / 14, 1 * 1 / 14, 0.0]
        np.testing.assert_allclose(mean[width // 2], gain * np.array(late), rtol=1e-6)
        np.testing.assert_allclose(mean[width // 2 - 10], gain * np.array(early), rtol=1e-6)
        assert np.flatnonzero(mean.any(1)).tolist() == [width // 2 - 10, width // 2]
    assert float(profiles["conv8"]["shift"].sel(label="c")) == 20 - 16
    assert float(profiles["conv5"]["shift"].sel(label="c")) == 20 + 2 + 3 + 4 - 25
    # Twenty input frames are ten steps.
    mean = profiles["input"]["mean"].sel(label="c").values
    assert np.flatnonzero(mean.any(1)).tolist() == [97 - 20, 97]
    # In group a two events move by −6 steps and one by 4; in group b the silent one stays.
    assert float(profiles["conv8"]["shift"].sel(label="a")) == pytest.approx((-6 - 6 + 4) / 3)
    assert float(profiles["conv8"]["shift"].sel(label="b")) == 4 / 2
    assert profiles["conv9"]["shift"].values.tolist() == [0.0, 0.0, 0.0]


def test_lags_that_nothing_moves_into_are_not_counted(case: Case) -> None:
    profiles = case.run("grad", ProfileOptions(mask="none")).profiles["letter", "grad"]
    counts = profiles["conv8"]["lag_count"].sel(label="a").values
    # Two events moved by −6 lack the first six steps, one moved by 4 the last four.
    assert counts.tolist() == [1] * 6 + [3] * 22 + [2] * 4
    # The last step of two of their windows has left them, that of the third is at 31 − 4.
    mean = profiles["conv8"]["mean"].sel(label="a").values
    np.testing.assert_allclose(mean[27], np.array([1.0, 0.0, 5.0]) * 8 / 3)
    assert np.flatnonzero(mean.any(1)).tolist() == [6, 16, 26, 27]


def test_contrasts_of_what_was_planted(case: Case) -> None:
    cases: dict[Kind, ProfileOptions] = {
        "nap": ProfileOptions(), "grad": ProfileOptions(mask="quantile"),
    }  # fmt: skip
    for kind, options in cases.items():
        profiles = case.run(kind, options).profiles["letter", kind]
        for name in LAYERS:
            profile = profiles[name]
            mean = profile["mean"].values
            assert mean.any()
            for reference, weights in (("equal", (1, 1, 1)), ("count", (3, 2, 1))):
                against = contrast(profile, reference)["mean"].values
                total = np.tensordot(np.array(weights, float), against, 1)
                np.testing.assert_allclose(total, 0, atol=1e-12 * mean.max())
                average = np.tensordot(np.array(weights) / sum(weights), mean, 1)
                np.testing.assert_allclose(against, mean - average, atol=1e-12 * mean.max())
            if name == "conv9" and kind == "nap":
                # By hand: the means are (82/3, 56/3, 30), (24, 12, 16) and (64, 16, 28).
                expected = {"equal": (230 / 9, 4 / 9, 10 / 3), "count": (95 / 3, 0.0, 3.0)}
                found = contrast(profile, reference)["mean"].sel(label="c").values[0]
                np.testing.assert_allclose(found, expected[reference], rtol=1e-12, atol=1e-12)


FRAMES = [0, 3, 75, 148]
# In the first two the early step lies before the utterance, so that the late one is the peak
# though it weighs half; in the last, the late one lies behind it.
SHIFTS = [LATE - 16, LATE - 16, EARLY - 16, EARLY - 16]


@pytest.fixture(scope="module")
def constant(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Ones from end to end, with taps in the middle: every copy is constant, too."""
    folder = tmp_path_factory.mktemp("constant")
    model, utterances = hearing(folder, tapped(CENTRED), [torch.ones(300, 3)])
    rows = [{"utterance": "u0", "frame": frame, "unit": 5, "letter": "a"} for frame in FRAMES]
    return Case(model, utterances, to_table(rows))


def steps_there(layer: int, frame: int, shift: int) -> npt.NDArray[np.bool_]:
    """Which steps of a moved window lie in the window as it was, and in the 300 frames."""
    width = WIDTHS[layer]
    stride, steps = (2, 300) if layer == 0 else (1, 150)
    rows = np.arange(width) + shift
    places = stride * frame - width // 2 + rows
    return (rows >= 0) & (rows < width) & (places >= 0) & (places < steps)


@pytest.mark.parametrize("kind", ["nap", "grad"])
def test_what_is_missing_at_the_edges_biases_no_mean(
    constant: Case, kind: Literal["nap", "grad"]
) -> None:
    profiles = constant.run(kind, ProfileOptions(edges="keep", mask="none")).profiles
    for index, name in enumerate(LAYERS[:9]):
        profile = profiles["letter", kind][name].sel(label="a")
        # Taps in the middle keep each step as far from the middle of its window.
        moves = [(2 if index == 0 else 1) * shift for shift in SHIFTS]
        if kind == "nap":
            moves = [0, 0, 0, 0]
        there = np.array([steps_there(index, f, m) for f, m in zip(FRAMES, moves, strict=True)])
        known = there.sum(0)
        assert 0 < known.min() < 4 if kind == "nap" else known.min() == 0
        assert known.max() == 4
        assert profile["lag_count"].values.tolist() == known.tolist()
        gain = np.prod(GAINS[: index + 1])
        expected = np.where(known[:, None] > 0, gain, 0.0) * np.ones(3)
        np.testing.assert_array_equal(profile["mean"], expected)
        assert not profile["std"].values.any()
        assert int(profile["count"]) == 4
        if kind == "grad":
            assert float(profile["shift"]) == np.mean(moves)
    above = profiles["letter", kind]["conv9"].sel(label="a")
    # Late only, late only, both, early only.
    np.testing.assert_allclose(above["mean"], np.full((1, 3), (4 + 4 + 12 + 8) / 4))
    np.testing.assert_allclose(above["std"], np.full((1, 3), np.sqrt(11)))


def test_what_is_masked_at_the_edges_is_zero_and_counts(constant: Case) -> None:
    profiles = constant.run("grad", ProfileOptions(edges="keep")).profiles["letter", "grad"]
    for index, name in enumerate(LAYERS[:9]):
        profile = profiles[name].sel(label="a")
        assert (profile["lag_count"].values == 4).all()
        apart = 20 if index == 0 else 10
        middle = WIDTHS[index] // 2
        # All four have the same saliency, (1, 2, ½) of the unit's weights, at their peak. The
        # third alone has the other step, with half of it, behind its peak.
        weights = np.array([0.5, 1.0, 0.25]) if index >= TURN else np.array([1.0, 0.25, 0.5])
        mask = np.zeros((WIDTHS[index], 3))
        mask[middle], mask[middle + apart] = weights, weights / 2 / 4
        np.testing.assert_allclose(profile["mask"], mask, rtol=1e-6)
        gain = np.prod(GAINS[: index + 1])
        np.testing.assert_allclose(profile["mean"], gain * mask, rtol=1e-6)
        assert float(profile["shift"]) == (2 if index == 0 else 1) * np.mean(SHIFTS)


class Echo(Network):
    """Gives what it hears, and as every logit the sum of that two steps ago."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.echo = nn.Linear(channels, channels, bias=False)
        nn.init.eye_(self.echo.weight)

    @property
    def layers(self) -> tuple[Layer, ...]:
        channels = self.echo.out_features
        return Layer("echo", channels, 1, 0, 1), Layer("output", len(ENGLISH), 1, 0, None)

    def output_length(self, frames: int) -> int:
        return frames

    def forward(self, features: Tensor, lengths: Sequence[int] | None = None) -> Tensor:
        late = nn.functional.pad(self.echo(features), (0, 0, 2, 0))[:, : features.shape[1]]
        return late.sum(2, keepdim=True).expand(-1, -1, len(ENGLISH))

    def fused(self) -> "Echo":
        return self


ROWS = (torch.arange(28.0) + 1).view(7, 4)
GOLDEN = torch.cat([torch.zeros(2, 4), ROWS[:5]])


def test_the_golden_window_through_the_whole_engine(tmp_path: Path) -> None:
    """Spec 6.5: T = 7, C = 4, the peak at 1 of 0 … 6, and four channels that stay in place."""
    sound = torch.full((30, 4), 99.0)
    sound[10:17] = ROWS
    model, utterances = hearing(tmp_path, Echo(4), [sound])
    # The logit at step 13 is the sum of step 11, which is 1 in the window from 10 to 16.
    events = to_table([{"utterance": "u0", "frame": 13, "unit": 0, "letter": "a"}])
    for mask in ("none", "soft"):
        result = profile_events(
            model, utterances, events, groups=("letter",),
            options=ProfileOptions(lags_ms=(-30.0, 30.0), mask=mask),
        )  # fmt: skip
        for name in ("input", "echo"):
            plain = result.profiles["letter", "nap"][name].sel(label="a")
            np.testing.assert_array_equal(plain["mean"], ROWS)
            profile = result.profiles["letter", "grad"][name].sel(label="a")
            assert float(profile["shift"]) == 1 - 3
            # Beyond these lags nothing is known, whatever the mask.
            assert profile["lag_count"].values.tolist() == [0, 0, 1, 1, 1, 1, 1]
            expected = GOLDEN.numpy()
            if mask == "soft":
                # Only the row that the logit hears has any saliency: 5, 6, 7 and 8.
                share = ROWS[1].numpy() / 8
                expected = np.zeros((7, 4))
                expected[3] = ROWS[1].numpy() * share
            np.testing.assert_allclose(profile["mean"], expected, rtol=1e-6)


@pytest.mark.parametrize("channel", range(4))
def test_a_peak_at_any_step_and_in_any_channel_moves_no_channel(channel: int) -> None:
    # One event for each step that can be the peak.
    layer = TracedLayer(ROWS, 0, 7, Window(0, 0, 7))
    events = torch.arange(7)
    saliency = torch.zeros(7, 7, 4)
    saliency[events, events, channel] = 2.0
    sums = Moments.zeros(7, 7, 4, masked=True)
    shifts = add_adjusted(
        {"": sums}, {"": events}, layer, events, saliency, saliency="given", mask="none"
    )
    assert shifts.tolist() == [-3, -2, -1, 0, 1, 2, 3]
    assert torch.equal(sums.total[1], GOLDEN.double())
    for peak in range(7):
        for step in range(7):
            source = step + peak - 3
            expected = ROWS[source].tolist() if 0 <= source < 7 else [0.0] * 4
            assert sums.total[peak, step].tolist() == expected
            assert sums.lag_count[peak, step] == (0 <= source < 7)
