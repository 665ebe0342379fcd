"""Who works on shards: this process, others on this machine, or those of a Dask cluster."""

from __future__ import annotations

import multiprocessing
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from naps.errors import InputError
from naps.models import Recognizer
from naps.pipeline.shard_worker import ShardJob, work_on_shard, write_shard
from naps.profiles.plan import ProfilePlan

Say = Callable[[str], None]
Missing = Callable[[], Sequence[int]]
# How often workers may die in a row without a single shard getting done in between.
_PATIENCE = 3
# How often to see whether the scheduler is still the one that was asked.
_TICK_S = 5.0


class Workers(ABC):
    """Who works on shards."""

    @abstractmethod
    def work(self, job: ShardJob, missing: Missing, say: Say) -> Iterator[int]:
        """Work on all shards that are missing and give their numbers as they are done.

        Parameters
        ----------
        job : ShardJob
        missing : callable
            Returns the shards whose sums are nowhere yet; asked again after workers died.
        say : callable
            Gets lines for people.

        Raises
        ------
        InputError
            If a shard cannot be worked on, or workers keep dying.
        """


class InProcess(Workers):
    """The process that asks, one shard after the other.

    Parameters
    ----------
    plan : ProfilePlan
    model : Recognizer
    folder : Path
        Gets the sums.
    """

    def __init__(self, plan: ProfilePlan, model: Recognizer, folder: Path) -> None:
        self._plan, self._model, self._folder = plan, model, folder

    def work(self, job: ShardJob, missing: Missing, say: Say) -> Iterator[int]:
        """Work on the shards in their order."""
        for number in missing():
            write_shard(self._plan, self._model, number, self._folder)
            yield number


class Processes(Workers):
    """Other processes on this machine, each with its share of the processor's threads.

    Parameters
    ----------
    count : int
    """

    def __init__(self, count: int) -> None:
        self._count = count

    def work(self, job: ShardJob, missing: Missing, say: Say) -> Iterator[int]:
        """Work on the shards; a process that dies is replaced and its shard done again."""
        if job.threads is None:
            job = replace(job, threads=max(1, torch.get_num_threads() // self._count))
        died = 0
        while left := list(missing()):
            try:
                for number in self._pool(job, left):
                    died = 0
                    yield number
            except BrokenProcessPool:
                died += 1
                if died > _PATIENCE:
                    raise InputError(
                        f"workers died {died} times in a row, perhaps for want of memory; "
                        f"try fewer --workers"
                    ) from None
                say("a worker died; what it was at is done again")

    def _pool(self, job: ShardJob, left: Sequence[int]) -> Iterator[int]:
        # Forked processes would share locks of threads that do not exist in them.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(self._count, mp_context=context) as pool:
            waiting: set[Future[int]] = {pool.submit(_work_in_place, job, n) for n in left}
            try:
                while waiting:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    for future in done:
                        yield future.result()
            finally:
                for future in waiting:
                    future.cancel()


def _work_in_place(job: ShardJob, number: int) -> int:
    """Work on a shard on the GPU of this process, if there are any."""
    if job.device == "cuda":
        # Processes of a pool are numbered, also those that replace others.
        place = int(multiprocessing.current_process().name.rpartition("-")[2])
        job = replace(job, device=f"cuda:{place % torch.cuda.device_count()}")
    return work_on_shard(job, number)


class DaskCluster(Workers):
    """The workers of a running Dask cluster, which see the run's folder under the same path.

    Parameters
    ----------
    address : str
        Of the scheduler, such as ``tcp://10.0.0.1:8786``.
    wait_s : float
        How long to wait for the scheduler, at first and when it is lost.
    """

    def __init__(self, address: str, wait_s: float = 60.0) -> None:
        self._address = address
        self._wait_s = wait_s

    def work(self, job: ShardJob, missing: Missing, say: Say) -> Iterator[int]:
        """Work on the shards; if the scheduler is lost, wait for it and go on."""
        from distributed.client import FutureCancelledError, FuturesCancelledError
        from distributed.comm.core import CommClosedError

        lost = 0
        while left := list(missing()):
            try:
                for number in self._connected(job, left, say):
                    lost = 0
                    yield number
            except (
                _SchedulerLostError, CommClosedError, FutureCancelledError, FuturesCancelledError,
                TimeoutError, OSError,
            ) as error:  # fmt: skip
                lost += 1
                if lost > _PATIENCE:
                    raise InputError(
                        f"{self._address}: no scheduler answers there "
                        f"({type(error).__name__}); start it and run the same command again"
                    ) from None
                say(f"{self._address}: the scheduler is gone; waiting for it")

    def _connected(self, job: ShardJob, left: Sequence[int], say: Say) -> Iterator[int]:
        """Work on shards until they are done or the scheduler that was asked is gone."""
        from distributed import Client, wait

        with Client(self._address, timeout=self._wait_s) as client:  # type: ignore[no-untyped-call]
            asked, lonely = _identity(client), False
            tasks = {
                client.submit(work_on_shard, job, number, pure=False, retries=_PATIENCE)
                for number in left
            }
            while tasks:
                try:
                    done = wait(tasks, timeout=_TICK_S, return_when="FIRST_COMPLETED").done  # type: ignore[no-untyped-call]
                except TimeoutError:
                    # A client connects to a new scheduler by itself, which knows of no tasks.
                    if _identity(client) != asked:
                        raise _SchedulerLostError from None
                    if not lonely and not client.ncores():
                        say(f"{self._address}: waiting for workers to join it")
                        lonely = True
                    continue
                tasks -= done
                for task in done:
                    yield task.result()


class _SchedulerLostError(Exception):
    """Another scheduler answers than the one that was asked, or none."""


def _identity(client: Any) -> object:
    if client.status != "running":
        raise _SchedulerLostError
    return client.scheduler_info()["id"]
