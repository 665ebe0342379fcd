"""LSTMs that add and subtract: their relevance must be the numbers."""

import pytest
import torch

from naps.errors import InputError
from naps.relevance import LRP, Composite, GateRule
from naps.relevance.evaluation import toy_networks, toy_scores, toy_task
from naps.relevance.rules import Epsilon


@pytest.mark.parametrize("operation", ["addition", "subtraction"])
def test_sequences_are_as_described(operation):
    task = toy_task(operation, 400, 3)
    items = torch.arange(400)
    sign = 1 if operation == "addition" else -1
    torch.testing.assert_close(task.answer, task.a + sign * task.b)
    assert task.lengths.min() == 4
    assert task.lengths.max() == 10
    assert (task.first < task.second).all()
    assert (task.second < task.lengths).all()
    assert torch.equal(task.x[items, task.first, 1], task.a)
    assert torch.equal(task.x[items, task.second, -1], task.b)
    filled = (task.x != 0).sum(2)
    assert torch.equal(filled.sum(1), task.lengths)
    assert filled.max() == 1
    sizes = task.x[task.x != 0].abs()
    assert sizes.min() >= 0.5
    assert sizes.max() <= 1
    assert not (task.x[items, task.first, 0] != 0).any()
    # Both numbers may stand anywhere.
    assert len(set(task.first.tolist())) == 9
    assert torch.equal(task.x, toy_task(operation, 400, 3).x)
    with pytest.raises(InputError, match="no toy task 'product'; there are: addition, subtraction"):
        toy_task("product", 3)


def lrp(gates, epsilon=1e-5):
    return LRP(Composite(default=Epsilon(epsilon), gates=GateRule(gates, epsilon)))


@pytest.mark.slow
@pytest.mark.parametrize("operation", ["addition", "subtraction"])
def test_relevance_of_the_numbers(operation):
    networks = toy_networks(operation, 2)
    task = toy_task(operation, 500, 99)
    for network in networks:
        assert float(network.error(task)) < 1e-4
        assert not network.training
    sign = 1 if operation == "addition" else -1
    scores = {
        name: toy_scores(networks, task, method)
        for name, method in {
            "all": lrp("all"), "half": lrp("half"), "abs": lrp("abs"),
            "decomposition": "contextual_decomposition", "occlusion": "occlusion",
            "gradient": "gradient_times_input", "random": "random",
        }.items()
    }  # fmt: skip
    for right in ("all", "decomposition", "occlusion", "gradient"):
        assert scores[right].first.low > 0.99
        assert sign * scores[right].second.mean > 0.99
        assert scores[right].error.mean < 1e-2
    # Only the rule that gives gates nothing works, as the papers report.
    for wrong in ("half", "abs", "random"):
        assert scores[wrong].first.high < 0.9
        assert scores[wrong].error.mean > 0.5
    assert abs(scores["random"].first.mean) < 0.15
    # States are small here: the usual stabilizer takes part of their relevance.
    usual = toy_scores(networks, task, lrp("all", 1e-3))
    assert 0.95 < usual.first.mean < scores["all"].first.mean
