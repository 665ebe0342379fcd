"""The figures show what they are given: order, colours, limits."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from matplotlib import colors
from matplotlib.collections import LineCollection
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import pdist, squareform

from naps.errors import InputError
from naps.plots import (
    Curve,
    cascade,
    channel_order,
    count_bars,
    curves,
    dendrogram,
    distance_map,
    label_names,
    overlaid_curves,
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
    texts = axes.texts[:6]
    assert [text.get_text() for text in texts] == [LABELS[i] for i in order]
    assert [text.get_position()[1] for text in texts] == list(range(6))
    assert [text.get_text() for text in axes.texts[6:]] == [str(i) for i in order]
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
    shown = " ".join(text.get_text() for text in figure.axes[0].texts)
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
    shown = np.asarray(axes.images[0].get_array())
    np.testing.assert_allclose(shown, matrix[np.ix_(order, order)])
    # Below the map and before it.
    assert [t.get_text() for t in axes.texts[::2]] == [LABELS[i] for i in order]
    assert [t.get_text() for t in axes.texts[1::2]] == [LABELS[i] for i in order]


def test_names_of_very_many_labels_are_left_out() -> None:
    labels = [f"w{n}" for n in range(101)]
    assert not distance_map(np.zeros((101, 101)), labels, range(101)).axes[0].texts


def test_support_is_written_at_its_branch_but_not_at_the_root(near: np.ndarray) -> None:
    merges = linkage(near, "average")
    support = [0.95, 0.499, np.nan, 0.5, 1.0]
    bare = dendrogram(merges, LABELS, leaves_list(merges).tolist())
    figure = dendrogram(merges, LABELS, leaves_list(merges).tolist(), support=support)
    written = figure.axes[0].texts[len(bare.axes[0].texts) :]
    assert [text.get_text() for text in written] == ["95", "50"]
    assert [text.get_position()[0] for text in written] == pytest.approx(merges[[0, 3], 2])
    figure.draw_without_rendering()
    with pytest.raises(InputError, match="5 merges but support of 2"):
        dendrogram(merges, LABELS, range(6), support=[0.5, 0.5])


@pytest.mark.parametrize(
    ("notation", "shown"),
    [
        ("as written", ["AW", "SH", "ʃ"]),
        ("ipa", ["aʊ", "ʃ", "ʃ"]),
        ("both", ["AW", "SH", "ʃ", "aʊ", "ʃ", ""]),
    ],
)
def test_trees_write_phones_as_asked(notation: str, shown: list[str]) -> None:
    merges = [[0, 1, 0.5, 2], [2, 3, 0.7, 3]]
    figure = dendrogram(merges, ["AW", "SH", "ʃ"], range(3), notation=notation)
    assert [text.get_text() for text in figure.axes[0].texts] == shown


def test_maps_write_phones_as_asked() -> None:
    axes = distance_map(np.zeros((2, 2)), ["SH", "x"], [1, 0], notation="both").axes[0]
    assert [text.get_text() for text in axes.texts[::2]] == ["x", "SH ʃ"]
    data = profile().assign_coords(label=["SH", "T", "AW", "a", "b", "c"])
    texts = profile_map(data, ["SH", "a"], notation="ipa").axes[0].texts
    assert [text.get_text() for text in texts] == ["ʃ", "a"]


def test_an_unknown_notation_is_refused() -> None:
    assert label_names(["SH", "sch"], "both") == ["SH ʃ", "sch"]
    for draw in (
        lambda: label_names(["a"], "sampa"),
        lambda: dendrogram([[0, 1, 1, 2]], ["a", "b"], [0, 1], notation="sampa"),
        lambda: distance_map(np.zeros((1, 1)), ["a"], [0], notation="sampa"),
    ):
        with pytest.raises(InputError, match="'sampa'; there are: as written, ipa, both"):
            draw()


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


def test_a_given_limit_is_kept_and_what_is_beyond_is_said() -> None:
    data = profile()
    for limit, beyond in ((0.5, "both"), (99.0, "neither")):
        figure = profile_map(data, limit=limit)
        (image,) = [axes.images[0] for axes in figure.axes if axes.images]
        assert image.get_clim() == (-limit, limit)
        assert image.colorbar is not None
        assert image.colorbar.extend == beyond


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
    assert symmetric_limit(np.zeros(4)) == symmetric_limit(np.full(2, np.nan)) == 1.0
    assert symmetric_limit(np.arange(-100.0, 101.0), 0.5) == 50.0
    # Of zeros but for a few, the few are shown.
    assert symmetric_limit(np.array([0.0] * 99 + [-7.0]), 0.5) == 7.0
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


def test_significance_decides_where_it_is_known() -> None:
    panel = Curve("x", [0.1, 0.2, 0.3], [0.0] * 3, [0.05] * 3, significant=[False, True, False])
    axes = curves(["a", "b", "c"], [panel], statistic="s").axes[0]
    lines = {line.get_label(): line for line in axes.lines}
    np.testing.assert_allclose(lines["above chance"].get_ydata(), [0.2])
    np.testing.assert_allclose(lines["not above"].get_ydata(), [0.1, 0.3])


def test_controls_ceiling_and_interval_stand_beside_a_curve() -> None:
    nothing = [np.nan] * 3
    panel = Curve(
        "x", [0.1, 0.2, np.nan], nothing, nothing, low=[0.0, 0.1, 0.0], high=[0.2, 0.3, 0.0],
        ceiling=[0.9, 0.8, 0.7], floors={"random weights": [0.0, 0.01, 0.02]},
    )  # fmt: skip
    figure = curves(["a", "b", "c"], [panel, panel], statistic="s")
    figure.draw_without_rendering()
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    np.testing.assert_allclose(lines["random weights"].get_ydata(), [0.0, 0.01, 0.02])
    np.testing.assert_allclose(lines["noise ceiling"].get_ydata(), [0.9, 0.8, 0.7])
    # Where chance is not known nothing is above it.
    assert {"above chance", "not above", "chance mean"}.isdisjoint(lines)
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert sorted(legend) == ["interval", "noise ceiling", "random weights", "value"]
    with pytest.raises(InputError, match="one value for each layer"):
        curves(["a"], [panel], statistic="s")


def test_overlaid_curves_keep_their_own_chance() -> None:
    one = Curve("phonemes", [0.1, 0.4], [0.0, 0.0], [0.2, 0.2])
    two = Curve("letters", [0.3, 0.1], [0.0, 0.0], [0.2, 0.2])
    figure = overlaid_curves(["a", "b"], [one, two], statistic="silhouette")
    axes = figure.axes[0]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["phonemes", "letters"]
    first, second = (line for line in axes.lines if line.get_label() in ("phonemes", "letters"))
    assert first.get_color() != second.get_color()
    assert first.get_marker() != second.get_marker()
    for name, colour in (([0.4], first.get_color()), ([0.3], second.get_color())):
        filled = [line for line in axes.lines if list(line.get_ydata()) == name]
        assert [line.get_color() for line in filled] == [colour]
    with pytest.raises(InputError, match="letters: the curve has not one value"):
        overlaid_curves(["a", "b"], [one, Curve("letters", [1], [1], [1])], statistic="s")


def test_a_band_of_one_layer_is_drawn() -> None:
    lone = Curve("x", [0.3, np.nan, 0.3], [0.0, np.nan, 0.0], [0.2, np.nan, 0.2])
    axes = curves(["a", "b", "c"], [lone], statistic="s").axes[0]
    stripes = [c for c in axes.collections if isinstance(c, LineCollection)]
    ends = {float(path.vertices[-1][0]) for c in stripes for path in c.get_paths()}
    assert ends == {0.0, 2.0}


def test_a_cascade_has_a_row_for_each_start() -> None:
    values = [[1.0, 0.25, np.nan], [-0.001, -0.5, 0.0]]
    figure = cascade(values, ["c", "b"], ["a", "b", "c"])
    figure.draw_without_rendering()
    axes = figure.axes[0]
    np.testing.assert_array_equal(np.ma.filled(axes.images[0].get_array(), np.nan), values)
    assert axes.images[0].get_clim() == (-0.5, 1.0)
    assert [t.get_text() for t in axes.get_yticklabels()] == ["c", "b"]
    shown = [text.get_text() for text in axes.texts]
    assert shown == ["1.00", "0.25", "0.00", "\N{MINUS SIGN}0.50", "0.00"]
    assert not cascade(np.zeros((20, 20)), ["x"] * 20, ["y"] * 20).axes[0].texts
    with pytest.raises(InputError, match="does not fit 1 randomisations of 3 layers"):
        cascade(values, ["c"], ["a", "b", "c"])


def test_bars_go_from_frequent_to_rare() -> None:
    axes = count_bars(["x", "y", "z"], [1, 30, 7], minimum=10).axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["y", "z", "x"]
    assert [patch.get_width() for patch in axes.patches] == [30, 7, 1]
    with pytest.raises(InputError):
        count_bars(["x"], [1, 2])
