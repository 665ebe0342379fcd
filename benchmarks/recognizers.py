"""Recognizers: how fast they listen, how fast they learn, and what a corpus would take.

Listening is reading the sound, the spectrogram, the network and greedy decoding, as ``naps
events`` does it. Learning is whole updates of the training loop, augmentation included. There is
no peer in the run: these are absolute figures of this machine.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile
import torch

from benchmarks.machine import machine
from naps.corpus.audio import SAMPLE_RATE, read_audio
from naps.decoding import greedy
from naps.models import load_model, shipped_models
from naps.pipeline import load_recipe
from naps.pipeline.training_check import forecast_training
from naps.training import TrainConfig

TITLE = "Recognizers"
RUNS = 7
SECONDS = 10.0
FULL = ("wav2letter_librispeech", "lstm_librispeech")
HOURS = (100, 960)
EPOCHS = 40


def noise_corpus(folder: Path, count: int = 24, seconds: float = 12.0) -> Path:
    """Write recordings of noise with texts; what is said does not matter for speed."""
    random = np.random.default_rng(0)
    lines = []
    for i in range(count):
        samples = 0.1 * random.standard_normal(int(seconds * SAMPLE_RATE))
        soundfile.write(folder / f"u{i}.wav", samples, SAMPLE_RATE)
        text = " ".join("abcdefghij"[i % 10] * 5 for _ in range(int(2.5 * seconds)))
        row = {"id": f"u{i}", "audio": f"u{i}.wav", "text": text, "split": "train"}
        lines.append(json.dumps(row | {"duration_s": seconds}))
    (folder / "manifest.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def real_time_factor(name: str, sound: Path) -> tuple[float, float]:
    """Return seconds of computing for a second of sound, median and least."""
    model = load_model(name)
    times = []
    for _ in range(RUNS + 1):
        began = time.perf_counter()
        samples = read_audio(sound)
        with torch.inference_mode():
            logits = model.network(model.spectrogram(samples)[None])[0]
        greedy(logits, model.alphabet.blank)
        times.append((time.perf_counter() - began) * SAMPLE_RATE / len(samples))
    return statistics.median(times[1:]), min(times[1:])


def learning(name: str, precision: str, corpus: Path) -> dict[str, float]:
    """Measure updates of a full-size recipe."""
    config = load_recipe(
        name,
        [
            f"data.librispeech={{path: {corpus}, train: train, dev: null}}",
            f"precision={precision}",
        ],
    )
    assert isinstance(config, TrainConfig)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    found = forecast_training(config, device)
    return {
        "parameters": found.parameters,
        "audio_per_s": found.audio_per_s,
        "batch_gib": found.memory_mib / 1024,
        "batch_s": config.batch_s,
    }


def in_own_process(name: str, precision: str, corpus: Path) -> dict[str, float]:
    """Measure in a process of its own, so that peak memory is one recipe's."""
    code = (
        "import json, sys; from pathlib import Path; from benchmarks.recognizers import learning; "
        "print(json.dumps(learning(sys.argv[1], sys.argv[2], Path(sys.argv[3]))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, name, precision, str(corpus)],
        check=True, capture_output=True, text=True, cwd=Path(__file__).parents[1],
    )  # fmt: skip
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def report() -> str:
    """Measure everything and write it down."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    lines = [
        f"{machine('torch', 'numpy')}, {torch.get_num_threads()} threads, {device}.",
        "",
        "### Listening",
        "",
        f"Reading, spectrogram, network and greedy decoding of one recording of {SECONDS:.0f} s, "
        f"float32 on the processor; {RUNS} runs.",
        "",
        "| model | real-time factor, median | least | times faster than speech |",
        "|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sound = folder / "noise.wav"
        samples = 0.1 * np.random.default_rng(0).standard_normal(int(SECONDS * SAMPLE_RATE))
        soundfile.write(sound, samples, SAMPLE_RATE)
        for model in shipped_models():
            median, least = real_time_factor(model, sound)
            lines.append(f"| {model} | {median:.4f} | {least:.4f} | {1 / median:.0f} |")
        corpus = noise_corpus(folder)
        lines += [
            "",
            "### Learning, full size",
            "",
            "Updates of the training loop on 12 s recordings; memory is reckoned for the recipe's "
            "batch from one of 30 s.",
            "",
            "| recipe | parameters | products in | speech learned from in a second | "
            "memory for the recipe's batch |",
            "|---|---|---|---|---|",
        ]
        rates = {}
        for recipe in FULL:
            for precision in ("float32", "bfloat16"):
                found = in_own_process(recipe, precision, corpus)
                rates[recipe, precision] = found["audio_per_s"]
                lines.append(
                    f"| {recipe} | {found['parameters'] / 1e6:.2f} M | {precision} | "
                    f"{found['audio_per_s']:.1f} s | {found['batch_gib']:.1f} GiB for "
                    f"{found['batch_s']:.0f} s |"
                )
    lines += [
        "",
        f"Reckoned from these rates, {EPOCHS} epochs; the looks at dev and reading from disk come "
        f"to it, several GPUs or processors divide it:",
        "",
        "| recipe | products in | " + " | ".join(f"{h} h, an epoch" for h in HOURS) + " | "
        + " | ".join(f"{h} h, {EPOCHS} epochs" for h in HOURS) + " |",
        "|---|---|" + "---|" * 2 * len(HOURS),
    ]  # fmt: skip
    for (recipe, precision), rate in rates.items():
        epochs = [f"{hours / rate:.1f} h" for hours in HOURS]
        whole = [f"{EPOCHS * hours / rate / 24:.1f} days" for hours in HOURS]
        lines.append(f"| {recipe} | {precision} | {' | '.join(epochs + whole)} |")
    return "\n".join(lines)
