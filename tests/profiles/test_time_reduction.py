import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from naps.errors import InputError
from naps.profiles.alignment import importance
from naps.profiles.time_reduction import REDUCTIONS, RELU_EDGES, reduce_time, reduced_axis
from tests.oracles.accumulation import align_time, peak_shifts


def everywhere(values: Tensor) -> Tensor:
    return torch.ones(values.shape[:2], dtype=torch.bool)


def windows(seed: int, width: int, dtype: torch.dtype = torch.float64) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(3, width, 4, generator=generator, dtype=dtype).relu()


@pytest.mark.parametrize("reduction", [r for r in REDUCTIONS if r != "centre_t"])
@settings(max_examples=30)
@given(seed=st.integers(0, 999), width=st.integers(1, 9), shift=st.integers(-9, 9))
def test_a_circular_shift_changes_nothing(
    reduction: str, seed: int, width: int, shift: int
) -> None:
    values = windows(seed, width)
    valid = torch.rand(3, width, generator=torch.Generator().manual_seed(seed)) < 0.7
    values = values * valid[:, :, None]
    found, known = reduce_time(values, valid, reduction)
    moved, still = reduce_time(values.roll(shift, 1), valid.roll(shift, 1), reduction)
    torch.testing.assert_close(found, moved)
    assert torch.equal(known, still)
    assert found.shape == (3, len(reduced_axis(reduction, width, 10.0).values), 4)
    assert known.shape == found.shape[:2]
    assert found[~known].abs().sum() == 0


@settings(max_examples=30)
@given(seed=st.integers(0, 999), width=st.integers(2, 9), shift=st.integers(-9, 9))
def test_the_aligned_centre_does_not_change_either(seed: int, width: int, shift: int) -> None:
    values = windows(seed, width) + 0.1
    gradient = windows(seed + 1, width) + 0.1

    def centre(activation: Tensor, gradient: Tensor) -> Tensor:
        aligned = align_time(activation, peak_shifts(importance(activation, gradient)))
        return reduce_time(aligned, everywhere(aligned), "centre_t")[0]

    found = centre(values, gradient)
    assert torch.equal(found, centre(values.roll(shift, 1), gradient.roll(shift, 1)))
    assert found.shape == (3, 1, 4)


def test_by_hand() -> None:
    values = torch.tensor([[[1.0], [4.0], [0.0], [3.0]]])
    valid = everywhere(values)

    def found(reduction: str, edges: tuple[float, ...] = (0.0, 0.5, 3.0, 9.0)) -> list[float]:
        return reduce_time(values, valid, reduction, edges)[0][0, :, 0].tolist()

    assert found("mean_t") == [2]
    assert found("max_t") == [4]
    assert found("sorted_t") == [4, 3, 1, 0]
    assert found("hist_t") == [0.25, 0.25, 0.5]
    assert found("hist_t", (1.0, 2.0, 3.5)) == [0.5, 0.5]  # what lies outside is not lost
    assert found("centre_t") == [0]
    assert found("fft_t") == pytest.approx(np.abs(np.fft.rfft([1, 4, 0, 3])) / 4)
    assert found("fft_t")[0] == found("mean_t")[0]


def test_steps_that_do_not_exist_do_not_count() -> None:
    values = torch.tensor([[[0.0], [-4.0], [-1.0], [0.0]], [[0.0]] * 4])
    valid = torch.tensor([[False, True, True, False], [False] * 4])

    def found(reduction: str) -> tuple[list[float], list[bool]]:
        reduced, known = reduce_time(values, valid, reduction, (-9.0, -2.0, 0.0, 1.0))
        assert reduced[1].abs().sum() == 0
        assert not known[1].any()
        return reduced[0, :, 0].tolist(), known[0].tolist()

    assert found("mean_t") == ([-2.5], [True])
    assert found("max_t") == ([-1], [True])
    assert found("sorted_t") == ([-1, -4, 0, 0], [True, True, False, False])
    assert found("hist_t") == ([0.5, 0.5, 0], [True] * 3)
    assert found("centre_t") == ([-1], [True])


def test_a_histogram_is_a_share_and_relus_fit_its_bins() -> None:
    values = windows(0, 7, torch.float32)
    reduced, _ = reduce_time(values, everywhere(values), "hist_t")
    torch.testing.assert_close(reduced.sum(1), torch.ones(3, 4))
    silent = (values < RELU_EDGES[1]).float().mean(1)
    torch.testing.assert_close(reduced[:, 0], silent)
    assert reduced.dtype == torch.float32


def test_axes() -> None:
    axis = reduced_axis("fft_t", 50, 20.0)
    assert (axis.name, axis.units) == ("frequency", "Hz")
    np.testing.assert_allclose(axis.values, np.fft.rfftfreq(50, 0.02))
    axis = reduced_axis("fft_t", 7, 16.0)
    np.testing.assert_allclose(axis.values, np.fft.rfftfreq(7, 0.016))
    assert reduced_axis("sorted_t", 3, 20.0).values.tolist() == [0, 1, 2]
    assert reduced_axis("hist_t", 3, 20.0, (0.0, 1.0, 4.0)).values.tolist() == [0, 1]
    names = {r: reduced_axis(r, 3, 20.0).name for r in REDUCTIONS}
    assert names == {
        "mean_t": "mean", "max_t": "max", "sorted_t": "rank", "hist_t": "bin",
        "fft_t": "frequency", "centre_t": "lag",
    }  # fmt: skip


def test_what_does_not_exist_is_said() -> None:
    values = windows(0, 3)
    with pytest.raises(InputError, match="mean_t, max_t, sorted_t, hist_t, fft_t, centre_t"):
        reduce_time(values, everywhere(values), "median_t")
    for edges in ((0.0,), (1.0, 0.0), (0.0, 0.0, 1.0)):
        with pytest.raises(InputError, match="must rise"):
            reduce_time(values, everywhere(values), "hist_t", edges)
