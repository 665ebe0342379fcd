from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from naps.corpus import Interval, read_alignments, read_ctm, read_textgrid
from naps.corpus.utterance import Utterance
from naps.errors import InputError
from naps.events.export import FORMATS, Format, export_events
from naps.events.table import to_table
from naps.events.tiers import TIERS, EventTiers, event_tiers

Row = dict[str, Any]
FRAME_S = 0.02


def event(
    frame: int,
    letter: str | None,
    phoneme: str | None,
    word: str | None,
    index: int,
    **more: object,
) -> Row:
    return {
        "utterance": "u", "frame": frame, "time_s": frame * FRAME_S, "run_start": frame,
        "run_end": frame + 1, "letter": letter, "phoneme": phoneme, "word": word,
        "word_index": index,
    } | more  # fmt: skip


KNIGHT = [
    event(10, "k", None, "knight", 0, run_start=9),
    event(12, "n", "N", "knight", 0),
    event(16, "i", "AY", "knight", 0),
    event(18, "g", None, "knight", 0),
    event(20, "h", None, "knight", 0),
    event(21, "t", "T", "knight", 0, run_end=24),
    event(30, "x", "K", "x", 1),
    event(30, "x", "S", "x", 1),
]


def tiers(rows: Sequence[Row], duration: float = 10.0, frame_s: float = FRAME_S) -> EventTiers:
    found = dict(event_tiers(pd.DataFrame(rows), frame_s=frame_s, durations={"u": duration}))
    assert found.keys() == {"u"}
    return found["u"]


def seconds(tier: Sequence[Interval]) -> list[tuple[float, float, str]]:
    return [(i.start_s, i.end_s, i.label) for i in tier]


def test_neighbours_meet_halfway_and_words_end_with_their_runs() -> None:
    found = tiers(KNIGHT)
    assert seconds(found["letters"]) == [
        (0.17, 0.22, "k"), (0.22, 0.28, "n"), (0.28, 0.34, "i"), (0.34, 0.38, "g"),
        (0.38, 0.41, "h"), (0.41, 0.47, "t"), (0.59, 0.61, "x"),
    ]  # fmt: skip
    assert seconds(found["words"]) == [(0.17, 0.47, "knight"), (0.59, 0.61, "x")]


def test_silent_letters_give_their_time_and_one_frame_is_cut_into_equal_parts() -> None:
    assert seconds(tiers(KNIGHT)["phones"]) == [
        (0.17, 0.28, "N"), (0.28, 0.37, "AY"), (0.37, 0.47, "T"), (0.59, 0.6, "K"), (0.6, 0.61, "S")
    ]  # fmt: skip


def test_the_order_of_rows_does_not_matter() -> None:
    assert tiers(KNIGHT[::-1])["letters"] == tiers(KNIGHT)["letters"]


def test_words_that_would_overlap_meet_halfway() -> None:
    rows = [event(10, "a", "AH", "a", 0, run_end=15), event(14, "b", "B", "b", 1, run_start=11)]
    found = tiers(rows)
    assert seconds(found["words"]) == [(0.19, 0.24, "a"), (0.24, 0.29, "b")]
    assert seconds(found["phones"]) == [(0.19, 0.24, "AH"), (0.24, 0.29, "B")]


def test_a_word_that_nobody_can_say_has_no_phones() -> None:
    found = tiers([event(3, "q", None, "qq", 0), event(9, "q", None, "qq", 0)])
    assert found["phones"] == ()
    assert seconds(found["words"]) == [(0.05, 0.19, "qq")]


def test_a_table_without_words_or_phones() -> None:
    rows = [{k: row[k] for k in row if k not in ("word_index", "phoneme")} for row in KNIGHT[1:3]]
    found = tiers(rows)
    assert seconds(found["letters"]) == [(0.23, 0.28, "n"), (0.28, 0.33, "i")]
    assert found["words"] == found["phones"] == ()


def test_nothing_reaches_beyond_the_recording() -> None:
    rows = [event(0, "a", "AH", "a", 0), event(10, "b", "B", "a", 0, run_end=14)]
    assert seconds(tiers(rows, 0.2)["letters"]) == [(0.0, 0.1, "a"), (0.1, 0.2, "b")]
    early = [row | {"time_s": row["time_s"] - 0.4} for row in KNIGHT[:3]]
    found = tiers(early)["letters"]
    assert [i.label for i in found] == ["k", "n", "i"]
    assert found[0].start == 0
    late = [row | {"time_s": row["time_s"] + 0.1} for row in rows]
    assert tiers(late, 0.2)["letters"][-1].end_s == 0.2


def test_given_stretches_come_first() -> None:
    rows = [
        event(5, "k", "K", None, -1, start_s=0.0, end_s=0.1),
        event(9, "a", "AH", "a", 0, start_s=0.1, end_s=0.25, run_start=11),
        event(9, "b", "B", "a", 0, start_s=0.3, end_s=0.3),
        event(15, "b", "B", "a", 0, start_s=0.3, end_s=0.4),
        event(15, "c", "P", "a", 0, start_s=0.3, end_s=0.4),
        event(30, "c", "S", "c", 1, start_s=0.5, end_s=0.7),
        event(30, "c", "T", "d", 2, start_s=0.7, end_s=0.8),
    ]
    found = tiers(rows, 0.6)
    assert seconds(found["phones"]) == [
        (0.0, 0.1, "K"), (0.1, 0.25, "AH"), (0.3, 0.35, "B"), (0.35, 0.4, "P"), (0.5, 0.6, "S")
    ]  # fmt: skip
    assert [label for _, _, label in seconds(found["letters"])] == ["k", "a", "b", "c", "c"]
    assert seconds(found["words"]) == [(0.1, 0.4, "a"), (0.5, 0.6, "c")]


def test_a_table_of_the_finder_without_given_stretches() -> None:
    rows = [
        row | {"unit": 1, "probability": 0.5, "position": 0, "word_length": 1} for row in KNIGHT
    ]
    table = to_table(rows)
    found = dict(event_tiers(table, frame_s=FRAME_S, durations={"u": 10.0}))
    assert found["u"] == tiers(KNIGHT)


@st.composite
def utterance_rows(draw: st.DrawFn) -> tuple[list[Row], float, float, float]:
    """Events as CTC makes them, seconds between frames, the delay, the recording's length."""
    frame_s = draw(st.sampled_from([0.01, 0.0125, 0.02, 0.06]))
    delay_s = draw(st.sampled_from([0.0, 0.0, 0.04, -0.03]))
    label = st.sampled_from(["a", "b", 'say "q"', "ʃ", "ə̃", "\\", "%", "'"])
    rows: list[Row] = []
    at = 0
    for index in range(draw(st.integers(1, 4))):
        at += draw(st.integers(0, 6))
        word = draw(label)
        for place in range(draw(st.integers(1, 6))):
            at += draw(st.integers(0, 4)) if place else 0
            length = draw(st.integers(1, 4))
            frame = at + draw(st.integers(0, length - 1))
            row = event(frame, draw(label), draw(st.none() | label), word, index)
            row |= {"run_start": at, "run_end": at + length, "time_s": frame * frame_s - delay_s}
            at += length
            rows.append(row)
    cut = draw(st.sampled_from([0.0, 0.4, 1.0]))
    duration = max(frame_s, (rows[-1]["frame"] + cut) * frame_s) + draw(st.sampled_from([0.0, 1.0]))
    return draw(st.permutations(rows)), frame_s, delay_s, duration


@given(utterance_rows())
def test_intervals_of_any_events(drawn: tuple[list[Row], float, float, float]) -> None:
    rows, frame_s, delay_s, duration = drawn
    found = tiers(rows, duration, frame_s)
    assert tuple(found) == TIERS
    for tier in found.values():
        edges = [edge for interval in tier for edge in (interval.start_s, interval.end_s)]
        assert edges == sorted(edges)
        assert all(interval.start < interval.end for interval in tier)
        assert not edges or (edges[0] >= 0 and edges[-1] <= duration + 1e-6)
    rows = sorted(rows, key=lambda row: row["frame"])
    for tier_name, column in (("letters", "letter"), ("phones", "phoneme")):
        labelled = [row for row in rows if row[column] is not None]
        assert [i.label for i in found[tier_name]] == [row[column] for row in labelled]
        for row, interval in zip(labelled, found[tier_name], strict=True):
            if delay_s == 0:
                assert interval.start_s - 1e-6 <= row["time_s"] <= interval.end_s + 1e-6
        assert all(
            any(w.start <= i.start and i.end <= w.end for w in found["words"])
            for i in found[tier_name]
        )
    starts = [word.start for word in found["words"]]
    ends = [word.end for word in found["words"]]
    first_last = [
        (own[0], own[-1])
        for index in range(4)
        if (own := [i for i, row in enumerate(rows) if row["word_index"] == index])
    ]
    assert starts == [found["letters"][first].start for first, _ in first_last]
    assert ends == [found["letters"][last].end for _, last in first_last]


ids = st.text(st.characters(exclude_categories=("Cs",)), max_size=15)


@given(utterance_rows(), ids)
def test_textgrids_read_back(drawn: tuple[list[Row], float, float, float], name: str) -> None:
    rows, frame_s, _, duration = drawn
    table = pd.DataFrame([row | {"utterance": name} for row in rows])
    durations = {name: duration}
    expected = dict(event_tiers(table, frame_s=frame_s, durations=durations))[name]
    with TemporaryDirectory() as place:
        folder = Path(place) / "grids"
        (path,) = export_events(table, folder, "textgrid", frame_s=frame_s, durations=durations)
        assert path.parent == folder
        assert [p for p in Path(place).rglob("*") if p.is_file()] == [path]
        grid = read_textgrid(path, rate=1_000_000)
        assert grid == expected
        known = read_alignments(folder, [Utterance(name, Path("/corpus/x.wav"))])
    for tier_name, tier in known.tiers[name].items():
        for read, made in zip(tier, expected[tier_name], strict=True):
            assert abs(read.start_s - made.start_s) < 1e-4
            assert abs(read.end_s - made.end_s) < 1e-4


def test_ctm_and_tables(tmp_path: Path) -> None:
    table = pd.DataFrame(KNIGHT + [row | {"utterance": "v"} for row in KNIGHT[:3]])
    durations = {"u": 1.0, "v": 1.0, "w": 1.0}
    expected = dict(event_tiers(table, frame_s=FRAME_S, durations=durations))
    paths = export_events(table, tmp_path, "ctm", frame_s=FRAME_S, durations=durations)
    assert [path.name for path in paths] == ["phones.ctm", "letters.ctm", "words.ctm"]
    for path in paths:
        found = read_ctm(path, path.stem, rate=1_000_000)
        assert found == {u: {path.stem: tiers[path.stem]} for u, tiers in expected.items()}
    rows = [
        (u, name, i.start_s, i.end_s, i.label)
        for u, tiers in expected.items()
        for name, tier in tiers.items()
        for i in tier
    ]
    for format, read in (("parquet", pd.read_parquet), ("csv", pd.read_csv)):
        (path,) = export_events(
            table, tmp_path, format, frame_s=FRAME_S, durations=durations  # type: ignore[arg-type]
        )  # fmt: skip
        assert path == tmp_path / f"intervals.{format}"
        found = read(path)
        assert list(found) == ["utterance", "tier", "start_s", "end_s", "label"]
        assert list(found.itertuples(index=False, name=None)) == rows


@pytest.mark.parametrize("format", FORMATS)
def test_no_events(tmp_path: Path, format: Format) -> None:
    paths = export_events(to_table([]), tmp_path, format, frame_s=FRAME_S, durations={})
    empty = pd.DataFrame(columns=["utterance", "frame", "time_s", "run_start", "run_end"])
    assert export_events(empty, tmp_path, format, frame_s=FRAME_S, durations={}) == paths
    assert sorted(tmp_path.iterdir()) == sorted(paths)
    if format in ("parquet", "csv"):
        table = pd.read_parquet(paths[0]) if format == "parquet" else pd.read_csv(paths[0])
        assert list(table) == ["utterance", "tier", "start_s", "end_s", "label"]
        assert table.empty
    else:
        assert len(paths) == (0 if format == "textgrid" else 3)


@pytest.mark.parametrize("name", ["../../u", "/etc/u", "..", ".", "", "a/b", "a\\b", "C:u", "a\0b"])
def test_hostile_ids_stay_in_the_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "a" / "b" / "grids"
    table = pd.DataFrame([row | {"utterance": name} for row in KNIGHT])
    (path,) = export_events(table, folder, "textgrid", frame_s=FRAME_S, durations={name: 1.0})
    files = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert files == [path]
    assert path.parent == folder
    assert not path.name.startswith(".")


def test_ids_that_are_too_alike_or_hold_blanks(tmp_path: Path) -> None:
    table = pd.DataFrame([KNIGHT[0] | {"utterance": name} for name in ("b", "u 1", "B")])
    durations = {"b": 1.0, "B": 1.0, "u 1": 1.0}
    with pytest.raises(InputError, match="'b' and 'B' differ in case alone"):
        export_events(table, tmp_path, "textgrid", frame_s=FRAME_S, durations=durations)
    with pytest.raises(InputError, match=r"phones\.ctm: .* cannot hold the utterance id 'u 1'"):
        export_events(table, tmp_path, "ctm", frame_s=FRAME_S, durations=durations)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"time_s": float("nan")}, "u, event at frame 10: its time is not finite"),
        ({"run_start": 11}, "its run does not hold it"),
        ({"run_end": 10}, "its run does not hold it"),
        ({"frame": 52, "run_end": 53}, "it lies behind the end of the recording"),
        ({"start_s": 0.3, "end_s": 0.2}, "start_s and end_s are no stretch"),
        ({"start_s": 0.3, "end_s": float("inf")}, "start_s and end_s are no stretch"),
        ({"start_s": -0.3, "end_s": 0.1}, "start_s and end_s are no stretch"),
        ({"start_s": 0.1, "end_s": 0.3}, "u: some events have start_s and end_s"),
        ({"utterance": "v"}, "v: the seconds of its recording are needed, not None"),
        ({"frame": "x"}, "the column frame of the events does not hold numbers"),
    ],
)
def test_times_that_cannot_be(change: Row, message: str) -> None:
    rows = [event(10, "a", "AH", "a", 0) | change, event(11, "b", "B", "a", 0)]
    with pytest.raises(InputError, match=message):
        tiers(rows, 1.0)


def test_other_input_that_cannot_be(tmp_path: Path) -> None:
    table = pd.DataFrame(KNIGHT)
    with pytest.raises(InputError, match="lacks the columns frame, run_end"):
        tiers(table.drop(columns=["frame", "run_end"]).to_dict("records"))  # type: ignore[arg-type]
    given = [
        event(5, "a", "AH", "a", 0, start_s=0.0, end_s=0.2),
        event(6, "b", "B", "a", 0, start_s=0.1, end_s=0.3),
    ]
    with pytest.raises(InputError, match=r"u: the interval at 0\.1 s begins before"):
        tiers(given)
    for duration in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match="u: the seconds of its recording are needed"):
            tiers(KNIGHT, duration)
    with pytest.raises(InputError, match="frame_s is the seconds between frames, and cannot be 0"):
        tiers(KNIGHT, frame_s=0.0)
    with pytest.raises(InputError, match="no export format 'xlsx'; there are: textgrid, ctm"):
        export_events(table, tmp_path, "xlsx", frame_s=FRAME_S, durations={})  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
