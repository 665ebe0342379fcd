from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import gaussian_filter
from scipy.spatial import procrustes
from scipy.spatial.distance import pdist, squareform
from scipy.stats import spearmanr
from sklearn.manifold import trustworthiness as sklearn_trustworthiness

from naps.errors import InputError
from naps.topography import disparities, layout, measure_map, quality_table
from naps.topography.moran import morans_i, neighbour_weights
from naps.topography.picture import (
    RADII,
    SIZES,
    area,
    blur_errors,
    pictures,
    resize_errors,
    resized,
)
from naps.topography.quality import rank_correlation, trustworthiness, unevenness
from tests.oracles import topography_statistics as oracle
from tests.topography.hidden_grid import clusters, hidden_grid


def picture(seed: int = 0, size: int = 30) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (2, size, size, 3)).astype(np.float64)


def test_colours() -> None:
    found = pictures(np.array([[[-2.0, -1.0, 0.0, 1.0, 2.0, np.nan, 9.0]]]), 2.0)[0, 0]
    expected = [
        [0, 0, 255], [127.5, 127.5, 255], [255, 255, 255], [255, 127.5, 127.5], [255, 0, 0],
        [255, 255, 255], [255, 0, 0],
    ]  # fmt: skip
    np.testing.assert_allclose(found, expected)
    assert (pictures(np.zeros((1, 2, 2)), 0.0) == 255).all()


@pytest.mark.parametrize("size", [4, 7, 12])
def test_shrinking_by_hand(size: int) -> None:
    images = np.random.default_rng(size).random((1, 12, 12, 1))
    expected = oracle.resized(images[0, :, :, 0], size)
    found = resized(images, size)[0, :, :, 0]
    # The oracle samples pixels that are cut only so finely.
    np.testing.assert_allclose(found, expected, atol=0.02)
    if 12 % size == 0:
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_errors_by_hand() -> None:
    images = picture()
    shrunk, blurred = resize_errors(images), blur_errors(images)
    assert shrunk.shape == blurred.shape == (2, 10)
    for i in range(10):
        lost = (images - resized(images, 55 - 5 * i)) ** 2
        np.testing.assert_allclose(shrunk[:, i], lost.mean((1, 2, 3)))
        width = (2 + 2 * i) * 30 / 400
        soft = gaussian_filter(images, (0, width, width, 0), mode="nearest")
        np.testing.assert_allclose(blurred[:, i], ((images - soft) ** 2).mean((1, 2, 3)))
    mean = shrunk.mean(0)
    assert area(shrunk) == pytest.approx(sum((a + b) / 2 for a, b in pairwise(mean)))
    assert (SIZES[0], SIZES[-1], RADII[0], RADII[-1]) == (55, 10, 2, 20)


def test_legacy_errors_wrap_around() -> None:
    images = picture(1, 25)
    found = resize_errors(images, legacy=True)
    for group in range(2):
        for i, size in enumerate(SIZES):
            changed = resized(images, size)[group]
            assert found[group, i] == pytest.approx(oracle.legacy_error(images[group], changed))
    assert found.max() < 128 < resize_errors(images)[:, -1].min()
    # Differences below 16 do not wrap; what is left is the rounding to whole numbers.
    faint = 128 + np.random.default_rng(0).uniform(-7, 7, (1, 40, 40, 3)).round()
    np.testing.assert_allclose(blur_errors(faint, legacy=True), blur_errors(faint), atol=0.2)


def test_flat_smooth_and_checkered_pictures() -> None:
    y, x = np.divmod(np.arange(100 * 100), 100)
    board = (-1.0) ** (x // 2 + y // 2)
    blob = np.exp(-((x - 50) ** 2 + (y - 50) ** 2) / 800)
    images = [pictures(v.reshape(1, 100, 100), 1.0) for v in (np.full(10_000, 0.4), blob, board)]
    for errors in (resize_errors, blur_errors):
        flat, smooth, checkered = (area(errors(image)) for image in images)
        assert flat == pytest.approx(0, abs=1e-20)
        assert checkered > 100 * smooth > 0


@pytest.mark.parametrize("neighbours", [1, 5, 10])
def test_trustworthiness_is_that_of_scikit_learn(neighbours: int) -> None:
    random = np.random.default_rng(0)
    high, low = random.standard_normal((30, 6)), random.standard_normal((30, 2))
    before, after = (squareform(pdist(x)) for x in (high, low))
    expected = sklearn_trustworthiness(high, low, n_neighbors=neighbours)
    assert trustworthiness(before, after, neighbours) == pytest.approx(expected)
    backward = sklearn_trustworthiness(low, high, n_neighbors=neighbours)
    assert trustworthiness(after, before, neighbours) == pytest.approx(backward)
    assert trustworthiness(after, after) == 1
    few = squareform(pdist(high[:5]))
    assert trustworthiness(few, squareform(pdist(low[:5]))) <= 1


def test_evenness_and_rank_correlation() -> None:
    grid = np.stack(np.divmod(np.arange(30), 6), 1).astype(float)
    assert unevenness(grid) == 0
    assert unevenness(np.array([[0.0, 0], [1, 0], [4, 0], [8, 0]])) == pytest.approx(
        np.std([1, 1, 3, 4]) / np.mean([1, 1, 3, 4])
    )
    assert np.isnan(unevenness(np.zeros((4, 2))))
    random = np.random.default_rng(0)
    a, b = random.integers(0, 9, 50), random.random(50)
    assert rank_correlation(a, b) == pytest.approx(spearmanr(a, b).statistic)
    assert np.isnan(rank_correlation(a, np.ones(50)))


def test_measures_of_a_map() -> None:
    units = clusters()
    found = layout(units, "pca")
    measured = measure_map(units, found, units.vectors.T)
    square, apart = units.distances(), pdist(found.positions)
    assert measured.rank_correlation == pytest.approx(
        spearmanr(squareform(square, checks=False), apart).statistic
    )
    orders = morans_i(units.vectors.T, neighbour_weights(found.positions))
    assert measured.morans_i == pytest.approx(orders.mean())
    assert measured.trustworthiness == pytest.approx(
        sklearn_trustworthiness(square, found.positions, n_neighbors=10, metric="precomputed")
    )
    assert measured.seconds == found.seconds
    legacy = measure_map(units, found, units.vectors.T, legacy=True)
    assert legacy.resize_auc < measured.resize_auc
    assert legacy.blur_auc < measured.blur_auc
    assert replace(legacy, resize_auc=measured.resize_auc, blur_auc=measured.blur_auc) == measured


def test_groups_in_which_nothing_happens_do_not_count() -> None:
    units = clusters()
    found = layout(units, "pca")
    values = np.vstack([units.vectors.T, np.zeros(len(units))])
    silent = measure_map(units, found, values).morans_i
    assert silent == pytest.approx(measure_map(units, found, units.vectors.T).morans_i)


def test_disparities() -> None:
    units = clusters()
    three = [layout(units, "random", seed=s) for s in range(3)]
    expected = np.zeros((3, 3))
    for i in range(3):
        for j in range(3):
            expected[i, j] = procrustes(three[i].positions, three[j].positions)[2]
    np.testing.assert_allclose(disparities(three), expected.sum(1) / 2, atol=1e-12)
    assert np.isnan(disparities(three[:1])).tolist() == [True]
    mirrored = replace(three[0], positions=three[0].positions[:, ::-1])
    np.testing.assert_allclose(disparities([three[0], mirrored]), 0, atol=1e-12)


def test_the_table_tells_methods_apart() -> None:
    _, units = hidden_grid(0)
    seen = []

    def progress(runs: list[tuple[str, int]]) -> list[tuple[str, int]]:
        seen.extend(runs)
        return runs

    table = quality_table(
        units, units.vectors.T[:6], methods=("random", "pca", "som"), repetitions=2, seed=5,
        progress=progress,
    )  # fmt: skip
    assert seen == list(zip(table["method"], table["seed"], strict=True))
    assert table["seed"].tolist() == [5, 6] * 3
    means = table.groupby("method").mean(numeric_only=True)
    for better_high in ("morans_i", "trustworthiness", "continuity", "rank_correlation"):
        assert (
            means.loc[["pca", "som"], better_high] > means.loc["random", better_high] + 0.2
        ).all()
    for better_low in ("resize_auc", "blur_auc", "disparity"):
        assert (means.loc[["pca", "som"], better_low] < 0.8 * means.loc["random", better_low]).all()
    one = measure_map(units, layout(units, "random", seed=6), units.vectors.T[:6])
    assert table["resize_auc"][1] == pytest.approx(one.resize_auc)
    single = quality_table(units, units.vectors.T, methods=("pca",), repetitions=1)
    assert single["disparity"].isna().all()
    assert isinstance(single, pd.DataFrame)


def test_bad_tables_are_told() -> None:
    _, units = hidden_grid(0)
    with pytest.raises(InputError, match="no layout 'x'; there are: random"):
        quality_table(units, units.vectors.T, methods=("pca", "x"))
    with pytest.raises(InputError, match="one method and one repetition"):
        quality_table(units, units.vectors.T, repetitions=0)
