"""Writing files so that no reader ever meets half of one."""

from __future__ import annotations

import hashlib
import json
import math
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from naps.errors import InputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path in the same folder and rename it to ``path`` on success.

    Raises
    ------
    InputError
        If the folder cannot be made or written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix
        )
        os.close(handle)
    except OSError as error:
        raise InputError(
            f"{path.parent}: cannot write there ({error.strerror}); choose another folder"
        ) from None
    temporary = Path(name)
    try:
        yield temporary
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_text(path: Path) -> str:
    """Read a UTF-8 text file.

    Raises
    ------
    InputError
        If it is missing, closed or in another encoding.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as UTF-8 text: {error}") from None


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text beside ``path``, then rename."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Write JSON beside ``path``, then rename; numbers that are none become null."""
    text = json.dumps(json_value(value), indent=1, ensure_ascii=False, default=str, allow_nan=False)
    write_text(path, text + "\n")


def json_value(value: Any) -> Any:
    """Put None in the place of numbers that are not finite, for which JSON has no word."""
    if isinstance(value, Mapping):
        return {key: json_value(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(path: Path) -> str:
    """Return a text that changes when a file, or what a folder holds, does.

    A file counts with its content; of a folder's files names, sizes and times count, so that a
    large corpus of small files costs no more than a walk through it.
    """
    if not path.is_dir():
        return sha256(path)
    digest = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        status = file.stat()
        row = (file.relative_to(path).as_posix(), status.st_size, status.st_mtime_ns)
        digest.update(repr(row).encode())
    return digest.hexdigest()
