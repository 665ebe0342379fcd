"""Global alignment of two sequences after Needleman and Wunsch (1970).

With D(0, 0) = 0, the score of the best alignment of the first i symbols of x with the first j of
y is::

    D(i, j) = max(D(i-1, j-1) + substitution[x_i, y_j],   a pair
                  D(i-1, j)   + deletion[x_i],            nothing opposite x_i
                  D(i, j-1)   + insertion[y_j])           nothing opposite y_j

Among equal scores the last column is a pair rather than a deletion, and a deletion rather than an
insertion; the same holds for the rest of the path, from the end to the beginning. A score of −inf
forbids what it stands for.

Sums are float64, in the order of the formula. What is kept for the way back is 2 bits a cell: a
pair of 20 000 × 20 000 symbols takes 100 MB, and a pair that would take more than 2 GiB is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from naps.errors import InputError

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Symbols = Sequence[int] | npt.NDArray[np.integer]
Columns = list[tuple[int | None, int | None]]

_GAP = -1
_PAIR, _DELETION, _INSERTION = 0, 1, 2
# Rows filled at a time; their four moves of two bits share a byte.
_STRIP = 4
# 2 GiB at four cells a byte.
_MOST_CELLS = 4 * 2**31
# The cores this process may use, or what the variable NUMBA_NUM_THREADS says.
_THREADS: int = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
# About a quarter of a millisecond; with less work to share a thread is not worth its start.
_CELLS_PER_THREAD = 200_000


@dataclass(frozen=True, eq=False)
class BatchAlignment:
    """The best alignments of many pairs.

    Attributes
    ----------
    scores : array, shape (pairs,)
    columns : array of int64, shape (columns, 2)
        Positions in x and y within the pair, −1 for a gap; pair after pair.
    offsets : array of int64, shape (pairs + 1,)
        Pair k has the columns from ``offsets[k]`` to ``offsets[k + 1]``.
    """

    scores: Floats
    columns: Ints
    offsets: Ints

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.scores)

    def __getitem__(self, pair: int) -> Ints:
        """Return the columns of one pair, shape (columns, 2)."""
        if not 0 <= pair < len(self):
            raise IndexError(pair)
        return self.columns[self.offsets[pair] : self.offsets[pair + 1]]


@numba.njit(cache=True)
def _best(pair: float, deleted: float, inserted: float) -> tuple[float, int]:
    # In this form it compiles to max and set instructions without a branch.
    best, move = pair, _PAIR
    if deleted > best:
        best, move = deleted, _DELETION
    if inserted > best:
        best, move = inserted, _INSERTION
    return best, move


@numba.njit(cache=True)
def _fill(
    x: npt.NDArray[np.uint64],
    y: npt.NDArray[np.uint64],
    substitution: Floats,
    width: np.uint64,
    deletion: Floats,
    inserted: Floats,
    row: Floats,
    moves: npt.NDArray[np.uint8],
) -> float:
    """Fill the table, four rows at a time, and return the score of the whole.

    A cell waits for its neighbour on the left; down the four cells of a column the processor has
    the next columns to go on with. The bottom row of a strip is all that the next strip needs.
    ``substitution`` is flat with ``width`` symbols a row, ``inserted`` holds the score of a gap
    for each column; indices are unsigned, since numba would look after negative ones.
    """
    n, m = len(x), len(y)
    row[0] = 0.0
    for j in range(m):
        row[j + 1] = row[j] + inserted[j]
    if n == 0:
        return float(row[m])
    left1 = left2 = left3 = left4 = 0.0
    for strip in range((n + _STRIP - 1) // _STRIP):
        first = strip * _STRIP
        # Below the last symbol it is repeated, which harms nothing above.
        x1, x2 = x[first], x[min(first + 1, n - 1)]
        x3, x4 = x[min(first + 2, n - 1)], x[min(first + 3, n - 1)]
        gap1, gap2, gap3, gap4 = deletion[x1], deletion[x2], deletion[x3], deletion[x4]
        scores1, scores2, scores3, scores4 = x1 * width, x2 * width, x3 * width, x4 * width
        corner = row[0]
        left1 = corner + gap1
        left2 = left1 + gap2
        left3 = left2 + gap3
        left4 = left3 + gap4
        row[0] = left4
        at = strip * m
        for j in range(m):
            symbol, gap, above = y[j], inserted[j], row[j + 1]
            here1, move1 = _best(corner + substitution[scores1 + symbol], above + gap1, left1 + gap)
            here2, move2 = _best(left1 + substitution[scores2 + symbol], here1 + gap2, left2 + gap)
            here3, move3 = _best(left2 + substitution[scores3 + symbol], here2 + gap3, left3 + gap)
            here4, move4 = _best(left3 + substitution[scores4 + symbol], here3 + gap4, left4 + gap)
            corner, row[j + 1] = above, here4
            left1, left2, left3, left4 = here1, here2, here3, here4
            moves[at + j] = move1 | move2 << 2 | move3 << 4 | move4 << 6
    last = (n - 1) % _STRIP
    return left1 if last == 0 else left2 if last == 1 else left3 if last == 2 else left4


@numba.njit(cache=True)
def _trace(n: int, m: int, moves: npt.NDArray[np.uint8], columns: Ints, at: int) -> int:
    """Write the path from the end backwards, before row ``at``; return where it begins."""
    i, j = n, m
    while i > 0 and j > 0:
        move = moves[(i - 1) // _STRIP * m + j - 1] >> 2 * ((i - 1) % _STRIP) & 3
        i -= move != _INSERTION
        j -= move != _DELETION
        at -= 1
        columns[at, 0] = _GAP if move == _INSERTION else i
        columns[at, 1] = _GAP if move == _DELETION else j
    while i > 0:
        at, i = at - 1, i - 1
        columns[at, 0], columns[at, 1] = i, _GAP
    while j > 0:
        at, j = at - 1, j - 1
        columns[at, 0], columns[at, 1] = _GAP, j
    return at


@numba.njit(cache=True, nogil=True)
def _align_pairs(
    first: int,
    last: int,
    x: Ints,
    x_offsets: Ints,
    y: Ints,
    y_offsets: Ints,
    substitution: Floats,
    deletion: Floats,
    insertion: Floats,
    scores: Floats,
    lengths: Ints,
    columns: Ints,
) -> int:
    """Align the pairs from ``first`` to ``last`` with one set of work arrays.

    Their columns begin at row ``x_offsets[first] + y_offsets[first]``, one pair after the other,
    and end at the row that is returned. The room for a pair is its symbols.
    """
    most_x = most_y = most_bytes = 0
    for k in range(first, last):
        n, m = x_offsets[k + 1] - x_offsets[k], y_offsets[k + 1] - y_offsets[k]
        most_x, most_y = max(most_x, n), max(most_y, m)
        most_bytes = max(most_bytes, (n + _STRIP - 1) // _STRIP * m)
    symbols_x, symbols_y = np.empty(most_x, np.uint64), np.empty(most_y, np.uint64)
    inserted, row = np.empty(most_y), np.empty(most_y + 1)
    moves = np.empty(most_bytes, np.uint8)
    table, width = substitution.ravel(), np.uint64(substitution.shape[1])
    at = x_offsets[first] + y_offsets[first]
    for k in range(first, last):
        from_x, from_y = x_offsets[k], y_offsets[k]
        n, m = x_offsets[k + 1] - from_x, y_offsets[k + 1] - from_y
        for i in range(n):
            symbols_x[i] = x[from_x + i]
        for j in range(m):
            symbols_y[j] = y[from_y + j]
            inserted[j] = insertion[y[from_y + j]]
        scores[k] = _fill(
            symbols_x[:n], symbols_y[:m], table, width, deletion, inserted, row, moves
        )
        end = x_offsets[k + 1] + y_offsets[k + 1]
        start = _trace(n, m, moves, columns, end)
        lengths[k] = end - start
        for column in range(start, end):
            columns[at, 0], columns[at, 1] = columns[column, 0], columns[column, 1]
            at += 1
    return int(at)


@numba.njit(cache=True)
def _close_up(columns: Ints, begins: Ints, ends: Ints) -> int:
    """Move the columns of all parts to the front, in place, and return their number."""
    at = 0
    for part in range(len(begins)):
        for column in range(begins[part], ends[part]):
            columns[at, 0], columns[at, 1] = columns[column, 0], columns[column, 1]
            at += 1
    return at


@numba.njit(cache=True)
def _first_outside(symbols: Ints, size: int) -> int:
    """Find the first symbol that has no score; numba would read beyond the table."""
    for at in range(len(symbols)):
        if not 0 <= symbols[at] < size:
            return at
    return -1


@numba.njit(cache=True)
def _rise(offsets: Ints, end: int) -> bool:
    """Say whether offsets rise from 0 to the end, or stay."""
    for k in range(1, len(offsets)):
        if offsets[k] < offsets[k - 1]:
            return False
    return len(offsets) > 0 and offsets[0] == 0 and offsets[-1] == end


@numba.njit(cache=True)
def _cells(x_offsets: Ints, y_offsets: Ints) -> Ints:
    """Count the cells, padding included, of all pairs before each pair and of all in the end."""
    cells = np.zeros(len(x_offsets), np.int64)
    for k in range(len(cells) - 1):
        n, m = x_offsets[k + 1] - x_offsets[k], y_offsets[k + 1] - y_offsets[k]
        cells[k + 1] = cells[k] + (n + _STRIP) // _STRIP * _STRIP * (m + 1)
    return cells


@numba.njit(cache=True)
def _below_infinity(scores: Floats) -> bool:
    return bool(np.all(scores < np.inf))  # NaN is not below it either


def _checked_scores(
    substitution: Floats, deletion: Floats, insertion: Floats
) -> tuple[Floats, Floats, Floats]:
    # Copies, here and of the symbols: what was checked cannot change under a running thread.
    pairs = np.array(substitution, np.float64, order="C")
    deletions, insertions = np.array(deletion, np.float64), np.array(insertion, np.float64)
    shapes = pairs.shape, deletions.shape, insertions.shape
    if pairs.ndim != 2 or shapes[1:] != (pairs.shape[:1], pairs.shape[1:]):
        raise InputError(
            "scores must be of shapes (X, Y) for substitution, (X,) for deletion and (Y,) for "
            f"insertion, not {', '.join(map(str, shapes))}"
        )
    if not all(map(_below_infinity, (pairs, deletions, insertions))):
        raise InputError("scores must be numbers or −inf, not NaN or +inf")
    return pairs, deletions, insertions


def _whole(numbers: Symbols, name: str) -> Ints:
    array = np.asarray(numbers)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise InputError(f"{name}: must be whole numbers in one dimension")
    return np.array(array, np.int64)


def _checked_symbols(symbols: Symbols, offsets: Symbols, size: int, name: str) -> tuple[Ints, Ints]:
    flat, ends = _whole(symbols, name), _whole(offsets, f"{name}_offsets")
    if not _rise(ends, len(flat)):
        raise InputError(f"{name}_offsets: must rise from 0 to the number of symbols, {len(flat)}")
    at = _first_outside(flat, size)
    if at >= 0:
        pair = int(np.searchsorted(ends, at, "right")) - 1
        raise InputError(
            f"{name} of pair {pair}: symbol {flat[at]} at position {at - ends[pair]} has no "
            f"score; there are {size}, from 0"
        )
    return flat, ends


def align_batch(
    x: Symbols,
    x_offsets: Symbols,
    y: Symbols,
    y_offsets: Symbols,
    substitution: Floats,
    deletion: Floats,
    insertion: Floats,
    threads: int | None = None,
) -> BatchAlignment:
    """Align many pairs of sequences end to end with the highest scores.

    The result does not depend on the number of threads. Each thread needs its own memory for the
    way back, (n / 4) · m bytes for its largest pair of n and m symbols.

    Parameters
    ----------
    x, y : array of int, shape (symbols,)
        Symbols as indices into the scores, pair after pair.
    x_offsets, y_offsets : array of int, shape (pairs + 1,)
        Pair k has the symbols from ``x_offsets[k]`` to ``x_offsets[k + 1]``.
    substitution : array, shape (X, Y)
        Score of pairing symbol a of x with symbol b of y; −inf forbids it.
    deletion : array, shape (X,)
        Score of a symbol of x with nothing opposite.
    insertion : array, shape (Y,)
        Score of a symbol of y with nothing opposite.
    threads : int, optional
        By default one for each core that the process may use.

    Raises
    ------
    InputError
        If symbols, offsets or scores do not fit together, scores are NaN or +inf, a pair is too
        large, or −inf leaves a pair no alignment.
    """
    tables = _checked_scores(substitution, deletion, insertion)
    flat_x, ends_x = _checked_symbols(x, x_offsets, len(tables[1]), "x")
    flat_y, ends_y = _checked_symbols(y, y_offsets, len(tables[2]), "y")
    count = len(ends_x) - 1
    if len(ends_y) - 1 != count:
        raise InputError(f"{count} sequences x but {len(ends_y) - 1} sequences y")
    if threads is not None and threads < 1:
        raise InputError(f"threads must be 1 or more, not {threads}")
    cells = _cells(ends_x, ends_y)
    total = int(cells[-1])
    if total > _MOST_CELLS and np.diff(cells).max() > _MOST_CELLS:
        pair = int(np.diff(cells).argmax())
        n, m = np.diff(ends_x)[pair], np.diff(ends_y)[pair]
        raise InputError(f"aligning {n} with {m} symbols needs more than 2 GiB; cut the text")

    scores, lengths = np.empty(count), np.empty(count, np.int64)
    columns = np.empty((len(flat_x) + len(flat_y), 2), np.int64)

    def run(first: int, last: int) -> int:
        return _align_pairs(
            first, last, flat_x, ends_x, flat_y, ends_y, *tables, scores, lengths, columns
        )

    threads = min(threads or _THREADS, 1 + total // _CELLS_PER_THREAD)
    if threads == 1:
        end = run(0, count)
    else:
        # Threads of Python rather than numba's prange: its OpenMP pool kills a process that is
        # forked later, and its own pool kills one that aligns from two threads at a time.
        cuts = np.searchsorted(cells, np.linspace(0, total, 8 * threads + 1))
        with ThreadPoolExecutor(threads) as pool:
            ends = list(pool.map(run, cuts[:-1].tolist(), cuts[1:].tolist()))
        end = _close_up(columns, (ends_x + ends_y)[cuts[:-1]], np.array(ends))
    if count and scores.min() == -np.inf:
        raise InputError(f"pair {scores.argmin()} has no alignment that the scores allow")
    offsets = np.zeros(count + 1, np.int64)
    lengths.cumsum(out=offsets[1:])
    return BatchAlignment(scores, columns[:end], offsets)


def align_sequences(
    x: Sequence[Symbols],
    y: Sequence[Symbols],
    substitution: Floats,
    deletion: Floats,
    insertion: Floats,
    threads: int | None = None,
) -> BatchAlignment:
    """Align the k-th sequence of x with the k-th of y for all k; see `align_batch`.

    Parameters
    ----------
    x, y : sequence of sequences of int
    substitution, deletion, insertion, threads
        As for `align_batch`.
    """
    return align_batch(*_packed(x), *_packed(y), substitution, deletion, insertion, threads)


def _packed(sequences: Sequence[Symbols]) -> tuple[npt.NDArray[np.integer], Ints]:
    filled = [np.asarray(sequence) for sequence in sequences if len(sequence)]
    lengths = [len(sequence) for sequence in sequences]
    flat = np.concatenate(filled) if filled else np.empty(0, np.int64)
    return flat, np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))


def align(
    x: Symbols, y: Symbols, substitution: Floats, deletion: Floats, insertion: Floats
) -> tuple[float, Columns]:
    """Align two sequences of symbols end to end with the highest score.

    Parameters
    ----------
    x, y : sequence of int
        Symbols as indices into the scores.
    substitution, deletion, insertion : array
        As for `align_batch`.

    Returns
    -------
    score : float
    columns : list of (int or None, int or None)
        Positions in x and y, None for a gap.

    Raises
    ------
    InputError
        As for `align_batch`.
    """
    batch = align_batch(
        x, [0, len(x)], y, [0, len(y)], substitution, deletion, insertion, threads=1
    )
    return float(batch.scores[0]), with_none(batch.columns)


def with_none(columns: Ints) -> Columns:
    """Turn an array of columns into a list of pairs, with None for a gap."""
    return [(i if i >= 0 else None, j if j >= 0 else None) for i, j in columns.tolist()]


def align_letters(hypothesis: str, reference: str) -> Columns:
    """Align two texts letter by letter: +1 for equal letters, −1 for others and for gaps."""
    letters = {letter: i for i, letter in enumerate(dict.fromkeys(hypothesis + reference))}
    gaps = np.full(len(letters), -1.0)
    _, columns = align(
        [letters[letter] for letter in hypothesis],
        [letters[letter] for letter in reference],
        2.0 * np.eye(len(letters)) - 1.0,
        gaps,
        gaps,
    )
    return columns
