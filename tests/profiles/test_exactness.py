"""Gradients of networks of any size against autograd through the network's own forward.

The reference is one ``torch.autograd.grad`` an event, in double precision, through the network as
it was trained: whole utterance, padding, batch norm and torch's own recurrent layers.
"""

from __future__ import annotations

import copy

import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from naps.models import (
    Layer,
    LSTMConfig,
    LSTMRecognizer,
    Network,
    Wav2Letter,
    Wav2LetterConfig,
    Window,
)
from naps.profiles.autograd_trace import AutogradTrace
from naps.profiles.trace import Trace
from naps.profiles.tracing import trace
from naps.profiles.windows import lag_window
from tests.profiles.watched import Watched

UNITS = 5
EXAMPLES = settings(max_examples=10, deadline=None)

wav2letters = st.builds(
    Wav2LetterConfig,
    n_mels=st.integers(1, 7),
    n_outputs=st.just(UNITS),
    channels=st.integers(1, 6),
    wide=st.integers(1, 9),
    padding=st.sampled_from(["symmetric", "same"]),
    batch_norm=st.booleans(),
)
lstms = st.builds(
    LSTMConfig,
    n_mels=st.integers(1, 6),
    n_outputs=st.just(UNITS),
    hidden=st.integers(1, 6),
    layers=st.integers(1, 3),
    bidirectional=st.booleans(),
    front=st.sampled_from([0, 1, 5]),
    kernel=st.sampled_from([1, 5, 9]),
    stride=st.integers(1, 3),
    batch_norm=st.booleans(),
)


def lively(network: Network) -> None:
    """Give biases and norms values of their own, most channels awake most of the time."""
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                for name, values in module.state_dict().items():
                    if name in ("running_mean", "bias"):
                        values.normal_(std=0.5)
                    elif name in ("running_var", "weight"):
                        values.uniform_(0.5, 2.0)
            elif isinstance(module, nn.LSTM):
                for weight in module.parameters():
                    weight.normal_(std=0.5)
        for name, weight in network.named_parameters():
            if name.startswith("conv") and name.endswith(".bias") and "norm" not in name:
                weight.uniform_(-0.2, 0.8)


def by_autograd(
    network: Network, spectrogram: Tensor, frames: Tensor, units: Tensor
) -> tuple[dict[str, Tensor], list[dict[str, Tensor]]]:
    """Activations of the whole utterance, and gradients of each event's logit over all of it."""
    found = {"input": spectrogram[None].clone().requires_grad_()}
    hooks = []
    for layer in network.layers[:-1]:

        def keep(module: nn.Module, _: object, output: Tensor, name: str = layer.name) -> None:
            found[name] = output

        hooks.append(network.get_submodule(layer.name).register_forward_hook(keep))
    logits = network(found["input"])
    for hook in hooks:
        hook.remove()
    gradients = [
        torch.autograd.grad(logits[0, frame, unit], list(found.values()), retain_graph=True)
        for frame, unit in zip(frames.tolist(), units.tolist(), strict=True)
    ]
    return (
        {name: value.detach()[0] for name, value in found.items()},
        [{name: g[0] for name, g in zip(found, event, strict=True)} for event in gradients],
    )


def compare(
    traced: Trace, expected: list[dict[str, Tensor]], frames: Tensor, units: Tensor,
    tolerance: float, *, complete: bool,
) -> None:  # fmt: skip
    """Hold the windows of a trace against gradients of whole utterances."""
    found = {name: g for name, _, g in traced.gradients(frames, units, traced.layers)}
    assert set(found) == set(traced.layers) == set(expected[0])
    for name, layer in traced.layers.items():
        places, valid = layer.places(frames), layer.valid(frames)
        assert found[name].shape == (*places.shape, layer.activation.shape[1])
        for event, whole in enumerate(expected):
            inside = valid[event]
            mine = found[name][event][inside].double()
            wanted = whole[name][places[event][inside]]
            scale = max(float(whole[name].abs().max()), 1e-12)
            assert mine.shape == wanted.shape
            if len(mine):
                assert float((mine - wanted).abs().max()) <= tolerance * scale, (name, event)
            if complete:
                # What the window leaves out has no influence at all.
                outside = whole[name].clone()
                outside[places[event][inside]] = 0
                assert not outside.any(), (name, event)


def check(
    network: Network, windows: dict[str, Window], spectrogram: Tensor, frames: Tensor,
    dtype: torch.dtype, *, complete: bool,
) -> None:  # fmt: skip
    """By hand and by autograd, both as the reference says."""
    units = torch.randint(0, UNITS, (len(frames),))
    activations, expected = by_autograd(network, spectrogram, frames, units)
    small = copy.deepcopy(network).to(dtype).fused()
    tolerance = 1e-10 if dtype == torch.float64 else 1e-4
    for net in (small, Watched(small)):
        traced = trace(net, spectrogram.to(dtype), windows)
        assert isinstance(traced, AutogradTrace) == (net is not small)
        for name, layer in traced.layers.items():
            own = layer.activation[layer.left : layer.left + layer.steps].double()
            if dtype == torch.float64:
                torch.testing.assert_close(own, activations[name], rtol=1e-10, atol=1e-10)
            elif name.startswith("conv"):
                # A ReLU may open in one precision and stay shut in the other.
                assume(torch.equal(own > 0, activations[name] > 0))
        compare(traced, expected, frames, units, tolerance, complete=complete)


@EXAMPLES
@given(
    wav2letters, st.integers(194, 280), st.integers(0, 10_000),
    st.sampled_from([torch.float64, torch.float32]),
)  # fmt: skip
def test_wav2letter_of_any_size(
    config: Wav2LetterConfig, length: int, seed: int, dtype: torch.dtype
) -> None:
    torch.manual_seed(seed)
    network = Wav2Letter(config).double().eval()
    lively(network)
    names = ["input", *(layer.name for layer in network.layers[:-1])]
    windows = dict(zip(names, network.windows, strict=False))
    outputs = network.output_length(length)
    # Those that see no padding, if there are any, and both ends; one of them twice.
    inside = torch.randint(min(49, outputs - 49), max(50, outputs - 48), (2,))
    frames = torch.cat([inside, torch.tensor([outputs - 1, 0, 11]), inside[:1]])
    check(network, windows, torch.randn(length, config.n_mels).double(), frames, dtype,
          complete=True)  # fmt: skip


@EXAMPLES
@given(
    lstms, st.integers(20, 60), st.integers(0, 10_000),
    st.sampled_from([torch.float64, torch.float32]), st.integers(-40, 0), st.integers(3, 90),
)  # fmt: skip
def test_lstm_of_any_size(
    config: LSTMConfig, length: int, seed: int, dtype: torch.dtype, first: int, width: int
) -> None:
    torch.manual_seed(seed)
    network = LSTMRecognizer(config).double().eval()
    lively(network)
    windows = windows_between(network, first, first + width)
    outputs = network.output_length(length)
    frames = torch.cat([torch.randint(0, outputs, (3,)), torch.tensor([outputs - 1, 0])])
    check(network, windows, torch.randn(length, config.n_mels).double(), frames, dtype,
          complete=False)  # fmt: skip


def windows_between(network: LSTMRecognizer, first: int, last: int) -> dict[str, Window]:
    """Windows of all layers from one lag to another, in input frames."""
    layers = (Layer("input", network.config.n_mels, 1, 0, 1), *network.layers[:-1])
    return {layer.name: lag_window(layer, network.layers[-1], (first, last)) for layer in layers}


@EXAMPLES
@given(lstms, st.integers(20, 40), st.integers(0, 10_000))
def test_an_lstm_in_windows_as_long_as_the_utterance(
    config: LSTMConfig, length: int, seed: int
) -> None:
    torch.manual_seed(seed)
    network = LSTMRecognizer(config).double().eval()
    lively(network)
    windows = windows_between(network, -length - 9, length + 9)
    frames = torch.randint(0, network.output_length(length), (3,))
    check(network, windows, torch.randn(length, config.n_mels).double(), frames, torch.float64,
          complete=True)  # fmt: skip


@EXAMPLES
@given(wav2letters, st.integers(194, 260), st.integers(0, 10_000))
def test_without_biases_a_logit_is_shared_out_among_the_steps_that_made_it(
    config: Wav2LetterConfig, length: int, seed: int
) -> None:
    """Such a network is positively homogeneous, so gradient · activation adds up to the logit."""
    torch.manual_seed(seed)
    network = Wav2Letter(config.model_copy(update={"batch_norm": False})).double().eval()
    names = ["input", *(layer.name for layer in network.layers[:-1])]
    spectrogram = torch.randn(length, config.n_mels).double()
    traced = trace(network, spectrogram, dict(zip(names, network.windows, strict=False)))
    frames = torch.arange(len(traced.logits))
    units = torch.randint(0, UNITS, (len(frames),))
    wanted = traced.logits[frames, units]
    assume(bool(wanted.any()))
    for name, activation, gradient in traced.gradients(frames, units, names):
        product = activation * gradient
        assert not product[~traced.layers[name].valid(frames)].any()
        torch.testing.assert_close(product.sum((1, 2)), wanted, rtol=1e-9, atol=1e-12)
