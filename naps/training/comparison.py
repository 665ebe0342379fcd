"""One recognizer begun in several ways: how much of another language's network helps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import torch
from pydantic import model_validator

from naps.training.config import Strict, TrainConfig
from naps.training.table import error_columns, trained, write_rows


class TransferConfig(Strict):
    """A table of training runs that differ only in what they take over.

    After Kunze et al. (2017), "Transfer Learning for Speech Recognition on a Budget".

    Attributes
    ----------
    training : TrainConfig
        What all runs have in common; its ``start`` is what they take over from.
    frozen : sequence of int
        A run for each: the first so many layers stay as they were, the others are trained on.
    fresh_above : sequence of int
        A run for each: the first so many layers stay, the others begin with random weights.
    scratch : bool
        Whether to train one from random weights, for comparison.
    """

    kind: Literal["transfer"] = "transfer"
    name: str
    training: TrainConfig
    frozen: tuple[int, ...] = (0, 6, 8, 9, 10)
    fresh_above: tuple[int, ...] = (8,)
    scratch: bool = True

    @model_validator(mode="after")
    def _has_a_start(self) -> Self:
        if self.training.start is None:
            raise ValueError("training.start names the recognizer to take over from")
        if self.training.frozen or self.training.fresh_above:
            raise ValueError("what is frozen or fresh is this recipe's, not training's")
        return self

    def runs(self) -> list[Run]:
        """Return the runs of the table."""
        runs = [Run(f"frozen-{k}", k, False, self._with(frozen=k)) for k in self.frozen]
        runs += [
            Run(f"frozen-{k}-fresh", k, True, self._with(frozen=k, fresh_above=True))
            for k in self.fresh_above
        ]
        if self.scratch:
            runs.append(Run("scratch", None, True, self._with(start=None)))
        return runs

    def _with(self, **changes: Any) -> TrainConfig:
        return self.training.model_copy(update=changes)


@dataclass(frozen=True)
class Run:
    """One row of the table.

    Attributes
    ----------
    name : str
        Of its folder.
    frozen : int or None
        Layers that stay; None for random weights throughout.
    fresh : bool
        Whether the layers above begin with random weights.
    config : TrainConfig
    """

    name: str
    frozen: int | None
    fresh: bool
    config: TrainConfig


@dataclass(frozen=True)
class TransferResult:
    """What a run came to.

    Attributes
    ----------
    run : Run
    steps, chosen_at : int
        Updates made, and after how many of them the dev error was lowest.
    error_rates : mapping
        ``"CORPUS SPLIT"`` → measure → value, as in ``figures.json``.
    """

    run: Run
    steps: int
    chosen_at: int
    error_rates: Mapping[str, Mapping[str, float]]


def compare_starts(
    config: TransferConfig,
    out: Path,
    *,
    device: torch.device | str = "cpu",
    say: Callable[[str], None] = print,
) -> list[TransferResult]:
    """Train every run of a table, or continue it; finished runs are not trained again.

    Parameters
    ----------
    config : TransferConfig
        The recipe.
    out : Path
        Gets a folder for each run, see `naps.training.train`, and ``transfer.csv``.
    device : torch.device or str
    say : callable
        Gets lines for people.

    Returns
    -------
    list of TransferResult
    """
    results = []
    for run in config.runs():
        facts = trained(run.name, run.config, out, device=device, say=say)
        results.append(
            TransferResult(run, int(facts["steps"]), int(facts["chosen_at"]), facts["error_rates"])
        )
        _write_table(out / "transfer.csv", results)
    return results


def _write_table(path: Path, results: list[TransferResult]) -> None:
    rows = [
        {
            "run": result.run.name,
            "frozen": "" if result.run.frozen is None else result.run.frozen,
            "above": "random" if result.run.fresh else "taken over",
            "steps": result.steps,
            "chosen_at": result.chosen_at,
            **error_columns(result.error_rates),
        }
        for result in results
    ]
    write_rows(path, rows)
