import pytest
import torch
import torchaudio
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from naps.models import Wav2Letter, Wav2LetterConfig, from_torchaudio
from naps.models.geometry import Convolution, layers_of, windows_of

FIELDS = [48, 60, 72, 84, 96, 108, 120, 132, 194, 194, 194]
WIDTHS = [194, 74, 68, 62, 56, 50, 44, 38, 32, 1, 1, 1]


def test_full_size() -> None:
    with torch.device("meta"):
        network = Wav2Letter(Wav2LetterConfig())
    assert sum(p.numel() for p in network.parameters()) == 24_662_529
    assert [layer.name for layer in network.layers] == [f"conv{i}" for i in range(1, 12)]
    assert [layer.receptive_field for layer in network.layers] == FIELDS
    assert {layer.stride for layer in network.layers} == {2}
    assert [w.width for w in network.windows] == WIDTHS
    # 110 029 numbers an event over all eleven layers.
    channels = [layer.channels for layer in network.layers]
    assert sum(w * c for w, c in zip(WIDTHS[1:], channels, strict=True)) == 110_029


@pytest.mark.parametrize(
    ("padding", "offset", "frames"), [("symmetric", -97, 51), ("same", -95, 50)]
)
def test_padding_decides_length_and_offset(padding: str, offset: int, frames: int) -> None:
    config = Wav2LetterConfig(n_mels=4, channels=3, wide=5, padding=padding)
    network = Wav2Letter(config)
    assert network.windows[0].start(0) == offset
    assert network.output_length(100) == frames
    assert network(torch.randn(1, 100, 4)).shape == (1, frames, 29)


@pytest.mark.parametrize("length", [600, 601])
@pytest.mark.parametrize(("padding", "offset"), [("symmetric", -97), ("same", -95)])
def test_a_crop_without_padding_gives_the_output_of_the_whole(
    padding: str, offset: int, length: int
) -> None:
    torch.manual_seed(1)
    network = Wav2Letter(Wav2LetterConfig(n_mels=8, channels=6, wide=9, padding=padding))
    x = torch.randn(1, length, 8)

    def valid(crop: torch.Tensor) -> torch.Tensor:
        y = crop.transpose(1, 2)
        for block in network.blocks:
            y = nn.functional.conv1d(y, block.weight, block.bias, block.geometry.stride)
            y = y.relu() if block.relu else y
        return y[:, :, 0]

    with torch.no_grad():
        whole = network(x)[0]
        for frame in range(49, length // 2 - 49, 20):
            start = 2 * frame + offset
            crop = valid(x[:, start : start + 194])
            torch.testing.assert_close(crop[0], whole[frame], atol=1e-4, rtol=1e-4)
            wrong = valid(x[:, start + 1 : start + 195])
            assert (wrong[0] - whole[frame]).abs().max() > 1e-2


def test_weights_of_torchaudio() -> None:
    torch.manual_seed(2)
    theirs = torchaudio.models.Wav2Letter(num_classes=29, input_type="mfcc", num_features=13)
    ours = from_torchaudio(theirs)
    x = torch.randn(2, 300, 13)
    with torch.no_grad():
        expected = theirs(x.transpose(1, 2)).transpose(1, 2)
        # Theirs ends in a ReLU, which ours leaves out.
        got = ours(x).relu().log_softmax(-1)
    torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-5)


def test_another_network_is_refused() -> None:
    with pytest.raises(ValueError, match="kernels"):
        from_torchaudio(nn.Sequential(nn.Conv1d(3, 4, 5)))


def test_batch_norm_is_fused_away() -> None:
    torch.manual_seed(3)
    config = Wav2LetterConfig(n_mels=8, channels=6, wide=9, batch_norm=True, dropout=0.3)
    network = Wav2Letter(config)
    for _ in range(5):
        network.train()(3 * torch.randn(2, 300, 8) + 1)
    network.eval()
    x = torch.randn(1, 300, 8)
    with torch.no_grad():
        torch.testing.assert_close(network.fused()(x), network(x), atol=1e-5, rtol=1e-4)
    assert network.config.batch_norm
    assert not network.fused().config.batch_norm


def test_logits_may_be_negative() -> None:
    network = Wav2Letter(Wav2LetterConfig(n_mels=8, channels=6, wide=9))
    assert (network(torch.randn(1, 300, 8)) < 0).any()


convolution = st.builds(
    Convolution, st.integers(1, 5), st.integers(1, 3), st.integers(0, 4), st.integers(0, 4)
)


@settings(max_examples=60)
@given(st.lists(convolution, min_size=1, max_size=4), st.integers(0, 6))
def test_geometry_says_what_a_gradient_finds(stack: list[Convolution], frame: int) -> None:
    length = 700
    x = torch.zeros(1, 1, length, dtype=torch.float64, requires_grad=True)
    y = x
    for c in stack:
        y = nn.functional.pad(y, (c.left, c.right))
        y = nn.functional.conv1d(y, torch.ones(1, 1, c.kernel, dtype=torch.float64), None, c.stride)
    expected_length = length
    for c in stack:
        expected_length = c.output_length(expected_length)
    assert y.shape[2] == expected_length
    window = windows_of(stack)[0]
    layer = layers_of(["c"] * len(stack), [1] * len(stack), stack)[-1]
    for step in (frame, expected_length // 2):
        (gradient,) = torch.autograd.grad(y[0, 0, step], x, retain_graph=True)
        touched = gradient[0, 0].nonzero()[:, 0].tolist()
        start = window.start(step)
        assert (layer.start(step), layer.receptive_field) == (start, window.width)
        inside = list(range(max(0, start), min(length, start + window.width)))
        # At the ends zeros stand between the layers, and strides wider than kernels leave holes:
        # the touched frames may be fewer there.
        assert set(touched) <= set(inside)
        if step != frame and all(c.stride <= c.kernel for c in stack):
            assert touched == inside
