"""Both ways back through convolutions against autograd, and against each other."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from naps.models import Wav2Letter, Wav2LetterConfig
from naps.profiles.convolutional_trace import ConvolutionalTrace
from naps.profiles.way_back import DirectStep, SpectralStep, WayBack


@settings(deadline=None, max_examples=60)
@given(
    outputs=st.integers(1, 5),
    inputs=st.integers(1, 5),
    kernel=st.integers(1, 9),
    stride=st.integers(1, 4),
    width=st.integers(1, 12),
    events=st.integers(1, 3),
)
def test_both_ways_are_the_gradient(
    outputs: int, inputs: int, kernel: int, stride: int, width: int, events: int
) -> None:
    torch.manual_seed(outputs + 7 * kernel + width)
    weight = torch.randn(outputs, inputs, kernel, dtype=torch.float64)
    gradient = torch.randn(events, width, outputs, dtype=torch.float64)
    x = torch.randn(events, inputs, (width - 1) * stride + kernel, dtype=torch.float64)
    x.requires_grad_()
    given_ = functional.conv1d(x, weight, stride=stride)
    (expected,) = torch.autograd.grad(given_, x, gradient.transpose(1, 2))
    for step in (DirectStep(weight, stride), SpectralStep(weight, stride, width)):
        found = step(gradient)
        assert found.is_contiguous()
        torch.testing.assert_close(found, expected.transpose(1, 2), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(("kind", "tolerance"), [(torch.float64, 1e-11), (torch.float32, 2e-5)])
@pytest.mark.parametrize("padding", ["symmetric", "same"])
def test_a_whole_network_through_frequencies(
    kind: torch.dtype, tolerance: float, padding: str
) -> None:
    torch.manual_seed(2)
    config = Wav2LetterConfig(n_mels=6, channels=8, wide=12, n_outputs=9, padding=padding)
    network = Wav2Letter(config).to(kind).eval()
    with torch.no_grad():
        for block in network.blocks:
            # Few units are silent, so that there is something to compare everywhere.
            block.bias.add_(0.3)
    x = torch.randn(300, 6, dtype=kind)
    names = ["input", *(layer.name for layer in network.layers[:-1])]
    windows = dict(zip(names, network.windows, strict=False))
    frames, units = torch.tensor([0, 60, 75, 149]), torch.tensor([1, 2, 3, 8])
    found = {}
    for spectral in (False, True):
        traced = ConvolutionalTrace(network, x, windows, back=WayBack(network, spectral=spectral))
        found[spectral] = {n: g for n, _, g in traced.gradients(frames, units, names)}
    for name in names:
        direct = found[False][name]
        error = (found[True][name] - direct).abs().max() / direct.abs().max()
        assert error < tolerance, name


def test_frequencies_are_for_wide_layers_and_long_windows() -> None:
    full = WayBack(Wav2Letter(Wav2LetterConfig(n_mels=64, channels=160, wide=64)).eval())
    kinds = [type(step) for step in full.steps]
    assert kinds[:8] == [SpectralStep] * 8
    assert kinds[8:] == [DirectStep] * 3
    rough = WayBack(Wav2Letter(Wav2LetterConfig(channels=96, wide=128)), "bfloat16")
    assert {type(step) for step in rough.steps} == {DirectStep}
    assert rough.output.dtype == torch.bfloat16


def test_no_gradient_stays_none() -> None:
    weight = torch.randn(5, 4, 7)
    assert not SpectralStep(weight, 1, 9)(torch.zeros(2, 9, 5)).any()
