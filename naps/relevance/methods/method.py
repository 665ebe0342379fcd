"""What all methods have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor

from naps.relevance.explanation import Explanation
from naps.relevance.subject import Subject


class Method(ABC):
    """A way to say how much each part of an input did for a score; its fields are its options."""

    name: ClassVar[str]

    @abstractmethod
    def relevance(self, subject: Subject) -> Tensor:
        """Return relevance of the input's values, or of steps with one feature each."""

    def explain(self, subject: Subject) -> Explanation:
        """Return relevance and what it is of."""
        found = self.relevance(subject) * subject.real()
        scores, target = subject.original, subject.target
        start = scores.gather(1, target[:, None])[:, 0]
        return Explanation(self.name, found, scores, target, start, subject.lengths)
