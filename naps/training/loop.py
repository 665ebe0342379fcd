"""The training loop of recognizers, convolutional and LSTM alike.

Every random number is a function of the seed and the step, so a run that was interrupted and
continued makes the same updates as one that was not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from naps.decoding import ErrorRates
from naps.errors import InputError
from naps.files import write_json
from naps.models import (
    Alphabet,
    LSTMConfig,
    Recognizer,
    Sizes,
    Wav2LetterConfig,
    build,
    load_model,
    save_recognizer,
)
from naps.training.batches import training_batches
from naps.training.checkpoint import load_state, save_state
from naps.training.config import LSTMNetwork, TrainConfig
from naps.training.corpora import Corpora, alphabet_for, load_corpora
from naps.training.distributed import Team, joined
from naps.training.evaluate import evaluate
from naps.training.examples import Spectrograms, refuse_too_many
from naps.training.log import Row, write_log
from naps.training.schedule import since_best
from naps.training.transfer import prepare_start
from naps.training.update import Update, Updater

Say = Callable[[str], None]
Draw = Callable[[Sequence[Row]], None]


@dataclass
class Progress:
    """How far a run is: all that a checkpoint holds beside weights and optimiser.

    Attributes
    ----------
    rows : list of dict
        Of the log.
    losses, disorders : list of float
        Of the steps since the last row; CTC alone, and the cost of topography if there is one.
    norm : float
        Of the last gradient.
    skipped : int
        Updates that were not made because loss or gradient was not finite.
    lost : dict
        Id → reason of utterances whose sound turned out to be unusable.
    seconds : float
        Spent on updates and looks at dev, over all starts.
    scale : dict
        State of the loss scale.
    """

    rows: list[Row] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    disorders: list[float] = field(default_factory=list)
    norm: float = math.nan
    skipped: int = 0
    lost: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    scale: dict[str, Any] = field(default_factory=dict)

    @property
    def seen(self) -> list[float]:
        """Dev error of every look so far."""
        return [row["dev_cer"] for row in self.rows if "dev_cer" in row]


def sizes_of(config: TrainConfig, alphabet: Alphabet) -> Sizes:
    """Return the sizes of the network that a recipe asks for."""
    sizes = config.network.model_dump(exclude={"architecture"})
    shape = {"n_mels": config.features.n_mels, "n_outputs": len(alphabet)}
    if isinstance(config.network, LSTMNetwork):
        return LSTMConfig(**shape, **sizes)
    return Wav2LetterConfig(**shape, **sizes)


def train(
    config: TrainConfig,
    out: Path,
    *,
    device: torch.device | str = "cpu",
    say: Say = print,
    draw: Draw | None = None,
    stop_after: int | None = None,
) -> Path:
    """Train or continue a recognizer.

    Under ``torchrun`` its processes train together; each takes a part of every batch, and the
    updates are those of one process but for rounding and, on CPUs, batch norm.

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
    draw : callable, optional
        Gets the rows of the log after every look at dev, to draw them.
    stop_after : int, optional
        Leave after so many steps, as if interrupted.

    Returns
    -------
    Path
        NAME.safetensors, or ``state.safetensors`` if it was left before the end.

    Raises
    ------
    InputError
        If corpora, start or checkpoint do not fit the recipe, too many utterances cannot be used,
        too many losses are not finite, or a checkpoint cannot be written.
    """
    with joined(torch.device(device)) as team:
        return _Run(config, out, team, say, draw)(stop_after)


class _Run:
    """One start of a training run."""

    def __init__(
        self, config: TrainConfig, out: Path, team: Team, say: Say, draw: Draw | None
    ) -> None:
        self.config, self.out, self.team = config, out, team
        self.say: Say = say if team.leads else lambda _: None
        self.draw = draw
        self.alphabet = alphabet_for(config.language)
        torch.manual_seed(config.seed)
        network = build(sizes_of(config, self.alphabet)).to(team.device)
        prepare_start(network, self.alphabet, config, self.say)
        self.say("looking through the corpora")
        self.corpora = load_corpora(config, network.output_length)
        for name, reason in self.corpora.dropped:
            self.say(f"left out {name}: {reason}")
        self.say(
            f"{len(self.corpora.train)} utterances, {minutes(self.corpora, config):.1f} minutes "
            f"to train on"
        )
        self.updater = Updater(network, config, self.alphabet, team)
        self.network = self.updater.network
        self.held_out = Spectrograms(config.features, int(config.cache_gib * 2**30))
        self.progress = Progress()

    def __call__(self, stop_after: int | None) -> Path:
        config, progress = self.config, self.progress
        step = self.restore()
        end = config.steps if stop_after is None else min(config.steps, step + stop_after)
        before, began = progress.seconds, time.monotonic()
        for batch in training_batches(
            self.corpora.train, config, step, end, self.team.rank, self.team.world
        ):
            update = self.updater(batch, progress.seen)
            step = batch.step + 1
            self.note_lost([item for part in self.team.gather(batch.lost) for item in part])
            self.note_update(batch.step, update)
            progress.seconds = before + time.monotonic() - began
            looking = step % config.eval_every == 0 or step == config.steps
            if looking or step % config.log_every == 0:
                self.add_row(step, batch.epoch, update.rate)
            if looking:
                self.look(step)
                progress.seconds = before + time.monotonic() - began
                if self.stops_early():
                    self.say(f"no better dev CER in {config.stop_early} looks: stopping")
                    self.checkpoint(step)
                    return self.finish()
            if looking or step % config.save_every == 0 or step == end:
                self.checkpoint(step)
        if step < config.steps and not self.stops_early():
            return self.out / "state.safetensors"
        return self.finish()

    def restore(self) -> int:
        """Go back to the last checkpoint, if there is one; return its step."""
        state = self.out / "state.safetensors"
        if not state.is_file():
            return 0
        step, facts = load_state(state, self.network, self.updater.optimiser, self.identity())
        self.progress = Progress(**facts)
        self.updater.restore_scale(self.progress.scale)
        self.say(f"continuing after step {step}")
        return self.config.steps if self.stops_early() else step

    def identity(self) -> dict[str, Any]:
        """Return what a checkpoint must share with the recipe to be continued."""
        topography = self.config.topography
        return {
            "alphabet": self.alphabet.symbols,
            "architecture": self.config.network.architecture,
            "features": self.config.features.model_dump(),
            "optimiser": self.config.optimiser,
            "frozen": self.config.frozen,
            "topography": topography and topography.model_dump(),
        }

    def stops_early(self) -> bool:
        """Say whether dev has not become better for too long."""
        limit = self.config.stop_early
        return limit is not None and since_best(self.progress.seen) >= limit

    def note_lost(self, found: Sequence[tuple[str, str]]) -> None:
        """Count utterances whose sound could not be used after all."""
        progress = self.progress
        for name, reason in found:
            if name not in progress.lost:
                progress.lost[name] = reason
                self.say(f"left out {name}: {reason}")
        dropped = [*self.corpora.dropped, *progress.lost.items()]
        refuse_too_many(
            dropped, len(self.corpora.train) + len(self.corpora.dropped), self.config.max_bad_share
        )

    def note_update(self, step: int, update: Update) -> None:
        """Count an update, or that there was none."""
        progress = self.progress
        if math.isfinite(update.loss) and math.isfinite(update.norm):
            progress.losses.append(update.loss)
            progress.norm = update.norm
            if update.disorder is not None:
                progress.disorders.append(update.disorder)
            return
        progress.skipped += 1
        what = "gradient" if math.isfinite(update.loss) else "loss"
        self.say(f"step {step}: {what} not finite, update skipped ({progress.skipped} so far)")
        if progress.skipped > max(10, self.config.steps // 100):
            raise InputError("too many losses were not finite; lower learning_rate")

    def add_row(self, step: int, epoch: int, rate: float) -> None:
        """Add a row to the log."""
        progress = self.progress
        row: Row = {"step": step, "epoch": epoch, "train_loss": _mean(progress.losses)}
        if self.updater.topography is not None:
            row["topography_cost"] = _mean(progress.disorders)
        row |= {
            "gradient_norm": progress.norm,
            "learning_rate": rate,
            "seconds": round(progress.seconds, 1),
        }
        progress.rows.append(row)
        progress.losses, progress.disorders = [], []

    def look(self, step: int) -> None:
        """Score the dev sets, keep the best network, and show how it goes."""
        rates = evaluate(self.network, self.corpora.dev, self.held_out, self.alphabet, self.team)
        row, before = self.progress.rows[-1], min(self.progress.seen, default=math.inf)
        for name, rate in rates.items():
            row |= {f"{name}_cer": rate.cer, f"{name}_wer": rate.wer}
        if rates:
            row["dev_cer"] = sum(r.cer for r in rates.values()) / len(rates)
        if self.team.leads:
            recognizer = self.recognizer(step, rates)
            save_recognizer(self.out / "last.safetensors", recognizer)
            if row.get("dev_cer", math.inf) < before:
                save_recognizer(self.out / "best.safetensors", recognizer)
            if self.draw is not None:
                self.draw(self.progress.rows)
        self.say("  ".join(f"{k} {v:.4g}" for k, v in row.items()))

    def recognizer(self, step: int, rates: dict[str, ErrorRates]) -> Recognizer:
        """Return the network as it is now."""
        return Recognizer(
            self.config.name, self.network, self.config.features, self.alphabet,
            self.config.language,
            facts={"step": step, "dev": {k: asdict(v) for k, v in rates.items()}} | self.order(),
        )  # fmt: skip

    def order(self) -> dict[str, Any]:
        """Return what the file of the network says of its topography."""
        topography = self.updater.topography
        return {} if topography is None else {"topography": topography.facts()}

    def checkpoint(self, step: int) -> None:
        """Write what is needed to go on."""
        if not self.team.leads:
            return
        self.progress.scale = self.updater.scale()
        save_state(
            self.out / "state.safetensors", step, self.network, self.updater.optimiser,
            asdict(self.progress), self.identity(),
        )  # fmt: skip
        write_log(self.out / "log.csv", self.progress.rows)

    def finish(self) -> Path:
        """Write the chosen network in half precision and score it, as it is, on every split."""
        config = self.config
        target = self.out / f"{config.name}.safetensors"
        chosen = self.out / ("best.safetensors" if self.corpora.dev else "last.safetensors")
        if self.team.leads:
            save_recognizer(target, load_model(chosen, fuse=False), torch.float16)
        self.team.gather(None)  # the others wait until the file is there
        best = load_model(chosen, fuse=False)
        shipped = load_model(target, device=self.team.device, fuse=False)
        splits = {"dev": self.corpora.dev, "test": self.corpora.test}
        rates = {
            f"{name} {split}": asdict(rate)
            for split, sets in splits.items()
            for name, rate in evaluate(
                shipped.network, sets, self.held_out, self.alphabet, self.team
            ).items()
        }
        facts = {
            "steps": self.progress.rows[-1]["step"],
            "chosen_at": (best.facts or {}).get("step"),
            "utterances": len(self.corpora.train),
            "minutes": round(minutes(self.corpora, config), 1),
            "left_out": len(self.corpora.dropped) + len(self.progress.lost),
            "error_rates": rates,
        } | self.order()
        if config.start is not None:
            source = load_model(config.start)
            facts["began_as"] = {"name": source.name, "sha256": source.sha256}
        if self.team.leads:
            save_recognizer(target, replace(shipped, facts=facts), torch.float16)
            write_json(self.out / "figures.json", facts)
        return target


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def minutes(corpora: Corpora, config: TrainConfig) -> float:
    """Return the minutes of speech to train on."""
    return sum(e.frames for e in corpora.train) * config.features.frame_s / 60
