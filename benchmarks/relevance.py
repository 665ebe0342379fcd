"""Relevance through an LSTM beside a plain loop of the same rule and captum, in one run.

The loop is this package's own oracle: NumPy in float64, one sentence, one step and one message at
a time. Captum has no such rule; its gradient × input on the same network is one backward pass, the
least that any method with a graph can take. Relevances are checked against the loop's before
anything is timed. Times are medians of interleaved runs in one process.
"""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from captum.attr import InputXGradient
from torch import Tensor, nn

from benchmarks.machine import machine
from naps.relevance import LRP, Composite, GateRule, explain, recurrent_relevance
from naps.relevance.rules import Epsilon
from tests.oracles import relevance_lin, relevance_lstm

TITLE = "Relevance through an LSTM"
RUNS = 9
BATCH = 64
EPSILON = 1e-3
# The loop takes so long that a few sentences must stand for all.
LOOPED = 4


@dataclass(frozen=True)
class Task:
    """Sizes of a bidirectional LSTM with five classes, and of its sentences."""

    words: int
    inputs: int
    hidden: int

    @property
    def title(self) -> str:
        return f"{self.words} words of {self.inputs} values, 2 × {self.hidden} units"


TASKS = (Task(19, 60, 60), Task(25, 200, 300))


class Network(nn.Module):
    """Last states of both directions to five scores."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.lstm = nn.LSTM(task.inputs, task.hidden, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * task.hidden, 5, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.lstm(x)[1][0]
        scores: Tensor = self.head(torch.cat([hidden[0], hidden[1]], 1))
        return scores


def looped(network: Network, x: np.ndarray, target: int) -> np.ndarray:
    """Explain one sentence by the loop."""
    rows = [[w.detach().double().numpy() for w in row] for row in network.lstm.all_weights]
    nothing = np.zeros(network.lstm.hidden_size)
    sides, states = (x, x[::-1]), []
    for side, (wx, wh, bx, bh) in zip(sides, rows, strict=True):
        states.append(relevance_lstm.forward(side, wx, wh, bx + bh, nothing, nothing)[-1]["h"])
    readout = network.head.weight.detach().double().numpy()
    last = np.concatenate(states)
    scores = readout @ last
    start = np.where(np.arange(5) == target, scores, 0)
    zeros = np.zeros(5)
    final = relevance_lin.lin(last, readout.T, zeros, scores, start, len(last), EPSILON, 0.0)
    total = np.zeros_like(x)
    for number, (part, (wx, wh, bx, bh)) in enumerate(zip(np.split(final, 2), rows, strict=True)):
        above = np.zeros((len(x), len(part)))
        above[-1] = part
        found, _, _ = relevance_lstm.relevance(
            sides[number], wx, wh, bx + bh, nothing, nothing, above, np.zeros_like(above)
        )
        total += found[::-1] if number else found
    return total


def measure(task: Task, dtype: torch.dtype) -> dict[str, float]:
    """Return the seconds that each way takes for one sentence."""
    torch.manual_seed(0)
    network = Network(task).to(dtype).eval()
    x = torch.randn(BATCH, task.words, task.inputs, dtype=dtype)
    target = network(x).argmax(1)
    composite = Composite(default=Epsilon(EPSILON), gates=GateRule(epsilon=EPSILON))
    captum = InputXGradient(network)
    with torch.no_grad():
        outputs, (hidden, _) = network.lstm(x)
    nothing = torch.zeros_like(outputs)
    sentences, classes = x.double().numpy(), target.tolist()

    def ours(units: bool) -> Callable[[], object]:
        method = LRP(composite, units=units)
        return lambda: explain(network, x, target, method)

    def plain() -> None:
        with torch.no_grad():
            network(x)

    if dtype == torch.float64:
        found = explain(network, x, target, LRP(composite)).relevance.numpy()
        for item in range(LOOPED):
            expected = looped(network, sentences[item], classes[item])
            np.testing.assert_allclose(found[item], expected, rtol=0, atol=1e-9)
    ways: dict[str, Callable[[], object]] = {
        "naps: explain, LRP-all": ours(False),
        "the same with relevance of units": ours(True),
        "naps: recurrent_relevance, the LSTM alone": lambda: recurrent_relevance(
            network.lstm, x, nothing, final=[hidden], units=False
        ),
        "plain forward pass, no gradients": plain,
        "captum InputXGradient": lambda: captum.attribute(x, target=target),
        "NumPy loop": lambda: [looped(network, sentences[i], classes[i]) for i in range(LOOPED)],
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(RUNS):
            for name, way in ways.items():
                began = time.perf_counter()
                way()
                times[name].append(time.perf_counter() - began)
    return {
        name: statistics.median(values) / (LOOPED if name == "NumPy loop" else BATCH)
        for name, values in times.items()
    }


def report() -> str:
    lines = [
        f"{machine('captum', 'numpy', 'torch')}, {torch.get_num_threads()} threads. Bidirectional "
        f"LSTM, last states, five classes; batches of {BATCH}, random weights and vectors; "
        f"epsilon {EPSILON}, gates without relevance; median of {RUNS} interleaved runs. The loop "
        f"computes in float64 in both cases, {LOOPED} sentences a run."
    ]
    for task in TASKS:
        for dtype in (torch.float32, torch.float64):
            seconds = measure(task, dtype)
            ours = next(iter(seconds.values()))
            lines += ["", f"### {task.title}, {str(dtype).removeprefix('torch.')}", ""]
            lines += ["| way | sentences a second | times naps |", "|---|---|---|"]
            lines += [
                f"| {name} | {1 / each:.0f} | {each / ours:.2f} |" for name, each in seconds.items()
            ]
    return "\n".join(lines)
