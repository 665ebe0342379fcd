"""Whoever works on the shards, and whatever happens meanwhile: the same bits."""

import multiprocessing
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from distributed import Client

from naps.errors import InputError
from naps.models import Recognizer, load_model, save_recognizer
from naps.pipeline import ProfileRecipe, run_recipe
from naps.pipeline.profiling import _job
from naps.pipeline.recipe import ExecutionConfig, SlurmConfig
from naps.pipeline.run_folder import RunFolder
from naps.pipeline.runner import choose_workers
from naps.pipeline.shard_worker import ShardJob, plan_of, sums_folder, work_on_shard
from naps.pipeline.workers import DaskCluster, Missing, Processes, Say, Workers
from naps.profiles import load_profiles
from naps.profiles.collect import Collector, block_file
from tests.conftest import write_corpus


def quiet(_: str) -> None:
    """Say nothing."""


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def recipe(tmp_path: Path, recognizer: Recognizer) -> ProfileRecipe:
    save_recognizer(tmp_path / "small.safetensors", recognizer)
    return ProfileRecipe.model_validate(
        {
            "name": "small",
            "model": str(tmp_path / "small.safetensors"),
            "corpus": {"path": str(write_corpus(tmp_path / "many", count=6, seconds=2.5))},
            "profiles": {"groups": ["letter", "room"], "edges": "keep", "blocks": 6},
        }
    )


def profiles(folder: Path) -> dict[str, xr.Dataset]:
    return {
        f"{file.stem} {name}": dataset
        for file in sorted((folder / "profiles").glob("*.nc"))
        for name, dataset in load_profiles(file).items()
    }


def assert_same(first: Path, second: Path) -> None:
    ours, theirs = profiles(first), profiles(second)
    assert list(ours) == list(theirs)
    assert ours
    for name, dataset in ours.items():
        for variable in dataset.variables:
            a, b = dataset[variable].to_numpy(), theirs[name][variable].to_numpy()
            assert a.tobytes() == b.tobytes(), f"{name}: {variable}"


def make(recipe: ProfileRecipe, folder: Path, workers: Workers | None = None) -> list[str]:
    said: list[str] = []
    run_recipe(recipe, folder, until="profiles", workers=workers, say=said.append)
    return said


class Interrupted(Workers):
    """Does what others do, and is interrupted after so many shards."""

    def __init__(self, count: int) -> None:
        self.count = count

    def work(self, job: ShardJob, missing: Missing, say: Say) -> Iterator[int]:
        for number in list(missing())[: self.count]:
            yield work_on_shard(job, number)
        raise KeyboardInterrupt


class Deadly(Processes):
    """Loses a process after the first shard."""

    def work(self, job: ShardJob, missing: Missing, say: Say) -> Iterator[int]:
        for at, number in enumerate(super().work(job, missing, say)):
            yield number
            if at == 0:
                multiprocessing.active_children()[0].kill()


def test_one_process_and_several_give_the_same_bits(tmp_path: Path, recipe: ProfileRecipe) -> None:
    make(recipe, tmp_path / "one")
    said = make(recipe, tmp_path / "several", Deadly(2))
    assert any("a worker died" in line for line in said)
    assert_same(tmp_path / "one", tmp_path / "several")
    assert not list((tmp_path / "several" / "profiles" / "sums").glob("*.safetensors"))


def test_an_interrupted_run_goes_on_where_it_was(tmp_path: Path, recipe: ProfileRecipe) -> None:
    make(recipe, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        make(recipe, tmp_path / "parts", Interrupted(4))
    kept = block_file(tmp_path / "parts" / "profiles" / "sums", 0)
    before = kept.stat().st_mtime_ns
    with pytest.raises(KeyboardInterrupt):
        make(recipe, tmp_path / "parts", Interrupted(1))
    assert kept.stat().st_mtime_ns == before
    said = make(recipe, tmp_path / "parts")
    assert "profiles: 5 of 6 shards are done" in said
    assert_same(tmp_path / "whole", tmp_path / "parts")


def test_sums_of_other_options_are_not_taken_for_these(
    tmp_path: Path, recipe: ProfileRecipe
) -> None:
    with pytest.raises(KeyboardInterrupt):
        make(recipe, tmp_path / "run", Interrupted(3))
    hard = recipe.profiles.model_copy(update={"mask": "quantile"})
    other = recipe.model_copy(update={"profiles": hard})
    assert not any("shards are done" in line for line in make(other, tmp_path / "run"))
    make(other, tmp_path / "fresh")
    assert_same(tmp_path / "run", tmp_path / "fresh")


def test_a_damaged_file_of_sums_is_made_again(tmp_path: Path, recipe: ProfileRecipe) -> None:
    make(recipe, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        make(recipe, tmp_path / "run", Interrupted(3))
    file = block_file(tmp_path / "run" / "profiles" / "sums", 1)
    file.write_bytes(file.read_bytes()[:-100])
    make(recipe, tmp_path / "run")
    assert_same(tmp_path / "whole", tmp_path / "run")


def test_several_shards_make_a_block(tmp_path: Path, recipe: ProfileRecipe) -> None:
    run_recipe(recipe, tmp_path / "run", until="events", say=quiet)
    model = load_model(recipe.model)
    run = RunFolder(tmp_path / "run")
    plan = plan_of(run, recipe, model)
    assert [(s.block, s.start, s.stop) for s in plan.shards] == [(i, i, i + 1) for i in range(6)]
    two = [s.__class__(s.number, s.block // 3, s.start, s.stop, s.events) for s in plan.shards]
    import dataclasses

    plan = dataclasses.replace(plan, shards=two)
    in_order = Collector(plan, tmp_path / "in-order")
    backward = Collector(plan, tmp_path / "backward")
    from naps.pipeline.shard_worker import write_shard

    for collector, order in ((in_order, range(6)), (backward, reversed(range(6)))):
        for number in order:
            write_shard(plan, model, number, collector.folder)
            collector.advance()
        assert sorted(p.name for p in collector.folder.iterdir()) == [
            "block-000.safetensors", "block-001.safetensors",
        ]  # fmt: skip
    for (_, _, first), (_, _, second) in zip(
        in_order.profiles({}), backward.profiles({}), strict=True
    ):
        for name in first:
            xr.testing.assert_identical(first[name], second[name])
    assert sorted(in_order.used) == list(range(sum(len(h.rows) for h in plan.work)))


def test_a_worker_that_sees_another_run_adds_nothing(tmp_path: Path, recipe: ProfileRecipe) -> None:
    run_recipe(recipe, tmp_path / "run", until="events", say=quiet)
    run = RunFolder(tmp_path / "run")
    model = load_model(recipe.model)
    job = _job(run, recipe, model, "0" * 64)
    with pytest.raises(InputError, match="sees other events, recipe or model"):
        work_on_shard(job, 0)
    assert not list(sums_folder(run).glob("*"))


@pytest.mark.slow
def test_a_dask_cluster_that_loses_a_worker_and_its_scheduler(
    tmp_path: Path, recipe: ProfileRecipe
) -> None:
    make(recipe, tmp_path / "one")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    running: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", *arguments]
        log = (tmp_path / f"dask-{len(running)}.log").open("wb")
        process = subprocess.Popen(
            command, env=environment, cwd=tmp_path, stdout=log, stderr=subprocess.STDOUT
        )
        running.append(process)
        return process

    def scheduler() -> None:
        start("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
        Client(address, timeout=90).close()

    def worker() -> subprocess.Popen[bytes]:
        return start("worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny")

    class Unlucky(DaskCluster):
        def work(self, job: ShardJob, missing: Missing, say: Say) -> Iterator[int]:
            for at, number in enumerate(super().work(job, missing, say)):
                yield number
                if at == 0:
                    first_worker.kill()
                if at == 2:
                    for process in running:
                        process.kill()
                        process.wait()
                    scheduler()
                    worker()

    try:
        scheduler()
        first_worker = worker()
        worker()
        make(recipe, tmp_path / "dask", Unlucky(address))
    finally:
        for process in running:
            process.kill()
            process.wait()
    assert_same(tmp_path / "one", tmp_path / "dask")


def test_slurm_jobs_work_on_a_run(
    tmp_path: Path, recipe: ProfileRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for SLURM's commands runs the job scripts at once."""
    programs = tmp_path / "bin"
    programs.mkdir()
    scripts = {
        "sbatch": 'cp "$1" ~/job.sh; bash ~/job.sh >~/job.log 2>&1 & echo "Submitted batch job $!"',
        "scancel": "kill $1",
    }
    for name, text in scripts.items():
        (programs / name).write_text(f"#!/bin/bash\n{text}\n")
        (programs / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))
    make(recipe, tmp_path / "one")
    slurm = SlurmConfig(jobs=1, cores=1, memory="2GB", walltime="00:10:00", queue="short", gpus=0)
    workers = choose_workers(ExecutionConfig(slurm=slurm))
    said = make(recipe, tmp_path / "jobs", workers)
    assert any("1 SLURM jobs" in line for line in said)
    script = (tmp_path / "job.sh").read_text()
    assert "#SBATCH -p short" in script
    assert "#SBATCH -t 00:10:00" in script
    assert_same(tmp_path / "one", tmp_path / "jobs")


def test_nothing_of_a_recipe_gets_into_a_job_script() -> None:
    for changes in ({"queue": "x; rm -rf ~"}, {"memory": "$(id)"}, {"walltime": "1\n#SBATCH"}):
        with pytest.raises(ValueError, match="String should match pattern"):
            SlurmConfig(**changes)


def test_only_one_way_of_working() -> None:
    assert choose_workers(ExecutionConfig()) is None
    assert isinstance(choose_workers(ExecutionConfig(), workers=3), Processes)
    assert isinstance(choose_workers(ExecutionConfig(workers=2), scheduler="tcp://x"), DaskCluster)
    with pytest.raises(InputError, match="choose one of"):
        choose_workers(ExecutionConfig(), workers=2, scheduler="tcp://x:1")


def test_no_scheduler_at_that_address(tmp_path: Path, recipe: ProfileRecipe) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(InputError, match="no scheduler answers there"):
        make(recipe, tmp_path / "run", DaskCluster(f"tcp://127.0.0.1:{port}", wait_s=0.2))


def test_blocks_hold_what_resampling_needs(tmp_path: Path, recipe: ProfileRecipe) -> None:
    make(recipe, tmp_path / "run")
    for dataset in profiles(tmp_path / "run").values():
        counts = dataset["block_count"].to_numpy()
        assert counts.shape[0] == 6
        assert np.array_equal(counts.sum(0), dataset["count"].to_numpy())
        gram = dataset["block_gram"].to_numpy()
        assert np.allclose(gram, gram.transpose(2, 3, 0, 1))
        # Means of all blocks together, from the products alone.
        share = counts / counts.sum(0)
        norms = np.einsum("bg,bgch,ch->gh", share, gram, share)
        flat = dataset["mean"].to_numpy().astype(float).reshape(counts.shape[1], -1)
        lag_counts = dataset["lag_count"].to_numpy()
        if (lag_counts == dataset["count"].to_numpy()[:, None]).all():
            assert np.allclose(norms, flat @ flat.T, rtol=1e-4, atol=1e-6)
