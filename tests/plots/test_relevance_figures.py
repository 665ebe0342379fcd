"""Figures of relevance show what they are given."""

from __future__ import annotations

import numpy as np
import pytest

from naps.errors import InputError
from naps.plots.attention_span import attention_span_curve
from naps.plots.relevance import falling_score, relevance_by_time, relevance_maps

MEL = np.geomspace(80, 7500, 12)


def maps(letters: int, reach: int = 10):
    random = np.random.default_rng(0)
    relevance = np.zeros((letters, 60, 12))
    relevance[:, 30, 5] = 1.0
    relevance[:, 33, 2] = -1.0
    return relevance_maps(
        random.normal(size=(60, 12)), relevance, [30.0] * letters, ["a"] * letters,
        frame_s=0.01, mel_hz=MEL, reach=reach,
    )  # fmt: skip


def test_a_panel_for_each_letter_with_red_for_and_blue_against() -> None:
    figure = maps(9)
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert len(panels) == 9
    picture = np.asarray(panels[0].images[0].get_array())
    assert picture.shape == (12, 21, 3)
    red, blue = picture[5, 10], picture[2, 13]
    assert red[0] > 2 * red[2]
    assert blue[2] > 1.5 * blue[0]
    # Elsewhere all is grey.
    grey = np.delete(picture.reshape(-1, 3), [5 * 21 + 10, 2 * 21 + 13], axis=0)
    np.testing.assert_allclose(grey.max(1), grey.min(1), atol=1e-9)


def test_beyond_the_recording_is_white() -> None:
    figure = maps(1, reach=50)
    picture = np.asarray(figure.axes[0].images[0].get_array())
    assert (picture[:, :20] == 1).all()
    assert (picture[:, -21:] == 1).all()


def test_rows_of_letters_over_time() -> None:
    relevance = np.zeros((3, 60))
    relevance[1, 20] = 2.0
    figure = relevance_by_time(
        np.zeros((60, 12)), relevance, [10, 20, 30], ["a", "b", "c"], frame_s=0.01, mel_hz=MEL
    )
    rows = figure.axes[1]
    np.testing.assert_array_equal(np.asarray(rows.images[0].get_array()), relevance)
    assert [text.get_text() for text in rows.get_yticklabels()] == ["a", "b", "c"]


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(InputError, match="letters over a spectrogram"):
        relevance_maps(
            np.zeros((60, 12)), np.zeros((2, 60, 12)), [1.0], ["a"], frame_s=0.01, mel_hz=MEL,
            reach=5,
        )  # fmt: skip
    with pytest.raises(InputError, match="one length"):
        attention_span_curve([0.5, 0.5], [0.1], [0.9, 0.9], [0.5, 0.5])


def test_lines_are_the_numbers() -> None:
    axes = falling_score([3, 2, 1], [3, 2.9, 2.8]).axes[0]
    assert [list(line.get_ydata()) for line in axes.lines[:2]] == [[3, 2, 1], [3, 2.9, 2.8]]
    axes = attention_span_curve([0.5, 0.3], [0.4, 0.2], [0.6, 0.4], [0.5, 0.5]).axes[0]
    assert list(axes.lines[0].get_ydata()) == [0.5, 0.3]
    assert list(axes.lines[1].get_ydata()) == [0.5, 0.5]
