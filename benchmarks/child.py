"""A part of a benchmark in a process of its own: its own threads, and memory that no other left."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def environment(threads: int) -> dict[str, str]:
    """Return the variables of a process with so many threads, which finds this checkout first."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"OMP_NUM_THREADS": str(threads), "PYTHONPATH": os.pathsep.join(paths)}


def in_child(module: str, function: str, *, threads: int = 1, **arguments: Any) -> Any:
    """Call a function of a module of this package in a process of its own.

    Arguments and result are what JSON can hold.
    """
    command = [sys.executable, "-m", "benchmarks.child", module, function, json.dumps(arguments)]
    done = subprocess.run(
        command, env=environment(threads), cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{module}.{function} failed, see above")
    return json.loads(done.stdout.splitlines()[-1])


def peak_mib() -> float:
    """Return the most memory that this process has held, in MiB."""
    status = Path("/proc/self/status")
    if status.is_file():
        # Linux counts what the parent held before ``exec`` in ``ru_maxrss``, but not in this.
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return float(line.split()[1]) / 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def forget_peak() -> None:
    """Let `peak_mib` count from what is held now, where the system can do that."""
    if sys.platform == "linux":
        Path("/proc/self/clear_refs").write_text("5")


def main(module: str, function: str, arguments: str) -> None:
    result = getattr(import_module(f"benchmarks.{module}"), function)(**json.loads(arguments))
    print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
