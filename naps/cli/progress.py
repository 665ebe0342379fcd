"""Progress: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


def say(line: str) -> None:
    """Print a line at once, so that who reads a pipe sees it when it is said."""
    print(line, flush=True)


def progress(items: Iterable[T], label: str) -> Iterable[T]:
    """Pass items on and say how far it is.

    Parameters
    ----------
    items : iterable
        Counted first, where they are no sequence.
    label : str
        What is being done.
    """
    counted = items if isinstance(items, Sequence) else list(items)
    if sys.stderr.isatty():
        return tqdm(counted, desc=label, unit="utt", leave=False)
    return _lines(counted, label)


def _lines(items: Sequence[T], label: str) -> Iterator[T]:
    told = 0
    for number, item in enumerate(items, 1):
        yield item
        tenths = 10 * number // len(items)
        if tenths > told:
            told = tenths
            print(f"{label}: {number} of {len(items)} utterances", file=sys.stderr, flush=True)
