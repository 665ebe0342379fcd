import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from naps.models import Layer, LSTMConfig, LSTMRecognizer, Window
from naps.profiles.cell_row import CellRow
from naps.profiles.trace import Trace
from naps.profiles.tracing import trace
from naps.profiles.windows import lag_window
from tests.oracles.lstm import event_gradients, listen


def network(
    seed: int = 0, spread: float = 0.5, dtype: torch.dtype = torch.float64, **sizes: int
) -> LSTMRecognizer:
    """Make a small network with weights great enough that gates are not all half open."""
    torch.manual_seed(seed)
    config = {"n_mels": 3, "n_outputs": 4, "hidden": 3, "layers": 2, "front": 4, "kernel": 5}
    made = LSTMRecognizer(LSTMConfig(**(config | sizes))).to(dtype).eval()
    for weight in made.parameters():
        torch.nn.init.normal_(weight, std=spread)
    return made


def windows_of(net: LSTMRecognizer, first: float, last: float) -> dict[str, Window]:
    """Lags in input frames, of all that can be looked at."""
    below = Layer("input", net.config.n_mels, 1, 0, 1)
    return {
        layer.name: lag_window(layer, net.layers[-1], (first, last))
        for layer in (below, *net.layers[:-1], *net.taps)
    }


def compare(
    net: LSTMRecognizer,
    spectrogram: torch.Tensor,
    traced: Trace,
    frames: torch.Tensor,
    units: torch.Tensor,
    wanted: list[str],
    tolerance: float,
) -> None:
    found = {name: (a, g) for name, a, g in traced.gradients(frames, units, wanted)}
    assert set(found) == set(wanted)
    for event, (frame, unit) in enumerate(zip(frames.tolist(), units.tolist(), strict=True)):
        values, gradients = event_gradients(net, spectrogram, frame, unit)
        for name in wanted:
            layer = traced.layers[name]
            places, valid = layer.places(frames)[event], layer.valid(frames)[event]
            activation, gradient = found[name][0][event], found[name][1][event]
            assert activation.shape == gradient.shape
            assert not activation[~valid].any()
            torch.testing.assert_close(
                activation[valid].double(), values[name][places[valid]], rtol=0, atol=tolerance
            )
            scale = max(float(gradients[name].abs().max()), 1e-12)
            error = (gradient[valid] - gradients[name][places[valid]]).abs()
            assert float(error.max() if len(error) else 0) <= tolerance * scale, name


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("front", [0, 4])
@pytest.mark.parametrize("layers", [1, 3])
def test_by_hand_as_by_autograd(bidirectional: bool, front: int, layers: int) -> None:
    net = network(bidirectional=bidirectional, front=front, layers=layers, stride=2)
    spectrogram = torch.randn(33, 3, dtype=torch.float64)
    windows = windows_of(net, -9, 9)
    traced = trace(net, spectrogram, windows)
    end = len(traced.logits) - 1
    # In no order, two of one frame, at both ends.
    frames, units = torch.tensor([end, 0, 7, 1, 7, end - 1]), torch.tensor([0, 1, 2, 3, 0, 2])
    for wanted in (list(windows), ["input"], ["lstm1"], [f"lstm{layers}"], ["lstm1.forget"]):
        compare(net, spectrogram, traced, frames, units, wanted, 1e-10)


@settings(max_examples=25)
@given(
    st.booleans(), st.sampled_from([0, 1, 4]), st.integers(1, 3), st.integers(1, 4),
    st.sampled_from([1, 3, 7]), st.integers(1, 4), st.integers(-20, 12), st.integers(0, 25),
    st.integers(12, 30), st.integers(0, 10_000), st.data(),
)  # fmt: skip
def test_any_small_network(
    bidirectional: bool, front: int, layers: int, hidden: int, kernel: int, stride: int,
    first: int, width: int, length: int, seed: int, data: st.DataObject,
) -> None:  # fmt: skip
    net = network(
        seed, bidirectional=bidirectional, front=front, layers=layers, hidden=hidden,
        kernel=kernel, stride=stride,
    )  # fmt: skip
    # As wide as a step at least.
    windows = windows_of(net, first, first + max(width, stride - 1))
    spectrogram = torch.randn(length, 3, dtype=torch.float64)
    traced = trace(net, spectrogram, windows)
    wanted = data.draw(st.lists(st.sampled_from(list(windows)), min_size=1, unique=True))
    frames = torch.randint(0, len(traced.logits), (3,))
    compare(net, spectrogram, traced, frames, torch.randint(0, 4, (3,)), wanted, 1e-10)


def test_single_precision() -> None:
    sizes = {"hidden": 12, "layers": 3, "n_mels": 8, "front": 10}
    exact, single = network(spread=0.3, **sizes), network(spread=0.3, dtype=torch.float32, **sizes)
    single.load_state_dict(exact.state_dict())
    spectrogram = torch.randn(120, 8, dtype=torch.float64)
    windows = windows_of(exact, -60, 60)
    frames, units = torch.tensor([0, 11, 25, 39]), torch.tensor([0, 1, 2, 3])
    compare(
        exact, spectrogram, trace(single, spectrogram.float(), windows), frames, units,
        list(windows), 1e-4,
    )  # fmt: skip


def test_the_oracle_is_the_network() -> None:
    net = network(layers=3)
    spectrogram = torch.randn(40, 3, dtype=torch.float64)
    _, logits = listen(net, spectrogram, {})
    with torch.no_grad():
        torch.testing.assert_close(net(spectrogram[None])[0], logits, rtol=0, atol=1e-12)


def test_gates_of_a_row() -> None:
    net = network(front=0, layers=1)
    x = torch.randn(20, 3, dtype=torch.float64)
    with torch.no_grad():
        outputs = net.recurrent[0](x[None], None)[0]
    for lstm, part, turned in zip(
        net.recurrent[0].rows, outputs.chunk(2, 1), (False, True), strict=True
    ):
        row = CellRow.recompute(lstm, x, part, turned=turned)
        torch.testing.assert_close(row.gates[:, 3] * row.squashed, part, rtol=0, atol=1e-12)
        start = -1 if turned else 0
        assert not row.before[start].any()
        assert not row.cell.requires_grad


def planted(forget: float) -> LSTMRecognizer:
    """One cell that adds up band 0 and keeps the share ``forget`` of it at each step."""
    net = network(front=0, layers=1, hidden=1, bidirectional=False, n_mels=2)
    row = net.recurrent[0].ahead
    with torch.no_grad():
        for weight in (*net.parameters(), *row.parameters()):
            weight.zero_()
        row.weight_ih_l0[2, 0] = 0.01
        row.bias_ih_l0[:] = torch.tensor([30.0, torch.logit(torch.tensor(forget)), 0.0, 30.0])
        net.output.weight[1, 0] = 1.0
    return net


@pytest.mark.parametrize("forget", [0.5, 0.9])
def test_a_cell_that_forgets_at_a_known_pace(forget: float) -> None:
    net = planted(forget)
    spectrogram = 0.01 * torch.randn(40, 2, dtype=torch.float64)
    traced = trace(net, spectrogram, windows_of(net, -6, 6))
    at, unit = torch.tensor([20]), torch.tensor([1])
    names = ["input", "lstm1", "lstm1.cell", "lstm1.output"]
    found = {name: g[0, :, 0] for name, _, g in traced.gradients(at, unit, names)}
    # So little is in the cell that its tanh is but itself.
    kept = torch.tensor([forget**n for n in range(6, -1, -1)] + [0.0] * 6, dtype=torch.float64)
    torch.testing.assert_close(found["lstm1.cell"], kept, rtol=1e-4, atol=0)
    torch.testing.assert_close(found["input"], 0.01 * kept, rtol=1e-4, atol=0)
    own = torch.zeros(13, dtype=torch.float64)
    own[6] = 1.0
    torch.testing.assert_close(found["lstm1"], own)
    assert torch.equal(found["lstm1.output"] != 0, own.bool())


def test_nothing_wanted_and_a_network_that_is_not_fused() -> None:
    net = network()
    traced = trace(net, torch.randn(20, 3, dtype=torch.float64), windows_of(net, -5, 5))
    at = torch.tensor([2])
    assert list(traced.gradients(at, at * 0, [])) == []
    normed = LSTMRecognizer(LSTMConfig(n_mels=3, batch_norm=True))
    with pytest.raises(ValueError, match="fused"):
        trace(normed, torch.randn(20, 3), {})
