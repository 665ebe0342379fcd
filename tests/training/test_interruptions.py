"""Whatever ends a run, nothing made is lost and the next start goes on to the bit."""

import csv
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from naps.errors import InputError
from naps.training import train
from naps.training.schedule import halvings, rate_at, since_best
from tests.training.test_loop import config, quiet

# One Python for all kills, since starting it takes longest: its children are what is killed.
KILLED = """
import multiprocessing, os, signal, sys
from pathlib import Path
import torch
import librosa.filters, soxr, torch._dynamo  # else each child would
torch.set_num_threads(1)
import naps.training.loop as loop
from tests.training.test_loop import config

class Killing(loop.Updater):
    at = 0

    def __call__(self, batch, seen):
        if batch.step == self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(batch, seen)

def killed(at):
    Killing.at = at
    loop.train(recipe, Path(sys.argv[2]), say=lambda _: None)

loop.Updater = Killing
recipe = config(Path(sys.argv[1]), **eval_free)
for at in sys.argv[3:]:
    child = multiprocessing.get_context("fork").Process(target=killed, args=[int(at)])
    child.start()
    child.join()
    print(child.exitcode)
"""
CHANGES = {"steps": 24, "save_every": 4, "log_every": 3, "eval_every": 8}


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """Let no file become larger than a number of bytes, as on a disk that is full."""
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


def curve(folder: Path) -> list[dict[str, str]]:
    with (folder / "log.csv").open() as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


@pytest.mark.parametrize("architecture", ["wav2letter", "lstm"])
def test_killed_at_any_step_and_continued_gives_the_same_curve(
    tmp_path: Path, corpus: Path, architecture: str
) -> None:
    sizes = {"hidden": 6, "layers": 2, "front": 8} if architecture == "lstm" else {
        "channels": 12, "wide": 16
    }  # fmt: skip
    changes = CHANGES | {
        "network": {"architecture": architecture, "dropout": 0.2, **sizes},
        "augment": {"speeds": [0.9, 1.0, 1.1]},
    }
    torch.set_num_threads(1)
    train(config(corpus, **changes), tmp_path / "whole", say=quiet)
    script = KILLED.replace("**eval_free", f"**{changes!r}")
    arguments = [sys.executable, "-c", script, corpus, tmp_path / "killed", "6", "13"]
    ended = subprocess.run(
        arguments, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=240
    )
    assert ended.stdout.split() == 2 * [str(-signal.SIGKILL)], ended.stderr
    train(config(corpus, **changes), tmp_path / "killed", say=quiet)
    assert curve(tmp_path / "killed") == curve(tmp_path / "whole")
    assert len(curve(tmp_path / "whole")) == 10
    for name in ("last.safetensors", "best.safetensors"):
        whole, killed = (load_file(tmp_path / d / name) for d in ("whole", "killed"))
        assert all(torch.equal(value, killed[key]) for key, value in whole.items())


def test_workers_change_nothing(tmp_path: Path, corpus: Path) -> None:
    train(config(corpus, steps=6, eval_every=6), tmp_path / "none", say=quiet)
    train(config(corpus, steps=6, eval_every=6, workers=2), tmp_path / "two", say=quiet)
    none, two = (load_file(tmp_path / d / "last.safetensors") for d in ("none", "two"))
    assert all(torch.equal(value, two[key]) for key, value in none.items())


def test_a_disk_that_fills_up_leaves_the_last_checkpoint(tmp_path: Path, corpus: Path) -> None:
    recipe = config(corpus, save_every=4, eval_every=100)
    train(recipe, tmp_path / "run", say=quiet, stop_after=4)
    state = tmp_path / "run" / "state.safetensors"
    before = state.read_bytes()
    with (
        full_disk(20_000),
        pytest.raises(InputError, match=r"state\.safetensors: cannot be written"),
    ):
        train(recipe, tmp_path / "run", say=quiet)
    assert state.read_bytes() == before
    assert not list((tmp_path / "run").glob(".state-*"))
    said: list[str] = []
    train(recipe, tmp_path / "run", say=said.append)
    assert any("continuing after step 4" in line for line in said)


def test_a_checkpoint_of_another_alphabet_or_optimiser_is_refused(
    tmp_path: Path, corpus: Path
) -> None:
    train(config(corpus), tmp_path / "run", say=quiet, stop_after=5)
    with pytest.raises(InputError, match=r"its alphabet is .*use another --out"):
        train(config(corpus, language="de"), tmp_path / "run", say=quiet)
    with pytest.raises(InputError, match="its optimiser is 'adamw', the recipe's 'adam'"):
        train(config(corpus, optimiser="adam"), tmp_path / "run", say=quiet)


def test_sound_that_breaks_off_is_left_out_and_counted(tmp_path: Path, corpus: Path) -> None:
    # The head of the file is whole, so that it is found only when it is read.
    import numpy as np
    import soundfile

    samples = np.full(64_000, np.nan, np.float32)
    soundfile.write(corpus / "u2.wav", samples, 16_000, subtype="FLOAT")
    said: list[str] = []
    dev = {"only": {"path": corpus, "train": "test", "dev": None}}
    recipe = config(corpus, max_bad_share=0.3, data=dev)
    train(recipe, tmp_path / "run", say=said.append)
    assert sum("left out u2: not_finite" in line for line in said) == 1
    state = load_file(tmp_path / "run" / "last.safetensors")
    assert all(torch.isfinite(v).all() for v in state.values())
    with pytest.raises(InputError, match=r"1 of 4 utterances cannot be used.*u2"):
        train(config(corpus, max_bad_share=0.2, data=dev), tmp_path / "strict", say=quiet)


def test_no_gain_stops_a_run_early(tmp_path: Path, corpus: Path) -> None:
    # A rate of almost nothing: dev never becomes better than at the first look.
    recipe = config(corpus, steps=50, eval_every=2, stop_early=3, learning_rate=1e-12)
    said: list[str] = []
    result = train(recipe, tmp_path / "run", say=said.append)
    assert result.name == "test.safetensors"
    assert any("stopping" in line for line in said)
    assert curve(tmp_path / "run")[-1]["step"] == "8"
    said.clear()
    train(recipe, tmp_path / "run", say=said.append)
    assert not any("step 10" in line for line in said)


@given(st.lists(st.floats(0, 1), max_size=40), st.integers(1, 5))
def test_a_plateau_halves_the_rate(seen: list[float], patience: int) -> None:
    count = halvings(seen, patience)
    assert count <= len(seen) // patience
    rate = rate_at("plateau", 100, 1000, 1.0, 0.01, seen=seen, patience=patience)
    assert rate == 0.5**count
    assert 0 <= since_best(seen) < max(1, len(seen))


def test_plateau_by_hand() -> None:
    assert halvings([0.5, 0.5, 0.6], 2) == 1
    assert halvings([0.5, 0.5, 0.6, 0.4, 0.41, 0.42, 0.43, 0.44], 2) == 3
    assert halvings([0.5, 0.4, 0.3], 1) == 0
    assert rate_at("constant", 0, 100, 1.0, 0.1) == pytest.approx(0.1)
    assert rate_at("constant", 99, 100, 1.0, 0.1) == 1.0
    assert since_best([0.5, 0.3, 0.4]) == 1
