import sys

import networkx as nx
import numpy as np
import pytest
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import pdist, squareform
from scipy.stats import spearmanr
from sklearn.decomposition import PCA

from naps.errors import InputError
from naps.topography import METHODS, SomOptions, Units, layout, train_som
from naps.topography.coactivation import coactivation_graph, spring_layout
from naps.topography.layouts import unit_square
from naps.topography.mds import classical_scaling, mds_layout
from naps.topography.moran import morans_i, neighbour_weights
from naps.topography.swarm import global_force, local_force, swarm
from tests.oracles import topography_statistics as oracle
from tests.topography.hidden_grid import clusters, hidden_grid

FAST = [m for m in METHODS if "umap" not in m]


def agreement(places: np.ndarray, positions: np.ndarray) -> float:
    return float(spearmanr(pdist(places), pdist(positions)).statistic)


@pytest.mark.parametrize("method", FAST)
@pytest.mark.parametrize("count", [4, 5, 40])
def test_layouts_fill_the_square_and_keep_to_their_seed(method: str, count: int) -> None:
    units = Units("x", np.random.default_rng(0).standard_normal((count, 9)))
    found = layout(units, method, seed=3, steps=50)
    assert found.positions.shape == (count, 2)
    np.testing.assert_allclose(found.positions.min(0), 0, atol=1e-12)
    np.testing.assert_allclose(found.positions.max(0), 1, atol=1e-12)
    assert (found.method, found.seed) == (method, 3)
    again = layout(units, method, seed=3, steps=50)
    np.testing.assert_array_equal(again.positions, found.positions)


@pytest.mark.slow
@pytest.mark.parametrize("count", [4, 15, 16, 40])
def test_umap_fills_the_square_and_keeps_to_its_seed(count: int) -> None:
    pytest.importorskip("umap")
    units = Units("x", np.random.default_rng(0).standard_normal((count, 9)))
    for method in ("umap", "umap_pso"):
        found = layout(units, method, seed=3, steps=50).positions
        np.testing.assert_allclose([found.min(0), found.max(0)], [[0, 0], [1, 1]], atol=1e-12)
        np.testing.assert_array_equal(layout(units, method, seed=3, steps=50).positions, found)


@pytest.mark.parametrize(
    ("method", "least"), [("som", 0.95), ("tsne", 0.85), ("mds", 0.85), ("pca", 0.8)]
)
def test_hidden_places_are_found(method: str, least: float) -> None:
    for seed in range(3):
        places, units = hidden_grid(seed, rows=12, columns=16)
        assert agreement(places, layout(units, method, seed=seed).positions) >= least


@pytest.mark.slow
def test_umap_finds_hidden_places() -> None:
    pytest.importorskip("umap")
    for seed in range(3):
        places, units = hidden_grid(seed, rows=12, columns=16)
        assert agreement(places, layout(units, "umap", seed=seed).positions) >= 0.85
        assert agreement(places, layout(units, "umap_pso", seed=seed).positions) >= 0.9


@pytest.mark.parametrize("method", ["random", "random_pso"])
def test_random_layouts_know_nothing(method: str) -> None:
    places, units = hidden_grid(0)
    found = [
        agreement(places, layout(units, method, seed=s, steps=100).positions) for s in range(9)
    ]
    assert abs(np.mean(found)) < 0.05


def test_clusters_of_units_lie_together() -> None:
    # Figures of the construction with which the methods were first compared.
    units = clusters()
    orders = {}
    for method in ("random", "pca", "pso", "pca_pso", "random_pso"):
        weights = neighbour_weights(layout(units, method).positions)
        orders[method] = float(morans_i(units.vectors.T, weights).mean())
    assert min(orders[m] for m in ("pca", "pso", "pca_pso")) > 0.4
    assert max(abs(orders[m]) for m in ("random", "random_pso")) < 0.06


def test_a_swarm_spaces_units_evenly() -> None:
    def nearest(positions: np.ndarray) -> np.ndarray:
        apart = squareform(pdist(positions)) + 9 * np.eye(len(positions))
        return apart.min(1)

    before, after = (nearest(layout(clusters(), m).positions) for m in ("pca", "pca_pso"))
    assert after.min() > 10 * before.min()
    assert after.std() / after.mean() < 0.3 < before.std() / before.mean()


def test_units_at_one_place_part_in_a_swarm() -> None:
    units = Units("x", np.repeat(np.random.default_rng(0).standard_normal((10, 5)), 3, axis=0))
    found = layout(units, "pca_pso").positions
    assert pdist(found).min() > 0.02


def test_forces_of_the_swarm() -> None:
    found = local_force(np.array([0.0, 1.0, 23.8926, 23.8, 24.0]))
    np.testing.assert_allclose(found[:2], [-13.5, -8.9105], atol=1e-4)
    assert found[2] == pytest.approx(0, abs=1e-8)
    assert found[3] < 0 < found[4]
    np.testing.assert_allclose(
        global_force(np.array([[0.0, 2.0], [2.0, 0.0]])), [[1, -0.5 / np.e], [-0.5 / np.e, 1]]
    )


@pytest.mark.parametrize("given", [False, True])
def test_swarm_moves_like_its_definition(given: bool) -> None:
    random = np.random.default_rng(0)
    start = random.random((17, 2))
    square = None if given else squareform(pdist(random.standard_normal((17, 4)), "cosine"))
    found = swarm(start, square, 12)
    np.testing.assert_allclose(found, oracle.swarm(start, square, 12), atol=1e-10)


def test_blocks_of_a_swarm_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    units = Units("x", np.random.default_rng(0).standard_normal((30, 4)))
    whole = layout(units, "pso", steps=30).positions
    monkeypatch.setattr("naps.topography.swarm._ROWS", 7)
    np.testing.assert_allclose(layout(units, "pso", steps=30).positions, whole, atol=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_co_activation_graph_is_connected(seed: int) -> None:
    # More kinds than a quantile of pairs can join.
    square = clusters(seed, units=60, kinds=20).distances()
    edges = coactivation_graph(square)
    assert (edges == edges.T).all()
    assert not edges.diagonal().any()
    assert connected_components(edges)[0] == 1
    closest = square < np.quantile(pdist_of(square), 0.075)
    np.fill_diagonal(closest, False)
    assert (edges >= closest).all()
    # Every island adds one edge.
    islands = connected_components(closest)[0] - 1
    assert (edges.sum() - closest.sum()) / 2 == islands
    assert islands > 0


def pdist_of(square: np.ndarray) -> np.ndarray:
    return squareform(square, checks=False)


def test_islands_are_joined_by_their_closest_pair() -> None:
    line = np.array([0.0, 1, 2, 3, 10, 11])[:, None]
    square = squareform(pdist(line))
    found = coactivation_graph(square, share=0.3)
    assert np.argwhere(np.triu(found)).tolist() == [[0, 1], [1, 2], [2, 3], [3, 4], [4, 5]]


def test_springs_are_those_of_networkx() -> None:
    random = np.random.default_rng(0)
    edges = random.random((25, 25)) < 0.1
    edges = (edges | edges.T) & ~np.eye(25, dtype=bool)
    start = random.random((25, 2))
    graph = nx.from_numpy_array(edges.astype(int))
    expected = nx.spring_layout(graph, pos=dict(enumerate(start)), scale=None, method="force")
    found = spring_layout(edges, start)
    np.testing.assert_allclose(found, [expected[i] for i in range(25)], atol=1e-9)


def test_pca_is_of_the_rows_of_distances() -> None:
    _, units = hidden_grid(1, rows=5, columns=6)
    rows = units.distances()
    expected = unit_square(PCA(2, svd_solver="full").fit_transform(rows))
    np.testing.assert_allclose(layout(units, "pca").positions, expected, atol=1e-9)


def test_scaling_recovers_a_plane() -> None:
    places = np.random.default_rng(0).standard_normal((50, 2))
    for found in (
        classical_scaling(squareform(pdist(places)), 0),
        mds_layout(squareform(pdist(places)), 0),
    ):
        np.testing.assert_allclose(pdist(found), pdist(places), atol=1e-3)


def test_units_of_one_cell_stand_around_it() -> None:
    vectors = np.repeat(np.eye(4), [3, 1, 1, 1], axis=0)
    options = SomOptions(1, 4, "batch", 5, 0.3, "asymptotic_decay", 1.0, "constant", "samples")
    seeds = [s for s in range(20) if len(set(cells(vectors, options, s))) == 4]
    found = layout(Units("x", vectors), "som", som=options, seed=seeds[0]).positions
    three = pdist(found[:3])
    assert pdist(found).min() > 0.01
    # Columns of the map are 1 apart, so the circle is the only extent along the other axis.
    assert found[3, 1] == found[4, 1] == found[5, 1]
    assert len(np.unique(np.round(three, 9))) > 1


def cells(vectors: np.ndarray, options: SomOptions, seed: int) -> list[int]:
    return train_som(vectors, options, seed=seed).winners(vectors).tolist()


def test_unknown_methods_and_metrics_list_what_there_is() -> None:
    _, units = hidden_grid(0)
    with pytest.raises(InputError, match=r"no layout 'umapp'; there are: random, .*umap.*_pso"):
        layout(units, "umapp")
    with pytest.raises(InputError, match="no metric 'x'; there are: cosine"):
        layout(units, "pca", metric="x")


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(InputError, match=r"pip install 'naps\[umap\]'"):
        layout(hidden_grid(0)[1], "umap")


@pytest.mark.parametrize("method", ["som", "pca"])
def test_units_that_are_all_alike_make_no_layout(method: str) -> None:
    with pytest.raises(InputError, match="x: no two units differ"):
        layout(Units("x", np.tile(np.arange(5.0), (6, 1))), method)


def test_units_that_are_alike_but_for_size_make_no_layout_by_cosine() -> None:
    units = Units("x", np.outer(np.arange(1, 7), np.arange(5.0)))
    with pytest.raises(InputError, match="x: no two units differ"):
        layout(units, "mds")
    found = layout(units, "mds", metric="euclidean").positions
    assert np.argsort(found[:, 0]).tolist() in ([*range(6)], [*range(5, -1, -1)])


def test_silent_units_get_a_place() -> None:
    vectors = np.random.default_rng(0).standard_normal((20, 6))
    vectors[[4, 7, 8]] = 0.0
    for method in FAST:
        assert np.isfinite(layout(Units("x", vectors), method, steps=20).positions).all()


def test_axes_without_extent_lie_in_the_middle() -> None:
    found = unit_square(np.array([[1.0, 5.0], [3.0, 5.0], [2.0, 5.0]]))
    assert found.tolist() == [[0, 0.5], [1, 0.5], [0.5, 0.5]]
