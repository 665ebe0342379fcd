"""Intervals, word deletion, pixel flipping, conservation, agreement, context, cascade."""

import numpy as np
import pytest
import torch
from torch import nn

from naps.errors import InputError
from naps.relevance import LRP, Composite, explain, make_subject
from naps.relevance.evaluation import (
    Regions,
    agreement,
    cascade,
    conservation,
    context_share,
    mark_cosine,
    mean_interval,
    pixel_flipping,
    random_deletion,
    random_flipping,
    word_deletion,
)
from naps.relevance.evaluation.randomisation import shuffle_weights
from naps.relevance.rules import ZPlus
from tests.relevance.networks import reader


class Votes(nn.Module):
    """Every word votes for one of two classes with its only feature; no word has no vote."""

    def forward(self, x, lengths=None):
        total = x[:, :, 0].sum(1)
        return torch.stack([-total, total], 1)


def test_interval_covers_the_mean_as_often_as_it_says():
    random = np.random.default_rng(0)
    covered = 0
    for seed in range(200):
        interval = mean_interval(random.normal(3, 1, 60), resamples=500, seed=seed)
        covered += interval.low <= 3 <= interval.high
        assert interval.low < interval.mean < interval.high
    assert 0.90 <= covered / 200 <= 0.98


def test_interval_of_a_normal_sample_is_the_textbook_s():
    values = np.random.default_rng(1).normal(0, 2, (5000, 2))
    found = mean_interval(values)
    width = 2 * 1.96 * values.std(0) / np.sqrt(5000)
    np.testing.assert_allclose(found.high - found.low, width, rtol=0.06)
    np.testing.assert_allclose(found.mean, values.mean(0))
    assert found.count == 5000


def test_interval_leaves_out_what_is_missing():
    values = np.array([[1.0, np.nan, np.nan], [3.0, 5.0, np.nan], [5.0, 7.0, np.nan]])
    found = mean_interval(values)
    np.testing.assert_array_equal(found.mean, [3, 6, np.nan])
    assert np.isnan(found.low[2])
    assert found.low[1] >= 5
    assert found.high[1] <= 7
    with pytest.raises(InputError, match="no items"):
        mean_interval(np.zeros((0, 3)))


def test_deleting_the_words_that_count_changes_the_vote():
    # Three small votes against two large ones for: right until the large ones are gone.
    x = torch.tensor([[3.0, 2, -1, -1, -1], [-3, -2, 1, 1, 1]])[:, :, None]
    tokens = x[:, :, 0] * torch.tensor([[1.0], [-1]])
    found = word_deletion(Votes().eval(), x, [1, 0], tokens, deletions=3)
    assert found.wrong is None
    assert found.right.mean.tolist() == [1, 0, 0, 0]
    against = word_deletion(Votes().eval(), x, [1, 0], -tokens, deletions=3)
    assert against.right.mean.tolist() == [1, 1, 1, 1]
    # The same sentences with the wrong labels: what speaks for the label is little.
    wrong = word_deletion(Votes().eval(), x, [0, 1], -tokens, deletions=3)
    assert wrong.right is None
    assert wrong.wrong.mean.tolist() == [0, 1, 1, 1]
    assert wrong.wrong.count == 2


def test_words_behind_the_end_are_not_deleted():
    x = torch.tensor([[3.0, -1, -1, 0, 0], [3, -1, -1, 0.5, 0.5]])[:, :, None]
    tokens = torch.tensor([[3.0, -1, -1, 9, 9], [0, 0, 1, 3, 2.0]])
    found = word_deletion(Votes().eval(), x, [1, 1], tokens, lengths=[3, 5], deletions=1)
    assert found.right.mean.tolist() == [1, 0.5]


def test_random_deletion_is_the_mean_over_orders():
    random = torch.Generator().manual_seed(0)
    x = torch.zeros(300, 6, 1)
    x[:, :3] = 1
    x[:, 3] = -2.5
    x = torch.stack([row[torch.randperm(6, generator=random)] for row in x])
    found = random_deletion(Votes().eval(), x, [1] * 300, deletions=2, runs=20)
    # The total is 0.5: after one deletion right unless one of the three is gone.
    assert found.right.mean[1] == pytest.approx(0.5, abs=0.03)
    assert found.right.low[1] < 0.5 < found.right.high[1]
    again = random_deletion(Votes().eval(), x, [1] * 300, deletions=2, runs=20)
    np.testing.assert_array_equal(found.right.mean, again.right.mean)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"deletions": 6}, "6 words cannot be deleted from an item of 5"),
        ({"deletions": 3, "lengths": [5, 2]}, "3 words cannot be deleted from an item of 2"),
        ({"deletions": 0}, "0 words cannot be deleted"),
    ],
)
def test_deletions_that_cannot_be(options, message):
    x = torch.ones(2, 5, 1)
    with pytest.raises(InputError, match=message):
        word_deletion(Votes().eval(), x, [1, 1], x[:, :, 0], **options)


def test_deletion_needs_relevance_of_every_word():
    x = torch.ones(2, 5, 1)
    with pytest.raises(
        InputError, match=r"relevance of shape \(2, 4\) for words of shape \(2, 5\)"
    ):
        word_deletion(Votes().eval(), x, [1, 1], x[:, :4, 0], deletions=1)


class Area(nn.Module):
    """The sum of the upper left quarter of a picture of 4 × 4."""

    def forward(self, x):
        return x[:, :2, :2].sum((1, 2))[:, None]


def test_flipping_the_region_that_counts():
    x = torch.rand(3, 4, 4) + 1
    subject = make_subject(Area().eval(), x, 0)
    relevance = torch.zeros(3, 4, 4)
    relevance[:, 0, 0] = 1
    regions = Regions((2, 2))
    best = pixel_flipping(subject, relevance, regions)
    worst = pixel_flipping(subject, relevance, regions, first="least")
    start = float(x[:, :2, :2].sum((1, 2)).mean())
    np.testing.assert_allclose(best.scores.mean, [start, 0, 0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(worst.scores.mean, [start] * 4 + [0], atol=1e-6)
    assert float(best.aopc.mean) == pytest.approx(start * 4 / 5, rel=1e-6)
    assert float(worst.aopc.mean) == pytest.approx(start / 5, rel=1e-6)
    chance = random_flipping(subject, regions, runs=200)
    # The quarter goes at each of the four steps equally often.
    assert float(chance.aopc.mean) == pytest.approx(start * (1 + 2 + 3 + 4) / 4 / 5, rel=0.05)
    short = pixel_flipping(subject, relevance, regions, steps=1)
    assert len(short.scores.mean) == 2


def test_fillings():
    x = torch.rand(2, 4, 4) + 1
    subject = make_subject(Area().eval(), x, 0)
    ones = torch.ones(2, 4, 4)
    by_mean = pixel_flipping(subject, ones, Regions((4, 4), "mean"), steps=1)
    assert float(by_mean.scores.mean[1]) == pytest.approx(4 * float(x.mean()), rel=1e-5)
    by_number = pixel_flipping(subject, ones, Regions((0, 0), 5.0))
    assert float(by_number.scores.mean[1]) == pytest.approx(20)
    noise = Regions((4, 4), "noise").fill(x)
    assert (noise.amin((1, 2)) >= x.amin((1, 2))).all()
    assert (noise.amax((1, 2)) <= x.amax((1, 2))).all()
    assert len(Regions((3, 3)).parts((4, 4))) == 4


@pytest.mark.parametrize(
    ("regions", "options", "message"),
    [
        (Regions((1, 1, 1)), {}, r"regions of size \(1, 1, 1\)"),
        (Regions((2, 2), "black"), {}, "no filling 'black'; there are: mean, noise"),
        (Regions((2, 2)), {"steps": 5}, "5 regions to overwrite, the input has 4"),
        (Regions((2, 2)), {"first": "best"}, "no order 'best'; there are: most, least"),
    ],
)
def test_regions_that_cannot_be(regions, options, message):
    subject = make_subject(Area().eval(), torch.ones(1, 4, 4), 0)
    with pytest.raises(InputError, match=message):
        pixel_flipping(subject, torch.ones(1, 4, 4), regions, **options)
    with pytest.raises(InputError, match=r"relevance of shape \(1, 3, 4\)"):
        pixel_flipping(subject, torch.ones(1, 3, 4), Regions((2, 2)))


def test_conservation():
    net = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3)).double().eval()
    x = torch.randn(5, 4, dtype=torch.float64)
    found = explain(net, x)
    kept = conservation(found)
    assert abs(kept.unaccounted) < 1e-9
    errors = (found.start - found.relevance.sum(1)).abs()
    assert float(kept.error.mean) == pytest.approx(float(errors.mean()))
    assert float(kept.share.mean) == pytest.approx(float((errors / found.start.abs()).mean()))
    assert np.isnan(conservation(explain(net, x, method="gradient")).unaccounted)
    for layer in (net[0], net[2]):
        nn.init.zeros_(layer.bias)
    assert float(conservation(explain(net, x)).share.high) < 1e-3
    none = explain(Votes().eval(), torch.zeros(1, 3, 1), 0, "gradient")
    with pytest.raises(InputError, match="all scores are zero"):
        conservation(none)


def test_agreement_with_itself_its_negative_and_chance():
    random = torch.Generator().manual_seed(0)
    tokens = torch.randn(50, 12, generator=random)
    other = torch.randn(50, 12, generator=random)
    same = agreement(tokens, 2 * tokens)
    assert float(same.spearman_mean.low) == pytest.approx(1)
    assert float(same.cosine_mean.mean) == pytest.approx(1)
    assert float(agreement(tokens, -tokens).spearman_mean.mean) == pytest.approx(-1)
    unlike = agreement(tokens, other)
    assert unlike.spearman_mean.low < 0 < unlike.spearman_mean.high
    assert abs(float(unlike.chance.mean)) < 0.02
    assert 0.05 < unlike.chance_p99 < 0.2
    assert same.spearman_mean.low > same.chance_p99


def test_agreement_as_scipy_and_within_lengths():
    from scipy.stats import spearmanr

    random = np.random.default_rng(0)
    a, b = (random.integers(-3, 4, (6, 9)).astype(float) for _ in range(2))
    lengths = [9, 4, 5, 9, 7, 6]
    found = agreement(torch.from_numpy(a), torch.from_numpy(b), lengths, shuffles=5)
    for item, end in enumerate(lengths):
        expected = spearmanr(a[item, :end], b[item, :end]).statistic
        assert found.spearman[item] == pytest.approx(expected)


def test_items_that_agree_least():
    a = torch.tensor([[1.0, 2, 3], [1, 2, 3], [1, 2, 3], [1, 1, 1]])
    b = torch.tensor([[1.0, 2, 3], [3, 2, 1], [2, 1, 3], [1, 2, 3]])
    found = agreement(a, b, shuffles=10)
    assert found.lowest(2) == [1, 2]
    assert found.lowest(5, among=[True, False, True, True]) == [2, 0]
    assert np.isnan(found.spearman[3])
    with pytest.raises(InputError, match="cannot be compared"):
        agreement(a, b[:, :2])


def test_context_share():
    inside = torch.tensor([[True, True, False, False], [False, True, False, False]])
    tokens = torch.tensor([[3.0, 1, 0, 0], [1, 1, 1, 1]])
    found = context_share(tokens, inside)
    assert float(found.outside.mean) == pytest.approx((0 + 3 / 4) / 2)
    assert float(found.ratio.mean) == pytest.approx((0 + 1) / 2)
    assert float(found.chance.mean) == pytest.approx((2 / 4 + 3 / 4) / 2, abs=0.05)
    # Behind the end nothing counts, and negative relevance is none.
    cut = context_share(torch.tensor([[2.0, 2, -5, 9]]), inside[:1], [3])
    assert float(cut.outside.mean) == 0


def test_cosine_on_the_worked_examples():
    marks = [1, 1, 0]
    for relevance, expected in (
        ([0.9, 0.1, 0], 0.780869), ([0.5, 0.3, 0.2], 0.917663), ([0.5, 0.5, 0], 1),
        ([0.1, 0.1, 0.8], 0.174078), ([0, 0, 1], 0), ([0, 0.1, 0.9], 0.078087), ([0, 0, 0], 0),
    ):  # fmt: skip
        assert mark_cosine(relevance, marks) == pytest.approx(expected, abs=5e-7)


@pytest.mark.parametrize("value", [True, False])
def test_context_needs_an_inside_and_an_outside(value):
    tokens = torch.ones(1, 4)
    what = "everything" if value else "nothing"
    with pytest.raises(InputError, match=f"item 0 has {what} marked"):
        context_share(tokens, torch.full((1, 4), value))
    with pytest.raises(InputError, match="marks of shape"):
        context_share(tokens, torch.ones(1, 3, dtype=torch.bool))


def test_cascade_goes_from_the_top_down_and_leaves_the_network():
    net = reader(num_layers=2, head="last")
    x = torch.randn(6, 8, 4, dtype=torch.float64)
    before = {k: v.clone() for k, v in net.state_dict().items()}
    found = cascade(net, x, "gradient_times_input", lengths=[8, 7, 6, 5, 4, 3])
    assert [step.layer for step in found] == ["head", "attention", "rnn"]
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items())
    assert not net.training
    again = cascade(net, x, "gradient_times_input", lengths=[8, 7, 6, 5, 4, 3])
    assert float(again[2].signed.mean) == float(found[2].signed.mean)


def test_cascade_catches_a_method_that_shows_the_input():
    torch.manual_seed(0)
    layers = [nn.Conv1d(4, 8, 3, padding=1), nn.ReLU(), nn.Conv1d(8, 8, 3, padding=1), nn.ReLU()]
    net = nn.Sequential(*layers, nn.Flatten(), nn.Linear(80, 3)).double().eval()
    x = torch.randn(20, 4, 10, dtype=torch.float64)
    learned = cascade(net, x, "gradient")
    assert learned[-1].layer == "0"
    assert learned[-1].signed.high < 0.3
    assert learned[0].signed.mean > learned[-1].signed.mean - 0.1
    # z+ rules hardly see what is above: relevance of ever the same sizes.
    blind = cascade(net, x.abs(), LRP(Composite(default=ZPlus())), layers=["5", "2"])
    sharp = cascade(net, x.abs(), "gradient", layers=["5", "2"])
    assert blind[-1].sizes.low > sharp[-1].sizes.high
    with pytest.raises(InputError, match="no layer 'top'; there are: 5, 2, 0"):
        cascade(net, x, "gradient", layers=["top"])


def test_shuffled_weights_are_the_same_numbers():
    layer = nn.Linear(6, 5)
    before = layer.weight.detach().clone()
    shuffle_weights(layer, torch.Generator().manual_seed(0))
    after = layer.weight.detach()
    assert not torch.equal(before, after)
    assert torch.equal(before.flatten().sort().values, after.flatten().sort().values)
