import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Done, fails
from tests.conftest import ROOT, write_corpus

Naps = Callable[..., Done]
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def process(*arguments: object) -> Done:
    """Run a command as its users do."""
    return subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), *map(str, arguments)],
        capture_output=True, text=True, cwd=ROOT, env=ENVIRONMENT, check=False,
    )  # fmt: skip


def test_a_process_of_its_own() -> None:
    done = process("list", "recipes")
    assert done.returncode == 0, done.stderr
    assert "demo" in done.stdout
    fails(process("check", "no_such"), "demo")


def test_lists(naps: Naps) -> None:
    layers = naps("list", "layers").stdout
    assert "conv9" in layers
    assert "1940" in layers  # ms of the receptive field at 10 ms a frame
    assert "demo" in naps("list", "recipes").stdout
    assert "wav2letter-en-mini" in naps("list", "models").stdout
    assert "librispeech" in naps("list", "corpora").stdout


def test_bad_input_is_one_line_and_exit_2(tmp_path: Path, naps: Naps) -> None:
    fails(naps("run", "librispeech_en", "--set", f"corpus.path={tmp_path / 'none'}"), "none")
    fails(naps("run", "demo", "--set", "profiles.layers=[conv12]"), "conv12", "conv10")
    fails(naps("check", "no_such"), "demo")
    fails(naps("list", "planets"), "planets")
    fails(naps("train", "demo"), "naps run demo")
    fails(naps("run", "wav2letter_en_mini"), "naps train")
    fails(naps("report", tmp_path), str(tmp_path))
    fails(naps("prepare", "tapes", tmp_path), "librispeech")
    fails(naps("prepare", "folder", tmp_path / "none"), "none")
    fails(naps("run", "demo", "--device", "cuda:99"), "cuda:99")


def test_prepare_and_run_a_folder_of_ones_own(tmp_path: Path, naps: Naps) -> None:
    corpus = write_corpus(tmp_path / "mine", count=3)
    (corpus / "manifest.jsonl").unlink()
    for i in range(3):
        (corpus / f"u{i}.txt").write_text("the cat sat on the mat")
    done = naps("prepare", "folder", corpus)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(corpus / "manifest.jsonl")
    lines = (corpus / "manifest.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["u0", "u1", "u2"]
    done = naps(
        "run", "demo", "--out", tmp_path / "run", "--set", "corpus.layout=manifest",
        "--set", f"corpus.path={corpus}", "--set", "corpus.language=null",
        "--set", "clusters.min_count=1", "--set", "clusters.permutations=10",
        "--set", "profiles.groups=[letter]", "--set", "profiles.layers=[conv9, conv10]",
        "--set", "profiles.kinds=[grad]",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.splitlines()[-1]).is_file()


def test_pronounce(tmp_path: Path, naps: Naps) -> None:
    out = tmp_path / "said.json"
    done = naps("pronounce", "Speech", "knightly", "42", "--attention", tmp_path, "--out", out)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split("\t") == [
        "Speech", "S P IY CH", "lexicon 1.00", "s:S p:P e:- e:IY c:CH h:-",
    ]  # fmt: skip
    assert lines[1].startswith("knightly\t")
    assert lines[2] == "42\tcannot be said"
    assert lines[-1] == str(out)
    speech, knightly = json.loads(out.read_text())
    assert speech["letters"] == [0, 1, None, 2, 3, None]
    assert knightly["phones"]
    assert (tmp_path / "01-Speech.svg").read_text().startswith("<svg")
    assert not list(tmp_path.glob("03*"))
    fails(naps("pronounce", "Haus", "--language", "fr"), "'fr'")
    fails(naps("pronounce", "x", "--g2p", "none", "--attention", tmp_path), "needs a G2P model")
    fails(naps("pronounce", "x", "--lexicon", tmp_path / "no.dict"), "no.dict")


def test_check_of_a_g2p_recipe(tmp_path: Path, naps: Naps) -> None:
    fails(naps("check", "g2p_en"), "--set lexicon=FILE")
    words = tmp_path / "words.dict"
    words.write_text("cat K AE T\ndog D AO G\n")
    done = naps("check", "g2p_en", "--set", f"lexicon={words}")
    assert "lexicon: 2 words" in done.stdout
    words.write_text("cat K AE T\ndog D QQ G\n")
    fails(naps("check", "g2p_en", "--set", f"lexicon={words}"), "line 2", "QQ")


def test_check_forecasts(tmp_path: Path, naps: Naps) -> None:
    done = naps("check", "demo")
    assert done.returncode == 0, done.stderr
    assert "MiB of sums" in done.stdout
    assert done.stdout.splitlines()[-1] == "demo: ready to run"


@pytest.mark.skipif(os.name != "posix", reason="sends a POSIX signal")
def test_ctrl_c_and_a_second_start(tmp_path: Path, naps: Naps) -> None:
    run = tmp_path / "run"
    command = ["run", "demo", "--out", str(run)]
    command += ["--set", "corpus.limit=12", "--set", "clusters.min_count=2"]
    command += ["--set", "clusters.permutations=10", "--set", "profiles.layers=[conv9]"]
    command += ["--set", "profiles.groups=[letter]"]
    first = subprocess.Popen(
        [sys.executable, str(ROOT / "cli.py"), *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
        cwd=ROOT,
        # Where the tests run in the background, the shell has told them to ignore the signal.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
    )
    assert first.stdout is not None
    for line in first.stdout:
        if line.startswith("events:"):
            break
    first.send_signal(signal.SIGINT)
    _, errors = first.communicate(timeout=120)
    assert first.returncode == 130, errors
    assert errors.splitlines()[-1] == "naps: interrupted; start the same command again to continue"
    assert (run / "events" / "events.parquet").is_file()
    second = naps(*command)
    assert second.returncode == 0, second.stderr
    assert "events: already done" in second.stdout
    assert Path(second.stdout.splitlines()[-1]).is_file()
