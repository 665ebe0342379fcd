"""Tokens and vectors, and input that cannot be explained."""

import pytest
import torch
from torch import nn

from naps.errors import InputError
from naps.relevance import LRP, explain, explain_each, make_subject
from tests.relevance.networks import reader


class Words(nn.Module):
    """Numbers of words in, scores out."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embedding = nn.Embedding(10, 4)
        self.reader = reader(dtype=torch.float32)

    def forward(self, tokens, lengths=None):
        return self.reader(self.embedding(tokens), lengths)


@pytest.mark.parametrize(
    "method", ["lrp", "gradient_times_input", "occlusion", "contextual_decomposition"]
)
def test_tokens_are_explained_by_their_vectors(method):
    net = Words().eval()
    tokens = torch.tensor([[1, 2, 3, 4], [5, 6, 0, 0]])
    found = explain(net, tokens, 1, method, lengths=[4, 2])
    vectors = net.embedding(tokens).detach()
    expected = explain(net.reader, vectors, 1, method, lengths=[4, 2])
    torch.testing.assert_close(found.relevance, expected.relevance)
    torch.testing.assert_close(found.tokens, found.relevance.sum(2))
    assert not net.embedding._forward_hooks


@pytest.mark.parametrize("method", ["lrp", "occlusion"])
def test_a_corpus_is_explained_as_its_sentences(method):
    net = Words().eval()
    sentences = [torch.randint(0, 10, (length,)) for length in (3, 7, 1, 5, 7)]
    targets = [0, 1, 2, 1, 0]
    found = explain_each(net, sentences, targets, method, batch=2)
    predicted = explain_each(net, sentences, method=method, batch=3)
    for row, sentence, target, other in zip(found, sentences, targets, predicted, strict=True):
        expected = explain(net, sentence[None], target, method).tokens[0]
        torch.testing.assert_close(row, expected)
        torch.testing.assert_close(other, explain(net, sentence[None], method=method).tokens[0])
    with pytest.raises(InputError, match="1 target classes for 5 sequences"):
        explain_each(net, sentences, [1])
    with pytest.raises(InputError, match="sequence 5 is empty"):
        explain_each(net, [*sentences, torch.zeros(0, dtype=torch.long)])
    assert explain_each(net, []) == []


def test_target_is_the_predicted_class_unless_given():
    net, x = reader(), torch.randn(4, 3, 4, dtype=torch.float64)
    predicted = net(x).argmax(1)
    for method in ("lrp", "gradient"):
        assert torch.equal(explain(net, x, method=method).target, predicted)
        assert explain(net, x, 2, method).target.tolist() == [2, 2, 2, 2]
        assert explain(net, x, [0, 1, 2, 0], method).target.tolist() == [0, 1, 2, 0]


def test_numbers_are_brought_to_the_network_s_precision():
    net = reader(dtype=torch.float32)
    found = explain(net, torch.randn(2, 3, 4, dtype=torch.float64))
    assert found.relevance.dtype == torch.float32


def test_output_takes_the_scores_out():
    class Two(nn.Module):
        def forward(self, x):
            return {"hidden": x, "scores": x.sum(1)}

    x = torch.randn(2, 3, 4)
    found = explain(Two().eval(), x, 1, LRP(), output=lambda given: given["scores"])
    torch.testing.assert_close(found.scores, x.sum(1))
    with pytest.raises(InputError, match="gives dict, where scores of shape"):
        explain(Two().eval(), x)
    with pytest.raises(InputError, match=r"gives \(2, 3, 4\), where .* say with output="):
        explain(Two().eval(), x, output=lambda given: given["hidden"])


def nan_weights():
    net = reader()
    with torch.no_grad():
        net.rnn.weight_hh_l0[0, 0] = float("nan")
    return net


X = torch.zeros(2, 3, 4, dtype=torch.float64)


@pytest.mark.parametrize("method", ["lrp", "gradient", "occlusion"])
@pytest.mark.parametrize(
    ("net", "x", "options", "message"),
    [
        (reader(), X, {"target": 3}, "no class 3; the network has 3, numbered 0 to 2"),
        (reader(), X, {"target": -1}, "no class -1"),
        (reader(), X, {"target": [0, 1, 2]}, "3 target classes for a batch of 2"),
        (reader(), X, {"lengths": [3, 0]}, "sequence 1 is empty: there is nothing to explain"),
        (reader(), X, {"lengths": [4, 3]}, "sequence 0 has 4 steps, the batch only 3"),
        (reader(), X, {"lengths": [3]}, "1 lengths for a batch of 2"),
        (reader(), X[:, :0], {}, "nothing to explain"),
        (reader(), X[:0], {}, "nothing to explain"),
        (reader(), X[0, 0], {}, "a batch is needed"),
        (reader(), X * float("nan"), {}, "the input has values that are not finite"),
        (reader(), X.long(), {}, "numbers of tokens, and the network has no nn.Embedding"),
        (reader().train(), X, {}, r"put it in eval mode with .eval\(\) first"),
        (nan_weights(), X, {}, "weight 'rnn.weight_hh_l0' of the network is not finite"),
        (Words().eval(), torch.tensor([[3, 10]]), {}, "token 10 is none of the 10 there are"),
    ],
)  # fmt: skip
def test_what_cannot_be_explained(method, net, x, options, message):
    with pytest.raises(InputError, match=message) as caught:
        explain(net, x, method=method, **options)
    assert "\n" not in str(caught.value)


def test_variants_of_items_keep_their_lengths():
    net, lengths = reader(bidirectional=True), [2, 4]
    x = torch.randn(2, 4, 4, dtype=torch.float64)
    subject = make_subject(net, x, [0, 1], lengths=lengths)
    items = torch.tensor([1, 0, 1])
    torch.testing.assert_close(subject.scores(x[items], items), net(x, lengths)[items])
    expected = subject.original[items, torch.tensor([1, 0, 1])]
    torch.testing.assert_close(subject.chosen(x[items], items), expected)
