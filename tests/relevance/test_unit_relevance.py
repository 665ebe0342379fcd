"""Relevance of single units, the span of attention, and the colours of words."""

import numpy as np
import pytest
import torch
from torch import nn

from naps.errors import InputError
from naps.relevance import (
    LRP,
    UnitRelevance,
    attention_span,
    explain,
    heat_colors,
    unit_part,
    unit_signs,
    unit_tokens,
)
from tests.relevance.networks import reader


def units_of(through, **others):
    """Make the relevance of units of one row, given what came through each."""
    values = torch.as_tensor(through, dtype=torch.float64)
    parts = {"output": values, "cell": values, "added": values, "kept": values} | others
    sums = torch.zeros(len(values))
    return UnitRelevance(values, **parts, bias=sums, stabilizer=sums)


def test_units_share_the_relevance_of_each_word():
    net = reader(bidirectional=True)
    x, lengths = torch.randn(2, 5, 4, dtype=torch.float64), [5, 3]
    found = explain(net, x, 0, LRP(units=True), lengths=lengths)
    both = [unit_part(units, "word") for units in found.recurrent["rnn"].units]
    np.testing.assert_allclose(sum(part.sum(2) for part in both), found.tokens, atol=1e-9)
    assert not both[0][1, 3:].any()


def test_planted_unit_is_found_for_its_word():
    # One unit reads the first feature only, which only one word has.
    net = nn.LSTM(2, 2, batch_first=True, bias=False).double().eval()
    with torch.no_grad():
        for weight in net.parameters():
            weight.zero_()
        net.weight_ih_l0[4, 0] = 1
        net.weight_ih_l0[5, 1] = 1
    vectors = {"loud": [1.0, 0], "quiet": [0, 1.0]}
    sentences = [["loud", "quiet", "quiet"], ["quiet", "loud"]]
    x = torch.zeros(2, 3, 2, dtype=torch.float64)
    for row, sentence in enumerate(sentences):
        for step, word in enumerate(sentence):
            x[row, step] = torch.tensor(vectors[word])
    head = lambda given: given[0].sum((1, 2))[:, None]  # noqa: E731
    wrapped = nn.Sequential(net).eval()
    found = explain(wrapped, x, 0, LRP(units=True), output=head)
    units = found.recurrent["0"].units[0]
    table = unit_tokens([(sentences, units)], "word")
    assert table.tokens == ("loud", "quiet")
    assert table.counts.tolist() == [2, 3]
    assert table.top(0)[0][0] == "loud"
    assert table.top(1)[0][0] == "quiet"
    assert table.top(0)[1][1] == 0
    torch.testing.assert_close(units.cell[0, 0], units.added[0, 0], rtol=1e-2, atol=1e-6)
    assert not units.kept[:, 0].any()


def test_the_strongest_word_comes_first_and_is_not_left_out():
    sentences = [["a", "b", "c"], ["b", "c", "d"]]
    through = [[[1.0], [-5.0], [2.0]], [[-7.0], [0.0], [3.0]]]
    table = unit_tokens(
        [(sentences[:1], units_of(through[:1])), (sentences[1:], units_of(through[1:]))]
    )
    assert table.top(0, 2) == [("b", -6.0), ("d", 3.0)]
    assert table.top(0, 9, least=2) == [("b", -6.0), ("c", 1.0)]
    np.testing.assert_array_equal(table.sums, [[1, -12, 2, 3]])


def test_parts_of_units():
    kept = torch.full((1, 2, 1), 5.0)
    units = units_of([[[1.0], [2.0]]], kept=kept)
    assert unit_part(units, "forget").tolist() == [[[5.0], [5.0]]]
    with pytest.raises(
        InputError, match="no part 'gate' of a unit; there are: word, input, forget"
    ):
        unit_part(units, "gate")
    with pytest.raises(InputError, match="items of words for relevance of shape"):
        unit_tokens([([["a", "b", "c"]], units)])
    with pytest.raises(InputError, match="nothing to sum up"):
        unit_tokens([])


def test_signs_of_planted_units():
    random = np.random.default_rng(0)
    positive = np.arange(40) % 2 == 0
    relevance = random.random((40, 6)) * 0.1
    relevance[positive, 0] += 5
    relevance[~positive, 1] += 5
    relevance[:, 2] += 3
    found = unit_signs(relevance, positive, top=2)
    assert found.labels[:3] == ("positive", "negative", "neutral")
    assert found.labels[3:] == ("silent",) * 3
    assert found.positive.tolist() == [20, 0, 20, 0, 0, 0]
    assert found.p[0] < 1e-4
    assert found.p[2] > 0.5
    assert found.p[3] == 1
    # The single strongest unit is one of those that count.
    assert unit_signs(relevance, positive, top=1).labels[0] == "positive"


@pytest.mark.parametrize(
    ("shape", "marks", "top", "message"),
    [
        ((3, 4), 2, 1, "classes of shape"),
        ((3, 4), 3, 5, "the 5 strongest of 4 units"),
        ((3, 4), 3, 0, "the 0 strongest"),
    ],
)
def test_signs_that_cannot_be(shape, marks, top, message):
    with pytest.raises(InputError, match=message):
        unit_signs(np.zeros(shape), np.ones(marks, bool), top=top)


def test_span_of_attention_is_counted_from_the_end():
    tokens = torch.tensor([[0.0, 1, 3, 99], [1, -1, 0, 2]])
    found = attention_span(tokens, [3, 4])
    np.testing.assert_allclose(found.shares.mean, [(3 / 4 + 2 / 4) / 2, 0.125, 0.125, 0.25])
    assert found.items.tolist() == [2, 2, 2, 1]
    np.testing.assert_allclose(found.even, [(1 / 3 + 1 / 4) / 2] * 3 + [1 / 4])
    assert float(found.half.mean) == 1
    only = attention_span(tokens, [3, 4], positions=1)
    assert only.shares.mean.tolist() == [0.625]


def test_short_and_even_spans():
    late, even = torch.zeros(30, 10), torch.ones(30, 10)
    late[:, -1] = -2
    assert float(attention_span(late).half.mean) == 1
    found = attention_span(even)
    assert float(found.half.mean) == 5
    np.testing.assert_allclose(found.shares.mean, found.even)
    nothing = attention_span(torch.zeros(3, 4))
    assert np.isnan(nothing.shares.mean).all()
    with pytest.raises(InputError, match="one item and one position"):
        attention_span(torch.zeros(0, 4))


def channels(colors):
    return np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in colors])


def test_colours_as_published():
    sensitivity = [5.01, 0.35, 0.73, 0.92, 1.66, 0.13, 0.66, 0.32]
    expected = "#ff0000 #ffeeee #ffdada #ffd0d0 #ffaaaa #fff8f8 #ffdede #ffeeee"
    assert heat_colors(sensitivity) == expected.split()
    relevance = [1.86, -1.58, 1.50, -1.54, 2.00, -0.04, -0.06, -0.12]
    published = "#ff1111 #3434ff #ff4040 #3a3aff #ff0000 #fafaff #f8f8ff #f0f0ff"
    # Only the two decimals that were printed are known.
    difference = channels(heat_colors(relevance)) - channels(published.split())
    assert np.abs(difference).max() <= 2


def test_colours_of_one_sign_and_of_none():
    assert heat_colors([2, 2]) == ["#ff0000", "#ff0000"]
    assert heat_colors([-2, -2]) == ["#0000ff", "#0000ff"]
    assert heat_colors([]) == []
    assert (channels(heat_colors([0, 0])) >= 254).all()
