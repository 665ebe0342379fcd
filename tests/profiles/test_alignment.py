import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from naps.profiles.alignment import align_time, importance, peak_shifts
from naps.profiles.mask import event_mask


def test_golden_time_only() -> None:
    values = (torch.arange(28.0) + 1).view(1, 7, 4)
    saliency = torch.zeros(1, 7, 4)
    saliency[0, 1] = 1.0
    shifts = peak_shifts(saliency)
    assert shifts.tolist() == [1 - 3]
    rows = values[0]
    expected = torch.stack([rows[0] * 0, rows[0] * 0, rows[0], rows[1], rows[2], rows[3], rows[4]])
    assert torch.equal(align_time(values, shifts)[0], expected)


def test_constant_saliency_is_left_unaligned() -> None:
    assert peak_shifts(torch.full((2, 5, 3), 0.7)).tolist() == [0, 0]
    assert peak_shifts(torch.zeros(1, 5, 3)).tolist() == [0]


def test_a_single_step_cannot_move() -> None:
    assert peak_shifts(torch.rand(4, 1, 9)).tolist() == [0] * 4


@settings(max_examples=50)
@given(st.integers(1, 9), st.integers(1, 4), st.integers(0, 999))
def test_the_peak_comes_to_the_middle_and_channels_stay(
    width: int, channels: int, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    activation = torch.rand(3, width, channels, generator=generator)
    gradient = torch.randn(3, width, channels, generator=generator)
    saliency = importance(activation, gradient)
    assert torch.equal(saliency, gradient.abs() * activation)
    shifts = peak_shifts(saliency)
    moved = align_time(saliency, shifts)
    if width > 1:
        assert moved.mean(2).argmax(1).tolist() == [width // 2] * 3
    for event in range(3):
        step = width // 2
        assert torch.equal(moved[event, step], saliency[event, step + int(shifts[event])])


def test_masks() -> None:
    saliency = torch.tensor([[[1.0, 2.0], [0.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]]])
    assert event_mask(saliency, "soft")[0].tolist() == [[0.25, 0.5], [0.0, 1.0]]
    assert event_mask(saliency, "soft")[1].tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert event_mask(saliency, "quantile", 0.75)[0].tolist() == [[0.0, 1.0], [0.0, 1.0]]
    assert event_mask(saliency, "quantile", 0.75)[1].sum() == 0
    assert torch.equal(event_mask(saliency, "group"), saliency)
    assert event_mask(saliency, "none").min() == 1
