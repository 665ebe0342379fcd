import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naps.corpus import Interval
from naps.errors import InputError
from naps.events import label_quality
from naps.phonology import read_label

PHONES = ["AA", "B", "S", "IY"]


def tier(*rows: tuple[float, float, str]) -> tuple[Interval, ...]:
    return tuple(Interval.from_seconds(*row) for row in rows)


def table(*rows: tuple[str, float, str | None]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["utterance", "time_s", "phoneme"])


def same(label: str) -> list[list[str]]:
    return [[]] if label == "SIL" else [[label]]


WORDS = {"u": tier((0.0, 0.1, "B"), (0.1, 0.3, "AA"), (0.5, 0.6, "S"), (0.8, 0.9, "B"))}


def test_inside_near_and_far() -> None:
    events = table(
        ("u", 0.05, "B"),  # inside
        ("u", 0.13, "B"),  # 30 ms behind
        ("u", 0.15, "B"),  # 50 ms behind
        ("u", 0.77, "B"),  # 30 ms in front of the second
        ("u", 0.55, "AA"),  # another phone is there
        ("u", 0.2, "IY"),  # said nowhere
        ("u", 0.2, None),  # no phoneme: does not count
        ("v", 0.2, "AA"),  # no times known: does not count
    )
    found = label_quality(events, WORDS, same)
    assert found.events == 6
    assert found.share == pytest.approx(3 / 6)
    by = found.groups.set_index(["by", "value"])
    assert by.loc[("phoneme", "B"), "share"] == pytest.approx(3 / 4)
    assert by.loc[("phoneme", "IY"), "share"] == 0
    assert by.loc[("manner", "vowel"), "events"] == 2
    assert label_quality(events, WORDS, same, tolerance_s=0.05).share == pytest.approx(4 / 6)


def test_offsets_are_from_the_nearest_middle_and_late_is_positive() -> None:
    events = table(("u", 0.07, "B"), ("u", 0.80, "B"), ("u", 0.25, "AA"), ("u", 2.0, "S"))
    found = label_quality(events, WORDS, same)
    np.testing.assert_allclose(sorted(found.offsets["offset_s"]), [-0.05, 0.02, 0.05], atol=1e-9)
    assert found.offset_s == pytest.approx(0.02)


def test_an_ambiguous_label_counts_for_every_phone_it_may_be() -> None:
    events = table(("u", 0.1, "aː"), ("u", 0.1, "a"), ("u", 0.1, "ɐ"), ("u", 0.1, "ɛ"))
    times = {"u": tier((0.0, 0.2, "a"))}
    found = label_quality(events, times, lambda x: read_label(x, "emodb", "de"))
    assert found.share == pytest.approx(2 / 4)
    times = {"u": tier((0.0, 0.2, "E6"))}
    found = label_quality(events, times, lambda x: read_label(x, "emodb", "de"))
    assert found.share == pytest.approx(2 / 4)


def slow_share(events: pd.DataFrame, times: dict[str, tuple[Interval, ...]]) -> float:
    agree = 0
    for row in events.itertuples():
        near = [
            i
            for i in times[row.utterance]
            if i.label == row.phoneme and i.start_s - 0.04 <= row.time_s <= i.end_s + 0.04
        ]
        agree += bool(near)
    return agree / len(events)


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_share_equals_the_slow_count(seed: int) -> None:
    random = np.random.default_rng(seed)
    edges = np.sort(random.integers(0, 3000, 21)) / 1000
    rows = [(edges[i], edges[i + 1], str(random.choice(PHONES))) for i in range(20)]
    times = {"u": tier(*rows)}
    # Not on the edge of the tolerance, where rounding decides.
    events = table(
        *(("u", float(t) + 0.0003, str(random.choice(PHONES))) for t in random.integers(0, 3, 50))
    )
    events["time_s"] += random.integers(0, 1000, 50) / 1000
    assert label_quality(events, times, same, shifts=0).share == slow_share(events, times)


def test_chance_of_a_phone_that_fills_a_fifth() -> None:
    times = {"u": tier(*((i, i + 0.12, "S") for i in range(100)))}
    random = np.random.default_rng(0)
    events = table(*(("u", float(t), "S") for t in random.uniform(0, 100, 400)))
    found = label_quality(events, times, same, shifts=200)
    # 0.12 s and twice the tolerance of every second.
    assert found.chance_mean == pytest.approx(0.2, abs=0.01)
    assert found.chance_mean < found.chance_p99 < 0.3
    again = label_quality(events, times, same, shifts=200)
    assert again.chance_mean == found.chance_mean
    other = label_quality(events, times, same, shifts=200, seed=1)
    assert other.chance_mean != found.chance_mean


def test_nothing_to_compare() -> None:
    with pytest.raises(InputError, match="no phoneme event lies in an utterance"):
        label_quality(table(("x", 0.1, "B")), WORDS, same)


def test_a_label_that_nobody_knows() -> None:
    with pytest.raises(InputError, match="Q9"):
        label_quality(
            table(("u", 0.1, "B")),
            {"u": tier((0.0, 1.0, "Q9"))},
            lambda x: read_label(x, "arpabet", "en"),
        )
