"""Trees face to face and layers against layers show what they are given."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import colors
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import pdist

from naps.errors import InputError
from naps.plots import Curve, svg
from naps.plots.comparison_curves import comparison_curve
from naps.plots.layer_matrix import layer_matrix
from naps.plots.tanglegram import Side, tanglegram

ENGLISH = ["S", "SH", "M", "N", "IY"]
GERMAN = ["s", "ʃ", "m", "n", "iː"]
CLASSES = ["fricative", "fricative", "nasal", "nasal", "vowel"]


def side(labels: list[str], seed: int, title: str = "run") -> Side:
    merges = linkage(pdist(np.random.default_rng(seed).normal(size=(len(labels), 3))), "average")
    return Side(title, labels, leaves_list(merges).tolist(), merges)


def names(axes: Axes) -> list[str]:
    rows = sorted(axes.texts, key=lambda text: text.xy[1])
    return [text.get_text() for text in rows]


def test_each_side_has_its_labels_in_its_order() -> None:
    left, right = side(ENGLISH, 1), side(GERMAN, 2)
    axes = tanglegram(left, right, CLASSES).axes
    assert names(axes[0]) == [ENGLISH[i] for i in left.order]
    assert names(axes[2]) == [GERMAN[i] for i in right.order]


def test_lines_join_the_same_group_in_the_colour_of_its_class() -> None:
    left, right = side(ENGLISH, 1), side(GERMAN, 2)
    middle = tanglegram(left, right, CLASSES).axes[1]
    joined = {tuple(line.get_ydata()): line.get_color() for line in middle.lines}
    expected = {(left.order.index(i), right.order.index(i)) for i in range(5)}
    assert set(joined) == expected
    shades = {
        CLASSES[left.order[int(row)]]: colors.to_hex(colour) for (row, _), colour in joined.items()
    }
    assert len(set(shades.values())) == 3


def test_the_trees_face_each_other_with_every_merge_at_its_height() -> None:
    left, right = side(ENGLISH, 1), side(GERMAN, 2)
    axes = tanglegram(left, right).axes
    # Distance 0 lies on the inside of both.
    assert axes[0].get_xlim()[1] == 0.0
    assert axes[2].get_xlim()[0] == 0.0
    for drawn, tree in ((axes[0], left), (axes[2], right)):
        (branches,) = [c for c in drawn.collections if isinstance(c, LineCollection)]
        heights = sorted(float(path.vertices[:, 0].max()) for path in branches.get_paths())
        np.testing.assert_allclose(heights, sorted(np.asarray(tree.merges)[:, 2]))


def test_equal_trees_are_joined_by_level_lines() -> None:
    one = side(ENGLISH, 3)
    other = Side("other", GERMAN, one.order, one.merges)
    for line in tanglegram(one, other).axes[1].lines:
        first, last = line.get_ydata()
        assert first == last


@pytest.mark.parametrize("number", [1, 2])
def test_small_trees_can_be_drawn(number: int) -> None:
    merges = np.array([[0, 1, 0.0, 2]])[: number - 1]
    one, other = (Side("x", labels[:number], range(number), merges) for labels in (ENGLISH, GERMAN))
    text = svg(tanglegram(one, other))
    assert all(label in text for label in [*ENGLISH[:number], *GERMAN[:number]])


def test_labels_are_texts_and_no_formulas() -> None:
    hostile = ["$\\frac{$", "<b>", "a", "b", "c"]
    text = svg(tanglegram(side(hostile, 1), side(GERMAN, 2), CLASSES))
    assert "&lt;b&gt;" in text
    assert "<b>" not in text


def test_trees_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match=r"two trees of 5 labels.*'short' has 4 labels"):
        tanglegram(side(ENGLISH, 1), side(GERMAN[:4], 2, "short"))
    with pytest.raises(InputError, match="5 labels but 1 classes"):
        tanglegram(side(ENGLISH, 1), side(GERMAN, 2), ["vowel"])
    broken = Side("broken", GERMAN, [0, 0, 1, 2, 3], side(GERMAN, 2).merges)
    with pytest.raises(InputError, match="broken"):
        tanglegram(side(ENGLISH, 1), broken)


def test_a_matrix_begins_at_the_bottom_left() -> None:
    values = np.arange(6).reshape(2, 3) / 10
    figure = layer_matrix(values, ["a1", "a2"], ["b1", "b2", "b3"], measure="CKA", names=("A", "B"))
    axes = figure.axes[0]
    shown = np.asarray(axes.collections[0].get_array()).reshape(2, 3)
    np.testing.assert_allclose(shown, values[::-1])
    assert [t.get_text() for t in axes.get_yticklabels()] == ["a2", "a1"]
    assert [t.get_text() for t in axes.get_xticklabels()] == ["b1", "b2", "b3"]
    assert {t.get_text() for t in axes.texts} == {f"{v:.2f}" for v in values.ravel()}
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("A", "B")


def test_a_matrix_with_gaps_and_below_zero() -> None:
    values = np.array([[np.nan, -0.4], [0.9, np.nan]])
    axes = layer_matrix(values, ["a", "b"], ["c", "d"], measure="RSA", names=("A", "B")).axes[0]
    assert axes.collections[0].get_clim() == (-0.4, 1.0)
    nothing = np.full((2, 2), np.nan)
    layer_matrix(
        nothing, ["a", "b"], ["c", "d"], measure="RSA", names=("A", "B")
    ).draw_without_rendering()


def test_many_layers_have_no_numbers_written_into_them() -> None:
    layers = [f"layer {n}" for n in range(30)]
    figure = layer_matrix(np.eye(30), layers, layers, measure="CKA", names=("A", "B"))
    assert not figure.axes[0].texts


def test_a_matrix_of_another_shape_is_refused() -> None:
    with pytest.raises(InputError, match=r"2 and 1 layers need a matrix.*shape \(1, 2\)"):
        layer_matrix([[1.0, 0.5]], ["a", "b"], ["c"], measure="CKA", names=("A", "B"))
    with pytest.raises(InputError, match="0 and 0 layers"):
        layer_matrix(np.zeros((0, 0)), [], [], measure="CKA", names=("A", "B"))


def test_a_curve_shows_value_interval_chance_and_ceiling() -> None:
    curve = Curve(
        "RSA", [0.7, np.nan, 0.1], [0.0] * 3, [0.2] * 3, low=[0.6, np.nan, 0.0],
        high=[0.8, np.nan, 0.2], ceiling=[0.9] * 3,
    )  # fmt: skip
    axes = comparison_curve(["input", "conv1", "conv2"], curve, measure="RSA").axes[0]
    lines = {line.get_label(): line.get_ydata() for line in axes.lines}
    np.testing.assert_allclose(lines["above chance"], [0.7])
    np.testing.assert_allclose(lines["not above"], [0.1])
    np.testing.assert_allclose(lines["noise ceiling"], [0.9] * 3)
    labels = {c.get_label() for c in axes.collections}
    assert {"95 % interval", "chance, mean to 99 %"} <= labels


def test_a_curve_whose_chance_is_known_on_average_only() -> None:
    nothing = [np.nan, np.nan]
    curve = Curve("CKA", [0.7, 0.1], [0.05, 0.05], nothing, significant=[True, False])
    axes = comparison_curve(["a", "b"], curve, measure="CKA").axes[0]
    lines = {line.get_label(): line.get_ydata() for line in axes.lines}
    np.testing.assert_allclose(lines["chance mean"], [0.05, 0.05])
    np.testing.assert_allclose(lines["above chance"], [0.7])
    assert "noise ceiling" not in lines
    assert not [c for c in axes.collections if "99" in str(c.get_label())]


def test_a_curve_of_other_layers_is_refused() -> None:
    with pytest.raises(InputError, match="RSA: a curve over layers needs one value for each"):
        comparison_curve(["a"], Curve("x", [1.0, 2.0], [0.0], [0.0]), measure="RSA")
    with pytest.raises(InputError, match="and a layer"):
        comparison_curve([], Curve("x", [], [], []), measure="RSA")
