"""Confusions by hand and against the edit distance."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naps.decoding import Confusion, confusions, error_rates, word_confusions
from tests.oracles.alignment import levenshtein

texts = st.lists(st.tuples(st.text("abc ", max_size=8), st.text("abc ", max_size=8)), max_size=6)


def test_by_hand() -> None:
    found = confusions(["the cat", "a bat", ""], ["dha cat", "a bas", "noise"])
    assert found == [
        Confusion("e", "a", 1, 1 / 1),
        Confusion("t", "d", 1, 1 / 3),
        Confusion("t", "s", 1, 1 / 3),
    ]
    assert confusions(["nun da", "am"], ["nun a", "am "]) == [
        Confusion("", " ", 1, 1 / 8),
        Confusion("d", "", 1, 1 / 1),
    ]


def test_words_by_hand() -> None:
    found = word_confusions(["the cat sat", "a cat", "the cat"], ["the bat sat", "a bat", "uh the"])
    assert found == [
        Confusion("cat", "bat", 2, 2 / 3),
        Confusion("", "uh", 1, 1 / 7),
        Confusion("cat", "", 1, 1 / 3),
    ]


def test_commonest_first_then_in_alphabetical_order() -> None:
    found = confusions(["b", "a", "a", "c", "c"], ["x", "z", "y", "x", "x"])
    assert [(c.said, c.heard) for c in found] == [("c", "x"), ("a", "y"), ("a", "z"), ("b", "x")]


def test_nothing_to_confuse() -> None:
    assert confusions([], []) == []
    assert confusions(["abc"], ["abc"]) == []
    assert word_confusions([" "], ["abc"]) == []


@pytest.mark.parametrize("function", [confusions, word_confusions])
def test_lengths_that_differ(
    function: Callable[[Sequence[str], Sequence[str]], list[Confusion]],
) -> None:
    with pytest.raises(ValueError, match="shorter"):
        function(["a", "b"], ["a"])


@given(texts)
def test_counts_are_the_edits(pairs: list[tuple[str, str]]) -> None:
    references, hypotheses = [r for r, _ in pairs], [h for _, h in pairs]
    found = confusions(references, hypotheses)
    scored = [(r, h) for r, h in pairs if r.split()]
    assert sum(c.count for c in found) == sum(levenshtein(r, h) for r, h in scored)
    for c in found:
        said = sum(r.count(c.said) if c.said else len(r) for r, _ in scored)
        assert c.share == pytest.approx(c.count / said)
        assert c.said != c.heard
    if scored:
        words = sum(c.count for c in word_confusions(references, hypotheses))
        total = sum(len(r.split()) for r, _ in scored)
        assert words / total == pytest.approx(error_rates(references, hypotheses).wer)
