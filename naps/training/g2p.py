"""Training a grapheme-to-phoneme model; resumable to the step."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from naps.errors import InputError
from naps.files import write_json
from naps.phonology.g2p import (
    G2P,
    G2PNetwork,
    G2PNetworkConfig,
    load_g2p,
    pronunciation_loss,
    save_g2p,
)
from naps.phonology.g2p.network import BOUNDARY
from naps.phonology.g2p.score import PronunciationErrors, pronunciation_errors
from naps.phonology.lexicon import Lexicon, Pronunciation, read_lexicon
from naps.training.batches import batches_from, same_length_batches
from naps.training.config import Strict
from naps.training.course import Course, follow
from naps.training.schedule import learning_rate, product_type

Say = Callable[[str], None]

_LETTERS = {
    "en": "abcdefghijklmnopqrstuvwxyz'",
    "de": "abcdefghijklmnopqrstuvwxyzäöüß'",
}


class G2PNetworkSizes(Strict):
    """Sizes that the recipe decides; see `naps.phonology.g2p.G2PNetworkConfig`."""

    embedding: int = Field(64, ge=1)
    encoder: int = Field(192, ge=1)
    decoder: int = Field(384, ge=1)
    dropout: float = Field(0.3, ge=0.0, lt=1.0)


class TrainG2PConfig(Strict):
    """A recipe that trains a grapheme-to-phoneme model.

    Attributes
    ----------
    lexicon : Path or None
        Dictionary to learn from, in any format of `naps.phonology.read_lexicon`; set it with
        ``--set lexicon=FILE``.
    test : Path or None
        Dictionary to be scored on once at the end. Without it a share of the words of `lexicon`
        is kept for that.
    dev_share, test_share : float
        Words held out; which they are depends on the word alone (a hash), not on seed or order.
        ``test_share`` counts only where there is no `test`.
    batch : int
        Words, all of the same length.
    steps : int
        Updates in all.
    smoothing : float
        Of the labels.
    beam : int
        Hypotheses when the finished model is scored.
    """

    kind: Literal["g2p"] = "g2p"
    name: str
    language: Literal["en", "de"] = "en"
    lexicon: Path | None = None
    test: Path | None = None
    dev_share: float = Field(0.025, gt=0.0, lt=0.5)
    test_share: float = Field(0.05, ge=0.0, lt=0.5)
    network: G2PNetworkSizes = G2PNetworkSizes()
    seed: int = 1
    steps: int = Field(9000, ge=1)
    batch: int = Field(256, ge=1)
    learning_rate: float = Field(2e-3, gt=0.0)
    weight_decay: float = Field(0.01, ge=0.0)
    warmup: float = Field(0.04, ge=0.0, lt=1.0)
    clip: float = Field(1.0, gt=0.0)
    smoothing: float = Field(0.1, ge=0.0, lt=1.0)
    beam: int = Field(5, ge=1)
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    eval_every: int = Field(450, ge=1)


@dataclass(frozen=True)
class Words:
    """Words of the three uses, each with its pronunciations."""

    train: dict[str, tuple[Pronunciation, ...]]
    dev: dict[str, tuple[Pronunciation, ...]]
    test: dict[str, tuple[Pronunciation, ...]]
    left_out: tuple[str, ...]


def place_of(word: str) -> float:
    """Return a number in [0, 1) that depends on the word alone."""
    return int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big") / 2**64


def split_words(
    lexicon: Lexicon, test: Lexicon | None, dev_share: float, test_share: float, letters: str
) -> Words:
    """Divide a dictionary's words into those to learn from, to watch, and to test.

    Words with characters other than `letters` are left out and named. No word of the test
    dictionary is learned from.
    """
    readable = {w: said for w, said in lexicon.entries.items() if w and not set(w) - set(letters)}
    left_out = tuple(w for w in lexicon.entries if w not in readable)
    share = test_share if test is None else 0.0
    parts: tuple[dict[str, tuple[Pronunciation, ...]], ...] = ({}, {}, {})
    for word, said in readable.items():
        if test is not None and word in test:
            continue
        place = place_of(word)
        parts[2 if place < share else 1 if place < share + dev_share else 0][word] = said
    return Words(parts[0], parts[1], parts[2] if test is None else dict(test.entries), left_out)


def collate(words: Sequence[list[int]], phones: Sequence[list[int]]) -> tuple[Tensor, ...]:
    """Make the tensors of a batch: letters, what stands in front of each phone, and the phones.

    Phones end with the boundary; what is beyond the end is −1 in the last of the three.
    """
    longest = max(len(p) for p in phones) + 1
    before = torch.full((len(phones), longest), BOUNDARY)
    target = torch.full((len(phones), longest), -1)
    for row, spoken in enumerate(phones):
        before[row, 1 : len(spoken) + 1] = torch.tensor(spoken)
        target[row, : len(spoken) + 1] = torch.tensor([*spoken, BOUNDARY])
    return torch.tensor(words), before, target


def score(
    model: G2P, words: dict[str, tuple[Pronunciation, ...]], beam: int
) -> PronunciationErrors:
    """Score a model on words it has not seen."""
    guesses = model.pronounce(list(words), beam=beam)
    return pronunciation_errors(list(words.values()), [g.phones for g in guesses])


def train_g2p(
    config: TrainG2PConfig, out: Path, *, say: Say = print, stop_after: int | None = None
) -> Path:
    """Train or continue a grapheme-to-phoneme model.

    Parameters
    ----------
    config : TrainG2PConfig
        The recipe.
    out : Path
        Gets ``state.safetensors`` (to continue from), ``best.safetensors`` (lowest word error on
        the dev words), ``log.csv`` and, when all steps are made, NAME.safetensors, the best in
        half precision with its error rates, and ``figures.json``, the same for people.
    say : callable
        Gets lines for people.
    stop_after : int, optional
        Leave after so many steps, as if interrupted.

    Returns
    -------
    Path
        NAME.safetensors, or ``state.safetensors`` if it was left before the end.

    Raises
    ------
    InputError
        If a dictionary cannot be read or has too few words.
    """
    if config.lexicon is None:
        raise InputError("the recipe names no dictionary; --set lexicon=FILE")
    letters = _LETTERS[config.language]
    lexicon = read_lexicon(config.lexicon, language=config.language)
    test = None if config.test is None else read_lexicon(config.test, language=config.language)
    words = split_words(lexicon, test, config.dev_share, config.test_share, letters)
    if not words.train or not words.dev:
        raise InputError(f"{config.lexicon}: too few words to learn from")
    phones = tuple(sorted({p for said in words.train.values() for s in said for p in s}))
    index = {phone: number for number, phone in enumerate(phones, 1)}
    pairs = [
        ([letters.index(c) for c in word], [index[p] for p in spoken])
        for word, said in words.train.items()
        for spoken in said
    ]
    say(
        f"{len(words.train)} words ({len(pairs)} pronunciations) to learn from, "
        f"{len(words.dev)} dev, {len(words.test)} test; {len(words.left_out)} left out"
    )
    torch.manual_seed(config.seed)
    sizes = G2PNetworkConfig(
        n_letters=len(letters), n_phones=len(phones), **config.network.model_dump()
    )
    network = G2PNetwork(sizes)
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    bfloat16 = product_type(config.precision, torch.device("cpu")) is not None
    model = G2P(config.name, config.language, letters, phones, network, smoothing=config.smoothing)
    lengths = [len(word) for word, _ in pairs]

    def update(batch: list[int], step: int) -> float:
        tensors = collate([pairs[i][0] for i in batch], [pairs[i][1] for i in batch])
        return _update(network, optimiser, tensors, config, step, bfloat16)

    def look() -> dict[str, float]:
        network.eval()
        found = score(model, words.dev, beam=1)
        return {"dev_per": found.per, "dev_wer": found.wer}

    course = Course(
        network=network,
        optimiser=optimiser,
        batches=partial(
            batches_from,
            epoch_of=lambda epoch: same_length_batches(lengths, config.batch, config.seed, epoch),
        ),
        update=update,
        look=look,
        merit=lambda row: -row["dev_wer"],
        keep=lambda path: save_g2p(path, model),
        steps=config.steps,
        eval_every=config.eval_every,
    )
    rows = follow(course, out, say=say, stop_after=stop_after)
    if rows is None:
        return out / "state.safetensors"
    return _finish(config, out, words, rows, len(pairs))


def _finish(
    config: TrainG2PConfig,
    out: Path,
    words: Words,
    rows: Sequence[dict[str, float]],
    pronunciations: int,
) -> Path:
    """Write the best model in half precision and score it, as it is now."""
    target = out / f"{config.name}.safetensors"
    save_g2p(target, load_g2p(out / "best.safetensors"), torch.float16)
    model = load_g2p(target)
    rates = {
        f"{name} beam {beam}": asdict(score(model, part, beam))
        for name, part in (("dev", words.dev), ("test", words.test))
        if part
        for beam in sorted({1, config.beam})
    }
    facts = {
        "steps": config.steps,
        "chosen_at": min(rows, key=lambda row: row["dev_wer"])["step"],
        "words": len(words.train),
        "pronunciations": pronunciations,
        "left_out": len(words.left_out),
        "error_rates": rates,
    }
    save_g2p(target, replace(model, facts=facts), torch.float16)
    write_json(out / "figures.json", facts)
    return target


def _update(
    network: G2PNetwork,
    optimiser: torch.optim.Optimizer,
    tensors: tuple[Tensor, ...],
    config: TrainG2PConfig,
    step: int,
    bfloat16: bool,
) -> float:
    """Make one update and return the loss."""
    torch.manual_seed(config.seed * 1_000_003 + step)
    for group in optimiser.param_groups:
        group["lr"] = learning_rate(step, config.steps, config.learning_rate, config.warmup)
    network.train()
    optimiser.zero_grad(set_to_none=True)
    letters, before, target = tensors
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
        logits, _ = network(letters, before)
    loss = pronunciation_loss(logits, target, config.smoothing)
    if not torch.isfinite(loss):
        raise InputError(f"the loss is not finite at step {step}; lower learning_rate")
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(network.parameters(), config.clip)
    optimiser.step()
    return float(loss.detach())
