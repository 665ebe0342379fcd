"""Toy arithmetic: LSTMs that add or subtract two numbers, of which the right relevance is known.

After Arras et al. (2019). In a sequence of numbers two are marked, which are to be added, or the
second subtracted from the first; the others are to be ignored. A network of one LSTM unit learns it
almost without error, so the relevance of a number must be what it is in the answer: the number
itself, or its negative.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count as counting
from itertools import islice
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from naps.errors import InputError
from naps.relevance.explain import explain
from naps.relevance.interval import Interval, mean_interval
from naps.relevance.methods import Method

Operation = Literal["addition", "subtraction"]
_SHORTEST, _LONGEST = 4, 10
_PRECISE_STEPS = 100


@dataclass(frozen=True)
class ToyTask:
    """Sequences and their answers.

    A number stands in the first column if it is to be ignored, in the second if it counts. A number
    to be subtracted has a third column: two alike marks in the same column, of which only the
    order says what to do, are more than one LSTM unit can tell apart.

    Attributes
    ----------
    x : Tensor of float64, shape (items, 10, columns)
        Zeros behind the end.
    lengths : Tensor of int, shape (items,)
        4 to 10.
    first, second : Tensor of int, shape (items,)
        Steps of the two numbers that count.
    a, b : Tensor of float64, shape (items,)
        The two numbers.
    answer : Tensor of float64, shape (items,)
    """

    x: Tensor
    lengths: Tensor
    first: Tensor
    second: Tensor
    a: Tensor
    b: Tensor
    answer: Tensor


def toy_task(operation: Operation, items: int, seed: int = 0) -> ToyTask:
    """Draw sequences of numbers, uniform in -1 to -0.5 and 0.5 to 1.

    Parameters
    ----------
    operation : {"addition", "subtraction"}
    items : int
    seed : int

    Raises
    ------
    InputError
        If there is no such operation.
    """
    if operation not in ("addition", "subtraction"):
        raise InputError(f"no toy task {operation!r}; there are: addition, subtraction")
    random = np.random.default_rng(seed)
    numbers = random.uniform(0.5, 1, (items, _LONGEST)) * random.choice([-1, 1], (items, _LONGEST))
    lengths = random.integers(_SHORTEST, _LONGEST + 1, items)
    numbers[np.arange(_LONGEST) >= lengths[:, None]] = 0
    # Random keys choose the places: the two smallest within the sequence.
    keys = random.random((items, _LONGEST)) + (numbers == 0)
    first, second = np.sort(np.argsort(keys, 1)[:, :2], 1).T
    row = np.arange(items)
    a, b = numbers[row, first], numbers[row, second]
    minus = operation == "subtraction"
    x = np.zeros((items, _LONGEST, 3 if minus else 2))
    x[:, :, 0] = numbers
    x[row, first, 0] = x[row, second, 0] = 0
    x[row, first, 1], x[row, second, 2 if minus else 1] = a, b
    answer = a - b if minus else a + b
    return ToyTask(*(torch.from_numpy(v.copy()) for v in (x, lengths, first, second, a, b, answer)))


class ToyNetwork(nn.Module):
    """One LSTM unit and a linear readout without bias.

    Parameters
    ----------
    columns : int
    """

    def __init__(self, columns: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(columns, 1, batch_first=True)
        self.readout = nn.Linear(1, 1, bias=False)

    def forward(self, x: Tensor, lengths: Sequence[int] | Tensor) -> Tensor:
        """Map (batch, steps, columns) to answers, shape (batch, 1)."""
        ends = torch.as_tensor(lengths).cpu()
        packed = pack_padded_sequence(x, ends, batch_first=True, enforce_sorted=False)
        answer: Tensor = self.readout(self.lstm(packed)[1][0][0])
        return answer

    def error(self, task: ToyTask) -> Tensor:
        """Return the mean squared error of the answers."""
        answers = self(task.x.to(self.readout.weight), task.lengths)[:, 0]
        error: Tensor = (answers - task.answer.to(answers)).square().mean()
        return error


def toy_networks(
    operation: Operation, count: int, *, seed: int = 0, tolerance: float = 1e-4
) -> list[ToyNetwork]:
    """Train networks until so many have a mean squared error below the tolerance.

    Parameters
    ----------
    operation : {"addition", "subtraction"}
    count : int
    seed : int
        Of the first network; each attempt takes the next.
    tolerance : float
        On 2500 other sequences.

    Returns
    -------
    list of ToyNetwork
        In float64 and eval mode.
    """
    held_out = toy_task(operation, 2500, seed + 1_000_000)
    trained = (train_toy(operation, seed=number, tolerance=tolerance) for number in counting(seed))
    return list(islice((n for n in trained if float(n.error(held_out)) < tolerance), count))


def train_toy(
    operation: Operation,
    *,
    seed: int = 0,
    epochs: int = 25,
    items: int = 5000,
    tolerance: float = 1e-4,
) -> ToyNetwork:
    """Train one network: Adam in batches of 100, then L-BFGS on all sequences.

    It stops close below the tolerance: what comes after makes states ever smaller, where the
    stabilizer of relevance is no longer small beside them.

    Parameters
    ----------
    operation : {"addition", "subtraction"}
    seed : int
    epochs : int
        Of Adam.
    items : int
        Sequences to learn from.
    tolerance : float
        Mean squared error to be reached.
    """
    task = toy_task(operation, items, seed)
    random = torch.Generator().manual_seed(seed)
    network = ToyNetwork(task.x.shape[2])
    with torch.no_grad():
        for weight in network.parameters():
            weight.uniform_(-1, 1, generator=random)
    adam = torch.optim.Adam(network.parameters(), lr=0.05)
    batches = [
        b for _ in range(epochs) for b in torch.split(torch.randperm(items, generator=random), 100)
    ]
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, 0.05, total_steps=len(batches))
    for batch in batches:
        adam.zero_grad()
        torch.autograd.backward(network.error(_some(task, batch)))
        adam.step()
        schedule.step()
    network.double()
    precise = torch.optim.LBFGS(network.parameters(), max_iter=4, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        precise.zero_grad()
        loss = network.error(task)
        torch.autograd.backward(loss)
        return loss.detach()

    for _ in range(_PRECISE_STEPS):
        if float(precise.step(closure)) < 0.8 * tolerance:  # type: ignore[no-untyped-call]
            break
    return network.eval().requires_grad_(False)


@dataclass(frozen=True)
class ToyScores:
    """How well relevance reflects the numbers, over networks.

    Attributes
    ----------
    first, second : Interval, shape ()
        Correlation of the two numbers with their relevance; right is 1, and -1 for a number that
        is subtracted. Relevance by chance has 0.
    error : Interval, shape ()
        Mean squared difference between the relevance of both and the network's answer.
    """

    first: Interval
    second: Interval
    error: Interval


def toy_scores(
    networks: Sequence[nn.Module], task: ToyTask, method: str | Method, **options: Any
) -> ToyScores:
    """Compare relevance with the numbers that it should be.

    Parameters
    ----------
    networks : sequence of ToyNetwork
    task : ToyTask
        Sequences that the networks did not learn from.
    method, **options
        See `explain`.

    Returns
    -------
    ToyScores
    """
    rows = [_row(network, task, method, options) for network in networks]
    first, second, error = np.array(rows).T
    return ToyScores(mean_interval(first), mean_interval(second), mean_interval(error))


def _row(
    network: nn.Module, task: ToyTask, method: str | Method, options: dict[str, Any]
) -> tuple[float, float, float]:
    found = explain(network, task.x, 0, method, lengths=task.lengths, **options)
    items = torch.arange(len(task.x))
    r_a, r_b = found.tokens[items, task.first], found.tokens[items, task.second]
    return (
        float(torch.corrcoef(torch.stack([task.a, r_a]))[0, 1]),
        float(torch.corrcoef(torch.stack([task.b, r_b]))[0, 1]),
        float((r_a + r_b - found.start).square().mean()),
    )


def _some(task: ToyTask, items: Tensor) -> ToyTask:
    values = (task.x, task.lengths, task.first, task.second, task.a, task.b, task.answer)
    return ToyTask(*(value[items] for value in values))
