"""Workers on a SLURM cluster, through dask-jobqueue."""

from __future__ import annotations

from collections.abc import Iterator

from naps.errors import InputError
from naps.pipeline.recipe import SlurmConfig
from naps.pipeline.shard_worker import ShardJob
from naps.pipeline.workers import DaskCluster, Missing, Say, Workers


class SlurmCluster(Workers):
    """Jobs that SLURM starts for this run and that end with it.

    Parameters
    ----------
    config : SlurmConfig

    Raises
    ------
    InputError
        If dask-jobqueue is not installed.
    """

    def __init__(self, config: SlurmConfig) -> None:
        try:
            from dask_jobqueue.slurm import SLURMCluster
        except ImportError:
            raise InputError(
                "execution.slurm needs dask-jobqueue; install it with pip install 'naps[slurm]'"
            ) from None
        self._config = config
        self._cluster = SLURMCluster

    def work(self, job: ShardJob, missing: Missing, say: Say) -> Iterator[int]:
        """Start jobs, work on the shards there, and end the jobs."""
        config = self._config
        directives = [f"--gres=gpu:{config.gpus}"] if config.gpus else []
        with self._cluster(
            cores=config.cores,
            processes=1,
            memory=config.memory,
            walltime=config.walltime,
            queue=config.queue,
            account=config.account,
            job_extra_directives=directives,
        ) as cluster:
            cluster.scale(jobs=config.jobs)
            say(f"profiles: {config.jobs} SLURM jobs, scheduler at {cluster.scheduler_address}")
            yield from DaskCluster(cluster.scheduler_address).work(job, missing, say)
