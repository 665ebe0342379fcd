"""Relevance of a recognizer's spectrogram for single output frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from naps.corpus.audio import read_audio
from naps.decoding import greedy
from naps.errors import InputError
from naps.models import LSTMConfig, LSTMRecognizer, Recognizer, load_model
from naps.relevance import (
    LRP,
    Composite,
    GateRule,
    Occlusion,
    explain,
    explain_frames,
    find_composite,
    judge_frames,
    recognizer_lrp,
)
from naps.relevance.evaluation import Regions
from tests.conftest import ROOT

SPOKEN = ROOT / "naps" / "corpus" / "embedded" / "audio" / "en-0003-m2.opus"


@pytest.mark.parametrize("composite", ["epsilon", "spectrogram"])
def test_a_part_of_the_input_gives_what_the_whole_gives(
    recognizer: Recognizer, composite: str
) -> None:
    network = recognizer.network.double()
    features = torch.randn(420, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    frames = [0, 3, 47, 100, 101, 160, network.output_length(420) - 1]
    units = [1, 4, 0, 7, 3, 2, 5]
    method = LRP(find_composite(composite))
    found = explain_frames(network, features, frames, units, method)
    for place, (frame, unit) in enumerate(zip(frames, units, strict=True)):
        whole = explain(
            network, features[None], unit, method, output=lambda x, frame=frame: x[:, frame]
        )
        np.testing.assert_allclose(found.scores[place], float(whole.start), rtol=1e-6)
        np.testing.assert_allclose(
            found.relevance[place], whole.relevance[0].numpy(), rtol=1e-4, atol=1e-7
        )


def test_nothing_outside_of_the_receptive_field_matters(recognizer: Recognizer) -> None:
    found = explain_frames(recognizer.network, torch.randn(600, 16), [150], [2])
    window = recognizer.network.windows[0]
    start = window.start(150)
    assert not found.relevance[0, :start].any()
    assert not found.relevance[0, start + window.width :].any()


def test_sums_errors_and_cancellation(recognizer: Recognizer) -> None:
    method = LRP(find_composite("epsilon"))
    found = explain_frames(recognizer.network, torch.randn(400, 16), [20, 90], [1, 2], method)
    sums = found.relevance.astype(float).sum((1, 2))
    np.testing.assert_allclose(found.sums, sums)
    np.testing.assert_allclose(found.error, abs(found.scores - sums) / abs(found.scores), rtol=1e-5)
    assert (found.cancellation >= abs(sums) / abs(found.scores) - 1e-6).all()


def test_what_a_part_taken_away_costs_is_spread_over_it(recognizer: Recognizer) -> None:
    features = torch.randn(300, 16)
    found = explain_frames(recognizer.network, features, [70], [3], Occlusion((20,)))
    network, frame = recognizer.network, 70
    window = network.windows[0]
    start, stop = max(0, window.start(frame)) // 2 * 2, window.start(frame) + window.width
    changed = features.clone()
    changed[start : start + 20] = 0
    with torch.no_grad():
        lost = network(features[None])[0, frame, 3] - network(changed[None])[0, frame, 3]
    assert stop <= 300
    # Frames of the last part may belong to two; the first part has its own alone.
    assert found.relevance[0, start : start + 20].sum() == pytest.approx(float(lost), abs=1e-5)


@pytest.mark.parametrize(
    ("frames", "units", "words"),
    [
        ([], [], "nothing to explain"),
        ([999], [1], "no frame 999"),
        ([-1], [1], "no frame -1"),
        ([3], [99], "no class 99"),
        ([3, 4], [1], "1 units for 2 frames"),
    ],
)
def test_what_is_not_there(
    recognizer: Recognizer, frames: list[int], units: list[int], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        explain_frames(recognizer.network, torch.randn(300, 16), frames, units)


def test_gates_that_blow_up_are_refused() -> None:
    torch.manual_seed(0)
    network = LSTMRecognizer(LSTMConfig(n_mels=16, n_outputs=29, hidden=16, layers=4, front=0))
    for weight in network.parameters():
        weight.data.mul_(6)
    half = Composite(gates=GateRule("half", epsilon=1e-12))
    with pytest.raises(InputError, match="larger epsilon"):
        explain_frames(network.eval(), torch.randn(500, 16), [400], [3], LRP(half))


def test_the_default_depends_on_the_network(recognizer: Recognizer) -> None:
    assert recognizer_lrp(recognizer.network).composite == find_composite("spectrogram")
    recurrent = LSTMRecognizer(LSTMConfig(n_mels=16, n_outputs=29, hidden=4, layers=1))
    assert recognizer_lrp(recurrent).composite == find_composite("steady")


def test_what_is_relevant_costs_more_than_chance(recognizer: Recognizer) -> None:
    network = recognizer.network
    features = torch.randn(700, 16, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        best = network(features[None])[0].argmax(1)
    frames = list(range(110, 240, 10))
    found = explain_frames(
        network, features, frames, best[frames].tolist(), LRP(find_composite("epsilon"))
    )
    judged = judge_frames(network, features, found, regions=Regions((5, 8)), steps=10, most=4)
    assert judged.items == 4
    assert judged.flipped.scores.mean.shape == judged.chance.shape == (11,)
    assert judged.flipped.aopc.mean > judged.chance_fall
    parts = Regions((5, 8)).parts((network.windows[0].width, 16))
    assert judged.share == pytest.approx(10 / len(parts), rel=0.05)


def _heard(name: str, spoken: Path) -> tuple[Recognizer, torch.Tensor, list[int], list[int]]:
    model = load_model(name)
    features = model.spectrogram(read_audio(spoken))
    with torch.no_grad():
        logits = model.network(features[None])[0]
    letters = greedy(logits, model.alphabet.blank)[5:17:3]
    return model, features, [x.frame for x in letters], [x.unit for x in letters]


def test_a_large_epsilon_keeps_a_deep_lstm_from_exploding() -> None:
    model, features, frames, units = _heard("lstm-en-mini", SPOKEN)
    steady = explain_frames(model.network, features, frames, units)
    small = explain_frames(
        model.network, features, frames, units, LRP(find_composite("epsilon", epsilon=1e-3))
    )
    assert (steady.cancellation < 10).all()
    assert (small.cancellation > 3 * steady.cancellation).all()


def test_a_shipped_network_listens_near_the_letter() -> None:
    model, features, frames, units = _heard("wav2letter-en-mini", SPOKEN)
    found = explain_frames(model.network, features, frames, units)
    assert (found.cancellation < 2).all()
    sizes = np.abs(found.relevance).sum(2)
    for size, frame in zip(sizes, frames, strict=True):
        near = size[max(0, 2 * frame - 20) : 2 * frame + 21].sum() / size.sum()
        # Spread evenly over the 194 frames it would be 0.21.
        assert near > 0.4
