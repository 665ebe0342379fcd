import numpy as np
import pytest

from naps.comparison import shared_groups
from naps.errors import InputError
from tests.comparison.planted_runs import PHONES_DE, PHONES_EN, centres_of, profile


def made(labels: tuple[str, ...], counts: list[int] | None = None):
    numbers = None if counts is None else np.array([counts])
    return profile(centres_of(len(labels)), labels, counts=numbers)


def test_english_and_german_symbols_of_a_phone_are_one_group() -> None:
    found = shared_groups(made((*PHONES_EN, "TH")), made((*PHONES_DE, "ʁ", "yː")))
    assert found.pairs == tuple(zip(PHONES_EN, PHONES_DE, strict=True))
    assert found.labels_b == PHONES_DE
    assert found.only_a == ("TH",)
    assert found.only_b == ("ʁ", "yː")


def test_it_is_the_same_the_other_way_round() -> None:
    found = shared_groups(made(PHONES_DE), made(PHONES_EN))
    assert found.pairs == tuple(zip(PHONES_DE, PHONES_EN, strict=True))


def test_equal_labels_are_one_group_whatever_they_are() -> None:
    found = shared_groups(made(("a", "b", "c", "ß", "z")), made(("z", "a", "c", "b")))
    assert found.pairs == (("a", "a"), ("b", "b"), ("c", "c"), ("z", "z"))
    assert found.only_a == ("ß",)


def test_labels_are_read_as_phones_only_if_all_are() -> None:
    # "anna" is no phone, so that "S" and "s" may be anything.
    with pytest.raises(InputError, match="these have 0 with 1 events or more: none"):
        shared_groups(made(("P", "T", "K", "S", "anna")), made(("p", "t", "k", "s", "otto")))


def test_groups_with_few_events_are_not_shared() -> None:
    few = made(("a", "b", "c", "d", "e"), [20, 20, 20, 20, 9])
    many = made(("a", "b", "c", "d", "e"), [20, 20, 20, 20, 20])
    assert len(shared_groups(few, many, 9).pairs) == 5
    found = shared_groups(few, many, 10)
    assert found.pairs == (("a", "a"), ("b", "b"), ("c", "c"), ("d", "d"))
    assert (found.only_a, found.only_b) == ((), ("e",))


def test_a_group_without_events_is_none() -> None:
    found = shared_groups(made(tuple("abcde"), [3, 3, 3, 3, 0]), made(tuple("abcde")), 0)
    assert found.labels_a == tuple("abcd")


def test_too_few_groups_are_named() -> None:
    with pytest.raises(InputError) as refused:
        shared_groups(made(("P", "T", "K", "TH")), made(("p", "t", "k", "ʁ")), 2)
    text = str(refused.value)
    assert "have 3 with 2 events or more: P and p, T and t, K and k;" in text
    assert "in the first: P, T, K, TH; in the second: p, t, k, ʁ" in text
    assert "\n" not in text
