import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from naps.comparison import hear_together
from naps.comparison.frames import cut, hear, hear_both, later, nearest
from naps.comparison.layer_sums import LayerSums
from naps.corpus import FeatureConfig, Utterance, read_manifest
from naps.corpus.audio import read_audio
from naps.errors import InputError, UtteranceError
from naps.events import find_events
from naps.models import ENGLISH, LSTMConfig, LSTMRecognizer, Recognizer, Wav2Letter
from tests.oracles import comparison_cka as oracle


@pytest.fixture
def utterances(corpus: Path) -> list[Utterance]:
    return read_manifest(corpus / "manifest.jsonl")


def other_weights(model: Recognizer) -> Recognizer:
    torch.manual_seed(7)
    assert isinstance(model.network, Wav2Letter)
    network = Wav2Letter(model.network.config).eval()
    return replace(model, name="other", network=network, features=model.features)


def recurrent() -> Recognizer:
    torch.manual_seed(3)
    sizes = LSTMConfig(n_mels=16, n_outputs=len(ENGLISH), hidden=6, layers=2)
    return Recognizer("lstm", LSTMRecognizer(sizes).fused(), FeatureConfig(n_mels=16), ENGLISH)


def fused(model: Recognizer) -> Recognizer:
    return replace(model, network=model.network.fused())


@given(
    st.lists(st.floats(0, 10), min_size=1, max_size=20, unique=True),
    st.lists(st.floats(-1, 11), max_size=20),
)
def test_nearest_steps(steps: list[float], times: list[float]) -> None:
    seconds = np.sort(steps)
    found = nearest(seconds, np.array(times))
    for step, time in zip(found, times, strict=True):
        assert abs(seconds[step] - time) <= np.abs(seconds - time).min() + 1e-12


def test_blocks_are_stretches_of_like_length() -> None:
    assert list(cut(np.array([1.0, 1, 1, 1, 4, 4]), 3)) == [0, 0, 0, 0, 1, 2]
    assert list(cut(np.array([5.0]), 3)) == [1]
    assert list(cut(np.zeros(2), 3)) == [0, 0]


def test_all_layers_are_heard_at_their_own_times(
    recognizer: Recognizer, utterances: list[Utterance]
) -> None:
    model = fused(recognizer)
    samples = read_audio(utterances[0].audio)
    found = hear(model, samples, ["input", "conv1", "conv9"], late_s=0.5)
    assert list(found.values) == ["conv11", "input", "conv1", "conv9"]
    spectrogram = model.spectrogram(samples)
    with torch.no_grad():
        shown, logits = model.network.watched(spectrogram[None])
    np.testing.assert_allclose(found.values["input"], spectrogram, atol=1e-6)
    np.testing.assert_allclose(found.values["conv9"], shown["conv9"][0], atol=1e-5)
    np.testing.assert_allclose(found.values["conv11"], logits[0], atol=1e-5)
    np.testing.assert_array_equal(found.best, logits[0].argmax(1))
    # 10 ms a frame; step 3 of conv1 sees the 48 frames from 2 · 3 − 23.
    layer = model.layers[0]
    assert found.seconds["conv1"][3] == pytest.approx(0.01 * (6 + layer.offset + 23.5))
    assert found.seconds["input"][7] == pytest.approx(0.07)
    # An output frame tells of what was said earlier.
    assert found.frames[0] == pytest.approx(0.01 * model.layers[-1].centre(0) - 0.5)
    assert found.frames is found.seconds["conv11"]


def test_networks_of_other_rates_meet_at_the_slower_ones_frames(
    recognizer: Recognizer, utterances: list[Utterance]
) -> None:
    a, b = fused(recognizer), recurrent()
    both = hear_both(a, b, utterances[0], ["input", "conv1"], ["lstm1"])
    assert b.frame_s > a.frame_s
    inside = (both.b.frames >= both.times[0]) & (both.b.frames <= both.times[-1])
    np.testing.assert_allclose(both.times, both.b.frames[inside])
    at = both.a.at(both.times)
    for i in (0, 5, len(both.times) - 1):
        step = np.abs(both.a.seconds["conv1"] - both.times[i]).argmin()
        np.testing.assert_array_equal(at["conv1"][i], both.a.values["conv1"][step])
        assert abs(both.a.seconds["conv1"][step] - both.times[i]) <= b.frame_s


def test_sums_over_a_corpus_equal_the_definition(
    recognizer: Recognizer, utterances: list[Utterance]
) -> None:
    a, b = fused(recognizer), fused(other_weights(recognizer))
    found = hear_together(a, b, utterances, layers=["conv1", "conv9"], all_pairs=True, blocks=3)
    assert found.layers_a == found.layers_b == ("conv1", "conv9", "conv11")
    assert len(found.alignments) == 9
    heard = [hear_both(a, b, u, ["conv1", "conv9"], ["conv1", "conv9"]) for u in utterances]
    assert found.frames == sum(len(x.times) for x in heard)
    assert (found.every, found.utterances, found.drops) == (1, 4, [])
    for first, second in (("conv1", "conv9"), ("conv9", "conv9"), ("conv11", "conv11")):
        x = np.concatenate([h.a.at(h.times)[first] for h in heard]).astype(float)
        parts = [h.b.at(h.times)[second] for h in heard]
        y = np.concatenate(parts).astype(float)
        x, y = x - x.mean(0), y - y.mean(0)
        aligned = found.alignment(first, second)
        assert aligned is not None
        assert aligned.cka.value == pytest.approx(oracle.debiased_cka(x, y), abs=1e-9)
        turned = np.concatenate([np.roll(p, len(p) // 2, 0) for p in parts]).astype(float)
        turned -= turned.mean(0)
        assert aligned.rotated == pytest.approx(oracle.debiased_cka(x, turned), abs=1e-9)
        assert aligned.cka.low <= aligned.cka.value <= aligned.cka.high


def test_layers_far_from_zero_lose_no_digits() -> None:
    random = np.random.default_rng(0)
    # So round that adding a large number loses nothing, in single precision too.
    x, y = (np.round(random.standard_normal((60, n)) * 64) / 64 for n in (5, 4))
    y[:, 0] += x[:, 0]
    sums = LayerSums([("one", "two")], blocks=2)
    far = (x + 2.0**15).astype(np.float32), (y - 2.0**14).astype(np.float32)
    parts = slice(0, 20), slice(20, 35), slice(35, 60)
    for block, part in zip((0, 0, 1), parts, strict=True):
        sums.add(block, {"one": far[0][part]}, {"two": far[1][part]})
    (found,) = sums.alignments(np.ones((3, 2)))
    assert found.cka.value == pytest.approx(oracle.debiased_cka(x, y), abs=1e-10)
    turned = [np.roll(y[part], len(y[part]) // 2, 0) for part in parts]
    expected = oracle.debiased_cka(x, np.concatenate(turned))
    assert found.rotated == pytest.approx(expected, abs=1e-10)


def test_a_network_is_like_itself_in_everything(
    recognizer: Recognizer, utterances: list[Utterance]
) -> None:
    model = fused(recognizer)
    table = find_events(model, utterances).table
    found = hear_together(model, model, utterances, events_a=table, events_b=table)
    assert found.layers_a == ("input", *(f"conv{i}" for i in range(1, 12)))
    for aligned in found.alignments:
        assert aligned.a == aligned.b
        assert aligned.cka.value == pytest.approx(1)
        assert aligned.rotated < 1
    agreement = found.agreement
    assert agreement is not None
    assert agreement.frames.same.value == 1
    assert agreement.events is not None
    assert agreement.events.same.value == 1
    assert agreement.events.count == len(table.dropna(subset=["letter"]))


def test_other_weights_hear_something_else(
    recognizer: Recognizer, utterances: list[Utterance]
) -> None:
    found = hear_together(fused(recognizer), fused(other_weights(recognizer)), utterances)
    values = {x.a: x.cka.value for x in found.alignments}
    assert values["input"] == pytest.approx(1)
    assert all(value < 0.99 for name, value in values.items() if name != "input")


def test_fewer_frames_are_every_nth(recognizer: Recognizer, utterances: list[Utterance]) -> None:
    a, b = fused(recognizer), fused(other_weights(recognizer))
    whole = hear_together(a, b, utterances, layers=["conv1"])
    found = hear_together(a, b, utterances, layers=["conv1"], frames=100)
    # Four utterances of 4 s, 50 frames a second.
    assert found.every == 8
    assert found.frames == math.ceil(whole.frames / 8)
    assert whole.agreement is not None
    assert found.agreement is not None
    assert found.agreement.frames.count == whole.agreement.frames.count == whole.frames
    heard = [hear_both(a, b, u, ["conv1"], ["conv1"]) for u in utterances]
    x, y = (
        np.concatenate([h.at(both.times)["conv1"] for h, both in zip(run, heard, strict=True)])
        for run in ([h.a for h in heard], [h.b for h in heard])
    )
    aligned = found.alignment("conv1", "conv1")
    assert aligned is not None
    expected = oracle.debiased_cka(x[::8].astype(float), y[::8].astype(float))
    assert aligned.cka.value == pytest.approx(expected, abs=1e-9)


def test_predictions_meet_at_what_they_tell_of(
    recognizer: Recognizer, utterances: list[Utterance]
) -> None:
    model = fused(recognizer)
    late = replace(model, delay_s=0.2)
    found = hear_together(model, late, utterances, layers=["conv1"])
    layer, output = found.alignment("conv1", "conv1"), found.alignment("conv11", "conv11")
    assert layer is not None
    assert output is not None
    # Inner layers are compared at the same moments; what was written at once is, but for the
    # delay, written at another time.
    assert layer.cka.value == pytest.approx(1)
    assert output.cka.value < 0.9
    # Ten frames at one end of each utterance have no partner.
    at_once = hear_together(model, model, utterances, layers=["conv1"])
    assert 36 <= at_once.frames - found.frames <= 44


@pytest.mark.parametrize(
    ("delay_a", "delay_b", "late"),
    [(0.075, 0.015, -0.06), (0.075, 0.06, 0.0), (0.0, 0.02, 0.02), (-0.01, 0.049, 0.04)],
)
def test_delays_differ_by_whole_frames(
    recognizer: Recognizer, delay_a: float, delay_b: float, late: float
) -> None:
    a, b = (replace(recognizer, delay_s=delay) for delay in (delay_a, delay_b))
    assert later(a, b, 0.02) == pytest.approx(late, abs=1e-12)
    assert later(b, a, 0.02) == pytest.approx(-late, abs=1e-12)


def test_without_letters_there_is_no_agreement(
    recognizer: Recognizer, utterances: list[Utterance]
) -> None:
    model = fused(recognizer)
    found = hear_together(model, replace(model, writes=False), utterances, layers=["conv2"])
    assert found.agreement is None


def test_layers_that_only_one_has_are_compared_with_all(
    recognizer: Recognizer, utterances: list[Utterance]
) -> None:
    a, b = fused(recognizer), recurrent()
    found = hear_together(a, b, utterances, layers=["conv9", "lstm2", "lstm1.cell"], all_pairs=True)
    assert found.layers_a == ("conv9", "conv11")
    assert found.layers_b == ("lstm1.cell", "lstm2", "output")
    assert found.alignment("conv9", "lstm1.cell") is not None
    alone = hear_together(a, b, utterances, layers=["conv9", "lstm2"])
    assert [(x.a, x.b) for x in alone.alignments] == [("conv11", "output")]


def test_unknown_layers_are_refused(recognizer: Recognizer, utterances: list[Utterance]) -> None:
    model = fused(recognizer)
    with pytest.raises(InputError, match="neither small nor small has a layer 'conv12'; there are"):
        hear_together(model, model, utterances, layers=["conv12"])


def test_what_cannot_be_read_is_counted(
    recognizer: Recognizer, utterances: list[Utterance], tmp_path: Path
) -> None:
    model = fused(recognizer)
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound")
    some = [*utterances, Utterance("bad", broken)]
    found = hear_together(model, model, some, layers=["conv1"], max_bad_share=0.5)
    assert found.utterances == 4
    (drop,) = found.drops
    assert (drop.stage, drop.utterance, drop.reason) == ("comparison", "bad", "unreadable")
    with pytest.raises(InputError, match="1 utterances cannot be used, more than max_bad_share"):
        hear_together(model, model, some, layers=["conv1"])
    with pytest.raises(InputError, match="nothing of 1 utterances can be compared"):
        hear_together(model, model, some[-1:], max_bad_share=1.0)


def test_values_that_are_not_finite_are_no_utterance(
    recognizer: Recognizer, utterances: list[Utterance]
) -> None:
    model = fused(recognizer)
    with torch.no_grad():
        model.network.get_submodule("conv3").bias[0] = torch.nan
    with pytest.raises(UtteranceError, match="layer 'conv11' gives is not finite"):
        hear_both(model, model, utterances[0], ["conv3"], ["conv3"])
