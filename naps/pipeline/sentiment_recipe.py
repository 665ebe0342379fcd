"""Recipes that explain a sentiment model and test the explanations."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from naps.pipeline.explainers import EXPLAINERS
from naps.pipeline.recipe import Strict


class SentencesConfig(Strict):
    """What is read.

    Attributes
    ----------
    path : Path or None
        The sentences that come with the package for None; a file of a class's number, a tab and a
        text a line; or a folder of ``naps prepare sst``, or of the treebank itself.
    split : str
        Of a folder: ``test``, ``dev`` or ``train``.
    limit : int or None
        Read so many sentences, the first ones.
    """

    path: Path | None = None
    split: Literal["train", "dev", "test"] = "test"
    limit: int | None = Field(None, ge=1)


class DeletionConfig(Strict):
    """Word deletion; see `naps.relevance.evaluation.word_deletion`.

    Attributes
    ----------
    deletions : int
        Words deleted at most.
    shortest : int
        Sentences of fewer words are left out, here and wherever relevance is compared.
    random_runs : int
        Random orders of deletion, for the chance level.
    """

    deletions: int = Field(5, ge=1)
    shortest: int = Field(10, ge=2)
    random_runs: int = Field(10, ge=1)

    @model_validator(mode="after")
    def _enough_words(self) -> Self:
        if self.shortest < self.deletions:
            raise ValueError(
                f"shortest: {self.deletions} words cannot be deleted from one of {self.shortest}"
            )
        return self


class ToyConfig(Strict):
    """Toy arithmetic; see `naps.relevance.evaluation.toy_networks`.

    Attributes
    ----------
    networks : int
        Of each task; 0 leaves both tasks out.
    sequences : int
        That relevance is computed of.
    """

    networks: int = Field(3, ge=0)
    sequences: int = Field(500, ge=10)


class SentimentRecipe(Strict):
    """Relevance of words for a sentiment model, and whether to believe it.

    Attributes
    ----------
    model : str
        A shipped sentiment model or the path of one.
    other : str or None
        A second model with the same classes: do both decide by the same words?
    methods : tuple of str
        See `naps.pipeline.explainers.EXPLAINERS`.
    epsilon : float
        Stabilizer of layer-wise relevance propagation.
    samples : int
        Points of integrated gradients, noisy copies of SmoothGrad.
    checked : int
        Sentences, evenly chosen, for conservation and for randomised weights.
    shuffles : int
        For the chance levels of agreement and context.
    """

    kind: Literal["sentiment_relevance"] = "sentiment_relevance"
    name: str
    model: str
    other: str | None = None
    corpus: SentencesConfig = SentencesConfig()
    methods: tuple[str, ...] = Field(tuple(EXPLAINERS), min_length=1)
    epsilon: float = Field(1e-3, gt=0.0)
    samples: int = Field(50, ge=1)
    deletion: DeletionConfig = DeletionConfig()
    toy: ToyConfig = ToyConfig()
    checked: int = Field(100, ge=2)
    shuffles: int = Field(200, ge=10)
    batch: int = Field(128, ge=1)
    seed: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _known_methods(self) -> Self:
        for method in self.methods:
            if method not in EXPLAINERS:
                raise ValueError(
                    f"methods: no method {method!r}; there are: {', '.join(EXPLAINERS)}"
                )
        if len(set(self.methods)) < len(self.methods):
            raise ValueError("methods: one is there twice")
        return self
