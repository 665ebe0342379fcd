"""Which layer gets which rule, and what of a network can be explained."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from naps.errors import InputError
from naps.models import LSTMConfig, LSTMRecognizer, Recognizer
from naps.relevance import COMPOSITES, LRP, Composite, GateRule, explain, find_composite
from naps.relevance.rules import Epsilon, Flat, Gamma, Pass, WSquare, ZBox, ZPlus


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv1d(3, 4, 3), nn.ReLU(), nn.Conv1d(4, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 2)
    ).double().eval()  # fmt: skip


def test_first_fit_is_taken():
    special, first, by_type, by_kind = Flat(), WSquare(), ZPlus(), Gamma()
    composite = Composite(
        names={"body.*": special},
        first=first,
        types={nn.Conv1d: by_type},
        kinds={"linear": by_kind},
    )
    convolution, linear = nn.Conv1d(1, 1, 1), nn.Linear(1, 1)
    rule = composite.rule
    assert rule("body.1", convolution, "convolution", first=True) is special
    assert rule("top", convolution, "convolution", first=True) is first
    assert rule("top", convolution, "convolution", first=False) is by_type
    assert rule("top", linear, "linear", first=False) is by_kind
    assert rule("top", nn.ReLU(), "convolution", first=False) == Epsilon()
    assert rule("top", nn.AvgPool1d(2), "pooling", first=True) == Epsilon()
    assert rule("top", nn.BatchNorm1d(2), "normalization", first=False) == Pass()


def test_names_choose_layers():
    net, x = network(), torch.randn(2, 3, 8, dtype=torch.float64)
    plain = explain(net, x).relevance
    other = explain(net, x, method=LRP(Composite(names={"0": Flat()}))).relevance
    only_first = explain(net, x, method=LRP(Composite(first=Flat()))).relevance
    by_type = explain(net, x, method=LRP(Composite(types={nn.Conv1d: Flat()}))).relevance
    torch.testing.assert_close(other, only_first)
    # Flat shares make every input channel of a step the same.
    torch.testing.assert_close(other[:, :1].expand_as(other), other)
    assert not torch.allclose(plain, other)
    assert not torch.allclose(by_type, other)


@pytest.mark.parametrize("name", COMPOSITES)
def test_every_composite_accounts_for_all(name):
    net, x = network(), torch.randn(2, 3, 8, dtype=torch.float64)
    found = explain(net, x, method=LRP(find_composite(name)))
    total = float(found.relevance.sum()) + sum(found.absorbed.values())
    assert total == pytest.approx(float(found.start.sum()), abs=1e-9)
    assert found.relevance.abs().sum() > 0


def test_options_of_composites():
    assert find_composite("deep_taylor", low=-1.0, high=1.0).first == ZBox(-1.0, 1.0)
    assert find_composite("deep_taylor").first == WSquare()
    assert find_composite("epsilon_gamma_box", gamma=0.5).kinds["convolution"] == Gamma(0.5)
    with pytest.raises(InputError, match="give both bounds"):
        find_composite("deep_taylor", low=-1.0)
    with pytest.raises(InputError, match="no composite 'lrp'; there are: epsilon, epsilon_plus"):
        find_composite("lrp")
    with pytest.raises(InputError, match="'epsilon_plus' has no options low"):
        find_composite("epsilon_plus", low=0.0)
    with pytest.raises(InputError, match="no kind of layer 'lstm'; there are: linear"):
        Composite(kinds={"lstm": Flat()})


def test_wav2letter_down_to_the_spectrogram(recognizer: Recognizer):
    net = recognizer.network.double()
    x = torch.randn(2, 300, 16, dtype=torch.float64)
    frame = 60
    for name in ("spectrogram", "epsilon_plus"):
        method = LRP(find_composite(name), layers=("conv1", "conv8"))
        found = explain(net, x, 3, method, output=lambda logits: logits[:, frame])
        total = float(found.relevance.sum()) + sum(found.absorbed.values())
        assert total == pytest.approx(float(found.start.sum()), abs=1e-9)
        assert found.layers["conv8"].shape == (2, 150, 8)
        # Only what the output frame can hear has relevance.
        window = net.windows[0]
        heard = torch.zeros(300, dtype=torch.bool)
        start = window.stride * frame + window.offset
        heard[max(start, 0) : start + window.width] = True
        assert not found.relevance[:, ~heard].any()
        assert found.relevance[:, heard].abs().sum() > 0


def test_lstm_recognizer_down_to_the_spectrogram():
    config = LSTMConfig(n_mels=5, n_outputs=4, hidden=3, layers=2, front=4, kernel=3, stride=2)
    torch.manual_seed(0)
    net = LSTMRecognizer(config).double().eval()
    x = torch.randn(2, 20, 5, dtype=torch.float64)
    found = explain(
        net, x, 1, LRP(units=True), lengths=[20, 14], output=lambda logits: logits[:, 3]
    )
    assert set(found.recurrent) == {"lstm1.ahead", "lstm1.back", "lstm2.ahead", "lstm2.back"}
    total = float(found.relevance.sum()) + sum(found.absorbed.values())
    assert total == pytest.approx(float(found.start.sum()), abs=1e-9)
    assert not found.relevance[1, 14:].any()


def test_relevance_of_layers_keeps_what_is_above():
    net, x = network(), torch.randn(2, 3, 8, dtype=torch.float64)
    names = tuple(name for name, _ in net.named_children())
    found = explain(net, x, method=LRP(Composite(default=ZPlus()), layers=names))
    torch.testing.assert_close(found.layers["5"].sum(1), found.start)
    # Activation functions and reshapings pass all on.
    torch.testing.assert_close(found.layers["0"], found.layers["1"])
    torch.testing.assert_close(found.layers["3"].flatten(1), found.layers["4"])
    with pytest.raises(InputError, match="no layer 'top'; there are: 0, 1, 2"):
        explain(net, x, method=LRP(layers=("top",)))


class Asked(nn.Module):
    """A network that does with its hidden values what it is asked to."""

    def __init__(self, what, norm=None):
        super().__init__()
        torch.manual_seed(1)
        self.below = nn.Linear(4, 4, dtype=torch.float64)
        self.top = nn.Linear(4, 2, dtype=torch.float64)
        self.what, self.norm = what, norm

    def forward(self, x):
        return self.what(self, self.below(x), x)


def added_in_place(net, h, x):
    h += x
    return net.top(h)


def summed_up(net, h, x):
    total = torch.zeros_like(x)
    for value in (h, x, h):
        total += value
    return net.top(total)


ALLOWED = {
    "running sum": summed_up,
    "residual sum": lambda net, h, x: net.top(h + x),
    "difference": lambda net, h, x: net.top(h - 0.5 * x),
    "one less": lambda net, h, x: net.top(1 - h),
    "sum in place": added_in_place,
    "scaled": lambda net, h, x: net.top(2 * h / 3),
    "gate": lambda net, h, x: net.top(torch.sigmoid(x) * h),
    "closed gate": lambda net, h, x: net.top((1 - x.sigmoid()) * h),
    "concatenated": lambda net, h, x: net.top(torch.cat([h[:, :2], x[:, 2:]], 1)),
    "maximum": lambda net, h, x: net.top(torch.stack([h, x]).max(0).values),
    "mean": lambda net, h, x: net.top(torch.stack([h, x]).mean(0)),
    "product": lambda net, h, x: h @ net.top.weight.T,
    "batch norm": lambda net, h, x: net.top(net.norm(h)),
    "where": lambda net, h, x: net.top(torch.where(x > 0, h, x)),
    "twice": lambda net, h, x: net.top(net.below(h)),
    "dropout in eval mode": lambda net, h, x: net.top(functional.dropout(h, 0.5, net.training)),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_what_networks_do(name):
    norm = nn.BatchNorm1d(4, dtype=torch.float64)
    norm.running_mean.copy_(torch.randn(4))
    net = Asked(ALLOWED[name], norm).eval()
    x = torch.randn(5, 4, dtype=torch.float64)
    found = explain(net, x)
    torch.testing.assert_close(found.scores, net(x).detach())
    total = float(found.relevance.sum()) + sum(found.absorbed.values())
    assert total == pytest.approx(float(found.start.sum()), abs=1e-9)


def test_sums_share_in_proportion():
    net = Asked(lambda net, h, x: h + 3 * x).eval()
    x = torch.randn(1, 4, dtype=torch.float64)
    with torch.no_grad():
        net.below.weight.copy_(torch.eye(4))
        net.below.bias.zero_()
    found = explain(net, x, 2)
    # h is x itself: a quarter comes by way of it, three quarters directly.
    assert float(found.relevance[0, 2]) == pytest.approx(float(found.start), rel=1e-4)
    assert not found.relevance[0, [0, 1, 3]].any()


@pytest.mark.parametrize(("gates", "share"), [("all", 0.0), ("half", 0.5)])
def test_gates_get_what_the_rule_says(gates, share):
    net = Asked(lambda net, h, x: torch.sigmoid(h) * x).eval()
    x = torch.randn(1, 4, dtype=torch.float64)
    method = LRP(Composite(gates=GateRule(gates)), layers=("below",))
    found = explain(net, x, 1, method)
    expected = torch.zeros(1, 4, dtype=torch.float64)
    expected[0, 1] = share * found.start
    torch.testing.assert_close(found.layers["below"], expected)


def changed_in_place(net, h, x):
    h.add_(x)
    return net.top(h)


def added_to_a_buffer(net, h, x):
    total = torch.zeros_like(x)
    total.add_(h)
    return net.top(total)


def written_into(net, h, x):
    both = torch.zeros_like(x)
    both[:, :2] = h[:, :2]
    return net.top(both + x)


REFUSED = {
    "buffer": (added_to_a_buffer, "changed in place"),
    "written": (written_into, "no rule for '__setitem__'"),
    "layer norm": (lambda net, h, x: net.top(functional.layer_norm(h, (4,))), "'layer_norm'"),
    "product": (lambda net, h, x: net.top(h * x), "neither is a gate"),
    "gates": (lambda net, h, x: net.top(h.sigmoid() * x.sigmoid()), "both are gates"),
    "power": (lambda net, h, x: net.top(h**2), "no rule for 'pow'"),
    "quotient": (lambda net, h, x: net.top(h / x), "divides by a value"),
    "detached": (lambda net, h, x: net.top(h.detach() + x), "no rule for 'detach'"),
    "in place": (changed_in_place, "changed in place"),
    "dropout": (lambda net, h, x: net.top(functional.dropout(h, 0.5, True)), "dropout that is on"),
    "weights": (lambda net, h, x: functional.linear(x, h), "its weights depend"),
    "batch": (lambda net, h, x: net.top(functional.batch_norm(h, None, None, training=True)),
              "statistics of the batch"),
    "softmax": (lambda net, h, x: net.top(h).softmax(1), "explain the scores before it"),
    "nothing": (lambda net, h, x: net.top(torch.zeros_like(h)), "do not depend on the input"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_explained_is_named(name):
    what, message = REFUSED[name]
    net = Asked(what).eval()
    with pytest.raises(InputError, match=message):
        explain(net, torch.randn(2, 4, dtype=torch.float64))


def test_the_layer_and_the_rules_there_are_are_named():
    net = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4), nn.Linear(4, 2)).eval()
    with pytest.raises(InputError, match=r"layer '1' \(LayerNorm\).*there are rules for linear"):
        explain(net, torch.randn(2, 4))
    with pytest.raises(InputError, match=r"layer '0' \(RNN\): no rule for 'rnn_tanh'"):
        explain(
            nn.Sequential(nn.RNN(4, 2, batch_first=True)).eval(),
            torch.randn(2, 3, 4),
            output=lambda found: found[0][:, -1],
        )
    projected = nn.Sequential(nn.LSTM(4, 3, proj_size=2, batch_first=True)).eval()
    with pytest.raises(InputError, match="layer '0': an LSTM with proj_size"):
        explain(projected, torch.randn(2, 3, 4), output=lambda found: found[0][:, -1])


def test_hooks_are_gone_after_an_error():
    net = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4), nn.Linear(4, 2)).eval()
    with pytest.raises(InputError):
        explain(net, torch.randn(2, 4), method=LRP(layers=("0",)))
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in net.modules())
    assert net(torch.randn(2, 4)).shape == (2, 2)
