"""Language models from transcripts."""

from __future__ import annotations

import gzip
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from naps.decoding.language_model import BEGIN, END, UNKNOWN
from naps.errors import InputError
from naps.files import replacing

_Gram = tuple[str, ...]


def write_arpa(path: Path, sentences: Iterable[Sequence[str]], order: int = 3) -> None:
    """Estimate a word n-gram model from sentences and write it as an ARPA file.

    Interpolated Kneser-Ney smoothing (Kneser & Ney 1995; in this form Chen & Goodman 1999, with
    one discount an order, n1 / (n1 + 2 n2)). Unigrams are interpolated with equal chances for all
    words, ``</s>`` and ``<unk>``, so that an unknown word has a probability. All n-grams are held
    in memory.

    Parameters
    ----------
    path : Path
        Gzipped if it ends in ``.gz``.
    sentences : iterable of sequence of str
        Words, which are lower-cased; sentences without words are left out.
    order : int
        Words in the longest n-grams.

    Raises
    ------
    InputError
        If there is no word, a word has a blank in it or is ``<s>``, ``</s>`` or ``<unk>``, or the
        file cannot be written.
    ValueError
        If the order is below 1.
    """
    if order < 1:
        raise ValueError(f"an n-gram model of order {order}")
    text = "".join(_lines(_adjusted(_counted(sentences, order))))
    with replacing(path) as temporary:
        # Without name and time, so that the same sentences give the same bytes.
        data = text.encode()
        temporary.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def _counted(sentences: Iterable[Sequence[str]], order: int) -> list[Counter[_Gram]]:
    """Count the n-grams of each order."""
    counts: list[Counter[_Gram]] = [Counter() for _ in range(order)]
    for sentence in sentences:
        words = [word.lower() for word in sentence]
        for word in words:
            if word.split() != [word] or word in (BEGIN, END, UNKNOWN):
                raise InputError(f"{word!r} is no word; give sentences as lists of words")
        if not words:
            continue
        padded = (BEGIN, *words, END)
        for n, counter in enumerate(counts, 1):
            counter.update(padded[i : i + n] for i in range(len(padded) - n + 1))
    if not counts[0]:
        raise InputError("the sentences hold no words; a language model needs some")
    return counts


def _adjusted(counts: list[Counter[_Gram]]) -> list[dict[_Gram, int]]:
    """Count, below the highest order, the different words in front of an n-gram instead.

    Nothing stands in front of a sentence: n-grams that begin there keep their count.
    """
    adjusted: list[dict[_Gram, int]] = [counts[-1]]
    for counter, longer in zip(counts[-2::-1], counts[:0:-1], strict=True):
        before = Counter(gram[1:] for gram in longer)
        adjusted.append({g: n if g[0] == BEGIN else before[g] for g, n in counter.items()})
    adjusted.reverse()
    # The beginning of a sentence is given, never guessed.
    del adjusted[0][BEGIN,]
    return adjusted


def _lines(counts: list[dict[_Gram, int]]) -> Iterator[str]:
    """Yield the ARPA file."""
    shorter: dict[_Gram, float] = {}
    orders: list[dict[_Gram, float]] = []
    back_off: dict[_Gram, float] = {}
    vocabulary = len(counts[0]) + 1
    for grams in counts:
        once, twice = (sum(n == times for n in grams.values()) for times in (1, 2))
        discount = once / (once + 2 * twice) if once and twice else 0.5
        totals: defaultdict[_Gram, int] = defaultdict(int)
        kinds: defaultdict[_Gram, int] = defaultdict(int)
        for gram, n in grams.items():
            totals[gram[:-1]] += n
            kinds[gram[:-1]] += 1
        left = {context: discount * kinds[context] / total for context, total in totals.items()}
        back_off |= left
        shorter = {
            gram: (n - discount) / totals[gram[:-1]]
            + left[gram[:-1]] * (shorter[gram[1:]] if len(gram) > 1 else 1 / vocabulary)
            for gram, n in grams.items()
        }
        orders.append(shorter)
    orders[0][UNKNOWN,] = back_off[()] / vocabulary
    orders[0][BEGIN,] = 1e-99
    yield "\\data\\\n"
    yield from (f"ngram {n}={len(chances)}\n" for n, chances in enumerate(orders, 1))
    for n, chances in enumerate(orders, 1):
        yield f"\n\\{n}-grams:\n"
        for gram in sorted(chances):
            weight = f"\t{math.log10(back_off[gram]):.7g}" if gram in back_off else ""
            yield f"{math.log10(chances[gram]):.7g}\t{' '.join(gram)}{weight}\n"
    yield "\n\\end\\\n"
