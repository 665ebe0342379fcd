"""Recurrent networks that read three pictures side by side and say which class is there twice.

The networks of Chormai (2018): all ReLU, every bias taken away rather than added, so that deep
Taylor decomposition is exact; a state that is read anew with a few columns of pixels at each step.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional


class Below(nn.Linear):
    """A linear layer whose biases are below zero."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        nn.init.trunc_normal_(self.weight, std=1 / math.sqrt(inputs))
        nn.init.constant_(self.bias, -4.0)

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.weight, -functional.softplus(self.bias))


class BelowConvolution(nn.Conv2d):
    """A convolution whose biases are below zero."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__(inputs, outputs, kernel, padding="same")
        nn.init.trunc_normal_(self.weight, std=1 / math.sqrt(inputs * kernel**2))
        nn.init.constant_(self.bias, -4.0)

    def forward(self, x: Tensor) -> Tensor:
        return functional.conv2d(
            x, self.weight, -functional.softplus(self.bias), padding=self.padding
        )


def stack(*sizes: int) -> nn.Sequential:
    """Linear layers, each with a ReLU."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [Below(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers)


class Pixels(nn.Module):
    """Two convolutions and poolings over the columns of one step."""

    def __init__(self, rows: int, columns: int) -> None:
        super().__init__()
        self.shape = (rows, columns)
        self.features = nn.Sequential(
            BelowConvolution(1, 24, 5), nn.ReLU(), nn.AvgPool2d(2, ceil_mode=True),
            BelowConvolution(24, 32, 3), nn.ReLU(), nn.AvgPool2d(2, ceil_mode=True), nn.Flatten(),
        )  # fmt: skip

    @property
    def size(self) -> int:
        rows, columns = (math.ceil(math.ceil(side / 2) / 2) for side in self.shape)
        return 32 * rows * columns

    def forward(self, x: Tensor) -> Tensor:
        return self.features(x.reshape(len(x), 1, *self.shape))


class Majority(nn.Module):
    """State and pixels to a hidden layer, and from it the next state; at the end ten scores."""

    def __init__(self, below: nn.Module, given: int, hidden: int, head: tuple[int, ...]) -> None:
        super().__init__()
        self.below, self.state = below, 256
        self.joined = Below(given + 256, hidden)
        self.recur = Below(hidden, 256)
        self.head = nn.Sequential(stack(hidden, *head), Below((hidden, *head)[-1], 10))

    def forward(self, x: Tensor) -> Tensor:
        state = x.new_zeros(len(x), self.state)
        hidden = state
        for step in range(x.shape[1]):
            both = torch.cat([self.below(x[:, step]), state], 1)
            hidden = functional.relu(self.joined(both))
            state = functional.relu(self.recur(hidden))
        return self.head(hidden)


class ReLULSTM(nn.Module):
    """An LSTM cell with ReLU in place of tanh, whose output is gate times state.

    With dropout one mask of what is read and one of the state, for all steps of a sequence.
    """

    def __init__(self, below: nn.Module, given: int, units: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = dropout
        self.below, self.units = below, units
        self.gates = nn.Linear(given + units, 3 * units)
        self.candidate = Below(given + units, units)
        self.head = Below(units, 10)
        nn.init.trunc_normal_(self.gates.weight, std=1 / math.sqrt(given + units))
        nn.init.zeros_(self.gates.bias)

    def forward(self, x: Tensor) -> Tensor:
        hidden = cell = x.new_zeros(len(x), self.units)
        width = self.candidate.in_features
        mask = functional.dropout(torch.ones(len(x), width), self.dropout, self.training)
        for step in range(x.shape[1]):
            both = torch.cat([self.below(x[:, step]), hidden], 1) * mask
            inward, forget, outward = torch.sigmoid(self.gates(both)).chunk(3, 1)
            cell = forget * cell + inward * functional.relu(self.candidate(both))
            hidden = outward * cell
        return self.head(hidden)


def networks(rows: int, columns: int) -> dict[str, nn.Module]:
    """Make all, with fresh weights, for steps of so many columns of so many pixels."""
    pixels, picture = rows * columns, Pixels(rows, columns)
    second = Pixels(rows, columns)
    return {
        "shallow": Majority(nn.Identity(), pixels, 256, ()),
        "deep": Majority(stack(pixels, 256), 256, 128, (32,)),
        "deep v2": Majority(stack(pixels, 128, 256), 256, 128, (32,)),
        "conv deep": Majority(
            nn.Sequential(picture, stack(picture.size, 128)), 128, 128, (32,)
        ),
        "r-lstm": ReLULSTM(stack(pixels, 256), 256, 72),
        "r-lstm, stationary dropout": ReLULSTM(stack(pixels, 256), 256, 72, dropout=0.2),
        "conv r-lstm": ReLULSTM(nn.Sequential(second, stack(second.size, 128)), 128, 96),
    }  # fmt: skip


def tiles(count: int, seed: int, *, test: bool) -> tuple[Tensor, Tensor, np.ndarray]:
    """Put digits of scikit-learn side by side, two of a class and one of another.

    Returns
    -------
    Tensor, shape (count, 6, 32)
        Four columns of eight pixels a step, from -1 to 1.
    Tensor of int, shape (count,)
        The class that is there twice.
    array of bool, shape (count, 3)
        Which of the three pictures are of it.
    """
    digits = load_digits()
    where = np.arange(len(digits.target)) % 4 == 3
    images = digits.images[where == test] / 8 - 1
    classes = digits.target[where == test]
    random = np.random.default_rng(seed)
    places = {c: np.flatnonzero(classes == c) for c in range(10)}
    found, labels, marks = [], [], []
    for number in range(count):
        label = number % 10
        same = random.choice(places[label], 2, replace=False)
        odd = random.choice(np.flatnonzero(classes != label))
        order = random.permutation(3)
        row = np.concatenate([images[p] for p in np.array([*same, odd])[order]], 1)
        found.append(row.T.reshape(6, 4, 8).transpose(0, 2, 1).reshape(6, 32))
        labels.append(label)
        marks.append(order < 2)
    return (
        torch.tensor(np.array(found), dtype=torch.float32),
        torch.tensor(labels),
        np.array(marks),
    )


def train(network: nn.Module, *, steps: int, seed: int = 0) -> nn.Module:
    """Train with one more class of score 0, as deep Taylor decomposition wants it."""
    torch.manual_seed(seed)
    x, labels, _ = tiles(4000, seed, test=False)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    for _ in range(steps):
        some = torch.randint(len(x), (100,))
        scores = network(x[some])
        padded = torch.cat([scores, scores.new_zeros(len(scores), 1)], 1)
        loss = functional.cross_entropy(padded, labels[some])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return network.eval()
