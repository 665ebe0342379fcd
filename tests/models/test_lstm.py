from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import nn

from naps.corpus import FeatureConfig
from naps.errors import InputError, UtteranceError
from naps.models import ENGLISH, LSTMConfig, LSTMRecognizer, Recognizer, load_model, save_recognizer
from naps.models.lstm import mirror


def network(**changes: object) -> LSTMRecognizer:
    torch.manual_seed(0)
    sizes = {"n_mels": 6, "n_outputs": len(ENGLISH), "hidden": 5, "layers": 3, "front": 7}
    return LSTMRecognizer(LSTMConfig(**(sizes | {"kernel": 5, "stride": 3} | changes))).eval()


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("front", [0, 7])
@settings(max_examples=15)
@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=4))
def test_an_utterance_gives_the_same_alone_and_in_a_padded_batch(
    bidirectional: bool, front: int, lengths: list[int]
) -> None:
    ours = network(bidirectional=bidirectional, front=front)
    utterances = [torch.randn(n, 6) for n in lengths]
    batch = nn.utils.rnn.pad_sequence(utterances, batch_first=True)
    with torch.no_grad():
        together = ours(batch, lengths)
        for logits, utterance in zip(together, utterances, strict=True):
            alone = ours(utterance[None])[0]
            assert len(alone) == ours.output_length(len(utterance))
            torch.testing.assert_close(logits[: len(alone)], alone, rtol=0, atol=1e-5)


def test_rows_are_those_of_torchs_bidirectional_stack() -> None:
    ours = network(front=0)
    theirs = nn.LSTM(6, 5, 3, bidirectional=True, batch_first=True)
    with torch.no_grad():
        for number, layer in enumerate(ours.recurrent):
            for row, suffix in zip(layer.rows, ("", "_reverse"), strict=True):
                for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                    theirs.get_parameter(f"{name}_l{number}{suffix}").copy_(
                        row.get_parameter(f"{name}_l0")
                    )
        x = torch.randn(2, 30, 6)
        torch.testing.assert_close(ours(x), ours.output(theirs(x)[0]), rtol=0, atol=1e-6)


def test_one_direction_hears_nothing_of_what_is_to_come() -> None:
    ours = network(bidirectional=False, front=0)
    x = torch.randn(1, 20, 6)
    later = x.clone()
    later[:, 12:] += 1.0
    with torch.no_grad():
        before, after = ours(x)[0], ours(later)[0]
    assert torch.equal(before[:12], after[:12])
    assert not torch.allclose(before[12:], after[12:])


def test_mirror_turns_real_steps_round_and_leaves_the_rest() -> None:
    assert mirror([3, 5], 5, torch.device("cpu")).tolist() == [[2, 1, 0, 3, 4], [4, 3, 2, 1, 0]]


def test_layers_and_taps() -> None:
    ours = network()
    assert [layer.name for layer in ours.layers] == ["conv1", "lstm1", "lstm2", "lstm3", "output"]
    assert [layer.channels for layer in ours.layers] == [7, 10, 10, 10, len(ENGLISH)]
    assert ours.layers[0].receptive_field == 5
    assert all(layer.receptive_field is None for layer in ours.layers[1:])
    # A step stands for the frame in the middle of its convolution's window.
    assert {layer.centre(4) for layer in ours.layers} == {12.0}
    assert [tap.name for tap in ours.taps][:6] == [
        "lstm1.hidden", "lstm1.cell",
        "lstm1.input", "lstm1.forget", "lstm1.candidate", "lstm1.output",
    ]  # fmt: skip
    assert len(ours.taps) == 18
    assert ours.windows is None
    assert network(front=0).layers[0].name == "lstm1"


def test_watched_layers_are_those_of_the_forward_pass() -> None:
    ours = network()
    found, logits = ours.watched(torch.randn(1, 31, 6))
    assert list(found) == ["conv1", "lstm1", "lstm2", "lstm3"]
    torch.testing.assert_close(ours.output(found["lstm3"]), logits)
    (gradient,) = torch.autograd.grad(logits[0, 4, 2], found["lstm1"])
    assert gradient.abs().sum() > 0


def test_fused_is_the_same_in_use(tmp_path: Path) -> None:
    ours = network(batch_norm=True, dropout=0.3).train()
    for _ in range(3):
        ours(torch.randn(4, 60, 6) * 3 + 1)
    ours.eval()
    x = torch.randn(2, 50, 6)
    with torch.no_grad():
        torch.testing.assert_close(ours.fused()(x), ours(x), rtol=1e-5, atol=1e-5)
    recognizer = Recognizer("small", ours, FeatureConfig(n_mels=6), ENGLISH)
    save_recognizer(tmp_path / "m.safetensors", recognizer)
    loaded = load_model(tmp_path / "m.safetensors")
    assert isinstance(loaded.network, LSTMRecognizer)
    with torch.no_grad():
        torch.testing.assert_close(loaded.network(x), ours(x), rtol=1e-5, atol=1e-5)


def test_training_mode_drops_whole_channels() -> None:
    ours = network(dropout=0.5, layers=1).train()
    with torch.no_grad():
        x = torch.randn(1, 30, 6)
        found = ours.front(x)
        dropped = (found == 0).all(1)[0]
        assert 0 < int(dropped.sum()) < 7
        assert not torch.equal(ours(x), ours(x))


def test_sizes_that_make_no_sense() -> None:
    with pytest.raises(ValidationError, match="must be odd"):
        LSTMConfig(kernel=4)


def test_an_architecture_of_the_future_is_refused(tmp_path: Path) -> None:
    recognizer = Recognizer("small", network(), FeatureConfig(n_mels=6), ENGLISH)
    path = tmp_path / "m.safetensors"
    save_recognizer(path, recognizer)
    content = path.read_bytes()
    assert content.count(b'lstm\\"') == 1
    path.write_bytes(content.replace(b'lstm\\"', b'gruu\\"'))
    with pytest.raises(InputError, match="unknown architecture 'gruu'"):
        load_model(path)


def test_a_recording_without_a_single_step() -> None:
    import numpy as np

    recognizer = Recognizer("small", network(front=0), FeatureConfig(n_mels=6), ENGLISH)
    assert len(recognizer.spectrogram(np.zeros(100, np.float32))) == 1
    wide = Recognizer("wide", network(kernel=1, stride=9), FeatureConfig(n_mels=6), ENGLISH)
    assert wide.network.output_length(1) == 1
    deaf = _Deaf(LSTMConfig(n_mels=6, n_outputs=len(ENGLISH)))
    with pytest.raises(UtteranceError) as caught:
        Recognizer("deaf", deaf, FeatureConfig(n_mels=6), ENGLISH).spectrogram(
            np.zeros(100, np.float32)
        )
    assert caught.value.reason == "too_short"


class _Deaf(LSTMRecognizer):
    """Makes no output of a single frame."""

    def output_length(self, frames: int) -> int:
        return frames // 2
