from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from naps.errors import InputError, UtteranceError
from naps.models import LSTMConfig, LSTMRecognizer, Network, Wav2Letter, Wav2LetterConfig, Window
from naps.profiles import autograd_trace
from naps.profiles.autograd_trace import AutogradTrace
from naps.profiles.tracing import trace
from tests.profiles.test_gradients import windows_of as exact_windows
from tests.profiles.test_recurrent import windows_of as lag_windows
from tests.profiles.watched import Watched


def small(kind: str, dtype: torch.dtype) -> tuple[Network, dict[str, Window]]:
    torch.manual_seed(2)
    if kind == "wav2letter":
        stack = Wav2Letter(Wav2LetterConfig(n_mels=4, n_outputs=5, channels=6, wide=8))
        return stack.to(dtype).eval(), exact_windows(stack)
    rows = LSTMRecognizer(LSTMConfig(n_mels=4, n_outputs=5, hidden=5, layers=2, front=6))
    windows = lag_windows(rows, -30, 30)
    return rows.to(dtype).eval(), {k: v for k, v in windows.items() if "." not in k}


@pytest.mark.parametrize("kind", ["wav2letter", "lstm"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_as_by_hand(kind: str, dtype: torch.dtype) -> None:
    network, windows = small(kind, dtype)
    spectrogram = torch.randn(240, 4, dtype=dtype)
    flags = {name: p.requires_grad for name, p in network.named_parameters()}
    hand = trace(network, spectrogram, windows)
    auto = trace(Watched(network), spectrogram, windows)
    assert isinstance(auto, AutogradTrace)
    assert list(auto.layers) == list(hand.layers)
    torch.testing.assert_close(auto.logits, hand.logits)
    end = len(hand.logits) - 1
    frames, units = torch.tensor([0, end // 2, 3, end]), torch.tensor([4, 0, 2, 1])
    theirs = {k: (a, g) for k, a, g in auto.gradients(frames, units, windows)}
    tolerance = 1e-10 if dtype == torch.float64 else 1e-4
    for name, activation, gradient in hand.gradients(frames, units, windows):
        valid = hand.layers[name].valid(frames)[:, :, None]
        torch.testing.assert_close(theirs[name][0], activation)
        error = (theirs[name][1] - gradient) * valid
        assert float(error.abs().max()) <= tolerance * float((gradient * valid).abs().max())
    assert all(p.grad is None for p in network.parameters())
    assert flags == {name: p.requires_grad for name, p in network.named_parameters()}
    assert torch.backends.cudnn.enabled


class Stubborn(torch.autograd.Function):
    """Twice its input; its backward cannot be done for many gradients at once."""

    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        return 2 * x

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Tensor:
        return gradient * 2 if float(gradient.abs().sum()) >= 0 else gradient


class Changed(Watched):
    """Does something to what is shown, or between the layers and the logits."""

    def __init__(self, change: Callable[[dict[str, Tensor], Tensor], object]) -> None:
        super().__init__(small("lstm", torch.float64)[0])
        self.change = change

    def watched(self, features: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        found, logits = super().watched(features)
        changed = self.change(found, logits)
        return found, changed if isinstance(changed, Tensor) else logits


def gradients(network: Network, size: int = 7) -> dict[str, Tensor]:
    windows = small("lstm", torch.float64)[1]
    torch.manual_seed(1)
    traced = trace(network, torch.randn(90, 4, dtype=torch.float64), windows)
    frames = torch.arange(size) * 4
    return {name: g for name, _, g in traced.gradients(frames, frames % 5, windows)}


def test_one_by_one_where_many_at_once_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    stubborn = Changed(lambda _, logits: Stubborn.apply(logits))
    slow, fast = gradients(stubborn), gradients(Changed(lambda _, logits: 2 * logits))
    assert stubborn in autograd_trace._ONE_BY_ONE
    for name, expected in fast.items():
        torch.testing.assert_close(slow[name], expected)
    # In small parts, to bound the memory.
    monkeypatch.setattr(autograd_trace, "_VALUES", 1500)
    for name, parts in gradients(Changed(lambda _, logits: 2 * logits)).items():
        torch.testing.assert_close(parts, fast[name])


def test_frozen_weights_and_plain_profiles() -> None:
    network, windows = small("lstm", torch.float64)
    expected = gradients(Watched(network))
    network.requires_grad_(False)
    for name, gradient in gradients(Watched(network)).items():
        torch.testing.assert_close(gradient, expected[name])
    assert not any(p.requires_grad for p in network.parameters())
    spectrogram = torch.randn(90, 4, dtype=torch.float64)
    plain = trace(Watched(network), spectrogram, windows, gradients=None)
    assert plain._logits.grad_fn is None
    assert torch.equal(plain.layers["lstm1"].activation, trace(
        network, spectrogram, windows).layers["lstm1"].activation)  # fmt: skip


def spoil(found: dict[str, Tensor], _: Tensor) -> None:
    found["lstm1"] = found["lstm1"].clone()
    found["lstm1"][0, 3, 1] = torch.nan


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda found, _: found.pop("lstm1"), InputError, "'lstm1' gives nothing"),
        (lambda found, _: found.update(lstm1=(1, 2)), InputError, "'lstm1' gives a tuple"),
        (
            lambda found, _: found.update(lstm1=found["lstm1"][0]),
            InputError,
            "'lstm1' gives a tensor of shape .* where \\(1, steps, 10\\)",
        ),
        (spoil, UtteranceError, "'lstm1' gives is not finite"),
        (
            lambda found, _: found.update(lstm1=found["lstm1"].detach()),
            InputError,
            "does not depend on layer 'lstm1'",
        ),
        (
            lambda found, _: found.update(lstm1=found["lstm1"] * 2),
            InputError,
            "does not depend on layer 'lstm1'",
        ),
        (
            lambda found, logits: found["lstm2"].add_(1).sum() + logits,
            InputError,
            "cannot be differentiated .*kinds=\\[nap\\]",
        ),
    ],
)
def test_what_cannot_be_used_is_said(
    change: Callable[..., object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        gradients(Changed(change))


@pytest.mark.parametrize("kind", ["wav2letter", "lstm"])
def test_on_a_gpu(kind: str) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no GPU")
    network, windows = small(kind, torch.float64)
    spectrogram, frames = torch.randn(240, 4).double(), torch.tensor([0, 9, 30])
    expected = {
        name: gradient
        for name, _, gradient in trace(network, spectrogram, windows).gradients(
            frames, frames % 5, windows
        )
    }
    network.to("cuda")
    for way in (network, Watched(network)):
        traced = trace(way, spectrogram.to("cuda"), windows)
        at = frames.to("cuda")
        for name, _, gradient in traced.gradients(at, at % 5, windows):
            valid = traced.layers[name].valid(at).cpu()
            torch.testing.assert_close(gradient.cpu()[valid], expected[name][valid])
    assert torch.backends.cudnn.enabled
