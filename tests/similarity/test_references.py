import numpy as np
import pandas as pd
import pytest

from naps.similarity import phonetic_distances, spelling_distances


def written(pairs: dict[tuple[str | None, str | None], int]) -> pd.DataFrame:
    rows = [pair for pair, count in pairs.items() for _ in range(count)]
    return pd.DataFrame(rows, columns=["letter", "phoneme"], dtype="string")


EVENTS = written(
    {("a", "AA"): 3, ("a", "AE"): 4, ("o", "AA"): 1, ("t", "T"): 5, (None, "T"): 7, ("x", None): 2}
)


def test_letters_by_what_they_stand_for() -> None:
    found = spelling_distances(EVENTS, "letter", ["t", "a", "o"])
    assert found is not None
    expected = [[0, 1, 1], [1, 0, 1 - 3 / 5], [1, 1 - 3 / 5, 0]]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_phonemes_by_how_they_are_written() -> None:
    found = spelling_distances(EVENTS, "phoneme", ["AA", "AE", "T"])
    assert found is not None
    cosine = 3 / np.sqrt(10)
    np.testing.assert_allclose(
        found, [[0, 1 - cosine, 1], [1 - cosine, 0, 1], [1, 1, 0]], atol=1e-12
    )


def test_distances_do_not_grow_with_the_events() -> None:
    twice = pd.concat([EVENTS, EVENTS])
    labels = ["a", "o", "t"]
    np.testing.assert_array_equal(
        spelling_distances(twice, "letter", labels), spelling_distances(EVENTS, "letter", labels)
    )


@pytest.mark.parametrize(
    ("group", "labels"),
    [
        ("speaker", ["a", "o"]),
        ("letter_binary", ["a", "o"]),
        ("letter", ["a", "x"]),  # never with a phoneme
        ("letter", ["a", "<b>"]),
        ("phoneme", ["AA", "ZH"]),
    ],
)
def test_what_is_neither_written_nor_spoken_has_no_distances(group: str, labels) -> None:
    assert spelling_distances(EVENTS, group, labels) is None


def test_events_without_phonemes_have_no_distances() -> None:
    assert spelling_distances(EVENTS[["letter"]], "letter", ["a", "o"]) is None
    assert spelling_distances(EVENTS.assign(phoneme=pd.NA), "letter", ["a", "o"]) is None


def test_phonetics_only_of_phones() -> None:
    found = phonetic_distances(["P", "B"])
    assert found is not None
    assert found[0, 1] == pytest.approx(1 / 3)
    assert phonetic_distances(["P", "<b>"]) is None
