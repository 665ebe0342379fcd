import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from naps.errors import InputError
from naps.phonology import align, align_letters
from naps.phonology.needleman_wunsch import align_batch, align_sequences, with_none
from tests.oracles.alignment import levenshtein, textbook_align

sequences = st.lists(st.integers(0, 3), max_size=9)
seeds = st.integers(0, 10_000)
INF = float("inf")


def scores(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    # Small integers, so that ties are common.
    return tuple(random.integers(-2, 3, s).astype(float) for s in ((4, 4), 4, 4))


def random_pairs(random, count, most, symbols):
    lengths = random.integers(0, most + 1, (count, 2))
    return tuple([random.integers(0, symbols, n) for n in lengths[:, side]] for side in (0, 1))


@settings(max_examples=300)
@given(sequences, sequences, seeds)
def test_equals_the_textbook_cell_for_cell(x: list[int], y: list[int], seed: int) -> None:
    s, d, i = scores(seed)
    assert align(x, y, s, d, i) == textbook_align(x, y, s.tolist(), d.tolist(), i.tolist())


@settings(max_examples=100)
@given(sequences, sequences, seeds)
def test_score_is_the_same_with_the_sequences_swapped(
    x: list[int], y: list[int], seed: int
) -> None:
    s, d, i = scores(seed)
    assert align(x, y, s, d, i)[0] == align(y, x, s.T, i, d)[0]


@settings(max_examples=100)
@given(sequences, sequences, seeds)
def test_without_gaps_both_sequences_are_there(x: list[int], y: list[int], seed: int) -> None:
    columns = align(x, y, *scores(seed))[1]
    assert [i for i, _ in columns if i is not None] == list(range(len(x)))
    assert [j for _, j in columns if j is not None] == list(range(len(y)))


@settings(max_examples=100)
@given(sequences, sequences)
def test_unit_costs_give_minus_levenshtein(x: list[int], y: list[int]) -> None:
    gaps = np.full(4, -1.0)
    score = align(x, y, np.eye(4) - 1, gaps, gaps)[0]
    assert score == -levenshtein(x, y) == -Levenshtein.distance(x, y)


@pytest.mark.parametrize(("matrices", "ties"), [(50, True), (50, False)])
def test_batch_equals_the_textbook(matrices: int, ties: bool) -> None:
    random = np.random.default_rng(matrices + ties)
    for _ in range(matrices):
        sizes = (5, 6), 5, 6
        tables = [
            random.integers(-2, 3, size).astype(float) if ties else random.normal(size=size)
            for size in sizes
        ]
        x, y = random_pairs(random, 100, 12, 5)
        batch = align_sequences(x, y, *tables)
        lists = [table.tolist() for table in tables]
        for k in range(len(batch)):
            found = batch.scores[k], with_none(batch[k])
            assert found == textbook_align(x[k].tolist(), y[k].tolist(), *lists)


def test_scores_equal_those_of_biopython() -> None:
    pytest.importorskip("Bio", minversion="1.86")
    from Bio.Align import PairwiseAligner

    random = np.random.default_rng(0)
    for _ in range(100):
        table, (deleted, inserted) = random.normal(size=(6, 6)), random.normal(-0.5, 1, 2)
        x, y = (
            [sequence.astype(np.int32) for sequence in side if len(sequence)]
            for side in random_pairs(random, 120, 14, 6)
        )
        x, y = x[:100], y[:100]
        peer = PairwiseAligner(mode="global", substitution_matrix=table)
        peer.deletion_score, peer.insertion_score = deleted, inserted
        batch = align_sequences(x, y, table, np.full(6, deleted), np.full(6, inserted))
        expected = [peer.score(a, b) for a, b in zip(x, y, strict=True)]
        assert len(expected) == 100
        np.testing.assert_allclose(batch.scores, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("n", range(10))
def test_any_number_of_rows(n: int) -> None:
    # Rows are filled four at a time.
    random = np.random.default_rng(n)
    x, y = random.integers(0, 4, n), random.integers(0, 4, 7)
    s, d, i = scores(n)
    expected = textbook_align(x.tolist(), y.tolist(), s.tolist(), d.tolist(), i.tolist())
    assert align(x, y, s, d, i) == expected


def test_threads_change_nothing() -> None:
    random = np.random.default_rng(3)
    x, y = random_pairs(random, 400, 90, 4)
    one = align_sequences(x, y, *scores(1), threads=1)
    for threads in (2, 3, None):
        more = align_sequences(x, y, *scores(1), threads=threads)
        assert np.array_equal(one.scores, more.scores)
        assert np.array_equal(one.columns, more.columns)
        assert np.array_equal(one.offsets, more.offsets)


def test_two_callers_at_a_time() -> None:
    x, y = random_pairs(np.random.default_rng(4), 200, 90, 4)
    expected = align_sequences(x, y, *scores(1)).columns
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: align_sequences(x, y, *scores(1)).columns, range(8)))
    assert all(np.array_equal(expected, columns) for columns in found)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_can_align_too() -> None:
    x, y = random_pairs(np.random.default_rng(4), 200, 90, 4)
    expected = align_sequences(x, y, *scores(1), threads=2).columns
    with multiprocessing.get_context("fork").Pool(1) as pool:
        found = pool.apply_async(align_sequences, (x, y, *scores(1), 2)).get(timeout=60)
    assert np.array_equal(found.columns, expected)


def test_the_batch_is_made_of_its_pairs() -> None:
    s, d, i = scores(2)
    x, y = [[0, 1, 2], [], [3], []], [[0, 2], [1, 1], [], []]
    batch = align_sequences(x, y, s, d, i)
    assert len(batch) == 4
    assert batch.offsets.tolist() == np.cumsum([0, *map(len, batch)]).tolist()
    for k in range(4):
        assert align(x[k], y[k], s, d, i) == (batch.scores[k], with_none(batch[k]))
    assert with_none(batch[1]) == [(None, 0), (None, 1)]
    assert with_none(batch[2]) == [(0, None)]
    assert batch[3].shape == (0, 2)
    with pytest.raises(IndexError):
        batch[4]


def test_no_pairs_and_no_symbols() -> None:
    empty = align_sequences([], [], *scores(0))
    assert (len(empty), empty.columns.shape, empty.offsets.tolist()) == (0, (0, 2), [0])
    assert align([], [], np.empty((0, 0)), np.empty(0), np.empty(0)) == (0.0, [])


def test_long_sequences() -> None:
    random = np.random.default_rng(5)
    x, y = random.integers(0, 30, 5000), random.integers(0, 30, 4000)
    gaps = np.full(30, -1.0)
    batch = align_sequences([x], [y], np.eye(30) - 1, gaps, gaps)
    assert batch.scores[0] == -Levenshtein.distance(x.tolist(), y.tolist())
    assert np.array_equal(batch[0][batch[0][:, 0] >= 0, 0], np.arange(5000))
    assert np.array_equal(batch[0][batch[0][:, 1] >= 0, 1], np.arange(4000))


def test_the_callers_arrays_may_be_of_any_kind() -> None:
    s, d, i = scores(6)
    expected = align([0, 1, 3], [2, 1], s, d, i)
    for kind in (np.int8, np.uint8, np.int32, np.uint64):
        assert align(np.array([0, 1, 3], kind), np.array([2, 1], kind), s, d, i) == expected
    s.setflags(write=False)
    strided = np.array([2, 9, 1, 9])[::2]
    assert align([0, 1, 3], strided, np.asfortranarray(s), d.tolist(), i) == expected


@settings(max_examples=200)
@given(sequences, sequences, seeds)
def test_forbidden_pairs_are_avoided(x: list[int], y: list[int], seed: int) -> None:
    s, d, i = scores(seed)
    random = np.random.default_rng(seed)
    s[random.random((4, 4)) < 0.5] = -INF
    d[random.random(4) < 0.3] = -INF
    expected = textbook_align(x, y, s.tolist(), d.tolist(), i.tolist())
    if expected[0] == -INF:
        with pytest.raises(InputError, match="pair 0 has no alignment"):
            align(x, y, s, d, i)
    else:
        assert align(x, y, s, d, i) == expected


@pytest.mark.parametrize("bad", [float("nan"), INF])
@pytest.mark.parametrize("table", range(3))
def test_scores_that_are_no_numbers_are_refused(bad: float, table: int) -> None:
    tables = scores(0)
    tables[table].flat[3] = bad
    with pytest.raises(InputError, match="not NaN"):
        align([0], [0], *tables)


@pytest.mark.parametrize("symbol", [-1, 4, 127, 2**40])
def test_a_symbol_without_a_score_is_refused(symbol: int) -> None:
    with pytest.raises(InputError, match=f"x of pair 1: symbol {symbol} at position 2 has no"):
        align_sequences([[0], [1, 2, symbol]], [[0], []], *scores(0))
    with pytest.raises(InputError, match=f"y of pair 0: symbol {symbol}"):
        align_sequences([[0], []], [[symbol], []], *scores(0))


def test_numbers_that_are_not_whole_are_refused() -> None:
    with pytest.raises(InputError, match="whole numbers"):
        align([0.5], [0], *scores(0))
    with pytest.raises(InputError, match="whole numbers"):
        align([True], [0], *scores(0))


def test_scores_that_do_not_fit_together_are_refused() -> None:
    s, d, i = scores(0)
    for tables in ((s[:3], d, i), (s, d[:3], i), (s, d, i[:3]), (s[0], d, i), (s, s, i)):
        with pytest.raises(InputError, match="must be of shapes"):
            align([0], [0], *tables)


@pytest.mark.parametrize("offsets", [[], [0], [1, 2], [0, 1], [0, 3], [0, 2, 1, 2], [0, -1, 2]])
def test_offsets_that_do_not_fit_are_refused(offsets: list[int]) -> None:
    with pytest.raises(InputError, match="x_offsets: must rise from 0"):
        align_batch([0, 1], offsets, [0], [0, 1], *scores(0))


def test_calls_that_make_no_sense_are_refused() -> None:
    with pytest.raises(InputError, match="2 sequences x but 1 sequences y"):
        align_sequences([[0], [1]], [[0]], *scores(0))
    with pytest.raises(InputError, match="threads must be 1 or more, not 0"):
        align_sequences([[0]], [[0]], *scores(0), threads=0)


def test_a_pair_too_large_is_refused() -> None:
    one, long = np.zeros(1), np.zeros(100_000, int)
    with pytest.raises(InputError, match="aligning 100000 with 100000 symbols needs more than 2 G"):
        align_sequences([[0], long], [[0], long], np.zeros((1, 1)), one, one)


def test_letters() -> None:
    assert align_letters("cat", "cart") == [(0, 0), (1, 1), (None, 2), (2, 3)]
    assert align_letters("", "a") == [(None, 0)]
    assert align_letters("", "") == []
