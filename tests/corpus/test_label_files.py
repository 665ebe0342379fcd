from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naps.corpus import Interval
from naps.corpus.ctm import read_ctm, write_ctm
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


labels = st.text(
    st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp", "Zs")), min_size=1, max_size=5
)


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(1, 4000), labels), max_size=8))
def test_what_is_written_reads_back(rows: list[tuple[int, int, str]]) -> None:
    import tempfile

    at, tier = 0, []
    for gap, length, label in rows:
        tier.append(Interval(at + gap, at + gap + length, label))
        at += gap + length
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.TextGrid"
        write_textgrid(path, {"phones": tier, "words": []}, 1.0)
        assert read_textgrid(path) == {"phones": tuple(tier), "words": ()}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LONG[:300], "ends too early"),
        ("hello", "ends too early|not a TextGrid"),
        (LONG.replace('"TextGrid"', '"Pitch"'), "not a TextGrid"),
        (LONG.replace("xmin = 0.75", "xmin = 0.7"), "interval 3 begins before"),
        (LONG.replace('text = "ʃ"', "text = 3"), "quoted text"),
        (LONG.replace("size = 2", "size = 3"), "ends too early"),
    ],
)
def test_bad_textgrids(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.TextGrid").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_textgrid(tmp_path / "x.TextGrid")


def test_overlap_is_not_written(tmp_path: Path) -> None:
    tier = [Interval(0, 100, "a"), Interval(50, 200, "b")]
    with pytest.raises(InputError, match="'b' begins before"):
        write_textgrid(tmp_path / "x.TextGrid", {"phones": tier}, 1.0)
    assert not (tmp_path / "x.TextGrid").exists()


def test_ctm(tmp_path: Path) -> None:
    tiers = {"u1": (Interval(0, 1600, "S"), Interval(1600, 4000, "IY")), "u2": ()}
    write_ctm(tmp_path / "x.ctm", tiers)
    assert read_ctm(tmp_path / "x.ctm") == {"u1": tiers["u1"]}
    (tmp_path / "y.ctm").write_text(";; comment\nu1 A 0.1 0.05 S 0.99\n\n")
    assert read_ctm(tmp_path / "y.ctm") == {"u1": (Interval(1600, 2400, "S"),)}
    for bad in ("u1 A 0.1 S", "u1 A x 0.1 S", "u1 A 0 1 S\nu1 A 0.5 1 T"):
        (tmp_path / "z.ctm").write_text(bad)
        with pytest.raises(InputError, match=r"z\.ctm, line \d"):
            read_ctm(tmp_path / "z.ctm")


def test_timit(tmp_path: Path) -> None:
    (tmp_path / "x.phn").write_text("0 3050 h#\n3050 4559 sh\n")
    assert read_timit(tmp_path / "x.phn") == (Interval(0, 3050, "h#"), Interval(3050, 4559, "sh"))
    for bad in ("0 a h#", "0 10", "0 10 a\n5 20 b", "9 3 a"):
        (tmp_path / "y.phn").write_text(bad)
        with pytest.raises(InputError, match=r"y\.phn, line \d"):
            read_timit(tmp_path / "y.phn")
