import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from naps.models import Wav2Letter, Wav2LetterConfig, Window
from naps.profiles.tracing import trace
from tests.oracles.profiles import crop_event

NAMES = ["input", *[f"conv{i}" for i in range(1, 11)]]


def windows_of(network: Wav2Letter) -> dict[str, Window]:
    return dict(zip(NAMES, network.windows, strict=False))


def whole_utterance_gradient(
    network: Wav2Letter, spectrogram: torch.Tensor, frame: int, unit: int
) -> list[torch.Tensor]:
    """Autograd through the padded network, one event."""
    x = spectrogram[None].clone().requires_grad_()
    activations = [x]
    for block in network.blocks[:-1]:
        activations.append(block(activations[-1]))
    logits = network.blocks[-1](activations[-1])
    return [g[0] for g in torch.autograd.grad(logits[0, frame, unit], activations)]


@settings(max_examples=15)
@given(
    st.integers(1, 6), st.integers(1, 6), st.integers(1, 7), st.sampled_from(["symmetric", "same"]),
    st.integers(194, 420), st.integers(0, 10_000), st.booleans(),
)  # fmt: skip
def test_exact_everywhere_even_at_the_edges(
    mels: int, channels: int, wide: int, padding: str, length: int, seed: int, double: bool
) -> None:
    torch.manual_seed(seed)
    dtype = torch.float64 if double else torch.float32
    config = Wav2LetterConfig(
        n_mels=mels, n_outputs=5, channels=channels, wide=wide, padding=padding
    )
    network = Wav2Letter(config).to(dtype).eval()
    spectrogram = torch.randn(length, mels, dtype=dtype)
    traced = trace(network, spectrogram, windows_of(network))
    outputs = len(traced.logits)
    frames = torch.tensor([0, 1, outputs // 2, outputs // 3, outputs - 1])
    units = torch.randint(0, 5, (5,))
    found = {name: g for name, _, g in traced.gradients(frames, units, NAMES)}
    tolerance = 1e-10 if double else 1e-4
    for event, (frame, unit) in enumerate(zip(frames.tolist(), units.tolist(), strict=True)):
        whole = whole_utterance_gradient(network, spectrogram, frame, unit)
        for name, expected in zip(NAMES, whole, strict=True):
            layer = traced.layers[name]
            start, width = layer.window.start(frame), layer.window.width
            inside = slice(max(0, start), min(len(expected), start + width))
            mine = torch.zeros_like(expected)
            mine[inside] = found[name][event][inside.start - start : inside.stop - start]
            # Outside the window the gradient is zero, inside it is ours.
            scale = max(float(expected.abs().max()), 1e-12)
            assert float((mine - expected).abs().max()) <= tolerance * scale


def test_an_interior_event_sees_what_its_crop_gives() -> None:
    torch.manual_seed(5)
    network = Wav2Letter(Wav2LetterConfig(n_mels=12, channels=10, wide=16)).double().eval()
    spectrogram = torch.randn(500, 12, dtype=torch.float64)
    traced = trace(network, spectrogram, windows_of(network))
    frames, units = torch.tensor([60, 100, 150]), torch.tensor([3, 28, 0])
    found = {name: (a, g) for name, a, g in traced.gradients(frames, units, NAMES)}
    for event in range(3):
        activations, gradients = crop_event(
            network, spectrogram, int(frames[event]), int(units[event])
        )
        for name, a, g in zip(NAMES, activations, gradients, strict=True):
            torch.testing.assert_close(found[name][0][event], torch.from_numpy(a))
            torch.testing.assert_close(found[name][1][event], torch.from_numpy(g))


def test_only_what_is_wanted() -> None:
    network = Wav2Letter(Wav2LetterConfig(n_mels=4, channels=3, wide=5)).eval()
    traced = trace(network, torch.randn(300, 4), windows_of(network))
    at = torch.tensor([70])
    wanted = ["conv8", "conv10"]
    assert [name for name, *_ in traced.gradients(at, at * 0, wanted)] == ["conv10", "conv8"]
    assert list(traced.gradients(at, at * 0, [])) == []
    few = trace(network, torch.randn(300, 4), {"conv3": windows_of(network)["conv3"]})
    assert list(few.layers) == ["conv3"]
    assert [name for name, *_ in few.gradients(at, at * 0, few.layers)] == ["conv3"]


def test_a_network_with_batch_norm_must_be_fused_first() -> None:
    network = Wav2Letter(Wav2LetterConfig(n_mels=4, channels=3, wide=5, batch_norm=True))
    with pytest.raises(ValueError, match="fused"):
        trace(network, torch.randn(300, 4), {})
