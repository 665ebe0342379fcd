"""LeNet-5 under seven rules: the numbers of its authors' program, to 1e-6."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from naps.relevance import LRP, Composite, explain
from naps.relevance.rules import AlphaBeta, Epsilon, Flat, WSquare, Zero

pytestmark = pytest.mark.data


class SumPool(nn.Module):
    """The sum of four, halved."""

    def forward(self, x):
        return 2 * functional.avg_pool2d(x, 2)


@pytest.fixture(scope="module")
def lenet(data):
    with np.load(data / "reference" / "conv_lrp_lenet.npz") as file:
        arrays = dict(file)
    layers: list[nn.Module] = []
    for number in range(1, 5):
        weight = torch.from_numpy(arrays[f"w_conv{number}_W"]).permute(3, 2, 0, 1)
        convolution = nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2]).double()
        convolution.weight.data = weight.contiguous()
        convolution.bias.data = torch.from_numpy(arrays[f"w_conv{number}_B"])
        layers += [convolution, nn.ReLU(), SumPool()] if number < 4 else [convolution]
    network = nn.Sequential(*layers, nn.Flatten()).eval()
    return network, torch.from_numpy(arrays["x"]).permute(0, 3, 1, 2), arrays


# Poolings share the plain sum of four, of which the network takes the mean: a quarter of epsilon.
RULES = {
    "simple": (Zero(), Epsilon(2.5e-13)),
    "epsilon_1": (Epsilon(1.0), Epsilon(0.25)),
    "epsilon_0p01": (Epsilon(0.01), Epsilon(0.0025)),
    "alphabeta_2": (AlphaBeta(2, 1, 1e-16), AlphaBeta(2, 1, 1e-16)),
    "alphabeta_1": (AlphaBeta(1, 0, 1e-16), AlphaBeta(1, 0, 1e-16)),
    "ww": (WSquare(), WSquare()),
    "flat": (Flat(), Flat()),
}


@pytest.mark.parametrize("name", RULES)
def test_rule(lenet, name):
    network, x, arrays = lenet
    rule, pooling = RULES[name]
    found = explain(network, x, method=LRP(Composite(default=rule, kinds={"pooling": pooling})))
    np.testing.assert_allclose(found.scores, arrays["y"], rtol=0, atol=1e-10)
    assert found.target.tolist() == arrays["pred"].tolist()
    expected = arrays[f"R_{name}"][..., 0]
    np.testing.assert_allclose(found.relevance[:, 0], expected, rtol=0, atol=1e-9)


def test_rules_that_keep_all_relevance(lenet):
    network, x, _ = lenet
    for name in ("alphabeta_1", "ww", "flat"):
        rule, pooling = RULES[name]
        composite = Composite(default=rule, kinds={"pooling": pooling})
        found = explain(network, x, method=LRP(composite))
        np.testing.assert_allclose(found.relevance.sum((1, 2, 3)), found.start, rtol=0, atol=1e-9)
