"""What cannot be used: it is refused by name, or left out and counted, and never averaged in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pytest
import torch
import xarray as xr
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from naps.corpus import FeatureConfig
from naps.errors import InputError
from naps.events.table import to_table
from naps.models import (
    Adapter,
    LSTMConfig,
    LSTMRecognizer,
    Network,
    Wav2Letter,
    Wav2LetterConfig,
)
from naps.profiles import KINDS, ProfileOptions, ProfileRun, contrast, profile_events
from tests.profiles.test_planted_truth import hearing

BANDS = 6
FEATURES = FeatureConfig(n_mels=BANDS)
LAGS = (-50.0, 50.0)
FRAMES = 300
Mask = Literal["soft", "quantile", "group", "none"]
Average = Literal["masked", "weighted"]
# Enough of them to be quick.
LAYERS = {
    "wav2letter": ["input", "conv2", "conv5", "conv6", "conv9"],
    "lstm": None,
    "adapter": None,
}


class Plain(nn.Module):
    """Somebody else's network: two layers and letters."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(BANDS, 5)
        self.rectified = nn.ReLU()
        self.letters = nn.Linear(5, 29)

    def forward(self, x: Tensor) -> Tensor:
        return self.letters(self.rectified(self.body(x)))


def make(kind: str) -> Network:
    torch.manual_seed(1)
    if kind == "wav2letter":
        return Wav2Letter(Wav2LetterConfig(n_mels=BANDS, channels=5, wide=7)).eval()
    if kind == "lstm":
        sizes = LSTMConfig(n_mels=BANDS, hidden=3, layers=2, front=4, stride=2)
        return LSTMRecognizer(sizes).eval()
    return Adapter(Plain(), FEATURES)


def noise(count: int, frames: int = FRAMES) -> list[Tensor]:
    random = torch.Generator().manual_seed(2)
    return [torch.randn(frames, BANDS, generator=random) for _ in range(count)]


class Event(NamedTuple):
    utterance: str
    frame: int
    letter: str
    unit: int = 3


def profiled(
    folder: Path,
    network: Network,
    sounds: Sequence[Tensor],
    events: Sequence[Event],
    **changed: Any,
) -> ProfileRun:
    """Profiles of letters; lags where the network has no windows of its own."""
    model, utterances = hearing(folder, network, sounds)
    kinds = changed.pop("kinds", KINDS)
    if network.windows is None:
        changed = {"lags_ms": LAGS} | changed
    return profile_events(
        model, utterances, to_table(event._asdict() for event in events), groups=("letter",),
        kinds=kinds, options=ProfileOptions(**changed),
    )  # fmt: skip


def all_finite(profile: xr.Dataset) -> bool:
    return all(
        bool(np.isfinite(values).all())
        for values in profile.data_vars.values()
        if values.dtype.kind == "f"
    )


def same(found: ProfileRun, expected: ProfileRun) -> None:
    """Compare everything that is averaged."""
    assert found.events == expected.events
    assert found.profiles.keys() == expected.profiles.keys()
    for key, profiles in expected.profiles.items():
        assert list(found.profiles[key]) == list(profiles)
        for name, profile in profiles.items():
            for variable in {"mean", "std", "mask", "shift", "count", "lag_count"} & {*profile}:
                np.testing.assert_allclose(
                    found.profiles[key][name][variable], profile[variable],
                    rtol=1e-9, atol=1e-12, err_msg=f"{key} {name} {variable}",
                )  # fmt: skip


NETWORKS = pytest.mark.parametrize("kind", list(LAYERS))
MASKS = pytest.mark.parametrize(
    ("mask", "average"),
    [
        ("soft", "masked"), ("quantile", "masked"), ("group", "masked"), ("none", "masked"),
        ("soft", "weighted"),
    ],
)  # fmt: skip


@NETWORKS
@pytest.mark.parametrize("kinds", [("nap",), KINDS])
def test_an_event_outside_its_utterance(tmp_path: Path, kind: str, kinds: tuple[str, ...]) -> None:
    network, sounds = make(kind), noise(3)
    outputs = network.output_length(FRAMES)
    good = [Event(u, 70, "a") for u in ("u0", "u1", "u2")]
    options: dict[str, Any] = {"layers": LAYERS[kind], "kinds": kinds}
    for frame in (-1, outputs, 10**9):
        with pytest.raises(InputError, match=f"u1: events lie outside its {outputs} output frame"):
            profiled(tmp_path, network, sounds, [*good, Event("u1", frame, "a")], **options)
    # The last frame and the first are inside.
    ends = [Event("u1", outputs - 1, "a"), Event("u1", 0, "a")]
    run = profiled(tmp_path, network, sounds, [*good, *ends], edges="keep", **options)
    assert (run.events, run.drops) == (5, [])


@NETWORKS
@pytest.mark.parametrize("unit", [29, -1])
def test_a_unit_that_the_output_does_not_have(tmp_path: Path, kind: str, unit: int) -> None:
    events = [Event("u0", 70, "a"), Event("u1", 70, "a", unit)]
    with pytest.raises(InputError, match=r"u1.* unit"):
        profiled(tmp_path, make(kind), noise(2), events)


@pytest.mark.timeout(10)
def test_a_batch_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="batch"):
        profiled(tmp_path, make("wav2letter"), noise(1), [Event("u0", 70, "a")], batch=0)


WITH = [
    Event(u, f, letter) for u in ("u0", "u1") for f, letter in ((60, "a"), (75, "b"), (80, "b"))
]
# Of x there is only what lies too near the edge, of y only what lies in a spoilt recording.
WITHOUT = [Event("u0", 0, "x"), Event("u1", 1, "x"), Event("u2", 70, "y")]


@NETWORKS
@MASKS
def test_a_group_all_of_whose_events_were_left_out(
    tmp_path: Path, kind: str, mask: Mask, average: Average
) -> None:
    sounds = noise(3)
    sounds[2][100] = torch.nan
    options: dict[str, Any] = {"mask": mask, "average": average, "max_bad_share": 0.5}
    options |= {"layers": LAYERS[kind], "kinds": ("nap", "grad", "tinap", "navai")}
    network = make(kind)
    run = profiled(tmp_path, network, sounds, [*WITH, *WITHOUT], **options)
    alone = profiled(tmp_path, network, sounds, WITH, **options)
    assert run.events == alone.events == 6
    left = [(d.utterance, d.reason, d.count) for d in run.drops]
    assert left == [("u0", "edge", 1), ("u1", "edge", 1), ("u2", "not_finite", 1)]
    for key, profiles in run.profiles.items():
        for name, profile in profiles.items():
            assert profile["label"].values.tolist() == ["a", "b", "x", "y"]
            assert all_finite(profile), (key, name)
            empty = profile.sel(label=["x", "y"])
            for variable in {"mean", "std", "mask", "shift", "count", "lag_count"} & {*profile}:
                assert not empty[variable].values.any(), (key, name, variable)
            against = contrast(profile)
            assert all_finite(against)
            # What is not there is no part of the average.
            expected = contrast(alone.profiles[key][name])["mean"]
            found = against["mean"].sel(label=["a", "b"])
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def silence(network: Network, kind: str) -> tuple[str, list[str]]:
    """Make a layer in the middle give zeros; return its name and those below it."""
    with torch.no_grad():
        if isinstance(network, Wav2Letter):
            block = network.blocks[4]
            block.weight.zero_()
            block.bias.fill_(-1.0)
            return "conv5", ["input", "conv2"]
        if isinstance(network, LSTMRecognizer):
            for weight in network.recurrent[1].parameters():
                weight.zero_()
            return "lstm2", ["input", "conv1", "lstm1"]
        assert isinstance(network, Adapter)
        body = network.module.get_submodule("body")
        for weight, value in zip(body.parameters(), (0.0, -1.0), strict=True):
            weight.fill_(value)
        return "rectified", ["input"]


@NETWORKS
@MASKS
def test_a_layer_that_never_fires(tmp_path: Path, kind: str, mask: Mask, average: Average) -> None:
    network = make(kind)
    silent, below = silence(network, kind)
    profiles = profiled(
        tmp_path, network, noise(2), WITH, mask=mask, average=average, edges="keep",
        layers=LAYERS[kind],
    ).profiles  # fmt: skip
    for found in profiles.values():
        assert {silent, *below} <= set(found)
        assert all(all_finite(profile) for profile in found.values())
    plain, moved = profiles["letter", "nap"], profiles["letter", "grad"]
    for found in (plain, moved):
        assert not found[silent]["mean"].values.any()
        assert not found[silent]["std"].values.any()
        assert found[silent]["count"].values.tolist() == [2, 4]
    for name in (silent, *below):
        # Nothing says which step mattered most.
        assert not moved[name]["shift"].values.any()
        if mask == "none":
            known = moved[name]["lag_count"].values > 0
            assert (moved[name]["mask"].values[known] > 0).all()
            np.testing.assert_allclose(moved[name]["mean"], plain[name]["mean"], atol=1e-6)
        else:
            assert not moved[name]["mask"].values.any()
            assert not moved[name]["mean"].values.any()
        if name != silent:
            assert plain[name]["mean"].values.any()


class Answer(NamedTuple):
    hidden: Tensor
    extra: None


def packed(y: Tensor) -> PackedSequence:
    return pack_padded_sequence(y, torch.full((len(y),), y.shape[1]), batch_first=True)


# How a layer may hand on (batch, steps, channels), and how the next one takes it.
SHAPES: dict[str, tuple[Callable[[Tensor], Any], Callable[[Any], Tensor]]] = {
    "tensor": (lambda y: y, lambda out: out),
    "tuple": (lambda y: (y, (y[:, -1], None)), lambda out: out[0]),
    "list": (lambda y: ["first", y, y * 0], lambda out: out[1]),
    "named tuple": (lambda y: Answer(y, None), lambda out: out.hidden),
    "channels first": (lambda y: y.transpose(1, 2), lambda out: out.transpose(1, 2)),
    "steps first": (lambda y: (y.transpose(0, 1), None), lambda out: out[0].transpose(0, 1)),
    "packed": (packed, lambda out: pad_packed_sequence(out, batch_first=True)[0]),
    "packed in a tuple": (
        lambda y: (packed(y), None),
        lambda out: pad_packed_sequence(out[0], batch_first=True)[0],
    ),
}


class Shaped(nn.Module):
    """A layer with some kind of output."""

    def __init__(self, give: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(5, BANDS))
        self.give = give

    def forward(self, x: Tensor) -> Any:
        return self.give(torch.tanh(x @ self.weight.T))


class Stack(nn.Module):
    """What takes such a layer's output; its logits hear the step before most."""

    def __init__(self, give: Callable[[Tensor], Any], take: Callable[[Any], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.body, self.take = Shaped(give), take
        self.letters = nn.Linear(5, 29)

    def forward(self, x: Tensor) -> Tensor:
        y = self.take(self.body(x))
        return self.letters(y + 2 * y.roll(1, 1))


@pytest.mark.parametrize("shape", list(SHAPES))
def test_whatever_shape_a_layer_gives(tmp_path: Path, shape: str) -> None:
    module, (sound,) = Stack(*SHAPES[shape]), noise(1, 100)
    run = profiled(
        tmp_path, Adapter(module, FEATURES, layers=["body"]), [sound], [Event("u0", 40, "a", 3)],
        mask="none",
    )  # fmt: skip
    with torch.no_grad():
        activation = torch.tanh(sound @ module.body.weight.T).numpy()
    nap = run.profiles["letter", "nap"]["body"]
    assert nap["lag"].values.tolist() == list(range(-5, 6))
    np.testing.assert_allclose(nap["mean"].values[0], activation[35:46], rtol=1e-5, atol=1e-6)
    # The logit is linear in two steps of it, and the first has twice the weight.
    weights = module.letters.weight.detach()[3].abs().numpy()
    assert 2 * np.abs(activation[39]) @ weights > np.abs(activation[40]) @ weights
    grad = run.profiles["letter", "grad"]["body"]
    assert float(grad["shift"][0]) == -1
    assert grad["lag_count"].values[0].tolist() == [0] + [1] * 10
    np.testing.assert_allclose(grad["mean"].values[0, 1:], activation[35:45], rtol=1e-5, atol=1e-6)


def test_a_layer_that_gives_no_tensor_is_named(tmp_path: Path) -> None:
    module = Stack(lambda y: {"hidden": y}, lambda out: out["hidden"])
    network = Adapter(module, FEATURES)
    assert network.left_out == {"body": "its output is no tensor"}
    run = profiled(tmp_path, network, noise(1), [Event("u0", 40, "a")])
    assert list(run.profiles["letter", "grad"]) == ["input"]
    with pytest.raises(InputError, match="'body' is no layer: its output is no tensor"):
        Adapter(module, FEATURES, layers=["body"])
    with pytest.raises(InputError, match="no layer 'body' in planted; there are: input"):
        profiled(tmp_path, network, noise(1), [Event("u0", 40, "a")], layers=["body"])


@pytest.mark.parametrize("kinds", [("nap",), KINDS])
@pytest.mark.parametrize(
    ("other", "back"),
    [
        (lambda y: {"hidden": y}, lambda out: out["hidden"]),
        (lambda y: y.transpose(1, 2), lambda out: out.transpose(1, 2)),
        (lambda y: y[0], lambda out: out[None]),
        (lambda y: y[:, :, :4], lambda out: nn.functional.pad(out, (0, 1))),
    ],
    ids=["a dict", "another axis", "no batch", "fewer channels"],
)
def test_a_layer_that_changes_its_mind(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kinds: tuple[str, ...],
    other: Callable[[Tensor], Any],
    back: Callable[[Any], Tensor],
) -> None:
    """On noise, when it was looked over, it gave a tensor of three axes."""
    module = Stack(lambda y: y, lambda out: out)
    network = Adapter(module, FEATURES, layers=["body"])
    monkeypatch.setattr(module.body, "give", other)
    monkeypatch.setattr(module, "take", back)
    with pytest.raises(InputError, match="'body' gives"):
        profiled(tmp_path, network, noise(1), [Event("u0", 40, "a")], kinds=kinds)


@pytest.mark.parametrize("kinds", [("nap",), KINDS])
def test_a_layer_that_is_skipped_now_and_then(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    class Skipping(Plain):
        def forward(self, x: Tensor) -> Tensor:
            y = self.body(x)
            return self.letters(y if x.abs().max() > 50 else self.rectified(y))

    sounds = noise(2)
    sounds[1] *= 100
    events = [Event("u0", 70, "a"), Event("u1", 70, "a")]
    network = Adapter(Skipping(), FEATURES)
    assert profiled(tmp_path, network, sounds, events[:1], kinds=kinds).events == 1
    with pytest.raises(InputError, match="'rectified' gives nothing"):
        profiled(tmp_path, network, sounds, events, kinds=kinds)


def test_a_layer_that_is_skipped_where_the_input_is_no_number() -> None:
    class Careful(Plain):
        def forward(self, x: Tensor) -> Tensor:
            y = self.body(x)
            return self.letters(self.rectified(y) if x.abs().max() < 50 else y)

    network = Adapter(Careful(), FEATURES)
    assert [layer.name for layer in network.layers] == ["rectified", "letters"]
    # What was passed over has no known ends.
    assert network.layers[0].receptive_field is None


SPOILT: dict[str, Callable[[Tensor], object]] = {
    "not a number": lambda sound: sound[150].fill_(torch.nan),
    "infinite": lambda sound: sound[150:160].fill_(torch.inf),
    "overflowing": lambda sound: sound.mul_(1e38),
}
FOUR = [Event(f"u{i}", frame, letter) for i in range(4) for frame, letter in ((70, "a"), (80, "b"))]
GOOD = [event for event in FOUR if event.utterance != "u2"]


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        *((kind, how) for kind in LAYERS for how in ("not a number", "infinite")),
        # Gates are between 0 and 1, and a single layer does not get so far.
        ("wav2letter", "overflowing"),
    ],
)
def test_what_is_not_finite_is_named_and_not_averaged(tmp_path: Path, kind: str, how: str) -> None:
    sounds = noise(4)
    SPOILT[how](sounds[2])
    options: dict[str, Any] = {"layers": LAYERS[kind]}
    run = profiled(tmp_path, make(kind), sounds, FOUR, max_bad_share=0.25, **options)
    assert [(d.stage, d.utterance, d.reason, d.count) for d in run.drops] == [
        ("profiles", "u2", "not_finite", 1)
    ]
    assert "not finite" in run.drops[0].detail
    same(run, profiled(tmp_path, make(kind), sounds, GOOD, **options))
    assert all(all_finite(p) for profiles in run.profiles.values() for p in profiles.values())


class Hidden(nn.Module):
    """Goes through the logarithm and back: of zero that is -inf, and zero again."""

    def __init__(self) -> None:
        super().__init__()
        self.log, self.exp, self.letters = Function("log"), Function("exp"), nn.Linear(BANDS, 29)

    def forward(self, x: Tensor) -> Tensor:
        return self.letters(self.exp(self.log(x.abs())))


class Function(nn.Module):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = getattr(torch, self.name)(x)
        return found


def test_a_layer_between_finite_ones_is_named(tmp_path: Path) -> None:
    sounds = noise(4)
    sounds[2][150] = 0.0
    network = Adapter(Hidden(), FEATURES, layers=["log", "exp"])
    run = profiled(tmp_path, network, sounds, FOUR, max_bad_share=0.25)
    assert [(d.utterance, d.reason) for d in run.drops] == [("u2", "not_finite")]
    assert "log" in run.drops[0].detail
    same(run, profiled(tmp_path, network, sounds, GOOD))
    # It is no matter to who does not look at it, nor back through it.
    kept = profiled(tmp_path, network, sounds, FOUR, layers=["exp"])
    assert (kept.events, kept.drops) == (8, [])
    assert all_finite(kept.profiles["letter", "grad"]["exp"])


def test_a_convolution_that_overflows_below_finite_ones_is_named(tmp_path: Path) -> None:
    network, sounds = make("wav2letter"), [sound.abs() for sound in noise(4)]
    assert isinstance(network, Wav2Letter)
    with torch.no_grad():
        network.blocks[0].weight.abs_()
        network.blocks[1].weight.abs_().neg_()
        network.blocks[1].bias.fill_(1.0)
    # Infinity times what is negative stays behind the next ReLU: the output is as for silence.
    sounds[2] *= 1e38
    run = profiled(tmp_path, network, sounds, FOUR, max_bad_share=0.25, layers=["conv1", "conv3"])
    assert [(d.utterance, d.reason) for d in run.drops] == [("u2", "not_finite")]
    assert "conv1" in run.drops[0].detail
    same(run, profiled(tmp_path, network, sounds, GOOD, layers=["conv1", "conv3"]))
    kept = profiled(tmp_path, network, sounds, FOUR, layers=["conv3"])
    assert (kept.events, kept.drops) == (8, [])
    assert all_finite(kept.profiles["letter", "grad"]["conv3"])


class Rooted(Plain):
    """The slope of a root is infinite at zero, where the ReLU lets nothing through."""

    def forward(self, x: Tensor) -> Tensor:
        return self.letters(self.rectified(self.body(x)).sqrt())


def test_gradients_that_are_not_finite(tmp_path: Path) -> None:
    torch.manual_seed(3)
    module, sounds = Rooted(), [sound.abs() for sound in noise(4)]
    with torch.no_grad():
        for weight in module.body.parameters():
            weight.abs_().add_(0.1)
    # Of this alone the body is negative, so that the ReLU is shut.
    sounds[2] *= -5
    network = Adapter(module, FEATURES)
    good = profiled(tmp_path, network, sounds, GOOD)
    for profiles in good.profiles.values():
        assert all(map(all_finite, profiles.values()))
    run = profiled(tmp_path, network, sounds, FOUR, max_bad_share=0.25)
    assert [(d.utterance, d.reason) for d in run.drops] == [("u2", "not_finite")]
    same(run, good)


@NETWORKS
@pytest.mark.parametrize("blocks", [1, 16])
def test_too_many_that_are_not_finite(tmp_path: Path, kind: str, blocks: int) -> None:
    sounds = noise(4)
    for spoilt in (0, 2):
        sounds[spoilt][9] = torch.nan
    network = make(kind)
    options: dict[str, Any] = {"layers": [network.layers[-2].name], "blocks": blocks}
    run = profiled(tmp_path, network, sounds, FOUR, max_bad_share=0.5, **options)
    assert [d.utterance for d in run.drops] == ["u0", "u2"]
    assert run.events == 4
    with pytest.raises(InputError, match=r"2 utterances .* max_bad_share .* u2: .*not finite"):
        profiled(tmp_path, network, sounds, FOUR, max_bad_share=0.49, **options)
    for sound in sounds:
        sound[9] = torch.nan
    with pytest.raises(InputError, match="no event is left"):
        profiled(tmp_path, network, sounds, FOUR, max_bad_share=1.0, **options)
