"""Self-organising maps (Kohonen 1982): MiniSom's rules, and its batch rule made fast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Self, get_args

import numpy as np
import numpy.typing as npt
from minisom import MiniSom

from naps.errors import InputError
from naps.similarity.distance import Floats

Rule = Literal["batch", "online"]
Start = Literal["plane", "samples"]
Decay = Callable[[float, int, int], float]

# MiniSom's own names and formulas: of the value at first, the iteration and their number.
LEARNING_RATES: dict[str, Decay] = {
    "constant": lambda rate, t, n: rate,
    "asymptotic_decay": lambda rate, t, n: rate / (1 + 2 * t / n),
    "inverse_decay_to_zero": lambda rate, t, n: rate * n / (n + 100 * t),
    "linear_decay_to_zero": lambda rate, t, n: rate * (1 - t / n),
}
SIGMAS: dict[str, Decay] = {
    "asymptotic_decay": lambda sigma, t, n: sigma / (1 + 2 * t / n),
    "inverse_decay_to_one": lambda sigma, t, n: sigma / (1 + t * (sigma - 1) / n),
    "linear_decay_to_one": lambda sigma, t, n: sigma + t * (1 - sigma) / n,
}


@dataclass(frozen=True)
class SomOptions:
    """How a self-organising map is trained.

    Attributes
    ----------
    rows, columns : int
        Its cells.
    rule : {"batch", "online"}
        ``batch``: every iteration sees all units, as MiniSom's ``train_batch_offline``;
        ``online``: one unit drawn at random, as its ``train_random``, by MiniSom itself.
    iterations : int
    sigma : float
        Width of the neighbourhood at first, in cells.
    sigma_decay : {"asymptotic_decay", "inverse_decay_to_one", "linear_decay_to_one"}
        The first one ends at a third of `sigma`.
    learning_rate : float
        At first.
    learning_rate_decay : str
        ``constant``, ``asymptotic_decay``, ``inverse_decay_to_zero`` or ``linear_decay_to_zero``.
    start : {"plane", "samples"}
        Prototypes at first: a sheet spanned by the first two principal components, or units
        drawn at random, as MiniSom's ``random_weights_init``.

    Raises
    ------
    InputError
        If an option does not exist or a number is out of range.
    """

    rows: int
    columns: int
    rule: Rule
    iterations: int
    sigma: float
    sigma_decay: str
    learning_rate: float
    learning_rate_decay: str
    start: Start

    def __post_init__(self) -> None:
        choices: dict[str, tuple[str, ...]] = {
            "rule": get_args(Rule),
            "start": get_args(Start),
            "sigma_decay": tuple(SIGMAS),
            "learning_rate_decay": tuple(LEARNING_RATES),
        }
        for name, there in choices.items():
            if getattr(self, name) not in there:
                raise InputError(
                    f"no {name} {getattr(self, name)!r} of a self-organising map; there are: "
                    f"{', '.join(there)}"
                )
        if min(self.rows, self.columns, self.iterations) < 1 or self.sigma <= 0:
            raise InputError(
                f"a self-organising map needs a row, a column, an iteration and a sigma above 0, "
                f"not {self.rows}, {self.columns}, {self.iterations} and {self.sigma:g}"
            )
        if not 0 < self.learning_rate <= 1:
            raise InputError(f"a learning rate of {self.learning_rate:g} is not between 0 and 1")

    @classmethod
    def for_units(cls, units: int, rows: int | None = None, columns: int | None = None) -> Self:
        """Return what orders a map well: a plane that is fitted by the batch rule.

        The neighbourhood shrinks from half the map to one cell. Without rows or columns see
        `grid_shape`.
        """
        rows, columns = grid_shape(units, rows, columns)
        return cls(
            rows, columns, "batch", 20, max(1.0, max(rows, columns) / 2),
            "linear_decay_to_one", 1.0, "constant", "plane",
        )  # fmt: skip

    @classmethod
    def published(cls, units: int) -> Self:
        """Return the constants of the topographic activation maps of Krug et al. (2023).

        The neighbourhood is one cell wide from the beginning, and the map has no order beyond.
        """
        side = max(2, int(np.sqrt(units)) + 1)
        return cls(
            side, side, "online", 10 * units, 1.0,
            "asymptotic_decay", 0.5, "asymptotic_decay", "samples",
        )  # fmt: skip


def grid_shape(units: int, rows: int | None = None, columns: int | None = None) -> tuple[int, int]:
    """Complete the rows and columns of a grid with a cell for every unit.

    What is not given is as few as can be; of neither, both are the side of a square.

    Raises
    ------
    InputError
        If a number below 1 is given.
    """
    for given in (rows, columns):
        if given is not None and given < 1:
            raise InputError(f"a grid with {given} rows or columns has no cells")
    if rows is None:
        rows = int(np.ceil(np.sqrt(units) if columns is None else units / columns))
        return rows, rows if columns is None else columns
    return rows, -(-units // rows) if columns is None else columns


@dataclass(frozen=True)
class SelfOrganisingMap:
    """A sheet of prototypes; neighbours in the sheet are alike.

    Attributes
    ----------
    prototypes : array of float64, shape (rows, columns, features)
    """

    prototypes: Floats

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.prototypes.shape[0], self.prototypes.shape[1]

    def squared_distances(self, vectors: Floats) -> Floats:
        """Return the squared Euclidean distance of every vector to every cell.

        Returns
        -------
        array, shape (units, rows * columns)
            Rows of the map one behind the other.
        """
        flat = self.prototypes.reshape(-1, self.prototypes.shape[2])
        products = vectors @ flat.T
        squares = np.square(vectors).sum(1)[:, None] - 2 * products + np.square(flat).sum(1)
        return np.asarray(np.maximum(squares, 0.0))

    def winners(self, vectors: Floats) -> npt.NDArray[np.int64]:
        """Return the flat index of the cell nearest to every vector, the first among equals."""
        flat = self.prototypes.reshape(-1, self.prototypes.shape[2])
        return _winners(vectors, flat)

    def quantisation_error(self, vectors: Floats) -> float:
        """Return the mean distance of vectors from their cells."""
        flat = self.prototypes.reshape(-1, self.prototypes.shape[2])
        return float(np.linalg.norm(vectors - flat[_winners(vectors, flat)], axis=1).mean())


def train_som(vectors: Floats, options: SomOptions, *, seed: int = 0) -> SelfOrganisingMap:
    """Train a self-organising map.

    The rules know only distances between units. So units with more features than there are units
    are turned into their own span first; this changes nothing but the time.

    Parameters
    ----------
    vectors : array, shape (units, features)
    options : SomOptions
    seed : int
        Of MiniSom's generator, which draws the prototypes at first and the order of units. For the
        online rule in a span it draws others than it would outside.
    """
    basis, small = _span(vectors)
    if options.rule == "online":
        som = _som(small, options, seed)
        som.train_random(small, options.iterations)
        return SelfOrganisingMap(som.get_weights() @ basis.T)
    start = _som(vectors, options, seed).get_weights()
    return SelfOrganisingMap(_batch(small, start @ basis, options) @ basis.T)


def _span(vectors: Floats) -> tuple[Floats, Floats]:
    """Return orthonormal axes that span all vectors, shape (features, axes), and them in these."""
    units, features = vectors.shape
    if features <= units:
        return np.eye(features), vectors
    basis, turned = np.linalg.qr(vectors.T)
    return basis, np.ascontiguousarray(turned.T)


def _som(vectors: Floats, options: SomOptions, seed: int) -> MiniSom:
    """Make a map of MiniSom's with prototypes as at first."""
    som = MiniSom(
        options.rows,
        options.columns,
        vectors.shape[1],
        sigma=options.sigma,
        learning_rate=options.learning_rate,
        decay_function=LEARNING_RATES[options.learning_rate_decay],
        sigma_decay_function=options.sigma_decay,
        random_seed=seed,
    )
    if options.start == "samples":
        som.random_weights_init(vectors)
    else:
        som.get_weights()[:] = _plane(vectors, options.rows, options.columns)
    return som


def _plane(vectors: Floats, rows: int, columns: int) -> Floats:
    """Spread prototypes over two standard deviations of the first two principal components."""
    mean = vectors.mean(0)
    _, sizes, axes = np.linalg.svd(vectors - mean, full_matrices=False)
    steps = [np.linspace(-2, 2, n) if n > 1 else np.zeros(1) for n in (rows, columns)]
    # The longer side of the map lies along the greater variance.
    order = (0, 1) if rows >= columns else (1, 0)
    reach = [sizes[i] / np.sqrt(len(vectors)) * axes[i] if i < len(sizes) else 0 for i in order]
    return np.asarray(mean + steps[0][:, None, None] * reach[0] + steps[1][:, None] * reach[1])


def _winners(vectors: Floats, flat: Floats) -> npt.NDArray[np.int64]:
    scores = np.square(flat).sum(1) - 2 * (vectors @ flat.T)
    # Cells that began as the same unit are equal but for rounding: the first wins, as in MiniSom.
    rounding = 1e-13 * float(np.abs(scores).max(initial=0.0))
    return np.asarray(np.argmax(scores <= scores.min(1, keepdims=True) + rounding, axis=1))


def _batch(vectors: Floats, prototypes: Floats, options: SomOptions) -> Floats:
    """Move prototypes to the means of the units around them (Kohonen 2013).

    A Gaussian neighbourhood is the product of one along rows and one along columns. So the units
    of each cell are summed first and the sums spread by two small matrices, where MiniSom adds
    every unit to every cell.
    """
    rows, columns, features = prototypes.shape
    weights = prototypes.copy()
    for t in range(options.iterations):
        rate = LEARNING_RATES[options.learning_rate_decay](
            options.learning_rate, t, options.iterations
        )
        sigma = SIGMAS[options.sigma_decay](options.sigma, t, options.iterations)
        winners = _winners(vectors, weights.reshape(-1, features))
        order = np.argsort(winners, kind="stable")
        won, first, counts = np.unique(winners[order], return_index=True, return_counts=True)
        sums = np.zeros((rows * columns, features + 1))
        sums[won, :features] = np.add.reduceat(vectors[order], first)
        sums[won, features] = counts
        along, across = _gaussian(rows, sigma), _gaussian(columns, sigma)
        spread = (along @ sums.reshape(rows, -1)).reshape(rows, columns, features + 1)
        spread = across @ spread
        reached = spread[..., features] > 0
        means = spread[reached, :features] / spread[reached, features, None]
        weights[reached] = (1 - rate) * weights[reached] + rate * means
    return weights


def _gaussian(cells: int, sigma: float) -> Floats:
    offsets = np.arange(cells)[:, None] - np.arange(cells)
    return np.asarray(np.exp(-(offsets**2) / (2 * sigma**2)))
