"""A GRU encoder and decoder: the numbers that its authors published, to 2e-8."""

import numpy as np
import pytest
import torch
from torch import nn

from naps.relevance import LRP, Composite, GateRule, explain
from naps.relevance.rules import Epsilon

pytestmark = pytest.mark.data


class Sums(nn.Module):
    """Five steps of two numbers in, then three of two numbers, each with the sum so far."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.GRU(2, 128, 2, batch_first=True)
        self.decoder = nn.GRU(3, 128, 2, batch_first=True)
        self.out1 = nn.Linear(128, 128)
        self.out2 = nn.Linear(128, 1, bias=False)

    def forward(self, x):
        _, state = self.encoder(x[:, :5])
        last, sums = x[:, 4:5, :1], []
        for step in range(5, 8):
            output, state = self.decoder(torch.cat([last, x[:, step : step + 1]], 2), state)
            last = self.out2(torch.relu(self.out1(output)))
            sums.append(last[:, :, 0])
        return torch.cat(sums, 1)


@pytest.fixture(scope="module")
def toy(data):
    with np.load(data / "reference" / "gru_lrp_toy.npz") as file:
        arrays = dict(file)
    names = {
        "w_encoder.rnn_layer.": "encoder.", "w_decoder_cell.decoder_rnn_cell.": "decoder.",
        "w_decoder_cell.": "",
    }  # fmt: skip
    state = {}
    for key, value in arrays.items():
        prefix = next((p for p in names if key.startswith(p)), None)
        if prefix is not None:
            state[names[prefix] + key.removeprefix(prefix)] = torch.from_numpy(value)
    network = Sums().double().eval()
    network.load_state_dict(state)
    x = torch.from_numpy(np.concatenate([arrays["x"], arrays["xf"]])).double()[None]
    return network, x, arrays


def lrp(delta: float) -> LRP:
    composite = Composite(default=Epsilon(1e-3, delta), gates=GateRule(bias_factor=delta))
    return LRP(composite, units=True)


@pytest.mark.parametrize("delta", [0, 1])
def test_relevance_as_computed_step_by_step(toy, delta):
    network, x, arrays = toy
    found = explain(network, x, 2, lrp(float(delta)))
    np.testing.assert_allclose(found.scores[0], arrays["pred"], rtol=0, atol=1e-12)
    # The first number fed back is the input's last; the reference counts it apart.
    expected = np.concatenate([arrays[f"Rx_bf{delta}"], arrays[f"Rxf_bf{delta}"]])
    expected[4, 0] += arrays[f"Ry0_bf{delta}"]
    np.testing.assert_allclose(found.relevance[0], expected, rtol=0, atol=1e-9)
    absorbed = sum(found.absorbed.values())
    assert float(found.relevance.sum()) + absorbed == pytest.approx(float(found.start), abs=1e-9)
    if delta:
        initial = float(found.recurrent["encoder"].initial)
        assert initial == pytest.approx(float(arrays["rest_bf1"]), abs=1e-9)
        assert float(found.relevance.sum()) + initial == pytest.approx(float(found.start), abs=1e-8)


def test_relevance_as_published(toy):
    network, x, arrays = toy
    found = explain(network, x, 2, lrp(0.0)).relevance[0].numpy().copy()
    found[4, 0] -= arrays["Ry0_bf0"]
    expected = np.concatenate([arrays["published_Rx"], arrays["published_Rxf"]])
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-8)


def test_gradients_as_published(toy):
    network, x, arrays = toy
    for method, options, key in (
        ("gradient_times_input", {}, "gi"),
        ("integrated_gradients", {"steps": 30}, "ig30"),
    ):
        found = explain(network, x, 2, method, **options).relevance[0]
        expected = np.concatenate([arrays[f"published_{key}_x"], arrays[f"published_{key}_xf"]])
        np.testing.assert_allclose(found, expected, rtol=0, atol=5.1e-5)
    sizes = explain(network, x, 2, "gradient").relevance[0, :5].abs()
    np.testing.assert_allclose(sizes, arrays["published_saliency_x"], rtol=0, atol=5.1e-5)


def test_every_call_of_the_decoder_is_accounted_for(toy):
    network, x, _ = toy
    found = explain(network, x, 2, lrp(0.0))
    assert set(found.recurrent) == {"encoder", "decoder", "decoder#2", "decoder#3"}
    for relevance in found.recurrent.values():
        np.testing.assert_allclose(relevance.error, 0, rtol=0, atol=1e-9)
