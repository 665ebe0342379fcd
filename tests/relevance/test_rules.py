"""Feed-forward rules beside a plain loop over messages, and beside zennit."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from naps.errors import InputError
from naps.relevance import LRP, RULES, Composite, explain
from naps.relevance.rules import (
    AlphaBeta,
    Epsilon,
    Flat,
    Gamma,
    LinearStep,
    Pass,
    WSquare,
    ZBox,
    Zero,
    ZPlus,
)
from tests.oracles import relevance_rules

CASES = {
    "epsilon": (Epsilon(0.01), "epsilon", {"eps": 0.01}),
    "epsilon with bias": (Epsilon(0.01, 0.7), "epsilon", {"eps": 0.01, "delta": 0.7}),
    "0": (Zero(), "epsilon", {"eps": 1e-16}),
    "gamma": (Gamma(0.3, 1e-6), "gamma", {"gamma": 0.3, "eps": 1e-6}),
    "alpha beta": (AlphaBeta(2, 1), "alpha_beta", {}),
    "alpha beta 1.5": (AlphaBeta(1.5, 0.5), "alpha_beta", {"alpha": 1.5, "beta": 0.5}),
    "z+": (ZPlus(), "alpha_beta", {"alpha": 1.0, "beta": 0.0}),
    "zB": (ZBox(-2.0, 3.0), "z_box", {"low": -2.0, "high": 3.0}),
    "w2": (WSquare(), "w_square", {}),
    "flat": (Flat(), "flat", {}),
}


def dense(layer, shape):
    """Return a layer's weights as a matrix (inputs, outputs) and its bias by output."""
    size = int(np.prod(shape))
    with torch.no_grad():
        bias = layer(torch.zeros(1, *shape, dtype=torch.float64))
        rows = layer(torch.eye(size, dtype=torch.float64).view(size, *shape)) - bias
    return rows.reshape(size, -1).numpy(), bias.reshape(-1).numpy(), tuple(bias.shape[1:])


LAYERS = {
    "linear": (lambda: nn.Linear(5, 4), (5,)),
    "conv1d": (lambda: nn.Conv1d(2, 3, 4, stride=2, padding=3), (2, 7)),
    "conv2d": (lambda: nn.Conv2d(2, 4, 3, padding=1, groups=2), (2, 4, 3)),
    "same": (lambda: nn.Conv1d(2, 3, 4, padding="same", dilation=2), (2, 6)),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("positive", [True, False])
def test_as_message_by_message(case, kind, positive):
    torch.manual_seed(3)
    make, shape = LAYERS[kind]
    layer = make().double()
    network = nn.Sequential(layer, nn.Flatten()).eval()
    w, b, outputs = dense(layer, shape)
    x = torch.randn(1, *shape, dtype=torch.float64)
    x = x.abs() if positive else x
    rule, name, options = CASES[case]
    size = int(np.prod(outputs))
    for target in range(0, size, 5):
        found = explain(network, x, target, LRP(Composite(default=rule)))
        relevance = np.zeros(size)
        relevance[target] = float(found.start)
        expected = relevance_rules.share(name, x.numpy().ravel(), w, b, relevance, **options)
        scale = max(1.0, np.abs(expected).max())
        np.testing.assert_allclose(
            found.relevance.numpy().ravel(), expected, rtol=0, atol=1e-9 * scale
        )


def networks(bias: bool) -> dict[str, tuple[nn.Module, tuple[int, ...]]]:
    return {
        "1-D": (
            nn.Sequential(
                nn.Conv1d(3, 6, 4, stride=2, padding=2, bias=bias), nn.ReLU(),
                nn.Conv1d(6, 5, 3, padding=1, bias=bias), nn.Tanh(), nn.AvgPool1d(2),
                nn.Flatten(), nn.Linear(25, 4, bias=bias),
            ),
            (3, 19),
        ),
        "2-D": (
            nn.Sequential(
                nn.Conv2d(2, 4, 3, padding=1, bias=bias), nn.ReLU(inplace=True), nn.MaxPool2d(2),
                nn.Conv2d(4, 6, 3, stride=2, bias=bias), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
                nn.Flatten(), nn.Linear(6, 5, bias=bias), nn.ReLU(), nn.Linear(5, 3, bias=bias),
            ),
            (2, 12, 12),
        ),
    }  # fmt: skip


def as_in_zennit(rules):
    """Return our rules with zennit's of the same meaning, stabilizers the same."""
    return {
        "epsilon": (Epsilon(1e-6), rules.Epsilon(1e-6)),
        "epsilon 0.1": (Epsilon(0.1), rules.Epsilon(0.1)),
        "gamma": (Gamma(0.25, 1e-6), rules.Gamma(0.25, stabilizer=1e-6)),
        "alpha 2 beta 1": (AlphaBeta(2, 1, 1e-6), rules.AlphaBeta(2, 1, stabilizer=1e-6)),
        "z+": (AlphaBeta(1, 0, 1e-6), rules.ZPlus(stabilizer=1e-6)),
        "zB": (ZBox(-4.0, 4.0, 1e-9), rules.ZBox(-4.0, 4.0, stabilizer=1e-9)),
        "w2": (WSquare(), rules.WSquare(stabilizer=1e-12, zero_params="bias")),
        "flat": (Flat(), rules.Flat(stabilizer=1e-12)),
    }


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", ["1-D", "2-D"])
def test_as_zennit(name, bias):
    pytest.importorskip("zennit")
    from zennit import rules
    from zennit.attribution import Gradient
    from zennit.composites import LayerMapComposite
    from zennit.types import Activation, AvgPool, Convolution, Linear

    torch.manual_seed(0)
    network, shape = networks(bias)[name]
    network = network.double().eval()
    for key, weight in network.named_parameters():
        if key.endswith("bias"):
            nn.init.normal_(weight)
    x = torch.randn(3, *shape, dtype=torch.float64).clamp(-4, 4)
    target = network(x).argmax(1)
    for case, (ours, theirs) in as_in_zennit(rules).items():
        composite = LayerMapComposite(
            [
                (Convolution, theirs),
                (Linear, theirs),
                (AvgPool, rules.Norm(stabilizer=1e-6)),
                (Activation, rules.Pass()),
            ]
        )
        with Gradient(model=network, composite=composite) as attributor:
            _, expected = attributor(
                x, lambda out: out * nn.functional.one_hot(target, out.shape[1])
            )
        found = explain(network, x, target, LRP(Composite(default=ours))).relevance
        scale = float(expected.abs().max())
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-9 * scale, msg=case)


@settings(max_examples=30)
@given(
    st.sampled_from(["z+", "w2", "flat", "epsilon", "gamma", "alpha beta"]), st.integers(0, 500),
    st.integers(1, 3),
)  # fmt: skip
def test_without_biases_nothing_is_lost(case, seed, depth):
    torch.manual_seed(seed)
    layers: list[nn.Module] = []
    for _ in range(depth):
        layers += [nn.Conv1d(4, 4, 3, padding=1, bias=False), nn.ReLU()]
    network = nn.Sequential(*layers, nn.AvgPool1d(2), nn.Flatten(), nn.Linear(12, 3, bias=False))
    network = network.double().eval()
    x = torch.rand(2, 4, 6, dtype=torch.float64) + 0.1
    rule = Epsilon(1e-12) if case == "epsilon" else CASES[case][0]
    # A pooling in proportion has nothing to share where all it pools is zero.
    pooling = {"pooling": rule} if case in ("w2", "flat") else {}
    found = explain(network, x, method=LRP(Composite(default=rule, kinds=pooling)))
    left = found.relevance.sum((1, 2))
    absorbed = sum(found.absorbed.values())
    assert float(left.sum()) + absorbed == pytest.approx(float(found.start.sum()), abs=1e-9)
    if case in ("w2", "flat", "epsilon"):
        torch.testing.assert_close(left, found.start, rtol=1e-4, atol=1e-6)


def test_z_plus_is_kept_where_something_speaks_for_every_output():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 1)).double().eval()
    for key, weight in network.named_parameters():
        weight.data.abs_() if key.endswith("weight") else weight.data.zero_()
    x = torch.rand(4, 6, dtype=torch.float64)
    found = explain(network, x, 0, LRP(Composite(default=ZPlus())))
    torch.testing.assert_close(found.relevance.sum(1), found.start, rtol=0, atol=1e-7)
    assert (found.relevance >= 0).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Epsilon(0), "epsilon 0 is not a positive number"),
        (lambda: Gamma(-1), "gamma -1 is not a number from 0 up"),
        (lambda: AlphaBeta(2, 2), "alpha must be beta \\+ 1"),
        (lambda: AlphaBeta(0.5, -0.5), "alpha must be beta"),
        (lambda: ZBox(1, 1), "the first must be the lower one"),
        (lambda: Epsilon(1, 2), "bias factor 2"),
    ],
)
def test_options_that_make_no_sense(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_pass_needs_the_same_shape():
    step = LinearStep(nn.functional.linear, torch.ones(2, 3))
    with pytest.raises(InputError, match="keep the shape"):
        Pass().share(step, torch.ones(1, 3), torch.ones(1, 2))
    assert RULES["pass"] is Pass
