"""Written sentences, each with a class: JSON Lines, and those that come with the package."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from naps.corpus.lines import numbered_lines
from naps.errors import InputError
from naps.files import write_text

EMBEDDED_SENTENCES = Path(__file__).parent / "embedded" / "sentences-en.txt"


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words, and the class they belong to.

    Attributes
    ----------
    id : str
    words : tuple of str
        Lower case, with punctuation apart.
    label : int
        Number of the class, from 0.
    marked : tuple of int
        Places of words that carry what the class is about, from 0; none if nobody has said.
    """

    id: str
    words: tuple[str, ...]
    label: int
    marked: tuple[int, ...] = ()


def write_sentences(path: Path, sentences: Iterable[Sentence]) -> None:
    """Write one JSON object a line, beside ``path`` and then in its place."""
    lines = (json.dumps(asdict(sentence), ensure_ascii=False) for sentence in sentences)
    write_text(path, "".join(f"{line}\n" for line in lines))


def read_sentences(path: Path, classes: int | None = None) -> list[Sentence]:
    """Read what `write_sentences` wrote.

    Parameters
    ----------
    path : Path
    classes : int, optional
        Labels must be less than this.

    Raises
    ------
    InputError
        If the file is missing, has no sentence, or a line is none; the message has its number.
    """
    found = []
    for number, line in numbered_lines(path):
        try:
            found.append(_sentence(json.loads(line), classes))
        except (ValueError, TypeError, KeyError) as error:
            what = f"no {error}" if isinstance(error, KeyError) else error
            raise InputError(
                f"{path}, line {number}: not a sentence with a class: {what}"
            ) from None
    if not found:
        raise InputError(f"{path}: no sentences in it")
    return found


def read_labelled_text(path: Path, classes: int) -> list[tuple[int, str]]:
    """Read lines of a class's number, a tab and a text; a line that begins with ``#`` is none.

    Parameters
    ----------
    path : Path
    classes : int

    Raises
    ------
    InputError
        If the file cannot be read or a line has another form; the message has its number.
    """
    found = []
    for number, line in numbered_lines(path):
        if line.startswith("#"):
            continue
        label, tab, text = line.partition("\t")
        if not tab or not text.strip() or label not in {str(c) for c in range(classes)}:
            raise InputError(
                f"{path}, line {number}: write a class from 0 to {classes - 1}, a tab and a text"
            )
        found.append((int(label), text.strip()))
    if not found:
        raise InputError(f"{path}: no sentences in it")
    return found


def _sentence(record: Any, classes: int | None) -> Sentence:
    if not isinstance(record, dict):
        raise ValueError("the line is no JSON object")
    name, words, label = record["id"], record["words"], record["label"]
    if not isinstance(name, str):
        raise ValueError("its id is no text")
    if not isinstance(words, list) or not words or not all(w and isinstance(w, str) for w in words):
        raise ValueError("its words are no list of texts")
    if not isinstance(label, int) or isinstance(label, bool) or label < 0:
        raise ValueError(f"its label is {label!r}")
    if classes is not None and label >= classes:
        raise ValueError(f"its label is {label}, and there are {classes} classes, from 0")
    marked = record.get("marked", [])
    if not isinstance(marked, list) or not set(marked) <= set(range(len(words))):
        raise ValueError("its marks are no list of places of words")
    return Sentence(name, tuple(words), label, tuple(marked))
