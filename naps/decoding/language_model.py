"""Word n-gram language models, read from ARPA files."""

from __future__ import annotations

import gzip
import io
import math
import re
import unicodedata
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from naps.errors import InputError

State = tuple[int, ...]

BEGIN, END, UNKNOWN = "<s>", "</s>", "<unk>"
_MARKS = frozenset({BEGIN, END, UNKNOWN})
_COUNT = re.compile(rb"ngram\s+(\d{1,9})\s*=\s*(\d{1,15})")
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
# SRILM writes log10 0 as -99, KenLM as -100.
_NEVER = -99.0


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """The n-grams of one order, in ascending order of their keys.

    A key is the row of the n-gram's context in the table below, times the size of the vocabulary,
    plus the number of its last word: 16 bytes an n-gram, found by bisection.
    """

    keys: array[int]
    log_probability: array[float]
    back_off: array[float]

    def find(self, key: int) -> int:
        """Return the row of a key, or -1."""
        row = bisect_left(self.keys, key)
        return row if row < len(self.keys) and self.keys[row] == key else -1


@dataclass(frozen=True, slots=True, eq=False)
class LanguageModel:
    """How probable a word is after the words before it (a back-off n-gram).

    Words are compared after lower-casing. A state stands for the words before; begin with
    ``start`` and hand each answer's state to the next question.

    Attributes
    ----------
    words : sequence of str
        The words it knows, without ``<s>``, ``</s>`` and ``<unk>``, in alphabetical order.
    """

    words: Sequence[str] = field(repr=False)
    _numbers: dict[str, int] = field(repr=False)
    _tables: tuple[_Table, ...] = field(repr=False)

    @property
    def order(self) -> int:
        """Words in its longest n-grams."""
        return len(self._tables)

    @property
    def counts(self) -> tuple[int, ...]:
        """How many n-grams it has of each order."""
        return tuple(len(table.keys) for table in self._tables)

    @property
    def start(self) -> State:
        """The state at the beginning of a sentence."""
        number = self._numbers.get(BEGIN)
        return () if number is None or self.order == 1 else (number,)

    def __contains__(self, word: str) -> bool:
        """Say whether a word is known."""
        word = word.lower()
        return word in self._numbers and word not in _MARKS

    def begins_a_word(self, prefix: str) -> bool:
        """Say whether some known word begins with these letters, or is made of them."""
        prefix = prefix.lower()
        place = bisect_left(self.words, prefix)
        return place < len(self.words) and self.words[place].startswith(prefix)

    def score(self, state: State, word: str) -> tuple[float, State]:
        """Give the natural logarithm of P(word | words before) and the state after the word.

        A word it does not know is scored as ``<unk>``. Where the file has no ``<unk>`` (or, asked
        for the end of a sentence, no ``</s>``), the answer is minus infinity and the words before
        are forgotten.
        """
        word = word.lower()
        number = self._numbers.get(word, self._numbers.get(UNKNOWN))
        if number is None or (word == END and END not in self._numbers):
            return -math.inf, ()
        kept = self.order - 1
        after = (*state, number)[-kept:] if kept else ()
        weight = 0.0
        for shorter in range(len(state)):
            context = state[shorter:]
            row = self._row(context)
            if row < 0:
                continue
            found = self._tables[len(context)].find(row * len(self._numbers) + number)
            if found >= 0:
                return weight + self._tables[len(context)].log_probability[found], after
            weight += self._tables[len(context) - 1].back_off[row]
        return weight + self._tables[0].log_probability[number], after

    def _row(self, context: State) -> int:
        row = context[0]
        for table, number in zip(self._tables[1:], context[1:], strict=False):
            row = table.find(row * len(self._numbers) + number)
            if row < 0:
                break
        return row


def read_language_model(path: Path) -> LanguageModel:
    """Read an ARPA file, plain or gzipped, of any order.

    Where words of the file become one by lower-casing, the likeliest of the n-grams that become
    one is kept. Probabilities of 10^-99 and less are read as zero.

    Parameters
    ----------
    path : Path
        UTF-8 text, as SRILM, KenLM, IRSTLM and `write_arpa` write it.

    Raises
    ------
    InputError
        If it cannot be read, is no ARPA file, or is not whole; file and line are named.
    """
    try:
        with path.open("rb") as file:
            packed = file.read(len(_GZIP)) == _GZIP
            file.seek(0)
            # GzipFile's own line iterator is slow; BufferedReader's is not.
            lines = io.BufferedReader(gzip.GzipFile(fileobj=file)) if packed else file
            return _Reader(path, lines).read()
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(
            f"{path}: cannot be read as a language model: {error}; fetch or write it again"
        ) from None


class _Reader:
    """One reading of one file; knows the line it is at."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self.lines: Iterator[tuple[int, bytes]] = enumerate(file, 1)
        self.at = 0
        self.numbers: dict[str, int] = {}
        # Tokens stay bytes: they need no decoding beyond the 1-grams, and bytes.split() parts
        # at ASCII blanks alone.
        self.tokens: dict[bytes, int] = {}
        self.tables: list[_Table] = []

    def read(self) -> LanguageModel:
        counts, line = self.header()
        for order, count in enumerate(counts, 1):
            if line != b"\\%d-grams:" % order:
                raise self.error(f"expected '\\{order}-grams:'; fetch or write the file again")
            line = self.section(order, count)
        if line != b"\\end\\":
            raise self.error("'\\end\\' is missing, the file is cut; fetch or write it again")
        words = sorted(word for word in self.numbers if word not in _MARKS)
        return LanguageModel(words, self.numbers, tuple(self.tables))

    def error(self, what: str, line: int | None = None) -> InputError:
        return InputError(f"{self.path}, line {self.at if line is None else line}: {what}")

    def content(self) -> bytes:
        """Return the next line that is not blank, or nothing at the end."""
        lines = self.lines
        for self.at, line in lines:
            if stripped := line.strip():
                return stripped
        return b""

    def header(self) -> tuple[list[int], bytes]:
        """Return the counts announced and the line after them."""
        while (line := self.content()).removeprefix(_BOM) != b"\\data\\":
            if not line:
                raise InputError(
                    f"{self.path}: has no '\\data\\' line, so it is no ARPA file; give a language "
                    "model in ARPA format, plain or .gz, not a binary one"
                )
        counts: list[int] = []
        while match := _COUNT.fullmatch(line := self.content()):
            if int(match[1]) != len(counts) + 1:
                raise self.error(
                    f"announces {int(match[1])}-grams where {len(counts) + 1}-grams come next; "
                    "fetch or write the file again"
                )
            counts.append(int(match[2]))
        if not counts or not counts[0]:
            raise self.error(
                "the header announces no 1-grams ('ngram 1=...'), so the model has no words; "
                "give another file"
            )
        return counts, line

    def section(self, order: int, count: int) -> bytes:
        """Read the n-grams of one order; return the line after them."""
        words, probabilities, weights = array("i"), array("f"), array("f")
        tokens, lines = self.tokens, self.lines
        first = self.at + 1
        short, long = order + 1, order + 2
        line = b""
        for self.at, line in lines:
            fields = line.split()
            if not fields or line.startswith(b"\\"):
                break
            if not short <= len(fields) <= long:
                raise self.error(
                    f"expected a log10 probability, {order} word(s) and perhaps a back-off weight, "
                    f"found {len(fields)} field(s); correct it or fetch the file again"
                )
            if order == 1:
                self.learn(fields[1])
            try:
                probabilities.append(float(fields[0]))
                weights.append(float(fields[short]) if len(fields) == long else 0.0)
                words.extend([tokens[token] for token in fields[1:short]])
            except ValueError:
                raise self.error(
                    "the probability or the back-off weight is no number; correct it or fetch the "
                    "file again"
                ) from None
            except KeyError as error:
                token = error.args[0].decode(errors="replace")
                raise self.error(
                    f"{token!r} is not among the 1-grams; correct it or fetch the file again"
                ) from None
        else:
            line = b""
        if len(probabilities) != count:
            raise self.error(
                f"{len(probabilities)} {order}-grams where the header announces {count}; the file "
                "is cut or was changed, fetch or write it again"
            )
        self.tables.append(
            self.pack(
                np.frombuffer(words, np.int32).reshape(-1, order),
                np.frombuffer(probabilities, np.float32),
                np.frombuffer(weights, np.float32),
                first,
            )
        )
        return line.strip() or self.content()

    def learn(self, token: bytes) -> None:
        try:
            word = unicodedata.normalize("NFC", token.decode()).lower()
        except UnicodeDecodeError:
            raise self.error(
                "is not UTF-8; convert the file, for example with iconv -t UTF-8"
            ) from None
        self.tokens[token] = self.numbers.setdefault(word, len(self.numbers))

    def pack(
        self,
        words: npt.NDArray[np.int32],
        probabilities: npt.NDArray[np.float32],
        weights: npt.NDArray[np.float32],
        first: int,
    ) -> _Table:
        """Check n-grams, put them in order of their keys and leave out the doubled."""
        # A little above 0 comes from rounding in the tool that wrote the file.
        bad = ~(probabilities < 1e-3) | np.isnan(weights) | (weights == np.inf)
        if bad.any():
            raise self.error(
                "a log10 probability must be 0 or less and a back-off weight finite; correct it "
                "or fetch the file again",
                first + int(bad.argmax()),
            )
        rows = np.zeros(len(words), np.int64)
        for k, table in enumerate(self.tables):
            wanted = rows * len(self.numbers) + words[:, k]
            keys = np.frombuffer(table.keys, np.int64)
            rows = np.searchsorted(keys, wanted)
            found = keys[np.minimum(rows, len(keys) - 1)] == wanted if len(keys) else wanted < 0
            if not found.all():
                raise self.error(
                    "the words before the last are no n-gram of their own, as a back-off model "
                    "needs; write the file again",
                    first + int(found.argmin()),
                )
        keys = rows * len(self.numbers) + words[:, -1]
        order = np.lexsort((-probabilities, keys))
        keys = keys[order]
        once = np.ones(len(keys), np.bool_)
        once[1:] = keys[1:] != keys[:-1]
        order = order[once]
        return _Table(
            array("q", keys[once].tobytes()),
            _natural(probabilities[order]),
            _natural(weights[order]),
        )


def _natural(log10: npt.NDArray[np.float32]) -> array[float]:
    values = np.where(log10 <= _NEVER, -np.inf, log10.astype(np.float64) * math.log(10))
    return array("f", values.astype(np.float32).tobytes())
