"""The lines of label files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from naps.errors import InputError


def numbered_lines(path: Path, encoding: str = "utf-8-sig") -> Iterator[tuple[int, str]]:
    """Give the lines that are not blank, one at a time, with their numbers from 1.

    Only line feeds and carriage returns end a line: a label may hold any other separator that
    Unicode knows.

    Parameters
    ----------
    path : Path
        A text file, of any length.
    encoding : str
        Its encoding; UTF-8 with or without a byte order mark by default.

    Raises
    ------
    InputError
        If the file is missing, closed or in another encoding.
    """
    try:
        with path.open(encoding=encoding) as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line.rstrip("\n")
    except (OSError, UnicodeDecodeError) as error:
        name = encoding.removesuffix("-sig").upper()
        raise InputError(f"{path}: cannot be read as text in {name}: {error}") from None
