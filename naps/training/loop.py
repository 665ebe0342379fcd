"""The training loop.

Every random number is a function of the seed and the step, so a run that was interrupted and
continued makes the same updates as one that was not.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from naps.corpus.manifest import read_manifest
from naps.decoding import ErrorRates, error_rates, greedy
from naps.errors import InputError
from naps.files import write_text
from naps.models.alphabet import ENGLISH, GERMAN, Alphabet
from naps.models.recognizer import Recognizer, load_model, save_recognizer
from naps.models.wav2letter import Wav2Letter, Wav2LetterConfig
from naps.training.augment import augment
from naps.training.batches import batches_from, collate, pad
from naps.training.checkpoint import load_state, save_state
from naps.training.config import TrainConfig
from naps.training.examples import Example, load_examples
from naps.training.log import write_log
from naps.training.schedule import learning_rate, uses_bfloat16
from naps.training.transfer import begin_with

Say = Callable[[str], None]


@dataclass
class Corpora:
    """What a recipe's corpora hold: examples to learn from, to watch and to test, by corpus."""

    train: list[Example]
    dev: dict[str, list[Example]]
    test: dict[str, list[Example]]
    dropped: list[tuple[str, str]]


def alphabet_for(language: str) -> Alphabet:
    """Return the letters of a language."""
    return {"en": ENGLISH, "de": GERMAN}[language]


def load_corpora(config: TrainConfig, output_length: Callable[[int], int]) -> Corpora:
    """Read every corpus of a recipe.

    Raises
    ------
    InputError
        If a required corpus has no path, or a split that the recipe names is empty.
    """
    corpora = Corpora([], {}, {}, [])
    alphabet = alphabet_for(config.language)
    for name, data in config.data.items():
        if data.path is None:
            if data.required:
                raise InputError(f"no folder for corpus {name!r}; --set data.{name}.path=FOLDER")
            continue
        manifest = data.path / "manifest.jsonl"
        utterances = [u for u in read_manifest(manifest) if data.language in (None, u.language)]
        for use, split in (("train", data.train), ("dev", data.dev), ("test", data.test)):
            if split is None:
                continue
            chosen = [u for u in utterances if u.split == split]
            if not chosen:
                raise InputError(f"{manifest}: no utterance of split {split!r}")
            examples, dropped = load_examples(
                chosen, config.features, alphabet, output_length,
                max_bad_share=config.max_bad_share,
            )  # fmt: skip
            corpora.dropped += dropped
            if use == "train":
                corpora.train += examples
            else:
                {"dev": corpora.dev, "test": corpora.test}[use][name] = examples
    if not corpora.train:
        raise InputError("the recipe names nothing to train on")
    return corpora


def ctc_loss(logits: Tensor, lengths: Sequence[int], targets: Sequence[Tensor]) -> Tensor:
    """Return the mean over utterances of the CTC loss per letter; the blank is the last unit."""
    losses = functional.ctc_loss(
        logits.float().log_softmax(2).transpose(0, 1),
        torch.cat(list(targets)),
        torch.tensor(lengths),
        torch.tensor([len(t) for t in targets]),
        blank=logits.shape[2] - 1,
        reduction="none",
        zero_infinity=True,
    )
    return (losses / torch.tensor([len(t) for t in targets], device=losses.device)).mean()


@torch.inference_mode()
def transcribe(network: Wav2Letter, examples: Sequence[Example], alphabet: Alphabet) -> list[str]:
    """Decode examples one by one, so that no padding is heard."""
    device = next(network.parameters()).device
    texts = []
    for example in examples:
        logits = network(example.features.float().to(device)[None])[0]
        units = [letter.unit for letter in greedy(logits.cpu(), alphabet.blank)]
        texts.append(" ".join(alphabet.decode(units).split()))
    return texts


def evaluate(
    network: Wav2Letter, dev: dict[str, list[Example]], alphabet: Alphabet
) -> dict[str, ErrorRates]:
    """Score every dev set with batch norm fused away, as the model will be used."""
    fused = network.fused()
    return {
        name: error_rates([e.text for e in examples], transcribe(fused, examples, alphabet))
        for name, examples in dev.items()
    }


def train(
    config: TrainConfig,
    out: Path,
    *,
    device: torch.device | str = "cpu",
    say: Say = print,
    stop_after: int | None = None,
) -> Path:
    """Train or continue a recognizer.

    Parameters
    ----------
    config : TrainConfig
        The recipe.
    out : Path
        Gets ``state.safetensors`` (to continue from), ``best.safetensors`` (lowest mean dev
        CER), ``last.safetensors`` and ``log.csv``; when all steps are made, NAME.safetensors, the
        best in half precision with its error rates, and ``figures.json``, the same for people.
    device : torch.device or str
        Where to compute.
    say : callable
        Gets lines for people.
    stop_after : int, optional
        Leave after so many steps, as if interrupted.

    Returns
    -------
    Path
        NAME.safetensors, or ``state.safetensors`` if it was left before the end.
    """
    device = torch.device(device)
    alphabet = alphabet_for(config.language)
    torch.manual_seed(config.seed)
    sizes = Wav2LetterConfig(
        n_mels=config.features.n_mels, n_outputs=len(alphabet), **config.network.model_dump()
    )
    network = Wav2Letter(sizes).to(device)
    if config.start is not None:
        source = load_model(config.start, device=device, fuse=False)
        new = begin_with(network, alphabet, source)
        say(f"beginning with {source.name}; new characters: {new or 'none'}")
    groups: list[dict[str, Any]] = [
        {"params": [p for p in network.parameters() if p.ndim > 1]},
        {"params": [p for p in network.parameters() if p.ndim == 1], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(
        groups,
        lr=config.learning_rate,
        weight_decay=config.weight_decay,
    )
    say("reading the corpora")
    corpora = load_corpora(config, network.output_length)
    for name, reason in corpora.dropped:
        say(f"left out {name}: {reason}")
    minutes = sum(len(e.features) for e in corpora.train) * config.features.frame_s / 60
    say(f"{len(corpora.train)} utterances, {minutes:.1f} minutes to train on")

    state, log = out / "state.safetensors", out / "log.csv"
    rows: list[dict[str, float]] = []
    step = 0
    if state.is_file():
        step, rows = load_state(state, network, optimiser)
        say(f"continuing after step {step}")
    best = min((row["dev_cer"] for row in rows if "dev_cer" in row), default=math.inf)
    bfloat16 = uses_bfloat16(config.precision, device)
    frames = round(config.batch_s / config.features.frame_s)
    lengths = [len(e.features) for e in corpora.train]
    losses: list[float] = []
    skipped = 0
    began = time.monotonic()
    end = config.steps if stop_after is None else min(config.steps, step + stop_after)

    def checkpoint(at: int) -> None:
        save_state(state, at, network, optimiser, rows)
        write_log(log, rows)

    for epoch, batch in batches_from(lengths, frames, config.seed, step):
        if step >= end:
            break
        loss = _update(
            network, optimiser, [corpora.train[i] for i in batch], config, step, alphabet, bfloat16
        )
        if loss is None:
            skipped += 1
            say(f"step {step}: loss not finite, update skipped ({skipped} so far)")
            if skipped > max(10, config.steps // 100):
                raise InputError("too many losses were not finite; lower learning_rate")
        else:
            losses.append(loss)
        step += 1
        if step % config.eval_every == 0 or step == config.steps:
            rates = evaluate(network, corpora.dev, alphabet)
            row: dict[str, float] = {
                "step": step,
                "epoch": epoch,
                "train_loss": sum(losses) / max(1, len(losses)),
                "seconds": round(time.monotonic() - began, 1),
            }
            for name, rate in rates.items():
                row |= {f"{name}_cer": rate.cer, f"{name}_wer": rate.wer}
            recognizer = Recognizer(
                config.name, network, config.features, alphabet, config.language,
                facts={"step": step, "dev": {k: asdict(v) for k, v in rates.items()}},
            )  # fmt: skip
            save_recognizer(out / "last.safetensors", recognizer)
            if rates:
                row["dev_cer"] = sum(r.cer for r in rates.values()) / len(rates)
                if row["dev_cer"] < best:
                    best = row["dev_cer"]
                    save_recognizer(out / "best.safetensors", recognizer)
            rows.append(row)
            losses = []
            say("  ".join(f"{k} {v:.4g}" for k, v in row.items()))
            checkpoint(step)
        elif step % config.save_every == 0 or step == end:
            checkpoint(step)
    if step < config.steps:
        return state
    return finish(config, out, out / ("best" if corpora.dev else "last"), corpora, device)


def finish(
    config: TrainConfig, out: Path, chosen: Path, corpora: Corpora, device: torch.device
) -> Path:
    """Write the chosen network in half precision and score it, as it is now, on every split."""
    target = out / f"{config.name}.safetensors"
    best = load_model(chosen.with_suffix(".safetensors"), device=device, fuse=False)
    save_recognizer(target, best, torch.float16)
    shipped = load_model(target, device=device, fuse=False)
    splits = {"dev": corpora.dev, "test": corpora.test}
    rates = {
        f"{name} {split}": asdict(rate)
        for split, sets in splits.items()
        for name, rate in evaluate(shipped.network, sets, shipped.alphabet).items()
    }
    facts = {
        "steps": config.steps,
        "chosen_at": (best.facts or {}).get("step"),
        "utterances": len(corpora.train),
        "minutes": round(
            sum(len(e.features) for e in corpora.train) * config.features.frame_s / 60, 1
        ),
        "error_rates": rates,
    }
    save_recognizer(target, replace(shipped, facts=facts), torch.float16)
    write_text(out / "figures.json", json.dumps(facts, indent=1) + "\n")
    return target


def _update(
    network: Wav2Letter,
    optimiser: torch.optim.Optimizer,
    examples: Sequence[Example],
    config: TrainConfig,
    step: int,
    alphabet: Alphabet,
    bfloat16: bool,
) -> float | None:
    """Make one update; return the loss, or None if it was not finite and nothing was changed."""
    generator = torch.Generator().manual_seed(config.seed * 1_000_003 + step)
    torch.manual_seed(config.seed * 1_000_003 + step)
    device = next(network.parameters()).device
    spectrograms, texts = collate(examples)
    frame_s = config.features.frame_s
    changed = [augment(s, config.augment, frame_s, generator) for s in spectrograms]
    features, lengths = pad(changed)
    targets = [torch.tensor(alphabet.encode(text)) for text in texts]
    for group in optimiser.param_groups:
        group["lr"] = learning_rate(step, config.steps, config.learning_rate, config.warmup)
    network.train()
    optimiser.zero_grad(set_to_none=True)
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=bfloat16):
        logits = network(features.to(device))
    loss = ctc_loss(logits, [network.output_length(n) for n in lengths], targets)
    if not torch.isfinite(loss):
        return None
    loss.backward()  # type: ignore[no-untyped-call]
    norm = torch.nn.utils.clip_grad_norm_(network.parameters(), config.clip)
    if not torch.isfinite(norm):
        return None
    optimiser.step()
    return float(loss.detach())
