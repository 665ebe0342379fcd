"""Figures of tests of relevance."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from naps.errors import InputError
from naps.plots import svg
from naps.plots.deletion import DeletionCurve, deletion_curves
from naps.plots.interval_dots import Dots, interval_dots


def curve(value: float) -> DeletionCurve:
    line = [1.0, value, value / 2]
    return DeletionCurve(line, [v - 0.1 for v in line], [v + 0.1 for v in line])


def test_each_method_has_a_line_and_an_entry() -> None:
    names = [f"method {number}" for number in range(12)]
    panels = {side: {name: curve(0.5) for name in names} for side in ("right", "wrong")}
    figure = deletion_curves(panels, {"right": curve(0.9)})
    looks = set()
    for axes in figure.axes:
        lines = {line.get_label(): line for line in axes.get_lines()}
        assert set(names) <= lines.keys()
        looks |= {(lines[n].get_color(), lines[n].get_marker()) for n in names}
    # All can be told apart without colour.
    assert len({mark for _, mark in looks}) == 12
    np.testing.assert_array_equal(lines["method 3"].get_ydata(), [1.0, 0.5, 0.25])
    text = svg(figure)
    for name in (*names, "random (chance)", "accuracy", "words deleted"):
        assert f">{name}<" in text


def test_one_panel_alone_and_none() -> None:
    assert len(deletion_curves({"right": {"a": curve(0.5)}}, {}).axes) == 1
    with pytest.raises(InputError, match="not of 0"):
        deletion_curves({}, {})
    with pytest.raises(InputError, match="not of 13"):
        deletion_curves({"right": {str(n): curve(0.5) for n in range(13)}}, {})


@given(st.integers(1, 15), st.integers(1, 6), st.booleans())
def test_dots_stand_where_their_values_are(rows: int, series: int, chance: bool) -> None:
    random = np.random.default_rng(rows)
    values = random.normal(size=(series, rows))
    values[0, 0] = np.nan
    dots = [Dots(f"s{n}", v.tolist(), (v - 1).tolist(), (v + 1).tolist())
            for n, v in enumerate(values)]  # fmt: skip
    figure = interval_dots(
        [f"row {n}" for n in range(rows)], dots, statistic="x",
        chance=[0.1] * rows if chance else None,
    )  # fmt: skip
    (axes,) = figure.axes
    drawn = {line.get_label(): line for line in axes.get_lines()}
    for number, row in enumerate(values):
        np.testing.assert_array_equal(drawn[f"s{number}"].get_xdata(), row)
        places = np.asarray(drawn[f"s{number}"].get_ydata())
        assert (np.round(places) == np.arange(rows)).all()


def test_dots_that_do_not_fit() -> None:
    dots = Dots("a", [1.0], [0.0], [2.0])
    for rows, series, chance in (
        ([], [dots], None), (["x"], [], None), (["x", "y"], [dots], None),
        (["x"], [dots] * 7, None), (["x"], [dots], [1.0, 2.0]),
    ):  # fmt: skip
        with pytest.raises(InputError):
            interval_dots(rows, series, statistic="s", chance=chance)


def test_labels_are_escaped() -> None:
    figure = interval_dots(["<b>&"], [Dots("<i>", [1.0], [0.0], [2.0])], statistic="<s>")
    assert not re.search(r"<[bis]>", svg(figure))
