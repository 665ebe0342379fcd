import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naps.errors import InputError
from naps.phonology import align, align_letters
from tests.oracles.alignment import levenshtein, textbook_align

sequences = st.lists(st.integers(0, 3), max_size=9)


def scores(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    # Small integers, so that ties are common.
    return tuple(random.integers(-2, 3, s).astype(float) for s in ((4, 4), 4, 4))


@settings(max_examples=300)
@given(sequences, sequences, st.integers(0, 10_000))
def test_equals_the_textbook_cell_for_cell(x: list[int], y: list[int], seed: int) -> None:
    s, d, i = scores(seed)
    assert align(x, y, s, d, i) == textbook_align(x, y, s.tolist(), d.tolist(), i.tolist())


@settings(max_examples=100)
@given(sequences, sequences, st.integers(0, 10_000))
def test_score_is_the_same_with_the_sequences_swapped(
    x: list[int], y: list[int], seed: int
) -> None:
    s, d, i = scores(seed)
    assert align(x, y, s, d, i)[0] == align(y, x, np.ascontiguousarray(s.T), i, d)[0]


@settings(max_examples=100)
@given(sequences, sequences, st.integers(0, 10_000))
def test_without_gaps_both_sequences_are_there(x: list[int], y: list[int], seed: int) -> None:
    columns = align(x, y, *scores(seed))[1]
    assert [i for i, _ in columns if i is not None] == list(range(len(x)))
    assert [j for _, j in columns if j is not None] == list(range(len(y)))


@settings(max_examples=100)
@given(sequences, sequences)
def test_unit_costs_give_minus_levenshtein(x: list[int], y: list[int]) -> None:
    gaps = np.full(4, -1.0)
    assert align(x, y, np.eye(4) - 1, gaps, gaps)[0] == -levenshtein(x, y)


def test_letters() -> None:
    assert align_letters("cat", "cart") == [(0, 0), (1, 1), (None, 2), (2, 3)]
    assert align_letters("", "a") == [(None, 0)]
    assert align_letters("", "") == []


def test_a_pair_too_large_is_refused() -> None:
    one = np.zeros(1)
    with pytest.raises(InputError, match="2 GiB"):
        align(np.zeros(50_000, int), np.zeros(50_000, int), np.zeros((1, 1)), one, one)
