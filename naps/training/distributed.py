"""The processes that train together under ``torchrun``; one alone without it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from naps.models import Network


@dataclass(frozen=True)
class Team:
    """Which process of how many this is.

    Attributes
    ----------
    rank, world : int
        The first process (rank 0) alone writes files and speaks.
    device : torch.device
        Where this process computes.
    """

    rank: int
    world: int
    device: torch.device

    @property
    def leads(self) -> bool:
        """Whether this process writes files and speaks."""
        return self.rank == 0

    def wrap(self, network: Network) -> tuple[Network, nn.Module]:
        """Return the network, its batch norm shared on GPUs, and what to call in training."""
        if self.world == 1:
            return network, network
        if self.device.type == "cuda":
            network = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
        ids = [self.device] if self.device.type == "cuda" else None
        # Statistics of batch norm are the leader's, as they are what it writes.
        return network, DistributedDataParallel(network, device_ids=ids)

    def total(self, value: Tensor) -> Tensor:
        """Sum a value over all processes."""
        if self.world > 1:
            distributed.all_reduce(value)
        return value

    def gather(self, value: Any) -> list[Any]:
        """Return every process's value, in the order of their ranks."""
        if self.world == 1:
            return [value]
        values: list[Any] = [None] * self.world
        distributed.all_gather_object(values, value)
        return values


@contextmanager
def joined(device: torch.device) -> Iterator[Team]:
    """Join the other processes that ``torchrun`` started, if it did.

    Parameters
    ----------
    device : torch.device
        Of type ``cuda``, each process takes the GPU of its local rank.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield Team(0, 1, device)
        return
    cuda = device.type == "cuda"
    if cuda:
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    # The others wait while one writes a checkpoint to a slow disk.
    distributed.init_process_group("nccl" if cuda else "gloo", timeout=timedelta(hours=1))
    try:
        yield Team(distributed.get_rank(), world, device)
    finally:
        distributed.destroy_process_group()
