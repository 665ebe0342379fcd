"""Sheets of filters and maps of units show what they are given."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib import colors
from PIL import Image

from naps.errors import InputError
from naps.plots import filter_sheet, png, svg, unit_map
from naps.plots.filter_sheet import REGION_STYLES, sheet_of
from naps.plots.map_quality import quality_dots
from naps.topography import MODES, paint

REGIONS = ["onset", "", "noisy"]


def three() -> tuple[np.ndarray, np.ndarray]:
    kernels = np.zeros((3, 6, 4))
    kernels[0, 5, 3] = 2.0  # the last frame, the highest band
    kernels[1, 0, 0] = -0.5  # the first frame, the lowest band
    return kernels, np.array([[2, -1], [0, 1]])


def test_time_goes_right_and_frequency_up_each_with_colours_of_its_own() -> None:
    kernels, grid = three()
    sheet = sheet_of(kernels, grid, REGIONS)
    wide, high = sheet.cell
    assert sheet.rgb.shape == (2 * high, 2 * wide, 3)
    white = np.array([247, 247, 247])
    red = sheet.rgb[high + 3, 3 + 5]
    blue = sheet.rgb[high + 3 + 3, wide + 3]
    assert red[0] > 90 > red[2]
    assert blue[2] > 90 > blue[0]
    # Each as strong as it can be, although one weight is four times the other.
    assert red.min() < 40
    assert blue.min() < 40
    np.testing.assert_allclose(sheet.rgb[3 + 1, 3 + 1], white, atol=3)
    np.testing.assert_array_equal(sheet.rgb[4, wide + 4], 255)


def test_frames_have_the_colour_of_the_region() -> None:
    kernels, grid = three()
    sheet = sheet_of(kernels, grid, REGIONS)
    wide, high = sheet.cell
    for (row, column), name in {(0, 0): "noisy", (1, 0): "onset", (1, 1): ""}.items():
        expected = np.round(255 * np.array(colors.to_rgb(REGION_STYLES[name][0])))
        np.testing.assert_array_equal(sheet.rgb[row * high, column * wide], expected)


def test_a_sheet_keeps_to_its_bytes() -> None:
    kernels = np.random.default_rng(0).normal(size=(9, 48, 64))
    sheet = sheet_of(kernels, np.arange(9).reshape(3, 3), [""] * 9)
    whole = sheet.png()
    assert Image.open(io.BytesIO(whole)).size == (3 * 54, 3 * 70)
    for limit in (len(whole) // 2, len(whole) // 8):
        assert len(sheet.png(limit)) <= limit


def test_sheets_that_do_not_fit_are_refused() -> None:
    kernels, grid = three()
    with pytest.raises(InputError, match="a region each; got 2 regions"):
        sheet_of(kernels, grid, REGIONS[:2])
    with pytest.raises(InputError, match="unknown loud"):
        sheet_of(kernels, grid, ["loud", "", ""])
    with pytest.raises(InputError, match="3 filters need a cell"):
        sheet_of(kernels, grid * 0, REGIONS)


def test_the_sheet_names_regions_with_their_counts_and_the_scale() -> None:
    kernels, grid = three()
    figure = filter_sheet(kernels, grid, REGIONS, frame_ms=10, band_hz=[20, 100, 1000, 7900])
    legend = {text.get_text() for text in figure.legends[0].get_texts()}
    assert legend == {"onset (1)", "noisy (1)", "none stands out (1)"}
    drawn = svg(figure)
    assert "6 frames (60 ms)" in drawn
    assert "20 Hz to 7.9 kHz" in drawn
    assert drawn.count("<image") <= 2, "the filters are one picture"


@pytest.fixture
def values() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    return random.random((20, 2)), random.normal(size=(3, 20))


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_is_drawn_in_one_symmetric_scale(
    mode: str, values: tuple[np.ndarray, np.ndarray]
) -> None:
    found = paint(*values, ["S", "Z", "IY"], mode=mode, size=20)
    figure = unit_map(found, ["IY", "S"], notation="both")
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["IY i", "S s"]
    assert figure.axes[1].get_ylim() == (-found.limit, found.limit)
    assert len(axes.images) + len(axes.collections) == 1
    assert len(png(figure, dpi=50)) > 1000


def test_the_first_group_is_at_the_top_left_and_up_is_up() -> None:
    positions = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    found = paint(positions, np.array([[0.0, 0, 0, 1], [-1, 0, 0, 0]]), ["x", "y"], mode="cell")
    axes = unit_map(found).axes[0]
    sheet = axes.images[0].get_array()
    x, y = (text.get_position()[0] for text in axes.texts)
    assert x < y
    wide = sheet.shape[1]
    step = round(wide / 2)
    corner = {"top right": sheet[5, round(0.7 * step)], "bottom left": sheet[60, 5 + step]}
    assert corner["top right"][0] > corner["top right"][2], "positive is red"
    assert corner["bottom left"][2] > corner["bottom left"][0], "negative is blue"
    np.testing.assert_allclose(sheet[5, 5 + step], sheet[60, 5], atol=0.01)


def test_values_beyond_the_limit_are_said_to_be(values: tuple[np.ndarray, np.ndarray]) -> None:
    found = paint(*values, ["a", "b", "c"], mode="scatter")
    assert unit_map(found, limit=0.5).axes[0].collections[0].get_clim() == (-0.5, 0.5)


def test_unknown_groups_are_refused(values: tuple[np.ndarray, np.ndarray]) -> None:
    with pytest.raises(InputError, match="no group 'Q'"):
        unit_map(paint(*values, ["a", "b", "c"], mode="scatter"), ["Q"])


def test_dots_of_every_seed_and_the_median() -> None:
    rows = {"som": {"morans_i": [0.4, 0.5, 0.9], "seconds": [1.0, 2.0, 3.0]}, "pca": {}}
    figure = quality_dots(rows)
    morans, seconds = figure.axes
    assert sorted(morans.collections[0].get_offsets()[:, 0]) == [0.4, 0.5, 0.9]
    assert [line.get_xdata()[0] for line in morans.lines if line.get_linewidth() > 1] == [0.5]
    assert seconds.get_xscale() == "log"
    assert "mathdefault" not in svg(figure)
    assert [label.get_text() for label in morans.get_yticklabels()] == ["som", "pca"]
    with pytest.raises(InputError, match="no measure x; there are: morans_i"):
        quality_dots({"som": {"x": [1.0]}})
