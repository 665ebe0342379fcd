"""The published LSTM with embeddings learned anew: accuracy, word deletion, a published row."""

import json

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pad_sequence

from naps.relevance import LRP, Composite, GateRule, explain, explain_each
from naps.relevance.evaluation import agreement, random_deletion, word_deletion
from naps.relevance.rules import Epsilon
from tests.relevance.networks import padded, reference_sentiment

pytestmark = pytest.mark.data
SENTENCE = "neither|funny|nor|suspenseful|nor|particularly|well-drawn|."
PUBLISHED = [1.86, -1.58, 1.50, -1.54, 2.00, -0.04, -0.06, -0.12]
RULE = LRP(Composite(default=Epsilon(1e-3), gates=GateRule()))
# Accuracy after 0 to 5 deletions, of the same embeddings, another program's.
EXPECTED = {
    "lrp": (
        [1, 0.548, 0.300, 0.204, 0.173, 0.175],
        [0, 0.266, 0.372, 0.418, 0.446, 0.449],
    ),
    "occlusion": (
        [1, 0.528, 0.312, 0.255, 0.236, 0.229],
        [0, 0.290, 0.417, 0.475, 0.475, 0.455],
    ),
    "gradient_times_input": (
        [1, 0.630, 0.550, 0.480, 0.451, 0.408],
        [0, 0.175, 0.255, 0.300, 0.295, 0.297],
    ),
    "sensitivity": (
        [1, 0.817, 0.705, 0.648, 0.585, 0.550],
        [0, 0.051, 0.114, 0.150, 0.188, 0.207],
    ),
}


@pytest.fixture(scope="module")
def corpus(data):
    network, _, _ = reference_sentiment(data)
    with np.load(data / "reference" / "sst_relearned_embeddings.npz") as file:
        table = file["E"].astype(np.float32)
    words = json.loads((data / "reference" / "sst_vocab.json").read_text("utf-8"))
    places = {word: place for place, word in enumerate(words)}
    text = (data / "text" / "sst" / "sequence_test.txt").read_text("utf-8")
    lines = [line.split("\t") for line in text.splitlines() if line.strip()]
    classes = [int(label) - 1 for label, _ in lines]
    sentences = [[word.strip() for word in rest.split(" | ")] for _, rest in lines]
    vectors = [table[[places[word] for word in sentence]] for sentence in sentences]
    return network.float(), vectors, classes, sentences


def test_accuracy_of_five_classes(corpus):
    network, vectors, classes, _ = corpus
    x, lengths = padded(vectors)
    with torch.no_grad():
        scores = network(x, lengths)
    right = (scores.argmax(1) == torch.tensor(classes)).double().mean()
    assert float(right) == pytest.approx(0.4633, abs=0.002)


def test_row_of_the_published_sentence(corpus):
    network, vectors, _, sentences = corpus
    place = ["|".join(sentence) for sentence in sentences].index(SENTENCE)
    x = torch.from_numpy(vectors[place])[None]
    for target, least in ((0, 0.98), (1, 0.98)):
        found = explain(network, x, target, RULE).tokens[0]
        assert np.corrcoef(found, PUBLISHED)[0, 1] > least


@pytest.fixture(scope="module")
def long_sentences(corpus):
    network, vectors, classes, _ = corpus
    places = [place for place, rows in enumerate(vectors) if len(rows) >= 10]
    x, lengths = padded([vectors[place] for place in places])
    return network, x, [classes[place] for place in places], lengths


@pytest.fixture(scope="module")
def curves(long_sentences):
    network, x, classes, lengths = long_sentences
    rows = [row[:length] for row, length in zip(x, lengths, strict=True)]
    found, tokens = {}, {}
    for name in EXPECTED:
        method = RULE if name == "lrp" else name
        each = explain_each(network, rows, classes, method, batch=256)
        tokens[name] = pad_sequence(each, batch_first=True)
        found[name] = word_deletion(network, x, classes, tokens[name], lengths=lengths)
    found["random"] = random_deletion(network, x, classes, lengths=lengths, runs=3)
    return found, tokens, lengths


@pytest.mark.parametrize("name", EXPECTED)
def test_deletion_curves(curves, name):
    found, _, _ = curves
    right, wrong = EXPECTED[name]
    assert found[name].right.count == pytest.approx(827, abs=4)
    np.testing.assert_allclose(found[name].right.mean, right, rtol=0, atol=0.02)
    np.testing.assert_allclose(found[name].wrong.mean, wrong, rtol=0, atol=0.02)
    assert (found[name].right.low <= found[name].right.mean).all()


def test_order_of_methods(curves):
    found, _, _ = curves
    # After two words and more, clear of each other's 95 % intervals.
    for better, worse in (("lrp", "gradient_times_input"), ("gradient_times_input", "sensitivity")):
        assert (found[better].right.high[2:] < found[worse].right.low[2:]).all()
        assert (found[better].wrong.low[2:] > found[worse].wrong.high[2:]).all()
    assert abs(found["sensitivity"].wrong.mean - found["random"].wrong.mean).max() < 0.04
    assert (found["sensitivity"].right.high < found["random"].right.high + 0.04).all()


def test_relevance_agrees_with_occlusion_better_than_with_sensitivity(curves):
    _, tokens, lengths = curves
    near = agreement(tokens["lrp"], tokens["occlusion"], lengths, shuffles=20)
    far = agreement(tokens["lrp"], tokens["sensitivity"], lengths, shuffles=20)
    assert near.spearman_mean.low > max(0.5, float(far.spearman_mean.high))
    assert near.chance_p99 < 0.05
