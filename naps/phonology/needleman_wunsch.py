"""Global alignment of two sequences after Needleman and Wunsch (1970)."""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np
import numpy.typing as npt

from naps.errors import InputError

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Columns = list[tuple[int | None, int | None]]

# One byte a cell is kept for the traceback.
_MOST_CELLS = 2**31


@numba.njit(cache=True)
def _align(
    x: Ints, y: Ints, substitution: Floats, deletion: Floats, insertion: Floats
) -> tuple[float, Ints]:
    n, m = len(x), len(y)
    moves = np.empty((n + 1, m + 1), np.uint8)
    row = np.empty(m + 1)
    row[0] = 0.0
    for j in range(1, m + 1):
        row[j] = row[j - 1] + insertion[y[j - 1]]
        moves[0, j] = 2
    for i in range(1, n + 1):
        diagonal = row[0]
        row[0] += deletion[x[i - 1]]
        moves[i, 0] = 1
        for j in range(1, m + 1):
            best = diagonal + substitution[x[i - 1], y[j - 1]]
            move = 0
            silent = row[j] + deletion[x[i - 1]]
            if silent > best:
                best, move = silent, 1
            inserted = row[j - 1] + insertion[y[j - 1]]
            if inserted > best:
                best, move = inserted, 2
            diagonal = row[j]
            row[j] = best
            moves[i, j] = move
    columns = np.full((n + m, 2), -1, np.int64)
    i, j, at = n, m, n + m
    while i > 0 or j > 0:
        at -= 1
        move = moves[i, j]
        if move != 2:
            i -= 1
            columns[at, 0] = i
        if move != 1:
            j -= 1
            columns[at, 1] = j
    return row[m], columns[at:]


def align(
    x: Sequence[int] | Ints,
    y: Sequence[int] | Ints,
    substitution: Floats,
    deletion: Floats,
    insertion: Floats,
) -> tuple[float, Columns]:
    """Align two sequences of symbols end to end with the highest score.

    Among equal scores the last column is a pair rather than a deletion, and a deletion rather
    than an insertion; the same holds for the rest of the path, from the end to the beginning.

    Parameters
    ----------
    x, y : sequence of int
        Symbols as indices into the scores.
    substitution : array, shape (X, Y)
        Score of pairing symbol a of x with symbol b of y.
    deletion : array, shape (X,)
        Score of a symbol of x with nothing opposite.
    insertion : array, shape (Y,)
        Score of a symbol of y with nothing opposite.

    Returns
    -------
    score : float
    columns : list of (int or None, int or None)
        Positions in x and y, None for a gap.

    Raises
    ------
    InputError
        If the traceback would need more than 2 GiB.
    """
    a, b = np.asarray(x, np.int64), np.asarray(y, np.int64)
    if (len(a) + 1) * (len(b) + 1) > _MOST_CELLS:
        raise InputError(
            f"aligning {len(a)} with {len(b)} symbols needs more than 2 GiB; cut the text"
        )
    score, columns = _align(a, b, substitution, deletion, insertion)
    return float(score), [
        (i if i >= 0 else None, j if j >= 0 else None) for i, j in columns.tolist()
    ]


def align_letters(hypothesis: str, reference: str) -> Columns:
    """Align two texts letter by letter: +1 for equal letters, −1 for others and for gaps."""
    symbols = sorted(set(hypothesis) | set(reference))
    index = {symbol: i for i, symbol in enumerate(symbols)}
    size = max(1, len(symbols))
    gaps = np.full(size, -1.0)
    _, columns = align(
        [index[s] for s in hypothesis],
        [index[s] for s in reference],
        2.0 * np.eye(size) - 1.0,
        gaps,
        gaps,
    )
    return columns
