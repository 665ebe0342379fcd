"""Sums over events, group by group, in double precision."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np
import torch
from torch import Tensor


@dataclass
class Moments:
    """Sums that add up: of values, squares and masks, and how many events they hold.

    Attributes
    ----------
    total, squares : Tensor of float64, shape (groups, width, channels)
    mask : Tensor of float64, same shape, or None
        Where a kind has no mask there is none.
    count : Tensor of int64, shape (groups,)
        Events.
    lag_count : Tensor of int64, shape (groups, width)
        Events with a value at each lag.
    shift : Tensor of float64, shape (groups,)
        Sum of alignment shifts.
    """

    total: Tensor
    squares: Tensor
    mask: Tensor | None
    count: Tensor
    lag_count: Tensor
    shift: Tensor

    @classmethod
    def zeros(
        cls, groups: int, width: int, channels: int, *, masked: bool, folder: Path | None = None
    ) -> Moments:
        """Return empty sums.

        Parameters
        ----------
        groups, width, channels : int
        masked : bool
            Whether there are masks.
        folder : Path, optional
            Gets files that hold the large arrays in place of memory.
        """
        shape = (groups, width, channels)
        return cls(
            total=zeros(shape, folder),
            squares=zeros(shape, folder),
            mask=zeros(shape, folder) if masked else None,
            count=torch.zeros(groups, dtype=torch.int64),
            lag_count=torch.zeros((groups, width), dtype=torch.int64),
            shift=torch.zeros(groups, dtype=torch.float64),
        )

    def add(self, codes: Tensor, values: Tensor, valid: Tensor) -> None:
        """Add values of events as they are, event by event.

        Parameters
        ----------
        codes : Tensor of int, shape (events,)
            Group of each event, −1 for one that is in none.
        values : Tensor, shape (events, width, channels)
            Zero where not valid.
        valid : Tensor of bool, shape (events, width)
        """
        known = codes >= 0
        wide = values.detach().cpu()[known].double()
        self.total.index_add_(0, codes[known], wide)
        self.squares.index_add_(0, codes[known], wide.square_())
        self.count_events(codes, valid.cpu())

    def count_events(self, codes: Tensor, valid: Tensor, shifts: Tensor | None = None) -> None:
        """Count events; `naps.profiles.accumulation` adds what they did.

        Parameters
        ----------
        codes : Tensor of int, shape (events,)
            Group of each event, −1 for one that is in none.
        valid : Tensor of bool, shape (events, width)
            Which lags count.
        shifts : Tensor of int, shape (events,), optional
        """
        # In numpy, as torch wakes its threads even for so little.
        known = (codes >= 0).numpy()
        of, (groups, width) = codes.numpy()[known], self.lag_count.shape
        self.count += torch.from_numpy(np.bincount(of, minlength=groups))
        places = (of[:, None] * width + np.arange(width))[valid.numpy()[known]]
        lags = np.bincount(places, minlength=groups * width).reshape(groups, width)
        self.lag_count += torch.from_numpy(lags)
        if shifts is not None:
            moved = np.bincount(of, shifts.numpy()[known], minlength=groups)
            self.shift += torch.from_numpy(moved)

    def merge(self, other: Moments) -> None:
        """Add the sums of other events."""
        self.total += other.total
        self.squares += other.squares
        if self.mask is not None and other.mask is not None:
            self.mask += other.mask
        self.count += other.count
        self.lag_count += other.lag_count
        self.shift += other.shift

    def weighted_mean(self) -> Tensor:
        """Return the sum of masked values over that of their masks; zero where there is none.

        Raises
        ------
        ValueError
            If there are no masks.
        """
        if self.mask is None:
            raise ValueError("there are no masks to weigh by")
        return torch.where(self.mask > 0, self.total / self.mask.clamp_min(1e-300), 0.0)

    def mean(self) -> Tensor:
        """Return the mean at each lag over the events that have one there, else zero."""
        return self.total / self.lag_count.clamp_min(1)[:, :, None]

    def std(self) -> Tensor:
        """Return the standard deviation over the same events."""
        mean = self.mean()
        variance = self.squares / self.lag_count.clamp_min(1)[:, :, None] - mean.square()
        return variance.clamp_min(0).sqrt()

    def mean_mask(self, *, complete: bool = True) -> Tensor | None:
        """Return the mean mask over all events; it is zero where an event has no value.

        Where windows are not ``complete``, it is unknown there and the mean is over the others.
        """
        if self.mask is None:
            return None
        events = self.count[:, None] if complete else self.lag_count
        return self.mask / events.clamp_min(1)[:, :, None]

    def mean_shift(self) -> Tensor:
        """Return the mean alignment shift in steps."""
        return self.shift / self.count.clamp_min(1)


def zeros(shape: tuple[int, int, int], folder: Path | None = None) -> Tensor:
    """Return zeros of float64, in memory or in a file.

    Parameters
    ----------
    shape : tuple of int
    folder : Path, optional
        Gets a file without a name, which is gone when the tensor is.
    """
    if folder is None:
        return torch.zeros(shape, dtype=torch.float64)
    size = math.prod(shape)
    with NamedTemporaryFile(dir=folder, prefix="spilled-") as file:
        file.truncate(8 * size)
        whole = torch.from_file(file.name, shared=True, size=size, dtype=torch.float64)
    return whole.view(shape)
