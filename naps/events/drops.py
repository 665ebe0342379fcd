"""What was left out, and why: nothing is lost silently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from naps.errors import InputError
from naps.files import write_text

_COLUMNS = ["stage", "utterance", "reason", "detail", "count"]


@dataclass(frozen=True, slots=True)
class Drop:
    """Something that was left out.

    Attributes
    ----------
    stage : str
        Where it happened, such as ``"events"``.
    utterance : str
        Its utterance's id.
    reason : str
        A short word or two, the same for like cases.
    detail : str
        A sentence for people; may be empty.
    count : int
        How many events, or 1 for a whole utterance.
    """

    stage: str
    utterance: str
    reason: str
    detail: str = ""
    count: int = 1


class DropLog:
    """Collects drops and stops a run that loses too many utterances.

    Parameters
    ----------
    max_bad_share : float
        Share of whole utterances that may be lost.
    total : int
        Utterances in all.
    """

    def __init__(self, max_bad_share: float = 1.0, total: int = 0) -> None:
        self.drops: list[Drop] = []
        self._bad = 0
        self._most = max_bad_share * total

    def add(self, drop: Drop) -> None:
        """Note that events were left out."""
        self.drops.append(drop)

    def add_utterance(self, drop: Drop) -> None:
        """Note that a whole utterance was left out.

        Raises
        ------
        InputError
            If more utterances than the set share are lost by now.
        """
        self.drops.append(drop)
        self._bad += 1
        if self._bad > self._most:
            raise InputError(
                f"{self._bad} utterances cannot be used, more than max_bad_share allows; "
                f"the last is {drop.utterance}: {drop.detail or drop.reason}"
            )

    def by_reason(self) -> dict[str, int]:
        """Count by reason."""
        counts: Counter[str] = Counter()
        for drop in self.drops:
            counts[drop.reason] += drop.count
        return dict(sorted(counts.items()))


def write_drops(path: Path, drops: Iterable[Drop]) -> None:
    """Write drops as CSV."""
    rows = [[getattr(d, c) for c in _COLUMNS] for d in drops]
    write_text(path, pd.DataFrame(rows, columns=_COLUMNS).to_csv(index=False))
