"""A sentence that a report says, with its numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """A sentence and the numbers in it; ``main`` ones stand on top."""

    sentence: str
    numbers: dict[str, object]
    main: bool = True


def known(value: float) -> float | None:
    """Give a number as JSON has it: none in place of NaN."""
    return None if value != value else value
