"""Word vectors from a text file in GloVe's format."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path

import numpy as np
import numpy.typing as npt

from naps.corpus.lines import numbered_lines
from naps.errors import InputError

Vector = npt.NDArray[np.float32]
# The treebank's names and what a corpus of plain text has in their place.
_ALIASES = {"(": "-lrb-", ")": "-rrb-"}


def read_word_vectors(path: Path, width: int, wanted: Container[str]) -> dict[str, Vector]:
    """Read the vectors of some words.

    Parameters
    ----------
    path : Path
        A word and its numbers a line, parted by spaces; a first line of two numbers, as word2vec
        writes it, is passed over.
    width : int
        Numbers of each word.
    wanted : container of str

    Returns
    -------
    dict of str to array, each of shape (width,)
        The first of each word that is wanted and there.

    Raises
    ------
    InputError
        If the file cannot be read, a line has another width or no number, or no word is wanted.
    """
    found: dict[str, Vector] = {}
    for number, line in numbered_lines(path):
        word, *values = line.rstrip().split(" ")
        if number == 1 and len(values) == 1:
            continue
        if len(values) != width:
            raise InputError(
                f"{path}, line {number}: {len(values)} numbers behind the word; the network's "
                f"words have {width} (network.embedding)"
            )
        word = _ALIASES.get(word, word)
        if word in found or word not in wanted:
            continue
        try:
            vector = np.array(values, dtype=np.float32)
        except ValueError as error:
            raise InputError(f"{path}, line {number}: {error}") from None
        if not np.isfinite(vector).all():
            raise InputError(f"{path}, line {number}: a number is not finite")
        found[word] = vector
    if not found:
        raise InputError(f"{path}: none of its words is one of the training phrases")
    return found
