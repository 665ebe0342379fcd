import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from naps.models import Layer, Wav2Letter, Wav2LetterConfig, Window
from naps.profiles.alignment import carried_shifts
from tests.oracles.accumulation import align_time, peak_shifts

INPUT = Layer("input", 4, 1, 0, 1)


def layer(stride: int) -> Layer:
    return Layer("some", 4, stride, 0, 5)


def test_golden_time_only_from_the_input() -> None:
    # A peak four input frames before the middle is two steps of stride 2.
    saliency = torch.zeros(1, 15, 4)
    saliency[0, 3, 0] = 1.0
    shifts = carried_shifts(peak_shifts(saliency), INPUT, layer(2), Window(1, 0, 7))
    assert shifts.tolist() == [-2]
    values = (torch.arange(28.0) + 1).view(1, 7, 4)
    rows = values[0]
    zero = rows[0] * 0
    expected = torch.stack([zero, zero, rows[0], rows[1], rows[2], rows[3], rows[4]])
    assert torch.equal(align_time(values, shifts)[0], expected)


def test_rounding_is_to_the_nearest_and_halves_stay() -> None:
    shifts = torch.tensor([0, 1, -1, 2, -2, 3, -3, 5, -5, 6])
    assert carried_shifts(shifts, INPUT, layer(2), Window(1, 0, 99)).tolist() == [
        0, 0, 0, 1, -1, 1, -1, 2, -2, 3,
    ]  # fmt: skip
    assert carried_shifts(shifts, INPUT, layer(3), Window(1, 0, 99)).tolist() == [
        0, 0, 0, 1, -1, 1, -1, 2, -2, 2,
    ]  # fmt: skip
    assert torch.equal(carried_shifts(shifts, INPUT, layer(1), Window(1, 0, 99)), shifts)
    # From a layer whose own steps are longer.
    assert carried_shifts(shifts, layer(4), layer(2), Window(1, 0, 99)).tolist() == [
        2 * s for s in shifts.tolist()
    ]


@settings(max_examples=60)
@given(st.integers(-300, 300), st.integers(1, 5), st.integers(1, 40))
def test_never_beyond_a_window_and_never_off_by_more_than_half_a_step(
    shift: int, stride: int, width: int
) -> None:
    found = int(carried_shifts(torch.tensor([shift]), INPUT, layer(stride), Window(1, 0, width)))
    assert 0 <= width // 2 + found < width
    opposite = carried_shifts(torch.tensor([-shift]), INPUT, layer(stride), Window(1, 0, 2001))
    assert abs(2 * stride * int(opposite) + 2 * shift) <= stride
    if width == 1:
        assert found == 0


def test_wav2letter() -> None:
    network = Wav2Letter(Wav2LetterConfig(n_mels=4, n_outputs=5, channels=6, wide=8))
    shifts = torch.tensor([-97, -41, 0, 10, 96])
    for layer, window in zip(network.layers, network.windows[1:], strict=True):
        found = carried_shifts(shifts, INPUT, layer, window)
        reach = window.width // 2
        expected = [max(-reach, min(window.width - 1 - reach, s)) for s in (-48, -20, 0, 5, 48)]
        if window.width == 1:
            expected = [0] * 5
        assert found.tolist() == expected


@pytest.mark.parametrize("width", [1, 6, 7])
def test_channels_never_move(width: int) -> None:
    values = torch.zeros(3, width, 4)
    values[:, :, 2] = torch.rand(3, width) + 1
    for shifts in (torch.tensor([-3, 0, 3]), torch.tensor([50, -50, 1])):
        moved = align_time(values, carried_shifts(shifts, INPUT, layer(2), Window(1, 0, width)))
        assert moved[:, :, [0, 1, 3]].abs().sum() == 0
        assert (moved[:, width // 2, 2] > 0).all()
