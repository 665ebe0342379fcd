"""The figures show what they are given: order, colours, limits."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from matplotlib import colors
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import pdist, squareform

from naps.errors import InputError
from naps.plots import (
    Curve,
    channel_order,
    count_bars,
    curves,
    dendrogram,
    distance_map,
    profile_map,
    symmetric_limit,
)

LABELS = ["a", "b", "d", "e", "i", "t"]
CLASSES = ["vowel", "consonant", "consonant", "vowel", "vowel", "consonant"]


@pytest.fixture
def near() -> np.ndarray:
    return pdist(np.random.default_rng(1).normal(size=(6, 4)))


def profile(lags: int = 5, channels: int = 8) -> xr.Dataset:
    rng = np.random.default_rng(2)
    lag = np.arange(lags) - lags // 2
    return xr.Dataset(
        {"mean": (("label", "lag", "channel"), rng.normal(size=(6, lags, channels)))},
        coords={"label": LABELS, "lag": lag, "time_ms": ("lag", 20.0 * lag)},
    )


def test_leaves_stand_in_leaf_order_and_in_the_colour_of_their_class(near: np.ndarray) -> None:
    merges = linkage(near, "average")
    order = leaves_list(merges).tolist()
    figure = dendrogram(merges, LABELS, order, CLASSES, counts=range(6))
    axes = figure.axes[0]
    texts = axes.get_yticklabels()
    assert [text.get_text() for text in texts] == [LABELS[i] for i in order]
    assert axes.yaxis_inverted()
    shades = {CLASSES[i]: colors.to_hex(t.get_color()) for i, t in zip(order, texts, strict=True)}
    assert shades["vowel"] != shades["consonant"]
    legend = {text.get_text() for text in figure.legends[0].get_texts()}
    assert legend == {"vowel", "consonant"}


def test_each_merge_is_drawn_at_its_height(near: np.ndarray) -> None:
    merges = linkage(near, "average")
    axes = dendrogram(merges, LABELS, leaves_list(merges).tolist()).axes[0]
    joints = {round(float(path.vertices[-1][0]), 9) for path in axes.collections[0].get_paths()}
    assert joints == {round(height, 9) for height in merges[:, 2]}


@pytest.mark.parametrize("number", [1, 2])
def test_small_trees_and_trees_without_distances_can_be_drawn(number: int) -> None:
    merges = np.array([[0, 1, 0.0, 2]])[: number - 1]
    figure = dendrogram(merges, LABELS[:number], range(number))
    figure.draw_without_rendering()
    shown = " ".join(text.get_text() for text in figure.axes[0].get_yticklabels())
    assert all(label in shown for label in LABELS[:number])


def test_a_tree_that_does_not_fit_its_labels_is_refused(near: np.ndarray) -> None:
    merges = linkage(near)
    with pytest.raises(InputError, match="5 merges"):
        dendrogram(merges, LABELS, [0, 1])
    with pytest.raises(InputError, match="classes"):
        dendrogram(merges, LABELS, range(6), ["vowel"])


def test_distances_are_shown_in_leaf_order(near: np.ndarray) -> None:
    matrix, order = squareform(near), [3, 1, 0, 5, 2, 4]
    axes = distance_map(matrix, LABELS, order).axes[0]
    shown = np.asarray(axes.collections[0].get_array()).reshape(6, 6)
    np.testing.assert_allclose(shown, matrix[np.ix_(order, order)])
    assert [t.get_text() for t in axes.get_yticklabels()] == [LABELS[i] for i in order]


def test_distances_of_another_size_are_refused() -> None:
    with pytest.raises(InputError, match="square"):
        distance_map(np.zeros((2, 2)), LABELS, range(6))


@pytest.mark.parametrize("lags", [1, 5])
def test_colour_limits_are_symmetric_and_shared(lags: int) -> None:
    data = profile(lags)
    figure = profile_map(data)
    (image,) = [axes.images[0] for axes in figure.axes if axes.images]
    limit = float(np.abs(data["mean"].values).max())
    assert image.get_clim() == pytest.approx((-limit, limit))


def test_panels_follow_the_order_and_channels_theirs() -> None:
    data = profile()
    channels = [7, 0, 1, 2, 3, 4, 5, 6]
    axes = profile_map(data, ["t", "a"], channels=channels).axes[0]
    assert [text.get_text() for text in axes.texts] == ["t", "a"]
    sheet = np.asarray(axes.images[0].get_array())
    # The first panel lies at the top left, channel 0 at its bottom.
    expected = data["mean"].sel(label="t").values.T[channels][::-1]
    np.testing.assert_allclose(sheet[: len(channels), : expected.shape[1]], expected)


def test_time_is_in_milliseconds_around_the_event() -> None:
    data = profile()
    axes = profile_map(data).axes[0]
    times = data["time_ms"].values
    named = {
        tick.get_text(): place
        for tick, place in zip(axes.get_xticklabels(), axes.get_xticks(), strict=True)
        if place < data.sizes["lag"]
    }
    assert named["0"] == pytest.approx(int(np.flatnonzero(times == 0)[0]))


def test_gaps_and_dead_layers_have_limits() -> None:
    assert symmetric_limit(np.array([np.nan, -3.0, 2.0])) == 3.0
    assert symmetric_limit(np.zeros(4)) == 1.0
    data = profile()
    data["mean"][:] = np.nan
    profile_map(data, channels=channel_order(data)).draw_without_rendering()


def test_an_unknown_label_is_refused() -> None:
    with pytest.raises(InputError, match="'q'"):
        profile_map(profile(), ["q"])


def test_channel_order_puts_equal_channels_together() -> None:
    data = profile(channels=6)
    data["mean"][:, :, 5] = 3 * data["mean"][:, :, 0]
    order = channel_order(data)
    assert sorted(order) == list(range(6))
    assert abs(order.index(0) - order.index(5)) == 1


def test_curves_mark_what_exceeds_chance_and_leave_gaps() -> None:
    panel = Curve("letter · vowel", [0.1, np.nan, 0.01], [0.0] * 3, [0.05] * 3)
    axes = curves(["input", "conv1", "conv2"], [panel], statistic="silhouette").axes[0]
    lines = {line.get_label(): line for line in axes.lines}
    np.testing.assert_allclose(lines["above chance"].get_ydata(), [0.1])
    with pytest.raises(InputError, match="one value for each layer"):
        curves(["input"], [panel], statistic="silhouette")
    with pytest.raises(InputError, match="at least one"):
        curves([], [], statistic="silhouette")


def test_bars_go_from_frequent_to_rare() -> None:
    axes = count_bars(["x", "y", "z"], [1, 30, 7], minimum=10).axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["y", "z", "x"]
    assert [patch.get_width() for patch in axes.patches] == [30, 7, 1]
    with pytest.raises(InputError):
        count_bars(["x"], [1, 2])
