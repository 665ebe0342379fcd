"""The costs of disorder: against loops, their derivatives, and what must not change them."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from naps.errors import InputError
from naps.training.sheet import Sheet, sheet_sides
from naps.training.topography import blur_loss, group_sparsity, neighbour_unlikeness
from tests.oracles import learned_topography as oracle

sides = st.integers(1, 7)
seeds = st.integers(0, 2**31)


def drawn(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@settings(max_examples=40)
@given(sides, sides, st.booleans(), st.sampled_from([4, 8]), seeds)
def test_neighbours_as_in_loops(
    rows: int, columns: int, torus: bool, count: int, seed: int
) -> None:
    pairs = Sheet(rows, columns, torus).pairs(count)
    assert pairs.tolist() == [list(pair) for pair in oracle.beside(rows, columns, torus, count)]
    if len(pairs):
        kernels = drawn(seed, rows * columns, 5)
        expected = oracle.unlikeness(kernels.numpy(), rows, columns, torus, count)
        assert float(neighbour_unlikeness(kernels, pairs)) == pytest.approx(expected, abs=1e-12)


@settings(max_examples=40)
@given(sides, sides, st.booleans(), st.sampled_from([3, 5]), seeds)
def test_groups_as_in_loops(rows: int, columns: int, torus: bool, window: int, seed: int) -> None:
    pools = Sheet(rows, columns, torus).pools(window)
    assert torch.allclose(pools.sum(1), torch.ones(rows * columns))
    frames = drawn(seed, 3, rows * columns)
    found = group_sparsity(frames, pools.double())
    expected = [oracle.sparsity(f, rows, columns, torus, window) for f in frames.numpy()]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6)


@settings(max_examples=40)
@given(sides, sides, st.sampled_from([1.5, 2.0, 3.0, 10.0]), seeds)
def test_blur_as_in_loops(rows: int, columns: int, factor: float, seed: int) -> None:
    kernels = drawn(seed, rows * columns, 4)
    found = blur_loss(kernels, Sheet(rows, columns, False).blur(factor).double())
    expected = oracle.blur_loss(kernels.numpy(), rows, columns, factor)
    assert float(found) == pytest.approx(expected, abs=1e-5)


def test_derivatives_are_those_of_differences() -> None:
    sheet = Sheet(3, 4, True)
    kernels = drawn(1, 12, 3).requires_grad_()
    pairs, blur = sheet.pairs(8), sheet.blur(2.0).double()
    pools = sheet.pools(3).double()
    assert torch.autograd.gradcheck(lambda x: neighbour_unlikeness(x, pairs), kernels)
    assert torch.autograd.gradcheck(lambda x: blur_loss(x, blur), kernels)
    frames = drawn(2, 2, 12).relu().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: group_sparsity(x, pools), frames)


def test_silence_has_a_finite_slope() -> None:
    frames = torch.zeros(2, 12, requires_grad=True)
    group_sparsity(frames, Sheet(3, 4, True).pools(5)).sum().backward()
    assert frames.grad is not None
    assert torch.equal(frames.grad, torch.zeros(2, 12))


@given(seeds, st.booleans())
def test_a_constant_sheet_costs_nothing(seed: int, torus: bool) -> None:
    kernels = drawn(seed, 1, 6).expand(20, 6)
    sheet = Sheet(4, 5, torus)
    assert abs(float(neighbour_unlikeness(kernels, sheet.pairs(4)))) < 1e-12
    assert abs(float(blur_loss(kernels, sheet.blur(3.0).double()))) < 1e-6


@given(seeds, st.integers(0, 5), st.integers(0, 4))
def test_a_torus_may_be_turned(seed: int, down: int, right: int) -> None:
    sheet = Sheet(6, 5, True)
    kernels = drawn(seed, 30, 4)
    turned = kernels.reshape(6, 5, 4).roll((down, right), (0, 1)).reshape(30, 4)
    pairs, pools = sheet.pairs(8), sheet.pools(5).double()
    assert float(neighbour_unlikeness(turned, pairs)) == pytest.approx(
        float(neighbour_unlikeness(kernels, pairs)), abs=1e-12
    )
    torch.testing.assert_close(
        group_sparsity(turned.T, pools), group_sparsity(kernels.T, pools), rtol=1e-6, atol=1e-6
    )


def smooth_sheet() -> Tensor:
    """Kernels that turn slowly over a torus of 6 × 8."""
    y, x = torch.meshgrid(torch.arange(6.0), torch.arange(8.0), indexing="ij")
    waves = [f(2 * math.pi * t / n) for t, n in ((y, 6), (x, 8)) for f in (torch.sin, torch.cos)]
    return torch.stack(waves, -1).reshape(48, 4).double()


@given(seeds)
def test_units_in_another_order_cost_more_than_a_smooth_sheet(seed: int) -> None:
    kernels, sheet = smooth_sheet(), Sheet(6, 8, True)
    order = torch.randperm(48, generator=torch.Generator().manual_seed(seed))
    pairs, blur = sheet.pairs(4), sheet.blur(2.0).double()
    assert neighbour_unlikeness(kernels, pairs) < neighbour_unlikeness(kernels[order], pairs)
    assert blur_loss(kernels, blur) < blur_loss(kernels[order], blur)
    # Units that are active together: a patch against the same units strewn over the sheet.
    active = torch.zeros(6, 8, dtype=torch.float64)
    active[1:4, 2:5] = 1.0
    frame, pools = active.reshape(48), sheet.pools(5).double()
    assert group_sparsity(frame, pools) <= group_sparsity(frame[order], pools) + 1e-9


@given(seeds, st.floats(0.1, 10))
def test_lengths_of_kernels_do_not_matter_to_neighbours(seed: int, factor: float) -> None:
    kernels, pairs = drawn(seed, 12, 4), Sheet(3, 4, True).pairs(4)
    scaled = kernels * torch.linspace(1, factor, 12)[:, None]
    assert float(neighbour_unlikeness(scaled, pairs)) == pytest.approx(
        float(neighbour_unlikeness(kernels, pairs)), abs=1e-12
    )


def test_sides_are_near_a_square_or_as_given() -> None:
    found = {n: sheet_sides("conv1", n, None) for n in (160, 250, 256, 512, 2000)}
    assert found == {160: (10, 16), 250: (10, 25), 256: (16, 16), 512: (16, 32), 2000: (40, 50)}
    assert sheet_sides("conv1", 7, (1, 7)) == (1, 7)
    with pytest.raises(InputError, match="4 × 5 is no sheet of the 24 units of conv3"):
        sheet_sides("conv3", 24, (4, 5))
    with pytest.raises(InputError, match=r"the 13 units of conv3 make no sheet.*\[1, 13\]"):
        sheet_sides("conv3", 13, None)
    with pytest.raises(InputError, match="conv3 has one unit"):
        sheet_sides("conv3", 1, (1, 1))
