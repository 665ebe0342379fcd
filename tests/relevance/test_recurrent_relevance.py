"""Relevance through LSTM and GRU beside a plain loop, and what must hold of any network."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from naps.errors import InputError
from naps.relevance import GATE_RULES, LRP, Composite, GateRule, explain, recurrent_relevance
from naps.relevance.rules import Epsilon
from tests.oracles import relevance_gru, relevance_lstm
from tests.relevance.networks import reader

CELLS = {"lstm": nn.LSTM, "gru": nn.GRU}


def made(cell, seed=0, spread=0.6, **options):
    torch.manual_seed(seed)
    module = CELLS[cell](4, 3, **options).double().eval()
    for weight in module.parameters():
        nn.init.normal_(weight, std=spread)
    return module


def rule_of(gates="all", delta=0.0, epsilon=1e-3):
    if gates != "prop":
        return GateRule(gates, epsilon, delta)
    with pytest.warns(UserWarning, match="near zero"):
        return GateRule(gates, epsilon, delta)


def by_the_loop(cell, module, x, above, hidden, cell_state, final, rule):
    """Take relevance back through one sequence, layer by layer, with the plain loops."""
    directions = 2 if module.bidirectional else 1
    reads = [x]
    for layer in range(module.num_layers):
        outputs = []
        for side in range(directions):
            wx, wh, bx, bh = weights(module, layer * directions + side)
            given = reads[-1][::-1] if side else reads[-1]
            row = layer * directions + side
            if cell == "lstm":
                steps = relevance_lstm.forward(given, wx, wh, bx + bh, hidden[row], cell_state[row])
            else:
                steps = relevance_gru.forward(given, wx, wh, bx, bh, hidden[row])
            values = np.stack([step["h"] for step in steps])
            outputs.append(values[::-1] if side else values)
        reads.append(np.concatenate(outputs, 1))
    initial = 0.0
    for layer in reversed(range(module.num_layers)):
        parts, below = np.split(above, directions, 1), 0.0
        for side in range(directions):
            row = layer * directions + side
            wx, wh, bx, bh = weights(module, row)
            given = reads[layer][::-1] if side else reads[layer]
            into = (parts[side][::-1] if side else parts[side]).copy()
            into[-1] += final[0][row]
            settings_ = {"rule": rule.gates, "eps": rule.epsilon, "delta": rule.bias_factor}
            if cell == "lstm":
                into_cell = np.zeros_like(into)
                into_cell[-1] += final[1][row]
                found, rh, rc = relevance_lstm.relevance(
                    given, wx, wh, bx + bh, hidden[row], cell_state[row], into, into_cell,
                    **settings_,
                )  # fmt: skip
                initial += rh.sum() + rc.sum()
            else:
                found, rh = relevance_gru.relevance(
                    given, wx, wh, bx, bh, hidden[row], into, **settings_
                )
                initial += rh.sum()
            below = below + (found[::-1] if side else found)
        above = below
    return above, initial


def weights(module, row):
    each = [w.detach().numpy() for layer in [module.all_weights[row]] for w in layer]
    return each if module.bias else [*each, *[np.zeros(len(each[0]))] * 2]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("gates", GATE_RULES)
@pytest.mark.parametrize("delta", [0.0, 0.4, 1.0])
@pytest.mark.parametrize(
    ("layers", "both", "bias"), [(1, False, True), (2, True, True), (3, False, False)]
)
def test_as_the_plain_loop(cell, gates, delta, layers, both, bias):
    module = made(cell, num_layers=layers, bidirectional=both, bias=bias, batch_first=True)
    rule, rows = rule_of(gates, delta), layers * (2 if both else 1)
    lengths = [6, 1, 4]
    random = np.random.default_rng(1)
    x, above = random.normal(size=(3, 6, 4)), random.normal(size=(3, 6, 6 if both else 3))
    states = random.normal(size=(4, rows, 3, 3))
    hidden, cell_state, final_h, final_c = states
    lstm = cell == "lstm"
    found = recurrent_relevance(
        module, torch.from_numpy(x), torch.from_numpy(above), lengths=lengths, rule=rule,
        initial=tuple(map(torch.from_numpy, states[: 2 if lstm else 1])),
        final=tuple(map(torch.from_numpy, states[2 : 4 if lstm else 3])),
    )  # fmt: skip
    for item, length in enumerate(lengths):
        expected, initial = by_the_loop(
            cell, module, x[item, :length], above[item, :length], hidden[:, item],
            cell_state[:, item], (final_h[:, item], final_c[:, item]), rule,
        )  # fmt: skip
        scale = max(1.0, np.abs(expected).max())
        np.testing.assert_allclose(found.inputs[item, :length], expected, atol=1e-9 * scale, rtol=0)
        assert abs(float(found.initial[item]) - initial) < 1e-9 * scale
        assert abs(float(found.error[item])) < 1e-9 * scale
        assert not found.inputs[item, length:].any()


@settings(max_examples=40)
@given(
    st.sampled_from(sorted(CELLS)), st.sampled_from(["all", "half", "abs"]), st.integers(1, 3),
    st.booleans(), st.booleans(), st.floats(0, 1), st.floats(1e-4, 1.0),
    st.lists(st.integers(1, 7), min_size=1, max_size=4), st.integers(0, 1000),
)  # fmt: skip
def test_all_relevance_is_accounted_for(cell, gates, layers, both, bias, delta, eps, lengths, seed):
    module = made(cell, seed, num_layers=layers, bidirectional=both, bias=bias)
    x = torch.randn(max(lengths), len(lengths), 4, dtype=torch.float64)
    outputs, _ = module(x)
    found = recurrent_relevance(
        module, x, torch.randn_like(outputs), lengths=lengths, rule=GateRule(gates, eps, delta)
    )
    sizes = [u.output.abs().sum() for u in found.units]
    scale = max(1.0, float(torch.stack(sizes).max()))
    torch.testing.assert_close(
        found.error, torch.zeros_like(found.error), rtol=0, atol=1e-9 * scale
    )
    for row in found.rows:
        # Units share the relevance of what was read among themselves, step by step.
        torch.testing.assert_close(
            row.units.through.sum(2), row.read.sum(2), rtol=0, atol=1e-9 * scale
        )
    if delta == 1:
        left = found.inputs.sum((1, 2)) + found.initial
        torch.testing.assert_close(left, found.given, rtol=0, atol=1e-9 * scale)


@pytest.mark.parametrize("cell", CELLS)
def test_linear_in_what_is_handed_in(cell):
    module = made(cell, num_layers=2, bidirectional=True)
    x = torch.randn(5, 2, 4, dtype=torch.float64)
    a, b = (torch.randn(5, 2, 6, dtype=torch.float64) for _ in range(2))
    found = [recurrent_relevance(module, x, r, rule=GateRule("half")) for r in (a, b, 2 * a - b)]
    expected = 2 * found[0].inputs - found[1].inputs
    torch.testing.assert_close(found[2].inputs, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("cell", CELLS)
def test_packed_padded_and_alone_are_the_same(cell):
    module = made(cell, num_layers=2, bidirectional=True, batch_first=True)
    lengths = [3, 6, 1, 5]
    x = torch.randn(4, 6, 4, dtype=torch.float64)
    above = torch.randn(4, 6, 6, dtype=torch.float64)
    whole = recurrent_relevance(module, x, above, lengths=lengths)
    packed = [
        pack_padded_sequence(v, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
        for v in (x, above)
    ]
    in_packs = recurrent_relevance(module, *packed)
    torch.testing.assert_close(in_packs.inputs, whole.inputs, rtol=0, atol=1e-12)
    for item, length in enumerate(lengths):
        one = recurrent_relevance(
            module, x[item : item + 1, :length], above[item : item + 1, :length]
        )
        torch.testing.assert_close(
            whole.inputs[item : item + 1, :length], one.inputs, rtol=0, atol=1e-10
        )
        for row, alone in zip(whole.units, one.units, strict=True):
            torch.testing.assert_close(row.kept[item, :length], alone.kept[0], rtol=0, atol=1e-10)


def test_time_first_as_batch_first():
    module = made("lstm", bidirectional=True)
    turned = nn.LSTM(4, 3, bidirectional=True, batch_first=True).double().eval()
    turned.load_state_dict(module.state_dict())
    x, above = (torch.randn(5, 2, n, dtype=torch.float64) for n in (4, 6))
    one = recurrent_relevance(module, x, above)
    other = recurrent_relevance(turned, x.transpose(0, 1), above.transpose(0, 1))
    torch.testing.assert_close(one.inputs, other.inputs)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("head", ["last", "mean", "attention", "attention product"])
def test_heads_and_their_account(cell, head):
    network = reader(cell=CELLS[cell], head=head, num_layers=2, bidirectional=True)
    x = torch.randn(3, 6, 4, dtype=torch.float64)
    lengths = [4, 6, 2]
    before = {k: v.clone() for k, v in network.state_dict().items()}
    method = LRP(Composite(default=Epsilon(1e-9)), units=True)
    found = explain(network, x, 1, method, lengths=lengths)
    torch.testing.assert_close(found.scores, network(x, lengths).detach())
    total = float(found.relevance.sum()) + sum(found.absorbed.values())
    assert total == pytest.approx(float(found.start.sum()), abs=1e-9)
    relevance = found.recurrent["rnn"]
    torch.testing.assert_close(relevance.inputs, found.relevance)
    torch.testing.assert_close(relevance.error, torch.zeros(3).double(), rtol=0, atol=1e-9)
    # Nothing of the module has changed, and each item is explained as if it were alone.
    assert not network.training
    assert all(torch.equal(before[k], v) for k, v in network.state_dict().items())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in network.modules())
    assert all(p.grad is None and p.requires_grad for p in network.parameters())
    for item, length in enumerate(lengths):
        one = explain(network, x[item : item + 1, :length], 1, method)
        torch.testing.assert_close(
            found.relevance[item : item + 1, :length], one.relevance, rtol=0, atol=1e-9
        )


def test_mean_head_gives_every_step_its_share():
    network = reader(head="mean", hidden=3)
    x = torch.randn(1, 5, 4, dtype=torch.float64)
    found = explain(network, x, 0, LRP(Composite(default=Epsilon(1e-12)), units=True))
    outputs = network.rnn(x)[0][0].detach()
    weight, bias = network.head.weight[0].detach(), network.head.bias[0].detach()
    shares = outputs * weight / 5
    # What an output has beyond its share in the mean came to it through the next step.
    from_mean = shares / float(shares.sum() + bias) * float(found.start)
    last = found.recurrent["rnn"].units[0].output[0, -1]
    torch.testing.assert_close(last, from_mean[-1], rtol=0, atol=1e-6)


def test_without_units_the_same_relevance():
    network = reader(num_layers=2, bidirectional=True)
    x = torch.randn(2, 5, 4, dtype=torch.float64)
    full, quick = (explain(network, x, 0, LRP(units=units)) for units in (True, False))
    assert torch.equal(full.relevance, quick.relevance)
    with pytest.raises(InputError, match="ask for it with units=True"):
        _ = quick.recurrent["rnn"].bias


def test_no_graph_is_built():
    module = made("lstm")
    x = torch.randn(5, 2, 4, dtype=torch.float64, requires_grad=True)
    found = recurrent_relevance(module, x, torch.ones(5, 2, 3, dtype=torch.float64))
    assert not found.inputs.requires_grad
    assert not any(u.output.requires_grad for u in found.units)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("cell", CELLS)
def test_single_precision_is_near(cell, dtype):
    network = reader(cell=CELLS[cell], spread=0.3, bidirectional=True)
    x = torch.randn(3, 6, 4, dtype=torch.float64)
    exact = explain(network, x, 0).relevance
    found = explain(network.to(dtype), x, 0).relevance
    assert found.dtype == dtype
    torch.testing.assert_close(
        found.double(), exact, rtol=1e-3, atol=1e-4 * float(exact.abs().max())
    )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("cell", CELLS)
def test_cuda_as_cpu(cell):
    module = made(cell, num_layers=2, bidirectional=True)
    x, above = (torch.randn(6, 3, n, dtype=torch.float64) for n in (4, 6))
    expected = recurrent_relevance(module, x, above, lengths=[6, 2, 4]).inputs
    found = recurrent_relevance(module.cuda(), x.cuda(), above.cuda(), lengths=[6, 2, 4]).inputs
    torch.testing.assert_close(found.cpu(), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (nn.LSTM(4, 3, proj_size=2), "proj_size has no relevance rule"),
        (nn.RNN(4, 3), "RNN has no recurrent relevance; there are rules for LSTM and GRU"),
        (nn.Linear(4, 3), "Linear has no recurrent relevance"),
        (nn.LSTM(4, 3, 2, dropout=0.5), "eval mode"),
    ],
)
def test_modules_that_cannot_be_explained(module, message):
    with pytest.raises(InputError, match=message):
        recurrent_relevance(module, torch.zeros(5, 2, 4), torch.zeros(5, 2, 3))


@pytest.mark.parametrize(
    ("lengths", "shape", "message"),
    [
        ([5, 0], (5, 2, 3), "sequence 1 is empty"),
        ([5, 6], (5, 2, 3), "sequence 1 has 6 steps, the batch only 5"),
        ([5], (5, 2, 3), "1 lengths for a batch of 2"),
        (None, (5, 2, 4), "the module gives 2, 5 and 3"),
    ],
)
def test_lengths_and_shapes_that_do_not_fit(lengths, shape, message):
    with pytest.raises(InputError, match=message):
        recurrent_relevance(
            nn.LSTM(4, 3), torch.zeros(5, 2, 4), torch.zeros(shape), lengths=lengths
        )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gates": "signal"}, "no gate rule 'signal'; there are: all, half, prop, abs"),
        ({"epsilon": 0.0}, "epsilon 0.0 is not a positive number"),
        ({"epsilon": float("nan")}, "epsilon nan"),
        ({"bias_factor": 1.5}, "bias factor 1.5"),
    ],
)
def test_options_that_are_none(options, message):
    with pytest.raises(InputError, match=message):
        GateRule(**options)
