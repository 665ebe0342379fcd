"""Reading the tables of a corpus, and staying inside its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_prep.audio_files import by_stem, duration_s
from data_prep.source import collect, existing_folder, inside, read_lines, read_records
from naps.corpus.utterance import Utterance
from naps.errors import InputError


def test_lines_keep_their_number_and_odd_separators(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffone\r\n\n two\u2028three\n".encode())
    assert list(read_lines(path)) == [(1, "one"), (3, " two\u2028three")]


def test_lines_of_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("Tür".encode("latin-1"))
    with pytest.raises(InputError, match=r"a\.txt: cannot be read as text"):
        list(read_lines(path))


def test_records_name_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text('id\ttext\n1\t"quoted\n\n2\n', encoding="utf-8")
    records = read_records(path, "\t", ("id", "text"))
    assert next(records) == (2, {"id": "1", "text": '"quoted'})
    with pytest.raises(InputError, match=r"a\.tsv, line 4: 1 columns where the header has 2"):
        next(records)


def test_quoted_cells_may_hold_the_delimiter(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,text\n1,"a, b"\n', encoding="utf-8")
    assert list(read_records(path, ",", ("id",), quoted=True)) == [(2, {"id": "1", "text": "a, b"})]


def test_records_need_their_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("id\n1\n", encoding="utf-8")
    with pytest.raises(InputError, match="lacks the columns text, sex"):
        list(read_records(path, "\t", ("id", "text", "sex")))


def test_cells_without_end_are_an_input_error(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("id\n" + "x" * 200_000 + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 2: field larger"):
        list(read_records(path, "\t", ("id",)))


@pytest.mark.parametrize("name", ["../b.wav", "/etc/b.wav", "", "a/../../b.wav", ".", "a\0b"])
def test_names_that_leave_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"here: .* does not lie inside"):
        inside(tmp_path, name, "here")


def test_names_inside_the_folder(tmp_path: Path) -> None:
    assert inside(tmp_path, "a/./b.wav", "here") == tmp_path / "a" / "b.wav"


def test_a_file_is_no_corpus_folder(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(InputError, match="a: not a folder"):
        existing_folder(tmp_path / "a")


def test_collect_counts_missing_sound(tmp_path: Path) -> None:
    utterances = [Utterance(id=str(i), audio=tmp_path / f"{i}.wav") for i in (2, 1)]
    with pytest.raises(InputError, match=r"1\.wav: no such sound file, 2 of 2 are missing"):
        collect(utterances, tmp_path, "files")


def test_collect_refuses_an_id_twice(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the id 'a' occurs twice .*a\.wav and .*a\.flac"):
        collect(
            [Utterance("a", tmp_path / "a.wav"), Utterance("a", tmp_path / "a.flac")],
            tmp_path,
            "files",
        )


def test_unreadable_sound_has_no_duration(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"not sound")
    assert duration_s(path) is None
    assert duration_s(tmp_path) is None


def test_of_two_files_with_one_stem_the_lossless_wins(tmp_path: Path) -> None:
    for name in ("a.opus", "a.WAV", "b.mp3", ".c.wav", "d.txt"):
        (tmp_path / name).touch()
    assert by_stem(tmp_path) == {"a": tmp_path / "a.WAV", "b": tmp_path / "b.mp3"}
    assert by_stem(tmp_path / "absent") == {}
