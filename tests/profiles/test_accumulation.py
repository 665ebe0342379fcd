import multiprocessing
import os
from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from naps.models import Window
from naps.profiles import accumulation
from naps.profiles.accumulation import add_adjusted, add_plain
from naps.profiles.moments import Moments
from naps.profiles.trace import TracedLayer
from tests.oracles.accumulation import adjusted_sums, plain_sums, zeros

FIELDS = ("total", "squares", "mask", "count", "lag_count", "shift")
GROUPS = {"letter": 3, "room": 1, "phone": 5}


def numbers(shape: tuple[int, ...], kind: str, dtype: torch.dtype) -> Tensor:
    """Like activations, or with many ties and zeros, or of very different sizes."""
    values = torch.randn(shape, dtype=torch.float64)
    if kind == "ties":
        values = values.round()
    elif kind == "sizes":
        values = values * 10 ** torch.randint(-30, 9, shape).double()
    return values.to(dtype)


@st.composite
def layers(draw: st.DrawFn) -> tuple[TracedLayer, Tensor, Tensor, dict[str, Tensor]]:
    """A layer, frames of events, gradients there and codes by grouping."""
    torch.manual_seed(draw(st.integers(0, 10_000)))
    dtype = draw(st.sampled_from([torch.float32, torch.float64]))
    kind = draw(st.sampled_from(["activations", "ties", "sizes"]))
    width, channels = draw(st.integers(1, 12)), draw(st.integers(1, 40))
    window = Window(draw(st.integers(1, 3)), draw(st.integers(-15, 15)), width)
    outputs, events = draw(st.integers(1, 12)), draw(st.integers(0, 12))
    activation = numbers((draw(st.integers(1, 40)), channels), kind, dtype)
    if draw(st.booleans()):
        activation = activation.relu()
    if draw(st.booleans()):
        activation[:, draw(st.integers(0, channels - 1)) :] = 0
    layer = TracedLayer.padded(activation, window, outputs)
    frames = torch.randint(0, outputs, (events,))
    gradient = numbers((events, width, channels), kind, dtype)
    if draw(st.booleans()):
        gradient[torch.rand(events) < 0.5] = 0
    names = draw(st.lists(st.sampled_from(list(GROUPS)), unique=True))
    codes = {name: torch.randint(-1, GROUPS[name], (events,)) for name in names}
    return layer, frames, gradient, codes


def equal(found: Moments, expected: Moments) -> None:
    for name in FIELDS:
        ours, theirs = getattr(found, name), getattr(expected, name)
        assert (ours is None) == (theirs is None), name
        assert ours is None or torch.equal(ours, theirs), name


@pytest.fixture(autouse=True)
def threads_for_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accumulation, "_VALUES_PER_THREAD", 1)


@settings(max_examples=150)
@given(layers(), st.integers(1, 4))
def test_plain_sums_equal_the_oracle(
    case: tuple[TracedLayer, Tensor, Tensor, dict[str, Tensor]], threads: int
) -> None:
    layer, frames, _, codes = case
    sums = {name: zeros(GROUPS[name], layer, masked=False) for name in codes}
    add_plain(sums, codes, layer, frames, threads=threads)
    for name, found in sums.items():
        equal(found, plain_sums(GROUPS[name], codes[name], layer, frames))


@settings(max_examples=400)
@given(
    layers(), st.integers(1, 4),
    st.sampled_from(["grad_act", "grad", "grad_times_act", "act", "given"]),
    st.sampled_from(["layer", "none", "shifts"]),
    st.sampled_from(["soft", "quantile", "group", "none"]),
    st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0]), st.booleans(),
)  # fmt: skip
def test_adjusted_sums_equal_the_oracle(
    case: tuple[TracedLayer, Tensor, Tensor, dict[str, Tensor]],
    threads: int,
    saliency: str,
    align: str,
    mask: str,
    quantile: float,
    complete: bool,
) -> None:
    layer, frames, weights, codes = case
    if saliency == "given":
        weights = weights.abs()
    shifts = None
    if align == "shifts":
        width = layer.window.width
        shifts, align = torch.randint(-width - 2, width + 3, (len(frames),)), "layer"
    options = {
        "saliency": saliency, "align": align, "mask": mask, "quantile": quantile,
        "complete": complete, "shifts": shifts,
    }  # fmt: skip
    sums = {name: zeros(GROUPS[name], layer, masked=True) for name in codes}
    moved = add_adjusted(sums, codes, layer, frames, weights, threads=threads, **options)
    for name, found in sums.items():
        expected, theirs = adjusted_sums(
            GROUPS[name], codes[name], layer, frames, weights, **options
        )
        assert torch.equal(moved, theirs)
        equal(found, expected)
    # What lies outside the utterance does not matter.
    weights = weights.masked_fill(~layer.valid(frames)[:, :, None], torch.inf)
    assert torch.equal(moved, add_adjusted({}, {}, layer, frames, weights, **options))
    again = {name: zeros(GROUPS[name], layer, masked=True) for name in codes}
    add_adjusted(again, codes, layer, frames, weights, **options)
    for name, found in sums.items():
        equal(again[name], found)


def large(dtype: torch.dtype = torch.float32) -> tuple[TracedLayer, Tensor, Tensor, Tensor]:
    """More cells than are added at a time, and events at the edges."""
    torch.manual_seed(1)
    window = Window(1, -40, 74)
    layer = TracedLayer.padded(torch.randn(90, 250, dtype=dtype).relu(), window, 90)
    frames = torch.randint(0, 90, (60,))
    return layer, frames, torch.randn(60, 74, 250, dtype=dtype), torch.randint(-1, 4, (60,))


@pytest.mark.parametrize("mask", ["soft", "quantile"])
def test_batch_after_batch_with_any_number_of_threads(mask: str) -> None:
    layer, frames, gradient, codes = large()
    expected, _ = adjusted_sums(4, codes, layer, frames, gradient, mask=mask, complete=False)
    plain = plain_sums(4, codes, layer, frames)
    for threads, size in product((1, 2, 3, 7), (60, 25)):
        sums, simple = zeros(4, layer, masked=True), zeros(4, layer, masked=False)
        for start in range(0, 60, size):
            part = slice(start, start + size)
            at = {"codes": {"": codes[part]}, "layer": layer, "frames": frames[part]}
            add_plain({"": simple}, threads=threads, **at)
            add_adjusted(
                {"": sums}, weights=gradient[part], mask=mask, complete=False, threads=threads, **at
            )
        equal(sums, expected)
        equal(simple, plain)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_has_threads_of_its_own() -> None:
    layer, frames, _, codes = large()
    sums = {"": zeros(4, layer, masked=False)}

    def add() -> None:
        add_plain(sums, {"": codes}, layer, frames, threads=3)

    add()
    child = multiprocessing.get_context("fork").Process(target=add, daemon=True)
    child.start()
    child.join(60)
    assert child.exitcode == 0


def test_peaks_are_those_of_single_precision() -> None:
    layer, frames, gradient, _ = large()
    saliency = (gradient * layer.windows(frames)).abs()
    score = saliency.mean(2)
    best, second = score.topk(2, 1).values.unbind(1)
    clear = best - second > 1e-5 * best
    assert int(clear.sum()) > 50
    shifts = add_adjusted({}, {}, layer, frames, gradient)
    assert torch.equal((shifts + 37)[clear], score.argmax(1)[clear])


def one(window: Tensor, weights: Tensor, **options: object) -> Moments:
    """Sums over a single event whose window is the whole layer."""
    width, channels = window.shape
    layer = TracedLayer(window, 0, width, Window(1, 0, width))
    sums = Moments.zeros(1, width, channels, masked=True)
    event = torch.zeros(1, dtype=torch.int64)
    add_adjusted({"": sums}, {"": event}, layer, event, weights[None], **options)
    return sums


def test_windows_move_along_time_only() -> None:
    rows = (torch.arange(28.0) + 1).view(7, 4)
    saliency = torch.zeros(7, 4)
    saliency[1] = 1.0
    sums = one(rows, saliency, saliency="given", mask="none")
    assert sums.shift.tolist() == [1 - 3]
    nothing = torch.zeros(4)
    expected = torch.stack([nothing, nothing, *rows[:5]])
    assert torch.equal(sums.total[0], expected.double())
    assert sums.lag_count.tolist() == [[0, 0, 1, 1, 1, 1, 1]]


def test_steps_that_are_all_alike_stay() -> None:
    for saliency in (torch.full((5, 3), 0.7), torch.zeros(5, 3), torch.rand(1, 9)):
        assert one(torch.ones_like(saliency), saliency, saliency="given").shift.tolist() == [0]


def test_masks() -> None:
    saliency = torch.tensor([[1.0, 2.0], [0.0, 4.0]])
    nothing = torch.zeros(2, 2)

    def mask(weights: Tensor, kind: str, **options: object) -> list[list[float]]:
        found = one(torch.ones(2, 2), weights, saliency="given", align="none", mask=kind, **options)
        assert found.mask is not None
        return found.mask[0].tolist()

    assert mask(saliency, "soft") == [[0.25, 0.5], [0.0, 1.0]]
    assert mask(nothing, "soft") == nothing.tolist()
    assert mask(saliency, "quantile", quantile=0.75) == [[0.0, 1.0], [0.0, 1.0]]
    assert mask(nothing, "quantile", quantile=0.75) == nothing.tolist()
    assert mask(saliency, "group") == saliency.tolist()
    assert mask(saliency, "none") == [[1.0, 1.0], [1.0, 1.0]]


def test_what_is_not_a_number_shows() -> None:
    weights = torch.ones(4, 2)
    weights[3, 1] = torch.nan
    sums = one(torch.ones(4, 2), weights)
    assert sums.shift.tolist() == [1]
    assert sums.total[0, 2].isnan().any()


def test_half_precision_and_mixed() -> None:
    layer, frames, gradient, codes = large()
    halved = TracedLayer(layer.activation.half(), layer.left, layer.steps, layer.window)
    same = TracedLayer(halved.activation.float(), layer.left, layer.steps, layer.window)
    for ours, theirs, weights in (
        (halved, same, gradient),
        (layer, TracedLayer(layer.activation.double(), 40, 90, layer.window), gradient.double()),
    ):
        sums = zeros(4, layer, masked=True)
        add_adjusted({"": sums}, {"": codes}, ours, frames, weights)
        equal(sums, adjusted_sums(4, codes, theirs, frames, weights)[0])


def test_what_does_not_fit_is_refused() -> None:
    layer, frames, gradient, codes = large()
    sums, at = {"": zeros(4, layer, masked=True)}, {"": codes}
    with pytest.raises(ValueError, match=r"\(60, 73, 250\) where \(60, 74, 250\) is needed"):
        add_adjusted(sums, at, layer, frames, gradient[:, 1:])
    with pytest.raises(ValueError, match=r"shifts are \(59,\) where \(60,\) is needed"):
        add_adjusted(sums, at, layer, frames, gradient, shifts=frames[1:])
    with pytest.raises(ValueError, match="no room for masks"):
        add_adjusted({"": zeros(4, layer, masked=False)}, at, layer, frames, gradient)
    with pytest.raises(ValueError, match=r"\(60, 73, 250\) where \(60, 74, 250\) is needed"):
        add_plain({"": Moments.zeros(4, 73, 250, masked=False)}, at, layer, frames)
    with pytest.raises(ValueError, match=r"\(61, 74, 250\) where \(60, 74, 250\) is needed"):
        add_plain(sums, {"": torch.cat([codes, codes[:1]])}, layer, frames)
    for wrong in (frames + 60, frames - 60):
        with pytest.raises(IndexError, match="outside the traced utterance"):
            add_plain(sums, at, layer, wrong)
    with pytest.raises(IndexError, match="there are 4 groups, and an event is in group 5"):
        add_plain(sums, {"": codes + 2}, layer, frames)
    assert not sums[""].count.any()
