"""A corpus folder on disk: its files, and the errors when they are not there."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from naps.corpus.utterance import Utterance
from naps.errors import InputError


def existing_folder(path: Path) -> Path:
    """Return ``path`` if it is a folder that can be listed.

    Raises
    ------
    InputError
        If it is missing, no folder, or closed to this user.
    """
    if not path.exists():
        raise InputError(f"{path}: no such folder; give the folder that holds the corpus")
    if not path.is_dir():
        raise InputError(f"{path}: not a folder; give the folder that holds the corpus")
    if not os.access(path, os.R_OK | os.X_OK):
        raise InputError(f"{path}: cannot be listed; change its permissions")
    return path


def inside(folder: Path, name: str, where: str) -> Path:
    """Join a name that was read from a file to a folder, and keep it in there.

    Raises
    ------
    InputError
        If the name is empty, absolute or leads out of the folder.
    """
    root = os.path.abspath(folder)
    path = os.path.normpath(os.path.join(root, name))
    if not name or "\0" in name or os.path.isabs(name) or not path.startswith(root + os.sep):
        raise InputError(f"{where}: {name!r} does not lie inside {folder}; correct that line")
    return folder / os.path.relpath(path, root)


def read_lines(path: Path, encoding: str = "utf-8-sig") -> Iterator[tuple[int, str]]:
    """Give the number (from 1) and the text of every line that is not blank.

    Raises
    ------
    InputError
        If the file is missing or has another encoding.
    """
    try:
        text = path.read_text(encoding=encoding)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; the corpus is incomplete") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as text ({error}); fetch it again") from None
    # Not splitlines(): it also cuts at U+2028 and the like, which may stand inside a sentence.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, line.rstrip("\r")


def read_table(
    path: Path, delimiter: str, header: Sequence[str] | None = None, *, quoted: bool = False
) -> Iterator[tuple[int, list[str]]]:
    """Give the line number and the cells of every row that is not empty.

    Parameters
    ----------
    path : Path
        A UTF-8 table.
    delimiter : str
        Between cells.
    header : sequence of str, optional
        Columns that the first row must name.
    quoted : bool
        Whether cells may stand in quotes; otherwise a quote is a letter like any other.

    Raises
    ------
    InputError
        If the file cannot be read, is no table, or lacks a column.
    """
    lines = list(read_lines(path))
    rows = csv.reader(
        (line for _, line in lines),
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
    )
    try:
        for index, row in enumerate(rows):
            if index == 0 and header is not None:
                missing = [name for name in header if name not in row]
                if missing:
                    raise InputError(
                        f"{path}: the first line lacks the columns {', '.join(missing)}"
                    )
            # A quoted cell can span lines; the number is then that of the row's last line.
            yield lines[rows.line_num - 1][0], row
    except csv.Error as error:
        raise InputError(f"{path}, line {lines[rows.line_num - 1][0]}: {error}") from None


def read_records(
    path: Path, delimiter: str, columns: Sequence[str], *, quoted: bool = False
) -> Iterator[tuple[int, dict[str, str]]]:
    """Give the line number and the cells by column of every row below the header.

    Raises
    ------
    InputError
        If the table lacks one of the columns, or a row has more or fewer cells than the header.
    """
    header: list[str] | None = None
    for number, row in read_table(path, delimiter, columns, quoted=quoted):
        if header is None:
            header = row
            continue
        if len(row) != len(header):
            raise InputError(
                f"{path}, line {number}: {len(row)} columns where the header has {len(header)};"
                " correct that line"
            )
        yield number, dict(zip(header, row, strict=True))


def collect(utterances: list[Utterance], source: Path, expected: str) -> list[Utterance]:
    """Sort by id, after looking whether everything is there.

    Parameters
    ----------
    utterances : list of Utterance
        In any order.
    source : Path
        The corpus folder, for messages.
    expected : str
        The files that a corpus of this layout consists of, for messages.

    Raises
    ------
    InputError
        If there are none, two share an id, or sound files are missing.
    """
    if not utterances:
        raise InputError(f"{source}: no utterances found; expected {expected}")
    utterances = sorted(utterances, key=lambda utterance: utterance.id)
    for one, other in pairwise(utterances):
        if one.id == other.id:
            raise InputError(
                f"{source}: the id {one.id!r} occurs twice ({one.audio} and {other.audio});"
                " remove one of them"
            )
    missing = [u.audio for u in utterances if u.duration_s is None and not u.audio.is_file()]
    if missing:
        raise InputError(
            f"{missing[0]}: no such sound file, {len(missing)} of {len(utterances)} are missing;"
            " fetch them or remove their lines"
        )
    return utterances
