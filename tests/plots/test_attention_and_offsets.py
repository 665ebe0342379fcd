import numpy as np
import pytest

from naps.errors import InputError
from naps.plots import attention_map, offset_boxes, svg


def test_attention_has_letters_across_and_phones_down() -> None:
    weights = np.eye(3)[:, [0, 1, 2]]
    axes = attention_map(weights, "abc", ["K", "S"], title="abc").axes[0]
    assert [t.get_text() for t in axes.get_xticklabels()] == ["a", "b", "c"]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["K", "S", "end"]
    shown = axes.collections[0].get_array()
    np.testing.assert_array_equal(np.asarray(shown).reshape(3, 3), weights)
    assert axes.collections[0].get_clim() == (0.0, 1.0)


def test_attention_of_another_shape() -> None:
    with pytest.raises(InputError, match="does not fit 4 letters and 2 phones"):
        attention_map(np.eye(3), "abcd", ["K", "S"])


def test_boxes_show_medians_in_the_order_given() -> None:
    figure = offset_boxes(
        {"vowel": [-10.0, 0.0, 20.0], "none": [], "stop": [30.0]}, tolerance_ms=40
    )
    axes = figure.axes[0]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["vowel (3)", "stop (1)"]
    assert axes.yaxis_inverted()
    medians = [line.get_xdata()[0] for line in axes.lines if len(set(line.get_xdata())) == 1]
    assert {0.0, 30.0} <= set(medians)
    assert "vowel (3)" in svg(figure)


def test_no_offsets_at_all() -> None:
    assert svg(offset_boxes({}))
