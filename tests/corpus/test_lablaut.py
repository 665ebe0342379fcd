import json
from pathlib import Path

import pytest

from naps.corpus import read_lablaut
from naps.errors import InputError

HEADER = "signal wochenAO\ntype 0\ncomment f\xfcr xlabel\nnfields 1\n#\n"


def labels(path: Path, *rows: str, header: str = HEADER) -> Path:
    path.write_text(header + "\n".join(rows) + "\n", encoding="latin-1")
    return path


def read(path: Path, *rows: str) -> list[tuple[float, float, str]]:
    return [(i.start_s, i.end_s, i.label) for i in read_lablaut(labels(path, *rows))]


def test_a_row_starts_its_segment(tmp_path: Path) -> None:
    rows = ("    0.100000   -1 _t", "    0.200000  125 a\t+nas\t2", "    0.400000   -1 .")
    assert read(tmp_path / "a.lablaut", *rows) == [(0.1, 0.2, "_t"), (0.2, 0.4, "a")]


@pytest.mark.parametrize("marks", ["\t+sth", "\t-lar\t2", "+sth,-beh", "-hoe  2", "\t\t2", ""])
def test_a_row_of_marks_continues_the_segment(tmp_path: Path, marks: str) -> None:
    rows = ("0.1 -1 i", f"0.2 -1 {marks}", "0.3 -1 t   +asp 2", "0.4 -1 .\t-eng]")
    assert read(tmp_path / "a.lablaut", *rows) == [(0.1, 0.3, "i"), (0.3, 0.4, "t")]


def test_labels_that_look_like_marks(tmp_path: Path) -> None:
    rows = ("0.1 -1 4", "0.2 -1 6\t+lar", "0.3 -1 \ttasp", "0.4 -1 (", "0.5 -1 .")
    found = read(tmp_path / "a.lablaut", *rows)
    assert [label for _, _, label in found] == ["4", "6", "tasp", "("]


def test_marks_before_any_segment_and_empty_segments_say_nothing(tmp_path: Path) -> None:
    rows = ("0.1 -1 \t+sth", "0.2 -1 a", "0.2 -1 b", "0.3 -1 .")
    assert read(tmp_path / "a.lablaut", *rows) == [(0.2, 0.3, "b")]


@pytest.mark.parametrize("row", ["soon -1 a", "0.1 -1 a", "-1 -1 a", "nan -1 a", "inf -1 a"])
def test_malformed_row_is_named(tmp_path: Path, row: str) -> None:
    path = labels(tmp_path / "a.lablaut", "0.2 -1 t", row)
    with pytest.raises(InputError, match=r"a\.lablaut, line 7"):
        read_lablaut(path)


def test_times_beyond_any_recording(tmp_path: Path) -> None:
    path = labels(tmp_path / "a.lablaut", "0.2 -1 t", "1e30 -1 .")
    with pytest.raises(InputError, match=r"a\.lablaut: interval 't' runs from"):
        read_lablaut(path)


@pytest.mark.parametrize(
    ("header", "rows", "message"),
    [("signal\n", ("0.2 -1 t",), "no line '#'"), (HEADER, (), "no segments"), ("", (), "no line")],
)
def test_what_is_not_there(
    tmp_path: Path, header: str, rows: tuple[str, ...], message: str
) -> None:
    path = labels(tmp_path / "a.lablaut", *rows, header=header)
    with pytest.raises(InputError, match=rf"a\.lablaut: .*{message}"):
        read_lablaut(path)


@pytest.mark.data
def test_real_labels(data: Path) -> None:
    lines = (data / "emodb_de" / "phones_full.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 264
    for line in lines:
        known = json.loads(line)
        (path,) = (data / "emodb_de" / "lablaut").glob(f"{known['utterance']}*.lablaut")
        found = read_lablaut(path)
        assert [i.label for i in found] == [label for _, _, label in known["intervals"]], path
        for interval, (start, end, _) in zip(found, known["intervals"], strict=True):
            # Those times are rounded to 0.1 ms, ours to samples of 1/16 ms.
            assert abs(interval.start_s - start) < 1.25e-4, path
            assert abs(interval.end_s - end) < 1.25e-4, path
