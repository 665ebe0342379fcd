"""Networks of the majority task: their sizes, and deep Taylor decomposition through their steps."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from naps.relevance import LRP, explain, find_composite
from naps.relevance.evaluation import mark_cosine
from tests.relevance.majority import Below, BelowConvolution, networks, tiles, train

SIZES = {
    "shallow": 184_330, "deep": 153_578, "deep v2": 161_386, "conv deep": 151_802,
    "r-lstm": 145_914, "r-lstm, stationary dropout": 145_914, "conv r-lstm": 152_410,
}  # fmt: skip


def test_sizes_as_published() -> None:
    # MNIST pictures of 28 rows, seven columns at a step.
    found = {
        name: sum(weight.numel() for weight in network.parameters())
        for name, network in networks(28, 7).items()
    }
    assert found == SIZES


@pytest.mark.parametrize("name", [name for name in SIZES if name != "shallow"])
def test_deep_taylor_keeps_the_score_at_every_step(name: str) -> None:
    torch.manual_seed(1)
    network = networks(8, 4)[name].double().eval()
    x = 2 * torch.rand(6, 6, 32, dtype=torch.float64) - 1
    method = LRP(find_composite("deep_taylor", low=-1.0, high=1.0), positive=True)
    # A class that everything speaks for, so that there is a score to share.
    last = [module for module in network.modules() if isinstance(module, Below)][-1]
    last.weight.data[0].abs_()
    for module in network.modules():
        # Far from zero, where the stabilizers are nothing.
        if isinstance(module, Below | BelowConvolution):
            module.weight.data.mul_(2)
            module.bias.data.fill_(-30)
    found = explain(network, x, 0, method)
    assert (found.start > 0.05).all()
    torch.testing.assert_close(found.tokens.sum(1), found.start, rtol=1e-3, atol=1e-6)
    assert (found.relevance >= -1e-9).all()


def test_the_first_layer_has_its_rule_at_every_step() -> None:
    torch.manual_seed(1)
    network = networks(8, 4)["deep"].double().eval()
    x = -torch.rand(1, 6, 32, dtype=torch.float64)
    method = LRP(find_composite("deep_taylor", low=-1.0, high=1.0))
    found = explain(network, x, None, method).relevance[0].abs().sum(1)
    # z⁺ gives nothing to what is below zero; zB does, at each of the steps that reach the score.
    assert (found[1:] > 0).all()


@pytest.mark.slow
def test_the_order_of_networks_that_was_reported() -> None:
    # Chormai (2018): relevance points to the two pictures of the class the better, the more a
    # network has of what the next one has more of.
    x, labels, marks = tiles(500, 99, test=True)
    method = LRP(find_composite("deep_taylor", low=-1.0, high=1.0), positive=True)
    found = {}
    torch.manual_seed(0)
    made = networks(8, 4)
    for name in ("deep", "conv deep", "r-lstm", "r-lstm, stationary dropout"):
        network = train(made[name], steps=500 if "conv" in name else 700)
        relevance = explain(network, x, labels, method).relevance
        pictures = relevance.sum(2).reshape(len(x), 3, 2).sum(2).numpy()
        found[name] = np.mean([mark_cosine(a, b) for a, b in zip(pictures, marks, strict=True)])
    assert found["deep"] < found["conv deep"]
    assert found["deep"] < found["r-lstm"] < found["r-lstm, stationary dropout"]
