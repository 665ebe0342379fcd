"""Methods beside LRP: against autograd, peers, and what each must give by its definition."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from naps.errors import InputError
from naps.relevance import METHODS, ContextualDecomposition, Occlusion, explain, make_subject
from naps.relevance.methods import IntegratedGradients, Random, SmoothGrad
from tests.relevance.networks import reader


def convolutional():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv1d(4, 5, 3), nn.ReLU(), nn.Conv1d(5, 5, 3), nn.ReLU(inplace=True), nn.Flatten(),
        nn.Linear(20, 3),
    ).double().eval()  # fmt: skip


@pytest.mark.parametrize("name", sorted(set(METHODS) - {"guided_backprop"}))
def test_one_interface_for_all(name):
    net = reader(bidirectional=True)
    x = torch.randn(3, 6, 4, dtype=torch.float64)
    before = x.clone()
    found = explain(net, x, [0, 2, 1], name, lengths=[6, 2, 4])
    assert found.method == name
    assert found.tokens.shape == (3, 6)
    assert found.relevance.shape[:2] == (3, 6)
    assert found.relevance.shape[2] in (1, 4)
    assert not found.relevance.requires_grad
    assert torch.isfinite(found.relevance).all()
    assert not found.relevance[1, 2:].any()
    assert not found.relevance[2, 4:].any()
    assert found.relevance[0].any()
    assert found.target.tolist() == [0, 2, 1]
    torch.testing.assert_close(found.scores, net(x, [6, 2, 4]).detach())
    torch.testing.assert_close(found.start, found.scores[[0, 1, 2], [0, 2, 1]])
    assert torch.equal(x, before)
    assert all(p.grad is None for p in net.parameters())


@pytest.mark.parametrize("off", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("name", sorted(METHODS))
def test_gradients_switched_off_by_the_caller(name, off):
    if name == "guided_backprop":
        net, x = convolutional(), torch.randn(2, 4, 8, dtype=torch.float64)
    else:
        net, x = reader(), torch.randn(2, 6, 4, dtype=torch.float64)
    expected = explain(net, x, 1, name).relevance
    with off():
        found = explain(net, x + 0, 1, name).relevance
        assert not torch.is_grad_enabled()
    assert torch.equal(found, expected)


def test_gradients_as_autograd_and_captum():
    net = convolutional()
    x = torch.randn(3, 4, 8, dtype=torch.float64)
    at = x.clone().requires_grad_()
    (expected,) = torch.autograd.grad(net(at)[:, 1].sum(), at)
    torch.testing.assert_close(explain(net, x, 1, "gradient").relevance, expected)
    torch.testing.assert_close(explain(net, x, 1, "sensitivity").relevance, expected**2)
    product = explain(net, x, 1, "gradient_times_input").relevance
    torch.testing.assert_close(product, expected * x)
    captum = pytest.importorskip("captum.attr")
    torch.testing.assert_close(product, captum.InputXGradient(net).attribute(x, target=1).detach())


def test_integrated_gradients_are_complete_and_as_captum():
    net = convolutional()
    x = torch.randn(2, 4, 8, dtype=torch.float64)
    for baseline in (0.0, 0.7):
        whole = (net(x) - net(torch.full_like(x, baseline)))[:, 2].detach()
        errors = []
        for steps in (3, 100):
            method = IntegratedGradients(steps, baseline)
            found = explain(net, x, 2, method).relevance
            errors.append(float((found.sum((1, 2)) - whole).abs().max()))
        assert errors[1] < 1e-2 * max(1.0, float(whole.abs().max()))
        assert errors[1] < errors[0]
    captum = pytest.importorskip("captum.attr")
    expected = captum.IntegratedGradients(net).attribute(x, target=2, n_steps=30)
    found = explain(net, x, 2, "integrated_gradients", steps=30).relevance
    torch.testing.assert_close(found, expected.detach())


def test_smooth_gradients():
    net = convolutional()
    x = torch.randn(2, 4, 8, dtype=torch.float64)
    plain = explain(net, x, 0, "gradient").relevance
    torch.testing.assert_close(explain(net, x, 0, SmoothGrad(3, 0.0)).relevance, plain)
    first, again, other = (
        explain(net, x, 0, SmoothGrad(10, 0.2, seed)).relevance for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    # Of a linear network every gradient is the same.
    linear = nn.Sequential(nn.Flatten(), nn.Linear(32, 3)).double().eval()
    torch.testing.assert_close(
        explain(linear, x, 0, SmoothGrad(5, 0.5)).relevance,
        linear[1].weight[0].detach().view(1, 4, 8).expand(2, 4, 8),
    )


class Weighted(nn.Module):
    """ReLU, then a sum with given weights: what comes back to the ReLU are these weights."""

    def __init__(self, weights):
        super().__init__()
        self.relu, self.weights = nn.ReLU(), weights

    def forward(self, x):
        return (self.relu(x) * self.weights).sum((1, 2))[:, None]


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("gradient", [[-2, 0, -1], [6, 0, 0], [0, -1, 3]]),
        ("guided_backprop", [[0, 0, 0], [6, 0, 0], [0, 0, 3]]),
    ],
)
def test_relu_rules_on_the_worked_example(method, expected):
    x = torch.tensor([[[1.0, -1, 5], [2, -5, -7], [-3, 2, 4]]])
    back = torch.tensor([[-2.0, 3, -1], [6, -3, 1], [2, -1, 3]])
    found = explain(Weighted(back).eval(), x, 0, method).relevance
    assert found[0].tolist() == expected


def test_guided_backprop_beside_captum_and_without_relus():
    net, x = convolutional(), torch.randn(3, 4, 8, dtype=torch.float64)
    found = explain(net, x, 1, "guided_backprop").relevance
    with pytest.raises(InputError, match="needs ReLUs, and the network has none"):
        explain(reader(), torch.randn(1, 3, 4, dtype=torch.float64), method="guided_backprop")
    captum = pytest.importorskip("captum.attr")
    # captum cannot do with ReLUs that work in place.
    for module in net.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    expected = captum.GuidedBackprop(net).attribute(x, target=1)
    torch.testing.assert_close(found, expected.detach())


def test_occlusion_of_words_is_a_difference_of_scores():
    net = reader(bidirectional=True)
    x, lengths = torch.randn(2, 5, 4, dtype=torch.float64), [5, 3]
    found = explain(net, x, 1, "occlusion", lengths=lengths)
    chances = explain(net, x, 1, Occlusion(probability=True), lengths=lengths)
    for item, length in enumerate(lengths):
        for step in range(length):
            without = x[item : item + 1, :length].clone()
            without[0, step] = 0
            left = net(without).detach()[0]
            whole = found.scores[item]
            assert float(found.tokens[item, step]) == pytest.approx(float(whole[1] - left[1]))
            by_chance = whole.softmax(0)[1] - left.softmax(0)[1]
            assert float(chances.tokens[item, step]) == pytest.approx(float(by_chance))


def test_occlusion_of_patches_as_captum():
    captum = pytest.importorskip("captum.attr")
    net = nn.Sequential(nn.Flatten(), nn.Linear(48, 8), nn.Tanh(), nn.Linear(8, 2)).double().eval()
    x = torch.randn(2, 6, 8, dtype=torch.float64)
    # Patches that do not overlap: captum gives each value the difference, we its share of it.
    found = explain(net, x, 1, Occlusion((3, 4))).relevance
    expected = captum.Occlusion(net).attribute(x, (3, 4), strides=(3, 4), target=1)
    torch.testing.assert_close((found * 12).float(), expected)


def test_overlapping_patches_are_averaged():
    net = nn.Sequential(nn.Flatten(), nn.Linear(5, 1)).double().eval()
    x = torch.ones(1, 5, 1, dtype=torch.float64)
    weight = net[1].weight[0].detach()
    found = explain(net, x, 0, Occlusion((2,), (1,))).relevance[0, :, 0]
    pairs = (weight[:-1] + weight[1:]) / 2
    expected = torch.stack([pairs[0], *((pairs[1:] + pairs[:-1]) / 2), pairs[-1]])
    torch.testing.assert_close(found, expected)
    # A stride that does not divide the length leaves no end out.
    last = explain(net, x, 0, Occlusion((2,), (2,))).relevance[0, :, 0]
    torch.testing.assert_close(last[4], pairs[3])


def test_patch_without_influence_has_none():
    net = nn.Sequential(nn.Flatten(), nn.Linear(6, 2)).double().eval()
    with torch.no_grad():
        net[1].weight[:, 2:4] = 0
    x = torch.randn(1, 3, 2, dtype=torch.float64)
    assert float(explain(net, x, 0, "occlusion").tokens[0, 1]) == pytest.approx(0, abs=1e-12)


@settings(max_examples=20)
@given(
    st.integers(1, 2), st.booleans(), st.sampled_from(["last", "mean"]), st.booleans(),
    st.lists(st.integers(1, 6), min_size=1, max_size=3), st.integers(0, 100), st.data(),
)  # fmt: skip
def test_parts_of_contextual_decomposition_make_the_scores(
    layers, both, head, last_bias, lengths, seed, data
):
    net = reader(seed, head=head, num_layers=layers, bidirectional=both)
    x = torch.randn(len(lengths), max(lengths), 4, dtype=torch.float64)
    stops = [data.draw(st.integers(0, n - 1)) for n in lengths]
    starts = [data.draw(st.integers(0, stop)) for stop in stops]
    subject = make_subject(net, x, lengths=lengths)
    method = ContextualDecomposition(last_bias)
    parts = method.phrases(subject, torch.tensor(starts), torch.tensor(stops))
    whole = parts.relevant + parts.rest + parts.constant
    torch.testing.assert_close(whole, subject.original, rtol=0, atol=1e-9)
    torch.testing.assert_close(parts.constant[0], net.head.bias.detach())
    ends = torch.tensor(lengths) - 1
    everything = ContextualDecomposition().phrases(subject, ends * 0, ends)
    torch.testing.assert_close(everything.rest, torch.zeros_like(everything.rest))


def test_decomposition_of_steps_is_that_of_one_word_phrases():
    net = reader(bidirectional=True, num_layers=2)
    x, lengths = torch.randn(2, 5, 4, dtype=torch.float64), [5, 2]
    found = explain(net, x, 1, "contextual_decomposition", lengths=lengths)
    subject = make_subject(net, x, 1, lengths=lengths)
    for item, length in enumerate(lengths):
        for step in range(length):
            place = torch.tensor([step])
            parts = ContextualDecomposition().phrases(subject, place, place, torch.tensor([item]))
            assert float(found.tokens[item, step]) == pytest.approx(float(parts.relevant[0, 1]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell": nn.GRU}, r"one nn.LSTM; this has 'rnn' \(GRU\)"),
        ({"head": "attention"}, "needs a head that is linear"),
    ],
)
def test_decomposition_says_what_it_needs(options, message):
    x = torch.randn(1, 4, 4, dtype=torch.float64)
    with pytest.raises(InputError, match=message):
        explain(reader(**options), x, method="contextual_decomposition")


def test_random_relevance_is_the_seed_s():
    net, x = reader(), torch.randn(2, 5, 4, dtype=torch.float64)
    first, again, other = (explain(net, x, 0, Random(seed)).relevance for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert abs(np.corrcoef(first.flatten(), other.flatten())[0, 1]) < 0.5


@pytest.mark.parametrize(
    ("method", "options", "message"),
    [
        ("saliency", {}, "no method 'saliency'; there are: lrp, gradient, sensitivity"),
        ("occlusion", {"size": 3}, "occlusion has no option 'size'; there are: window, stride"),
        ("gradient", {"size": 3}, "gradient has no option 'size'; there are: none"),
        ("integrated_gradients", {"steps": 0}, "1 step or more, not 0"),
        ("smoothgrad", {"samples": 0}, "1 sample or more, not 0"),
        ("smoothgrad", {"noise": -1.0}, "noise -1.0"),
        ("occlusion", {"window": (-1,)}, "sizes must not be negative"),
        ("occlusion", {"window": (1, 1, 1)}, "for an input of 2 axes"),
        (Random(), {"seed": 1}, "set options of random in the method itself"),
    ],
)
def test_methods_and_options_that_there_are_not(method, options, message):
    with pytest.raises(InputError, match=message):
        explain(reader(), torch.randn(1, 3, 4, dtype=torch.float64), 0, method, **options)
