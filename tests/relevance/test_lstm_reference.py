"""The LSTM numbers of Arras et al.'s own program, to 1e-9."""

import numpy as np
import pytest
import torch

from naps.relevance import LRP, Composite, ContextualDecomposition, GateRule, explain, make_subject
from naps.relevance.rules import Epsilon
from tests.relevance.networks import padded, reference_sentiment

pytestmark = pytest.mark.data
TIGHT = {"rtol": 0, "atol": 1e-9}


@pytest.fixture(scope="module")
def sentences(data):
    network, arrays, known = reference_sentiment(data)
    names = [item["name"] for item in known]
    x, lengths = padded([arrays[f"{name}_x"] for name in names])
    return network, arrays, names, x, lengths


def lrp(gates="all", delta=0.0, units=True):
    rule = GateRule(gates, 1e-3, delta)
    return LRP(Composite(default=Epsilon(1e-3, delta), gates=rule), units=units)


def test_scores_and_states(sentences):
    network, arrays, names, x, lengths = sentences
    found = explain(network, x, method=lrp(), lengths=lengths)
    for row, name in enumerate(names):
        np.testing.assert_allclose(found.scores[row], arrays[f"{name}_scores"], **TIGHT)
        one = torch.from_numpy(arrays[f"{name}_x"])[None]
        outputs, _ = network.lstm(one)
        forward, backward = outputs[0].detach().chunk(2, 1)
        np.testing.assert_allclose(forward, arrays[f"{name}_hL"], **TIGHT)
        np.testing.assert_allclose(backward.flip(0), arrays[f"{name}_hR"], **TIGHT)


@pytest.mark.parametrize("delta", [0, 1])
@pytest.mark.parametrize("target", range(5))
def test_relevance_of_every_class(sentences, delta, target):
    network, arrays, names, x, lengths = sentences
    found = explain(network, x, target, lrp(delta=float(delta)), lengths=lengths)
    initial = found.recurrent["lstm"].initial
    for row, (name, length) in enumerate(zip(names, lengths, strict=True)):
        key = f"{name}_lrp_eps1e-3_bf{delta}"
        expected = arrays[f"{key}_c{target}"]
        np.testing.assert_allclose(found.relevance[row, :length], expected, **TIGHT)
        np.testing.assert_allclose(initial[row], arrays[f"{key}_rest_c{target}"], **TIGHT)
        assert not found.relevance[row, length:].any()
    if delta:
        whole = found.relevance.sum((1, 2)) + initial
        np.testing.assert_allclose(whole, found.scores[:, target], **TIGHT)
    np.testing.assert_allclose(found.recurrent["lstm"].error, 0, **TIGHT)


@pytest.mark.parametrize(
    ("method", "key"),
    [
        ("sensitivity", "words_sa"),
        ("gradient_times_input", "words_gi"),
        ("occlusion", "words_occl_score"),
        ("lrp", "words_lrp"),
    ],
)
def test_scores_of_words(sentences, method, key):
    network, arrays, names, x, lengths = sentences
    found = explain(network, x, method=lrp() if method == "lrp" else method, lengths=lengths)
    for row, (name, length) in enumerate(zip(names, lengths, strict=True)):
        np.testing.assert_allclose(found.tokens[row, :length], arrays[f"{name}_{key}"], **TIGHT)


def test_gradients_of_every_class(sentences):
    network, arrays, names, x, lengths = sentences
    for target in range(5):
        found = explain(network, x, target, "gradient", lengths=lengths).relevance
        for row, (name, length) in enumerate(zip(names, lengths, strict=True)):
            np.testing.assert_allclose(
                found[row, :length], arrays[f"{name}_grad_c{target}"], **TIGHT
            )


# Published with six decimals for sentence 291, class 0, from independent programs.
PUBLISHED = {
    "all": "1.191977 0.566278 -1.418524 -0.636020 -1.336431 -0.073965 -0.840852 4.202689",
    "half": "2.136535 4.874893 0.311280 0.107666 -0.487174 -3.238150 -6.411163 6.817404",
    "abs": "4.464880 1.040431 0.116542 -0.154621 -0.447083 -5.400779 -9.733769 12.948614",
}
DECOMPOSED = {
    True: "1.204854 0.854926 -0.596871 -0.304503 -0.753702 0.819724 -0.502192 2.507994",
    False: "1.477555 0.554962 -0.916042 -0.827923 -1.197121 0.180903 -0.946099 2.670254",
}


@pytest.mark.parametrize("gates", PUBLISHED)
def test_gate_rules_to_the_published_decimals(sentences, gates):
    network, arrays, *_ = sentences
    x = torch.from_numpy(arrays["sst0291_x"])[None]
    found = explain(network, x, 0, lrp(gates)).tokens[0]
    expected = np.array(PUBLISHED[gates].split(), dtype=float)
    np.testing.assert_allclose(found, expected, rtol=0, atol=5.1e-7)


def test_proportional_rule_explodes_as_published_and_warns(sentences):
    network, arrays, *_ = sentences
    x = torch.from_numpy(arrays["sst0291_x"])[None]
    with pytest.warns(UserWarning, match="'prop' divides"):
        method = lrp("prop")
    size = float(explain(network, x, 0, method).tokens.abs().max())
    assert 1e12 < size < 1e18


@pytest.mark.parametrize("last_bias", [True, False])
def test_contextual_decomposition_to_the_published_decimals(sentences, last_bias):
    network, arrays, *_ = sentences
    x = torch.from_numpy(arrays["sst0291_x"])[None]
    found = explain(network, x, 0, ContextualDecomposition(last_bias)).tokens[0]
    expected = np.array(DECOMPOSED[last_bias].split(), dtype=float)
    np.testing.assert_allclose(found, expected, rtol=0, atol=5.1e-7)


def test_parts_of_phrases_add_up_to_the_logits(sentences):
    network, _, names, x, lengths = sentences
    subject = make_subject(network, x, lengths=lengths)
    ends = torch.tensor(lengths) - 1
    for start, stop in ((ends // 3, ends // 2), (ends * 0, ends), (ends, ends)):
        parts = ContextualDecomposition().phrases(subject, start, stop)
        np.testing.assert_allclose(parts.relevant + parts.rest, subject.original, **TIGHT)
        assert not parts.constant.any()
    whole = ContextualDecomposition().phrases(subject, ends * 0, ends)
    np.testing.assert_allclose(whole.rest, 0, **TIGHT)
    assert len(names) == 9


def test_single_precision(sentences):
    network, arrays, *_ = sentences
    x = torch.from_numpy(arrays["sst0291_x"])[None].float()
    found = explain(network.float(), x, 0, lrp()).tokens[0]
    network.double()
    expected = np.array(PUBLISHED["all"].split(), dtype=float)
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-4)
