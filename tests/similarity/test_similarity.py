from itertools import permutations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist, squareform
from scipy.stats import kstest
from sklearn.metrics import adjusted_rand_score, silhouette_score, v_measure_score

from naps.errors import InputError
from naps.similarity import build_tree, category_statistics, cluster, distances
from naps.similarity.categories import (
    contingency,
    memberships,
    purities,
    rand_indices,
    silhouettes,
    v_measures,
)


def layer(mean: np.ndarray, counts: list[int] | None = None) -> xr.Dataset:
    labels = [f"g{i}" for i in range(len(mean))]
    return xr.Dataset(
        {
            "mean": (("label", "lag", "channel"), mean),
            "count": (("label",), np.array(counts or [20] * len(mean))),
        },
        coords={"label": labels},
        attrs={"layer": "conv9"},
    )


@pytest.mark.parametrize("metric", ["cosine", "correlation", "euclidean"])
def test_distances_equal_scipy(metric: str) -> None:
    mean = np.random.default_rng(0).standard_normal((7, 3, 5))
    expected = squareform(pdist(mean.reshape(7, -1), metric))
    np.testing.assert_allclose(distances(layer(mean), metric), expected, atol=1e-12)


def test_constant_and_identical_profiles_have_distances() -> None:
    mean = np.random.default_rng(0).standard_normal((4, 1, 5))
    mean[1] = 0
    mean[2] = 0
    square = distances(layer(mean))
    assert square[1, 2] == 0
    assert square[0, 1] == 1
    assert np.isfinite(square).all()
    tree = cluster(layer(np.ones((3, 2, 2))))
    assert np.isnan(tree.cophenetic)
    assert tree.distances.max() == 0


def test_unknown_metric_and_linkage_list_those_there_are() -> None:
    with pytest.raises(InputError, match="cosine, correlation, euclidean"):
        distances(layer(np.ones((3, 2, 2))), "manhattan")
    with pytest.raises(InputError, match="average, complete, ward"):
        build_tree(["a", "b"], [1, 1], np.zeros((2, 2)), "single")


def test_rare_groups_are_left_out_of_tree_and_reference() -> None:
    mean = np.random.default_rng(0).standard_normal((4, 1, 6))
    tree = cluster(layer(mean, [20, 3, 20, 20]), min_count=10)
    assert tree.labels == ("g0", "g2", "g3")
    assert tree.distances == pytest.approx(cluster(layer(mean[[0, 2, 3]])).distances)
    with pytest.raises(InputError, match="1 groups have 10 events"):
        cluster(layer(mean, [20, 3, 3, 3]), min_count=10)


def test_two_groups_make_a_tree() -> None:
    tree = cluster(layer(np.random.default_rng(0).standard_normal((2, 1, 4))), reference="none")
    assert sorted(tree.order) == [0, 1]
    assert tree.cut(2).tolist() != tree.cut(1).tolist()


def test_planted_clusters_are_found() -> None:
    random = np.random.default_rng(1)
    centres = random.standard_normal((3, 40))
    mean = np.repeat(centres, 5, 0) + 0.2 * random.standard_normal((15, 40))
    tree = cluster(layer(mean[:, None, :]))
    members = [f"c{i // 5}" for i in range(15)]
    statistics = category_statistics(tree, members, permutations=500)
    assert statistics["purity"].value == 1
    assert statistics["ari"].value == 1
    assert statistics["v_measure"].value == pytest.approx(1)
    assert statistics["silhouette"].value > 0.5
    assert all(s.p == pytest.approx(1 / 501) for s in statistics.values())
    assert statistics["silhouette"].value > statistics["silhouette"].chance_p99
    order = [members[i] for i in tree.order]
    assert order == sorted(order, key=order.index)  # each class in one piece


def test_p_values_of_noise_are_uniform() -> None:
    random = np.random.default_rng(2)
    members = ["a", "b", "b"] * 4
    found = []
    for trial in range(200):
        tree = cluster(layer(random.standard_normal((12, 1, 30))))
        found.append(category_statistics(tree, members, permutations=199, seed=trial))
    assert kstest([one["silhouette"].p for one in found], "uniform").pvalue > 0.01
    for name in ("purity", "ari", "v_measure"):
        # These take few values, so that chance reaches them more often than that.
        assert np.mean([one[name].p <= 0.05 for one in found]) <= 0.09


def test_chance_is_that_of_all_orders() -> None:
    tree = cluster(layer(np.random.default_rng(5).standard_normal((6, 1, 5))))
    members = tuple("aabbcc")
    found = category_statistics(tree, members, permutations=5000)
    orders = sorted(set(permutations(members)))
    cut = tree.cut(3)
    peers = {
        "silhouette": lambda m: silhouette_score(tree.distances, m, metric="precomputed"),
        "ari": lambda m: adjusted_rand_score(cut, m),
        "v_measure": lambda m: v_measure_score(cut, m),
    }
    for name, peer in peers.items():
        chance = np.array([peer(m) for m in orders])
        assert found[name].value == pytest.approx(peer(members))
        assert found[name].chance_mean == pytest.approx(chance.mean(), abs=0.01)
        exact = np.mean(chance >= peer(members) - 1e-9)
        assert found[name].p == pytest.approx(exact, abs=4 * np.sqrt(0.25 / 5000))
        assert found[name].chance_p99 == pytest.approx(np.quantile(chance, 0.99), abs=0.1)
        assert found[name].permutations == 5000


assignments = st.lists(st.integers(0, 3), min_size=6, max_size=12)


@settings(max_examples=60)
@given(assignments, st.integers(0, 999))
def test_statistics_equal_scikit_learn(classes: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    n = len(classes)
    square = squareform(pdist(random.standard_normal((n, 4))))
    clusters = random.integers(0, 3, n)
    # Many at once, of which the first and the last are those that are looked at.
    many = np.array([classes, random.permutation(classes), classes[::-1]])
    members = memberships(many, 4)
    table = contingency(clusters, members)
    for at in (0, 2):
        one = many[at]
        if 1 < len(set(classes)) < n:
            expected = silhouette_score(square, one, metric="precomputed")
            assert silhouettes(square, members)[at] == pytest.approx(expected, abs=1e-12)
        expected = adjusted_rand_score(clusters, one)
        assert rand_indices(table)[at] == pytest.approx(expected, abs=1e-12)
        expected = v_measure_score(clusters, one)
        assert v_measures(table)[at] == pytest.approx(expected, abs=1e-12)
        expected = sum(
            max(np.sum((clusters == c) & (one == k)) for k in range(4)) for c in range(3)
        )
        assert purities(table)[at] == pytest.approx(expected / n)


@pytest.mark.parametrize("clusters", [[0] * 6, [0, 0, 0, 1, 1, 1], [0, 1, 2, 3, 4, 5]])
@pytest.mark.parametrize("classes", [[0] * 6, [0, 1, 0, 1, 0, 1], [0, 1, 2, 3, 4, 5]])
def test_the_v_measure_of_one_class_or_cluster(clusters: list[int], classes: list[int]) -> None:
    table = contingency(np.array(clusters), memberships(np.array([classes]), 6))
    assert v_measures(table)[0] == pytest.approx(v_measure_score(classes, clusters), abs=1e-12)


def test_one_class_or_all_different_has_no_statistics() -> None:
    tree = cluster(layer(np.random.default_rng(0).standard_normal((4, 1, 5))))
    assert category_statistics(tree, ["a"] * 4) == {}
    assert category_statistics(tree, list("abcd")) == {}


def test_the_same_seed_gives_the_same_numbers() -> None:
    tree = cluster(layer(np.random.default_rng(0).standard_normal((8, 1, 5))))
    members = list("aabbccdd")
    first, second = (category_statistics(tree, members, permutations=600) for _ in range(2))
    assert repr(first) == repr(second)
    other = category_statistics(tree, members, permutations=600, seed=1)
    assert other["silhouette"].value == first["silhouette"].value
    assert other["silhouette"].chance_mean != first["silhouette"].chance_mean
    none = category_statistics(tree, members, permutations=0)
    assert none["silhouette"].value == first["silhouette"].value
    assert none["silhouette"].p == 1
    assert np.isnan(none["silhouette"].chance_mean)


def test_a_constant_layer_has_no_classes() -> None:
    tree = cluster(layer(np.ones((6, 2, 3))))
    found = category_statistics(tree, list("aabbcc"), permutations=50)
    assert found["silhouette"].value == 0
    assert found["silhouette"].p == 1
    assert found["ari"].value == 0
    assert found["v_measure"].value == pytest.approx(0)
