import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from naps.decoding import error_rates, greedy
from tests.oracles.alignment import levenshtein


def logits(path: list[int], units: int = 4) -> torch.Tensor:
    table = torch.zeros(len(path), units)
    for frame, unit in enumerate(path):
        table[frame, unit] = 3.0 + 0.1 * frame
    return table


def test_runs_peaks_and_blanks() -> None:
    x = logits([3, 0, 0, 3, 0, 1, 1, 1, 3])
    x[6, 1] = 9.0
    letters = greedy(x, blank=3)
    assert [(a.unit, a.frame, a.start, a.end) for a in letters] == [
        (0, 2, 1, 3),
        (0, 4, 4, 5),
        (1, 6, 5, 8),
    ]
    expected = math.exp(9) / (math.exp(9) + 3)
    assert letters[2].probability == pytest.approx(expected, rel=1e-6)


def test_a_tie_goes_to_the_first_frame() -> None:
    x = torch.zeros(3, 2)
    x[:, 0] = 1.0
    assert greedy(x, blank=1)[0].frame == 0


def test_nothing_and_only_blanks() -> None:
    assert greedy(torch.zeros(0, 4), 3) == []
    assert greedy(logits([3, 3, 3]), 3) == []


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30))
def test_equals_collapsing_by_hand(path: list[int]) -> None:
    merged = [u for i, u in enumerate(path) if i == 0 or path[i - 1] != u]
    assert [a.unit for a in greedy(logits(path), 3)] == [u for u in merged if u != 3]


def test_error_rates_by_hand() -> None:
    rates = error_rates(["abcd", "ab", ""], ["abxd", "ab ab", "noise"])
    assert rates.utterances == 2
    assert rates.cer == pytest.approx(4 / 6)
    assert rates.cer_macro == pytest.approx((1 / 4 + 3 / 2) / 2)
    assert rates.wer == pytest.approx(2 / 2)
    assert rates.wer_macro == pytest.approx(1.0)


def test_no_reference() -> None:
    assert math.isnan(error_rates([""], ["x"]).cer)


@given(st.text("ab ", min_size=1, max_size=12), st.text("ab ", max_size=12))
def test_cer_is_levenshtein_over_length(reference: str, hypothesis: str) -> None:
    if reference.split():
        expected = levenshtein(reference, hypothesis) / len(reference)
        assert error_rates([reference], [hypothesis]).cer == pytest.approx(expected)
