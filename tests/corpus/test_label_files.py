import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naps.corpus import Interval
from naps.corpus.ctm import read_ctm, write_ctm
from naps.corpus.interval import read_tiers
from naps.corpus.lablaut import read_lablaut
from naps.corpus.textgrid import read_textgrid, write_textgrid
from naps.corpus.timit import read_timit
from naps.errors import InputError

LONG = '''File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 1.5
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "IntervalTier"
        name = "phones"
        xmin = 0
        xmax = 1.5
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 0.5
            text = ""
        intervals [2]:
            xmin = 0.5
            xmax = 0.75
            text = "say ""a"""
        intervals [3]:
            xmin = 0.75
            xmax = 1.5
            text = "ʃ"
    item [2]:
        class = "TextTier"
        name = "clicks"
        xmin = 0
        xmax = 1.5
        points: size = 1
        points [1]:
            number = 0.3
            mark = "!"
'''
SHORT = '''File type = "ooTextFile"
Object class = "TextGrid"

0
1.5
<exists>
2
"IntervalTier"
"phones"
0
1.5
3
0
0.5
""
0.5
0.75
"say ""a"""
0.75
1.5
"ʃ"
"TextTier"
"clicks"
0
1.5
1
0.3
"!"
'''
EXPECTED = {"phones": (Interval(8000, 12_000, 'say "a"'), Interval(12_000, 24_000, "ʃ"))}


@pytest.mark.parametrize("text", [LONG, SHORT])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be-bom"])
def test_both_forms_in_the_encodings_of_praat(tmp_path: Path, text: str, encoding: str) -> None:
    if encoding == "utf-16-be-bom":
        data = b"\xfe\xff" + text.encode("utf-16-be")
    else:
        data = text.encode(encoding)
    (tmp_path / "x.TextGrid").write_bytes(data)
    assert read_textgrid(tmp_path / "x.TextGrid") == EXPECTED


def test_what_praat_writes_in_other_encodings(tmp_path: Path) -> None:
    path = tmp_path / "x.TextGrid"
    for encoding in ("utf-16-le", "utf-16-be"):
        path.write_bytes(LONG.encode(encoding))  # without a byte order mark
        assert read_textgrid(path) == EXPECTED
    path.write_bytes(LONG.replace("ʃ", "ä").encode("latin-1"))
    assert read_textgrid(path)["phones"][1].label == "ä"
    path.write_bytes(b"ooBinaryFile\x08TextGrid\x00\xff")
    with pytest.raises(InputError, match="binary TextGrid; save it as a text file"):
        read_textgrid(path)


def test_comments_windows_line_ends_and_labels_of_several_lines(tmp_path: Path) -> None:
    text = LONG.replace("xmax = 1.5\ntiers?", 'xmax = 1.5 ! 3 "no" <exists>\ntiers?', 1)
    text = text.replace('"ʃ"', '"ʃ\n! 5"').replace("\n", "\r\n")
    (tmp_path / "x.TextGrid").write_bytes(text.encode())
    assert read_textgrid(tmp_path / "x.TextGrid")["phones"][1].label == "ʃ\r\n! 5"


labels = st.text(
    st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp", "Zs")), min_size=1, max_size=5
)
tiers = st.lists(st.tuples(st.integers(0, 500), st.integers(1, 4000), labels), max_size=8)


def intervals(rows: list[tuple[int, int, str]]) -> tuple[Interval, ...]:
    at, tier = 0, []
    for gap, length, label in rows:
        tier.append(Interval(at + gap, at + gap + length, label))
        at += gap + length
    return tuple(tier)


@given(tiers)
def test_what_is_written_reads_back(rows: list[tuple[int, int, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.TextGrid"
        write_textgrid(path, {"phones": intervals(rows), 'wo"rds': []}, 1.0)
        assert read_textgrid(path) == {"phones": intervals(rows), 'wo"rds': ()}
        write_ctm(path, {"u1": intervals(rows), "u2": ()})
        assert read_ctm(path, "words") == ({"u1": {"words": intervals(rows)}} if rows else {})


@given(tiers)
def test_a_tier_is_filled_as_praat_wants_it(rows: list[tuple[int, int, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.TextGrid"
        write_textgrid(path, {"phones": intervals(rows)}, 1.0)
        text = path.read_text(encoding="utf-8")
    numbers = re.findall(r"^            xm(?:in|ax) = ([\d.]+)$", text, re.MULTILINE)
    starts, ends = numbers[::2], numbers[1::2]
    assert float(starts[0]) == 0
    assert starts[1:] == ends[:-1]
    assert ends[-1] == re.search(r"^xmax = (\S+)$", text, re.MULTILINE)[1]  # type: ignore[index]
    assert all(float(a) < float(b) for a, b in zip(starts, ends, strict=True))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        (LONG[:300], "ends too early"),
        (LONG[: LONG.index("ay ")], "ends too early"),
        ("hello", "ends too early|not a TextGrid"),
        (LONG.replace('"TextGrid"', '"Pitch"'), "not a TextGrid"),
        (LONG.replace("xmin = 0.75", "xmin = 0.7"), "tier 'phones': interval 3 begins before"),
        (LONG.replace("xmax = 0.75", "xmax = 0.25"), "tier 'phones', interval 2: interval .* runs"),
        (
            LONG.replace("xmin = 0.75", "xmin = -0.75"),
            "tier 'phones', interval 3: interval .* runs",
        ),
        (LONG.replace("xmax = 0.75", "xmax = 1e999"), "tier 'phones', interval 2: interval .* inf"),
        (LONG.replace("xmax = 0.75", "xmax = nan"), "a number is expected"),
        (LONG.replace('text = "ʃ"', "text = 3"), "quoted text"),
        (LONG.replace("size = 2", "size = 3"), "ends too early"),
        (LONG.replace("size = 2", "size = 99999999999"), "ends too early"),
        (LONG.replace("size = 2", "size = 1e999"), "inf is no number of tiers"),
        (LONG.replace("size = 3", "size = 2.5"), "2.5 is no number of tiers, intervals"),
        (LONG.replace("TextTier", "TableTier"), "a tier of class 'TableTier'"),
        (
            LONG.replace("TextTier", "IntervalTier").replace('"clicks"', '"phones"'),
            "two tiers are named 'phones'",
        ),
    ],
)
def test_bad_textgrids(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.TextGrid").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=rf"x\.TextGrid.*{message}"):
        read_textgrid(tmp_path / "x.TextGrid")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])
def test_a_textgrid_cut_anywhere_is_an_error(tmp_path: Path, encoding: str) -> None:
    data = SHORT.rstrip().encode(encoding)
    for length in range(len(data)):
        (tmp_path / "x.TextGrid").write_bytes(data[:length])
        with pytest.raises(InputError, match=r"x\.TextGrid"):
            read_textgrid(tmp_path / "x.TextGrid")


@pytest.mark.parametrize(
    "text",
    ['"' + "a" * 10**6, '""' * 10**6 + '"', '"a""b' * 10**6, "1" * 10**6 + "x", "1." * 10**6],
    ids=["open quote", "quotes", "doubled quotes", "digits", "points"],
)
def test_no_text_takes_longer_than_its_length(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.TextGrid"
    path.write_text(f'"ooTextFile" "TextGrid" 0 1 <exists> 1 "IntervalTier" {text}')
    began = time.monotonic()
    with pytest.raises(InputError, match=r"x\.TextGrid") as caught:
        read_textgrid(path)
    assert time.monotonic() - began < 5
    assert len(str(caught.value)) < 1000


def test_what_praat_could_not_open_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "x.TextGrid"
    for tier, message in (
        ([Interval(0, 100, "a"), Interval(50, 200, "b")], "'b' begins before"),
        ([Interval(0, 100, "a"), Interval(100, 100, "b")], "'b' at 0.00625 s has no length"),
    ):
        with pytest.raises(InputError, match=message):
            write_textgrid(path, {"phones": tier}, 1.0)
    with pytest.raises(InputError, match=r"of 0\.0 s cannot be opened"):
        write_textgrid(path, {"phones": []}, 0.0)
    assert not path.exists()


def test_praat_reads_what_is_written(tmp_path: Path) -> None:
    parselmouth = pytest.importorskip("parselmouth")
    from parselmouth.praat import call

    tier = (Interval(160, 320, 'say "ʃ"'), Interval(320, 401, "\\sh"), Interval(500, 501, "b"))
    write_textgrid(tmp_path / "x.TextGrid", {"phones": tier, "words": ()}, 1.0)
    grid = parselmouth.read(str(tmp_path / "x.TextGrid"))
    assert [call(grid, "Get number of intervals", n) for n in (1, 2)] == [6, 1]
    found = [
        (call(grid, "Get label of interval", 1, n), call(grid, "Get end time of interval", 1, n))
        for n in range(1, 7)
    ]
    assert [label for label, _ in found] == ["", 'say "ʃ"', "\\sh", "", "b", ""]
    ends = [0.01, 0.02, 401 / 16_000, 500 / 16_000, 501 / 16_000, 1]
    assert [end for _, end in found] == pytest.approx(ends, abs=1e-6)
    for form in ("text file", "short text file"):
        call(grid, f"Save as {form}...", str(tmp_path / "y.TextGrid"))
        assert read_textgrid(tmp_path / "y.TextGrid") == {"phones": tier, "words": ()}


def test_ctm(tmp_path: Path) -> None:
    tiers = {"u1": (Interval(0, 1600, "S"), Interval(1600, 4000, "IY")), "u2": ()}
    write_ctm(tmp_path / "x.ctm", tiers)
    assert read_ctm(tmp_path / "x.ctm") == {"u1": {"phones": tiers["u1"]}}
    (tmp_path / "y.ctm").write_text(";; comment\n  ;; u1 A\nu1\tA 0.1 0.05 a\u00a0b 0.99\n\n")
    assert read_ctm(tmp_path / "y.ctm") == {"u1": {"phones": (Interval(1600, 2400, "a\u00a0b"),)}}
    (tmp_path / "y.ctm").write_text("u1 A 0 1 a\nu1 B 0.5 1 b\nu1 A 1 1 c\n")
    assert read_ctm(tmp_path / "y.ctm", "words", rate=10) == {
        "u1": {
            "A - words": (Interval(0, 10, "a", 10), Interval(10, 20, "c", 10)),
            "B - words": (Interval(5, 15, "b", 10),),
        }
    }


@pytest.mark.parametrize(
    "bad",
    [
        "u1", "u1 A 0.1 S", "u1 A 0.1 0.1", "u1 A x 0.1 S", "u1 A nan 0.1 S", "u1 A 0 inf S",
        "u1 A -1 2 S", "u1 A 1 -0.5 S", "u1 A 0 1 S\nu1 A 0.5 1 T", "u1 A 1 1 S\nu1 A 0 1 T",
        "u1 A 1 0.005 S\nu1 A 0.999 1 T", "u1 A 1e300 1e300 S",
    ],
)  # fmt: skip
def test_bad_ctm(tmp_path: Path, bad: str) -> None:
    (tmp_path / "z.ctm").write_text(bad)
    with pytest.raises(InputError, match=r"z\.ctm, line \d"):
        read_ctm(tmp_path / "z.ctm")


def test_times_that_were_rounded_apart(tmp_path: Path) -> None:
    (tmp_path / "x.ctm").write_text("u A 0.00 0.34 a\nu A 0.33 0.20 b\n")
    assert read_ctm(tmp_path / "x.ctm") == {
        "u": {"phones": (Interval(0, 5280, "a"), Interval(5280, 8480, "b"))}
    }


def test_what_ctm_cannot_hold_is_not_written(tmp_path: Path) -> None:
    one = Interval(0, 100, "a")
    for tiers, message in (
        ({"u": [Interval(0, 100, "a b")]}, "the label 'a b'"),
        ({"u": [Interval(0, 100, "")]}, "the label ''"),
        ({"u 1": [one]}, "the utterance id 'u 1'"),
        ({";;u": [one]}, "the utterance id ';;u'"),
        ({"u": [one, Interval(99, 200, "b")]}, "'b' of 'u' begins before"),
    ):
        with pytest.raises(InputError, match=rf"x\.ctm: .*{message}"):
            write_ctm(tmp_path / "x.ctm", tiers)
    assert not (tmp_path / "x.ctm").exists()


def test_timit(tmp_path: Path) -> None:
    (tmp_path / "x.phn").write_text("0 3050 h#\n3050 4559 sh\n")
    assert read_timit(tmp_path / "x.phn") == (Interval(0, 3050, "h#"), Interval(3050, 4559, "sh"))


@pytest.mark.parametrize(
    "bad",
    [
        "0 a h#",
        "0 10",
        "0 10 a\n5 20 b",
        "9 3 a",
        "-3 3 a",
        "0.5 1.5 a",
        "0 1e5 a",
        "0 " + "9" * 99 + " a",
    ],
)
def test_bad_timit(tmp_path: Path, bad: str) -> None:
    (tmp_path / "y.phn").write_text(bad)
    with pytest.raises(InputError, match=r"y\.phn, line \d"):
        read_timit(tmp_path / "y.phn")


def test_empty_timit(tmp_path: Path) -> None:
    (tmp_path / "y.phn").write_text("\n")
    with pytest.raises(InputError, match=r"y\.phn: holds no intervals"):
        read_timit(tmp_path / "y.phn")


def test_words_of_timit_share_phones(tmp_path: Path) -> None:
    (tmp_path / "x.wrd").write_text("5723 10337 had\n9190 11517 your\n11517 16334 dark\n")
    assert read_timit(tmp_path / "x.wrd", may_overlap=True) == (
        Interval(5723, 9190, "had"),
        Interval(9190, 11_517, "your"),
        Interval(11_517, 16_334, "dark"),
    )
    with pytest.raises(InputError, match="line 2: begins before"):
        read_timit(tmp_path / "x.wrd")
    (tmp_path / "x.wrd").write_text("5 10 had\n5 11 your\n")
    with pytest.raises(InputError, match="line 2: begins before"):
        read_timit(tmp_path / "x.wrd", may_overlap=True)


EXAMPLES = (
    ("x.TextGrid", LONG, read_textgrid),
    ("x.TextGrid", SHORT, read_textgrid),
    ("x.ctm", "u1 A 0.1 0.05 S 0.99\nu1 A 0.2 0.1 IY\n", read_ctm),
    ("x.phn", "0 3050 h#\n3050 4559 sh\n", read_timit),
    ("x.lablaut", "signal a\n#\n 0.1 -1 t\t+asp\n 0.2 -1 -sth\n 0.3 -1 .\n", read_lablaut),
    (
        "x.jsonl",
        '{"utterance": "u", "tier": "p", "intervals": [[0, 1e0, "\\u0259"]]}\n',
        read_tiers,
    ),
)


@pytest.mark.parametrize(("name", "text", "read"), EXAMPLES)
@given(changes=st.lists(st.tuples(st.integers(0, 10**4), st.binary(max_size=4)), max_size=5))
def test_whatever_is_in_a_file_there_is_one_error(
    name: str, text: str, read: Callable[[Path], object], changes: list[tuple[int, bytes]]
) -> None:
    data = bytearray(text.encode())
    for place, new in changes:
        at = place % (len(data) + 1)
        data[at : at + len(new)] = new
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        message = f"{path}: one line"
        try:
            read(path)
        except InputError as error:
            message = str(error)
    assert str(path) in message
    assert "\n" not in message
