"""Several processes make the updates of one."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

from naps.training import train
from tests.training.test_loop import config, quiet

SCRIPT = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from tests.training.test_loop import config
from naps.training import train
recipe = config(Path(sys.argv[1]), **{changes})
train(recipe, Path(sys.argv[2]), say=lambda _: None)
"""
CHANGES = {
    "steps": 4, "eval_every": 4, "save_every": 2, "log_every": 1, "learning_rate": 1e-3,
    "network": {"architecture": "lstm", "hidden": 6, "layers": 2, "front": 0, "batch_norm": False},
}  # fmt: skip


def test_two_processes_learn_as_one(tmp_path: Path, corpus: Path) -> None:
    train(config(corpus, **CHANGES), tmp_path / "one", say=quiet)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    workers = []
    for rank in range(2):
        environment = os.environ | {
            "WORLD_SIZE": "2", "RANK": str(rank), "LOCAL_RANK": str(rank),
            "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port),
        }  # fmt: skip
        command = [sys.executable, "-c", SCRIPT.format(changes=CHANGES), corpus, tmp_path / "two"]
        workers.append(
            subprocess.Popen(command, env=environment, cwd=Path(__file__).parents[2], text=True)
        )
    assert [worker.wait(timeout=120) for worker in workers] == [0, 0]
    one, two = (load_file(tmp_path / d / "last.safetensors") for d in ("one", "two"))
    for name, value in one.items():
        torch.testing.assert_close(value, two[name], rtol=0, atol=2e-6)
