import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.stats import false_discovery_control, spearmanr

from naps.comparison import Comparison, ComparisonOptions, compare_profiles
from naps.comparison.rsa import group_distances
from naps.errors import InputError
from naps.profiles import Profiles, load_profiles, save_profiles
from naps.similarity import cluster
from tests.comparison.planted_runs import PHONES_DE, PHONES_EN, centres_of, profile, run_of

QUICK = ComparisonOptions(
    min_count=1, permutations=200, tree_permutations=30, replicates=60, splits=10
)
LAYERS = ("input", "conv1", "conv2")
N = len(PHONES_EN)


def planted(
    labels: tuple[str, ...] = PHONES_EN,
    seed: int = 0,
    layers: tuple[str, ...] = LAYERS,
    noise: float = 1.0,
    **attributes: str,
) -> Profiles:
    """A run whose layers hold the same centres in all runs."""
    return run_of(
        {
            name: profile(
                centres_of(len(labels), seed=i), labels, noise=noise, seed=10 * seed + i,
                **attributes,
            )
            for i, name in enumerate(layers)
        }
    )  # fmt: skip


def test_planted_truth_is_found_in_every_layer() -> None:
    a = planted(PHONES_EN, 1, model_sha256="one")
    b = planted(PHONES_DE, 2, model_sha256="one")
    found = compare_profiles(a, b, QUICK)
    assert (found.group, found.kind, found.same_units) == ("phoneme", "grad", True)
    assert found.shared.pairs == tuple(zip(PHONES_EN, PHONES_DE, strict=True))
    assert [layer.name for layer in found.layers] == list(LAYERS)
    for layer in found.layers:
        assert layer.units is not None
        for found_one in (layer.units.correlation, layer.distances.correlation):
            assert found_one.estimate.value > 0.8
            assert found_one.estimate.low > found_one.chance_p99
            assert found_one.ceiling > 0.8
        tangle = layer.tanglegram.entanglement
        assert tangle.value < tangle.chance_p01


def test_p_values_are_corrected_over_layers() -> None:
    a, b = planted(seed=1, noise=30), planted(seed=2, noise=30)
    found = compare_profiles(a, b, QUICK, related=True).layers
    for kind in ("distances", "units"):
        numbers = [getattr(layer, kind).correlation for layer in found]
        expected = false_discovery_control([x.p for x in numbers])
        np.testing.assert_allclose([x.p_corrected for x in numbers], expected)


def test_trees_are_those_of_the_shared_groups() -> None:
    a, b = planted((*PHONES_EN[:8], "TH"), 1), planted((*PHONES_DE[:8], "ʁ"), 2)
    (layer,) = (x for x in compare_profiles(a, b, QUICK).layers if x.name == "conv2")
    expected = cluster(a["conv2"].isel(label=slice(8)))
    np.testing.assert_allclose(layer.tanglegram.a.merges, expected.merges)
    assert layer.tanglegram.a.counts == expected.counts
    assert layer.tanglegram.b.labels == PHONES_DE[:8]


def test_units_of_other_models_do_not_correspond() -> None:
    a, b = planted(seed=1, model_sha256="one"), planted(seed=2, model_sha256="two")
    apart = compare_profiles(a, b, QUICK)
    assert not apart.same_units
    assert all(layer.units is None for layer in apart.layers)
    # Unless the one began as the other.
    assert all(layer.units for layer in compare_profiles(a, b, QUICK, related=True).layers)
    # Files that do not say which model they are of are not of the same one.
    unknown = compare_profiles(planted(seed=1), planted(seed=2), QUICK)
    assert not unknown.same_units


def test_units_of_other_windows_do_not_correspond() -> None:
    a = run_of({"conv1": profile(centres_of(6, lags=3), "abcdef", model_sha256="one")})
    b = run_of({"conv1": profile(centres_of(6, lags=5), "abcdef", model_sha256="one")})
    (layer,) = compare_profiles(a, b, QUICK).layers
    assert layer.units is None
    assert math.isfinite(layer.distances.correlation.estimate.value)


def test_the_matrix_holds_all_pairs_of_layers() -> None:
    a, b = planted(seed=1, noise=4), planted(seed=2, noise=4, layers=("input", "lstm1"))
    found = compare_profiles(a, b, QUICK)
    assert [layer.name for layer in found.layers] == ["input"]
    assert (found.layers_a, found.layers_b) == (LAYERS, ("input", "lstm1"))
    pairs = np.triu_indices(N, 1)
    for i, first in enumerate(LAYERS):
        for j, second in enumerate(("input", "lstm1")):
            squares = [group_distances(x, PHONES_EN, QUICK) for x in (a[first], b[second])]
            expected = spearmanr(*(x[pairs] for x in squares)).statistic
            assert found.rsa_matrix[i, j] == pytest.approx(expected)
    assert found.rsa_matrix[0, 0] == pytest.approx(
        found.layers[0].distances.correlation.estimate.value
    )


def test_layers_of_other_names_only_have_the_matrix_alone() -> None:
    found = compare_profiles(planted(layers=("conv1",)), planted(layers=("lstm1",)), QUICK)
    assert found.layers == ()
    assert found.rsa_matrix.shape == (1, 1)
    written = Comparison(QUICK, found).to_json()
    assert written["layers"] == []
    assert written["statement"] is None


@pytest.mark.parametrize(("what", "other"), [("group", "letter"), ("kind", "nap")])
def test_files_of_other_things_cannot_be_compared(what: str, other: str) -> None:
    usual = {"group": "phoneme", "kind": "grad"}[what]
    with pytest.raises(InputError) as refused:
        compare_profiles(planted(), planted(**{what: other}), QUICK)
    assert f"of {what} '{usual}' and the second of {what} '{other}'" in str(refused.value)


def test_nothing_shared_is_said() -> None:
    with pytest.raises(InputError, match="these have 0 with 1 events or more: none; lower"):
        compare_profiles(planted(tuple("abcdef")), planted(tuple("uvwxyz")), QUICK)


def test_values_that_are_not_finite_are_refused() -> None:
    a = planted()
    a["conv2"]["mean"].values[3, 0, 0] = np.inf
    with pytest.raises(InputError, match="layer 'conv2' has values that are not finite; make"):
        compare_profiles(a, planted(), QUICK)


def test_unknown_linkages_are_refused() -> None:
    with pytest.raises(InputError, match="no linkage 'single'; there are: average"):
        compare_profiles(planted(), planted(), replace(QUICK, linkage="single"))


def strict(value: Any) -> Any:
    """As it comes back from a file; NaN cannot be written."""
    return json.loads(json.dumps(value, allow_nan=False))


NUMBERS = {"value", "low", "high", "chance_mean", "chance_p99", "p", "p_corrected", "ceiling"}


def test_json_holds_what_the_report_asks_for() -> None:
    a, b = planted(PHONES_EN, 1, model_sha256="x"), planted(PHONES_DE, 2, model_sha256="x")
    options = replace(QUICK, case="same-model")
    found = compare_profiles(a, b, options)
    written = strict(Comparison(options, found, a={"run": "en"}, b={"run": "de"}).to_json())
    assert written["case"] == "same-model"
    assert (written["a"], written["b"]) == ({"run": "en"}, {"run": "de"})
    assert written["shared"][0] == ["P", "p"]
    assert written["same_units"] is True
    assert written["cka_matrix"] is written["agreement"] is written["frames"] is None
    first = written["layers"][1]
    assert (first["a"], first["b"], first["cka"]) == ("conv1", "conv1", None)
    assert set(first["rsa"]) == set(first["unit_correlation"]) == NUMBERS
    assert all(isinstance(x, float) for x in first["rsa"].values())
    changes = [1 - x["correlation"] for x in first["phones"]]
    assert changes == sorted(changes, reverse=True)
    assert set(first["phones"][0]) == {
        "a", "b", "correlation", "ceiling", "count_a", "count_b"
    }  # fmt: skip
    tangle = first["tanglegram"]
    assert sorted(tangle["order_a"]) == list(range(N))
    assert tangle["labels_b"] == list(PHONES_DE)
    assert np.shape(tangle["merges_a"]) == (N - 1, 4)
    assert set(tangle["entanglement"]) >= {"value", "chance_mean", "chance_p01", "p"}
    assert np.shape(written["rsa_matrix"]["values"]) == (3, 3)


def test_what_is_not_defined_is_null() -> None:
    flat = run_of(
        {
            "input": profile(centres_of(6), "abcdef", noise=1),
            "conv1": profile(np.ones((6, 3, 10)), "abcdef"),
        }
    )
    found = compare_profiles(flat, planted(tuple("abcdef")), QUICK, related=True)
    written = strict(Comparison(QUICK, found).to_json())
    layer = written["layers"][1]
    assert layer["rsa"]["value"] is layer["rsa"]["p_corrected"] is None
    assert layer["unit_correlation"]["value"] is None
    assert all(x["correlation"] is None for x in layer["phones"])
    assert written["rsa_matrix"]["values"][1] == [None] * 3
    assert written["layers"][0]["rsa"]["p_corrected"] == pytest.approx(
        written["layers"][0]["rsa"]["p"]
    )


def test_files_say_the_same(tmp_path: Any) -> None:
    a, b = planted(seed=1, noise=2), planted(seed=2, noise=2)
    for name, run in (("a", a), ("b", b)):
        save_profiles(tmp_path / f"{name}.nc", run)
    stored = compare_profiles(
        *(load_profiles(tmp_path / f"{name}.nc") for name in "ab"), QUICK, related=True
    )
    found = compare_profiles(a, b, QUICK, related=True)
    for one, other in zip(stored.layers, found.layers, strict=True):
        assert one.units is not None
        assert other.units is not None
        for first, second in (
            (one.units.correlation, other.units.correlation),
            (one.distances.correlation, other.distances.correlation),
        ):
            assert first.estimate.value == pytest.approx(second.estimate.value, abs=1e-4)
            assert first.estimate.low == pytest.approx(second.estimate.low, abs=1e-3)


def test_groups_without_events_in_a_run_do_no_harm() -> None:
    counts = np.full((6, 7), 8)
    counts[:, 6] = 0
    labels = tuple("abcdefg")
    run = run_of({"conv1": profile(centres_of(7), labels, noise=1, counts=counts)})
    empty: xr.Dataset = run["conv1"]
    empty["mean"].values[6] = np.nan
    found = compare_profiles(run, planted(labels, layers=("conv1",)), replace(QUICK, min_count=0))
    assert found.shared.labels_a == tuple("abcdef")
    assert math.isfinite(found.layers[0].distances.correlation.estimate.low)
