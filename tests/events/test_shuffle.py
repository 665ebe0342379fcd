"""Labels dealt out anew among events."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naps.errors import InputError
from naps.events.shuffle import shuffled_labels
from naps.events.table import to_table

LETTERS = st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=40)


def table(letters: list[str | None]) -> pd.DataFrame:
    return to_table(
        {
            "utterance": f"u{i % 3}", "frame": i, "time_s": 0.1 * i, "run_start": i,
            "run_end": i + 1, "unit": i % 29, "letter": letter, "probability": 1.0,
            "word_index": 0, "position": i, "word_length": 9,
            "phoneme": None if letter == "c" else letter, "speaker": f"s{i % 2}",
        }
        for i, letter in enumerate(letters)
    )  # fmt: skip


@settings(max_examples=20)
@given(LETTERS, st.integers(0, 5))
def test_counts_stay_and_so_does_all_else(letters: list[str | None], seed: int) -> None:
    events = table(letters)
    found = shuffled_labels(events, ["letter", "phoneme"], seed)
    for column in ("letter", "phoneme"):
        assert found[column].dtype == events[column].dtype
        assert found[column].value_counts().to_dict() == events[column].value_counts().to_dict()
        assert (found[column].isna() == events[column].isna()).all()
    others = [column for column in events if column not in ("letter", "phoneme")]
    pd.testing.assert_frame_equal(found[others], events[others])
    pd.testing.assert_frame_equal(events, table(letters))


def test_labels_lose_their_meaning_and_each_column_its_own() -> None:
    events = table(["a", "b"] * 500)
    found = shuffled_labels(events, ["letter", "phoneme"], 1)
    for first, second in ((found, events), (found.assign(letter=found["phoneme"]), found)):
        assert 400 < int((first["letter"] == second["letter"]).sum()) < 600


def test_the_same_seed_deals_the_same_whatever_the_other_columns() -> None:
    events = table(["a", "b", "c", None] * 20)
    alone = shuffled_labels(events, ["phoneme"], 3)["phoneme"]
    beside = shuffled_labels(events, ["letter", "phoneme"], 3)["phoneme"]
    pd.testing.assert_series_equal(alone, beside)
    assert not alone.equals(shuffled_labels(events, ["phoneme"], 4)["phoneme"])


def test_columns_that_are_not_plain_text() -> None:
    events = table(["a", "b", "c", "a"]).assign(
        size=[1, 2, 3, 4], place=pd.Categorical(["x", "y", None, "x"])
    )
    found = shuffled_labels(events, ["size", "correct", "place"])
    assert sorted(found["size"]) == [1, 2, 3, 4]
    assert found["correct"].isna().all()
    assert found["place"].isna().tolist() == [False, False, True, False]


def test_bad_input() -> None:
    with pytest.raises(InputError, match="no column 'room' to shuffle; there are: utterance, "):
        shuffled_labels(table(["a"]), ["room"])
    with pytest.raises(InputError, match="'unit' says where an event is"):
        shuffled_labels(table(["a"]), ["unit"])
