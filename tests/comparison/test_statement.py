import json
import math
from dataclasses import replace

import numpy as np
import pytest

from naps.comparison import (
    Agreement,
    Comparison,
    ComparisonOptions,
    Estimate,
    HeardTogether,
    LayerAlignment,
    LetterAgreement,
    Share,
    compare_profiles,
)
from naps.comparison.statement import judge_profiles, judge_together
from tests.comparison.planted_runs import PHONES_EN, centres_of, profile, run_of

INNER = ("conv1", "conv2")
QUICK = ComparisonOptions(
    case="same-speech", min_count=1, permutations=20, tree_permutations=5, replicates=200, splits=5
)


def aligned(a: str, b: str, value: float, spread: float = 0.01, seed: int = 0) -> LayerAlignment:
    drawn = value + spread * np.random.default_rng(seed).standard_normal(200)
    return LayerAlignment(a, b, Estimate(value, value - 0.1, value + 0.1), 0.01, drawn)


def heard(
    inner: tuple[float, float],
    logits: float,
    spread: float = 0.01,
    seeds: tuple[int, ...] = (0, 0, 0),
) -> HeardTogether:
    pairs = [
        ("input", 1.0, 0),
        *zip(INNER, inner, seeds[:2], strict=True),
        ("conv3", logits, seeds[2]),
    ]
    share = Share(50, Estimate(0.4, 0.3, 0.5), 0.1)
    return HeardTogether(
        layers_a=("input", *INNER, "conv3"),
        layers_b=("input", *INNER, "conv3"),
        alignments=tuple(aligned(x, x, value, spread, seed) for x, value, seed in pairs),
        agreement=Agreement(share, share, None, (LetterAgreement("a", 50, 0.4),), 0.06),
        frames=1000, every=2, blocks=8, utterances=20, drops=[],
    )  # fmt: skip


def test_inner_layers_are_measured_against_the_logits() -> None:
    found = judge_together(heard((0.9, 0.7), 0.3))
    assert found is not None
    assert found.layers == INNER
    assert found.similarity.value == pytest.approx(0.8)
    assert found.predictions == Estimate(0.4, 0.3, 0.5)
    assert found.predictions_cka is not None
    assert found.predictions_cka.value == 0.3
    assert found.difference is not None
    assert found.difference.value == pytest.approx(0.5)
    assert found.holds is True


@pytest.mark.parametrize(("logits", "holds"), [(0.75, True), (0.799, False), (0.9, False)])
def test_it_holds_if_the_whole_interval_is_above_zero(logits: float, holds: bool) -> None:
    found = judge_together(heard((0.9, 0.7), logits, seeds=(1, 2, 3)))
    assert found is not None
    assert found.difference is not None
    assert (found.difference.low > 0) is holds
    assert found.holds is holds


def test_what_moves_all_layers_alike_does_not_blur_the_difference() -> None:
    together = judge_together(heard((0.9, 0.7), 0.75, spread=0.1))
    apart = judge_together(heard((0.9, 0.7), 0.75, spread=0.1, seeds=(1, 2, 3)))
    assert together is not None
    assert apart is not None
    assert together.difference is not None
    assert apart.difference is not None
    assert together.difference.high - together.difference.low < 1e-6
    assert together.holds is True
    assert apart.holds is False


def test_one_block_decides_nothing() -> None:
    found = judge_together(replace(heard((0.9, 0.7), 0.1), blocks=1))
    assert found is not None
    assert found.holds is None
    assert math.isnan(found.similarity.low)


def test_layers_of_other_networks_are_no_counterparts() -> None:
    others = replace(heard((0.9, 0.7), 0.3), layers_b=("input", "conv1", "lstm1", "output"))
    assert judge_together(others) is None
    none = replace(heard((0.9, 0.7), 0.3), layers_a=("input", "conv3"), layers_b=("input", "conv3"))
    assert judge_together(none) is None


def test_layers_that_say_nothing_do_not_count() -> None:
    run = heard((0.9, math.nan), 0.3)
    found = judge_together(run)
    assert found is not None
    assert found.layers == ("conv1",)
    assert found.similarity.value == pytest.approx(0.9)


def planted(seed: int, *names: str):
    return run_of(
        {
            name: profile(centres_of(9, i), PHONES_EN[:9], noise=2, seed=seed + i)
            for i, name in enumerate(("input", *names))
        }
    )


def test_profiles_tell_of_similarity_alone() -> None:
    found = compare_profiles(planted(1, *INNER), planted(9, *INNER), QUICK)
    stated = judge_profiles(found)
    assert stated is not None
    assert stated.layers == INNER
    values = [layer.distances.correlation.estimate.value for layer in found.layers[1:]]
    assert stated.similarity.value == pytest.approx(np.mean(values))
    assert stated.similarity.low < stated.similarity.value < stated.similarity.high
    assert stated.holds is stated.predictions is stated.difference is None
    assert "was not tested" in stated.by


def test_profiles_of_other_networks_say_nothing_of_the_claim() -> None:
    found = compare_profiles(planted(1, *INNER), planted(9, "conv1", "lstm1"), QUICK)
    assert judge_profiles(found) is None


def test_json_of_the_same_speech() -> None:
    profiles = compare_profiles(planted(1, *INNER), planted(9, *INNER), QUICK)
    whole = Comparison(QUICK, profiles, heard((0.9, 0.7), 0.3))
    written = json.loads(json.dumps(whole.to_json(), allow_nan=False))
    assert written["layers"][1]["cka"] == {
        "value": 0.9, "low": pytest.approx(0.8), "high": pytest.approx(1.0), "chance_mean": 0.01
    }  # fmt: skip
    matrix = written["cka_matrix"]
    assert matrix["layers_a"] == ["input", *INNER, "conv3"]
    assert [row[i] for i, row in enumerate(matrix["values"])] == [1.0, 0.9, 0.7, 0.3]
    # Other pairs were not compared.
    assert matrix["values"][0][1] is None
    assert written["frames"] == {
        "compared": 1000, "every": 2, "blocks": 8, "utterances": 20, "left_out": 0
    }  # fmt: skip
    agreement = written["agreement"]
    assert {k: agreement[k] for k in ("frames", "frames_same", "events_low", "events_chance")} == {
        "frames": 50, "frames_same": 0.4, "events_low": 0.3, "events_chance": 0.1
    }  # fmt: skip
    assert agreement["events_b"] is agreement["events_b_same"] is None
    assert agreement["by_letter"] == [{"letter": "a", "events": 50, "same": 0.4}]
    assert agreement["window_ms"] == 60
    statement = written["statement"]
    assert statement["claim"] == "highly similar activations, language-specific predictions"
    assert statement["similarity"]["layers"] == list(INNER)
    assert statement["predictions"] == {"value": 0.4, "low": 0.3, "high": 0.5}
    assert statement["predictions_cka"]["value"] == 0.3
    assert statement["holds"] is True
