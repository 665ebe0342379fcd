"""Several processes make the updates of one."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from naps.training import train
from tests.training.test_loop import config, quiet

# One Python whose children are the processes, since starting it takes longest.
SCRIPT = """
import multiprocessing, os, sys
from pathlib import Path
import torch
import librosa.filters, soxr, torch._dynamo  # else each child would
torch.set_num_threads(1)
from tests.training.test_loop import config
from naps.training import train

def work(rank):
    os.environ |= {{"RANK": str(rank), "LOCAL_RANK": str(rank)}}
    recipe = config(Path(sys.argv[1]), **{changes})
    train(recipe, Path(sys.argv[2]), say=lambda _: None)

fork = multiprocessing.get_context("fork")
workers = [fork.Process(target=work, args=[rank]) for rank in range(2)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
print([worker.exitcode for worker in workers])
"""
CHANGES = {
    "steps": 4, "eval_every": 4, "save_every": 2, "log_every": 1, "learning_rate": 1e-3,
    "network": {"architecture": "lstm", "hidden": 6, "layers": 2, "front": 0, "batch_norm": False},
}  # fmt: skip
CONVOLUTIONS = {"channels": 8, "wide": 12, "batch_norm": False}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"network": CONVOLUTIONS, "topography": {"kind": "groups", "weight": 0.1}},
        pytest.param(
            {"network": CONVOLUTIONS, "topography": {"kind": "sheet", "weight": 3.0}},
            marks=pytest.mark.slow,
        ),
    ],
    ids=["lstm", "groups", "sheet"],
)
def test_two_processes_learn_as_one(
    tmp_path: Path, corpus: Path, changes: dict[str, object]
) -> None:
    changes = CHANGES | changes
    train(config(corpus, **changes), tmp_path / "one", say=quiet)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port),
    }  # fmt: skip
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(changes=changes), corpus, tmp_path / "two"],
        env=environment, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert ended.stdout.strip() == "[0, 0]", ended.stderr
    one, two = (load_file(tmp_path / d / "last.safetensors") for d in ("one", "two"))
    for name, value in one.items():
        torch.testing.assert_close(value, two[name], rtol=0, atol=2e-6)
