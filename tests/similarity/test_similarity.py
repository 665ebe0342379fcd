import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist, squareform
from sklearn.metrics import adjusted_rand_score, silhouette_score

from naps.errors import InputError
from naps.similarity import build_tree, category_statistics, cluster, distances
from naps.similarity.categories import purities, rand_indices, silhouettes


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
    assert statistics["silhouette"].value > 0.5
    assert all(s.p == pytest.approx(1 / 501) for s in statistics.values())
    assert statistics["silhouette"].value > statistics["silhouette"].chance_p99
    order = [members[i] for i in tree.order]
    assert order == sorted(order, key=order.index)  # each class in one piece


def test_noise_is_not_significant_more_often_than_it_should() -> None:
    random = np.random.default_rng(2)
    members = ["a", "b"] * 6
    values = []
    for trial in range(60):
        tree = cluster(layer(random.standard_normal((12, 1, 30))))
        found = category_statistics(tree, members, permutations=99, seed=trial)
        values.append(found["silhouette"].p)
    # Under the null p is uniform: about 6 of 60 below 0.1.
    assert 1 <= sum(p <= 0.1 for p in values) <= 14
    assert 0.35 < np.mean(values) < 0.65


assignments = st.lists(st.integers(0, 3), min_size=6, max_size=12)


@settings(max_examples=60)
@given(assignments, st.integers(0, 999))
def test_statistics_equal_scikit_learn(classes: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    n = len(classes)
    square = squareform(pdist(random.standard_normal((n, 4))))
    clusters = random.integers(0, 3, n)
    array = np.array([classes])
    if 1 < len(set(classes)) < n:
        expected = silhouette_score(square, classes, metric="precomputed")
        assert silhouettes(square, array, 4)[0] == pytest.approx(expected)
    expected = adjusted_rand_score(clusters, classes)
    assert rand_indices(clusters, array, 4)[0] == pytest.approx(expected)
    expected = sum(
        max(np.sum((clusters == c) & (array[0] == k)) for k in range(4)) for c in range(3)
    )
    assert purities(clusters, array, 4)[0] == pytest.approx(expected / n)


def test_one_class_or_all_different_has_no_statistics() -> None:
    tree = cluster(layer(np.random.default_rng(0).standard_normal((4, 1, 5))))
    assert category_statistics(tree, ["a"] * 4) == {}
    assert category_statistics(tree, list("abcd")) == {}


def test_the_same_seed_gives_the_same_numbers() -> None:
    tree = cluster(layer(np.random.default_rng(0).standard_normal((8, 1, 5))))
    members = list("aabbccdd")
    first, second = (category_statistics(tree, members, permutations=200) for _ in range(2))
    assert first == second
    assert category_statistics(tree, members, permutations=200, seed=1) != first
