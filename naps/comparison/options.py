"""What can be chosen about comparisons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from naps.errors import InputError

Case = Literal["same-model", "same-speech", "both-differ"]
CASES: tuple[Case, ...] = get_args(Case)


@dataclass(frozen=True)
class ComparisonOptions:
    """How two runs are compared.

    Attributes
    ----------
    case : {"same-model", "same-speech", "both-differ"}
        One model hears two corpora; two models hear the same utterances; or neither.
    metric : {"cosine", "correlation", "euclidean"}
        Between groups.
    linkage : {"average", "complete", "ward"}
        Of the trees.
    contrast : {"equal", "count", "none"}
        What is subtracted before distances are measured, see `naps.contrast`.
    min_count : int
        Groups with fewer events, in either run, are not compared.
    permutations : int
        Random pairings of the groups for the chance level.
    tree_permutations : int
        The same for trees, each of which is untangled.
    replicates : int
        Corpora drawn for intervals.
    splits : int
        Random halves for noise ceilings.
    seed : int

    Raises
    ------
    InputError
        If there is no such case, or a number is below what is needed.
    """

    case: Case = "both-differ"
    metric: str = "cosine"
    linkage: str = "average"
    contrast: str = "equal"
    min_count: int = 10
    permutations: int = 10_000
    tree_permutations: int = 200
    replicates: int = 1000
    splits: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        if self.case not in CASES:
            raise InputError(
                f"no case {self.case!r} of a comparison; there are: {', '.join(CASES)}"
            )
        for name in ("permutations", "tree_permutations", "replicates", "splits"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}, and must be 1 or more")
