import numpy as np
import pandas as pd
import pytest

from naps.errors import InputError
from naps.events.table import to_table
from naps.profiles.error_modes import binary_contrast, error_groups
from naps.profiles.grouping import Grouping
from tests.profiles.examples import dataset


def heard(said: str, written: str, phones: list[str | None]) -> pd.DataFrame:
    """Events of letters; ``_`` in what was said is a letter opposite nothing."""
    return to_table(
        {"utterance": "u", "frame": i, "unit": 0, "letter": w, "phoneme": phone}
        | {"reference": None if s == "_" else s, "correct": s == w}
        for i, (s, w, phone) in enumerate(zip(said, written, phones, strict=True))
    )


def example() -> pd.DataFrame:
    return heard("aab_ cb", "aebxycd", ["AA", "AA", "B", None, None, "K", "B"])


def test_letters_by_what_should_have_been() -> None:
    found = error_groups(example())
    assert found.column.tolist()[:3] == ["a_correct", "a_wrong", "b_correct"]
    assert found.column.isna().tolist() == [False, False, False, True, True, False, False]
    assert found.dropped == {"no letter of the text opposite": 2}
    events = example().assign(letter_binary=found.column)
    grouping = Grouping(events, "letter_binary")
    assert grouping.labels == ["a_correct", "a_wrong", "b_correct", "b_wrong", "c_correct"]
    assert grouping.codes.tolist() == [0, 1, 2, -1, -1, 4, 3]


def test_letters_by_what_was_written() -> None:
    found = error_groups(example(), mode="confusion")
    assert found.column.dropna().tolist() == ["a_a", "a_e", "b_b", "c_c", "b_d"]


def test_phonemes() -> None:
    found = error_groups(example(), "phoneme")
    shown = ["AA_correct", "AA_wrong", "B_correct", "K_correct", "B_wrong"]
    assert found.column.dropna().tolist() == shown
    assert found.dropped == {"no phoneme": 2}
    found = error_groups(example(), "phoneme", "confusion")
    assert found.column.dropna().tolist() == ["AA_a", "AA_e", "B_b", "K_c", "B_d"]


def test_rare_groups_are_none() -> None:
    events = heard("aaab", "aaeb", ["A"] * 4)
    found = error_groups(events, min_count=2)
    assert found.column.dropna().tolist() == ["a_correct", "a_correct"]
    assert found.dropped == {"fewer than 2 events in its group": 2}
    with pytest.raises(InputError, match=r"no binary error group of letter has events \(fewer"):
        error_groups(events, min_count=5)


def test_rows_of_a_larger_table_keep_their_index() -> None:
    part = example().iloc[[5, 0]]
    assert error_groups(part).column.to_dict() == {5: "c_correct", 0: "a_correct"}


def test_given_phones_have_confusions_but_are_neither_right_nor_wrong() -> None:
    rows = [
        {"utterance": "u", "frame": 1, "unit": 0, "letter": "a", "phoneme": "AA", "correct": None}
    ]
    events = to_table(rows)
    assert error_groups(events, "phoneme", "confusion").column.tolist() == ["AA_a"]
    with pytest.raises(InputError, match="not known whether it is correct: 1"):
        error_groups(events, "phoneme")
    with pytest.raises(InputError, match="no letter of the text opposite: 1"):
        error_groups(events, "letter", "confusion")


def test_forced_letters_do_not_say_what_was_predicted() -> None:
    events = heard("aab", "aab", ["A"] * 3)
    events.loc[1, "correct"] = False
    found = error_groups(events, min_count=1)
    assert found.column.tolist() == ["a_correct", "a_wrong", "b_correct"]
    for by in ("letter", "phoneme"):
        with pytest.raises(InputError, match=r"events\.mode=predicted or the error mode binary"):
            error_groups(events, by, "confusion")


def test_what_is_missing_is_said() -> None:
    with pytest.raises(InputError, match="binary, confusion"):
        error_groups(example(), mode="both")
    with pytest.raises(InputError, match="no column 'colour'"):
        error_groups(example(), "colour")
    with pytest.raises(InputError, match="no column 'correct'"):
        error_groups(example().drop(columns="correct"))


def test_correct_minus_wrong() -> None:
    random = np.random.default_rng(0)
    mean, std = random.random((5, 4, 2)), random.random((5, 4, 2))
    counts = np.repeat([[9], [3], [8], [2], [0]], 4, 1)
    labels = ["a_correct", "a_wrong", "b_correct", "c_correct", "c_wrong"]
    profile = dataset(mean, std, counts).assign_coords(label=labels)
    found = binary_contrast(profile)
    assert found["label"].values.tolist() == ["a"]
    np.testing.assert_allclose(found["mean"].values[0], mean[0] - mean[1])
    error = np.sqrt(std[0] ** 2 / 8 + std[1] ** 2 / 2)
    np.testing.assert_allclose(found["standard_error"].values[0], error)
    assert float(found["count"][0]) == pytest.approx(1 / (1 / 9 + 1 / 3))
    with pytest.raises(InputError, match="the groups are: b_correct, c_correct"):
        binary_contrast(profile.isel(label=[2, 3]))
