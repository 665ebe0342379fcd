import gzip
from pathlib import Path

import pytest

from naps.errors import InputError
from naps.phonology import classes, cmudict, english, letter_classes, read_lexicon
from naps.phonology.inventory import espeak_to_arpabet


def test_variants_stress_and_comments(tmp_path: Path) -> None:
    text = "read R EH1 D\nread(2) R IY1 D # present\nREAD(3) R IY0 D\n;;; nothing\n\nit's IH1 T S\n"
    (tmp_path / "x.dict").write_text(text)
    lexicon = read_lexicon(tmp_path / "x.dict")
    assert lexicon["read"] == (("R", "EH", "D"), ("R", "IY", "D"))
    assert "it's" in lexicon
    assert len(lexicon) == 2
    (tmp_path / "x.dict.gz").write_bytes(gzip.compress(text.encode()))
    assert read_lexicon(tmp_path / "x.dict.gz").entries == lexicon.entries


@pytest.mark.parametrize("line", ["word", "word XX YY", "word R IY5 D"])
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "x.dict").write_text(f"a AH\n{line}\n")
    with pytest.raises(InputError, match=r"x\.dict, line 2"):
        read_lexicon(tmp_path / "x.dict")


def test_empty_missing_and_damaged(tmp_path: Path) -> None:
    (tmp_path / "e.dict").write_text("\n")
    with pytest.raises(InputError, match="no words"):
        read_lexicon(tmp_path / "e.dict")
    with pytest.raises(InputError, match="cannot be read"):
        read_lexicon(tmp_path / "none.dict")
    (tmp_path / "d.dict.gz").write_bytes(gzip.compress(b"a AH\n" * 999)[:-20])
    with pytest.raises(InputError, match="cannot be read"):
        read_lexicon(tmp_path / "d.dict.gz")


def test_shipped_dictionary() -> None:
    lexicon = cmudict()
    assert len(lexicon) > 120_000
    assert ("S", "P", "IY", "CH") in lexicon["speech"]
    phones = {p for said in lexicon.entries.values() for one in said for p in one}
    assert phones == set(english())
    assert len(phones) == 39


def test_classes() -> None:
    assert classes(["AA", "P", "NG"]) == ["vowel", "stop", "nasal"]
    assert classes(["AA", "P"], "voicing") == ["voiced", "voiceless"]
    assert classes(["AA", "?"]) is None
    assert letter_classes(["a", "b", "'"]) == ["vowel", "consonant", "consonant"]
    assert letter_classes(["ab"]) is None
    with pytest.raises(InputError, match="manner"):
        classes(["AA"], "colour")


def test_espeak_labels() -> None:
    assert espeak_to_arpabet("ɔːɹ") == ("AO", "R")
    with pytest.raises(InputError, match="qq"):
        espeak_to_arpabet("qq")
