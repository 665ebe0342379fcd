"""One update of a network's weights."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from naps.models import Alphabet, Network
from naps.training.batches import Batch
from naps.training.config import TrainConfig
from naps.training.distributed import Team
from naps.training.schedule import product_type, rate_at
from naps.training.topography import Heard, topography_of


def ctc_losses(logits: Tensor, lengths: Sequence[int], targets: Sequence[Tensor]) -> Tensor:
    """Return each utterance's CTC loss per letter; the blank is the last unit.

    Parameters
    ----------
    logits : Tensor, shape (utterances, frames, units)
    lengths : sequence of int
        Real output frames of each utterance.
    targets : sequence of Tensor
        Units of each text.

    Returns
    -------
    Tensor, shape (utterances,)
        Zero where a text is longer than its frames can hold.
    """
    losses = functional.ctc_loss(
        logits.float().log_softmax(2).transpose(0, 1),
        torch.cat(list(targets)),
        torch.tensor(lengths),
        torch.tensor([len(t) for t in targets]),
        blank=logits.shape[2] - 1,
        reduction="none",
        zero_infinity=True,
    )
    return losses / torch.tensor([len(t) for t in targets], device=losses.device)


@dataclass(frozen=True)
class Update:
    """What one update was.

    Attributes
    ----------
    loss : float
        CTC loss per letter, mean over the utterances of all processes.
    norm : float
        Of the gradient before it was clipped. Where it or a loss is not finite, weights and
        statistics are as they were.
    rate : float
        The learning rate.
    disorder : float or None
        The cost of topography before it is weighed; None without.
    """

    loss: float
    norm: float
    rate: float
    disorder: float | None


class Updater:
    """Makes updates, and holds what they need from one to the next.

    Parameters
    ----------
    network : Network
        To train; what is frozen has no gradient.
    config : TrainConfig
    alphabet : Alphabet
    team : Team
    """

    def __init__(
        self, network: Network, config: TrainConfig, alphabet: Alphabet, team: Team
    ) -> None:
        keep_still(network, config.frozen)
        self.network, self._call = team.wrap(network)
        self.topography = topography_of(self.network, config)
        self._config, self._alphabet, self._team = config, alphabet, team
        self._product = product_type(config.precision, team.device)
        self._scaler = torch.amp.grad_scaler.GradScaler(
            team.device.type, enabled=self._product == torch.float16
        )
        free = [p for p in self.network.parameters() if p.requires_grad]
        groups: list[dict[str, Any]] = [
            {"params": [p for p in free if p.ndim > 1], "weight_decay": config.weight_decay},
            # Decay pulls shifts and scales nowhere useful.
            {"params": [p for p in free if p.ndim == 1], "weight_decay": 0.0},
        ]
        self.optimiser: torch.optim.Optimizer
        if config.optimiser == "adamw":
            self.optimiser = torch.optim.AdamW(groups, lr=config.learning_rate)
        else:
            plain = [p for group in groups for p in group["params"]]
            self.optimiser = torch.optim.Adam(plain, lr=config.learning_rate)

    def scale(self) -> dict[str, Any]:
        """Return the state of the loss scale, as JSON; empty where there is none."""
        state: dict[str, Any] = self._scaler.state_dict()
        return state

    def restore_scale(self, state: dict[str, Any]) -> None:
        """Take up the loss scale where it was."""
        if state and self._scaler.is_enabled():
            self._scaler.load_state_dict(state)

    def __call__(self, batch: Batch, seen: Sequence[float]) -> Update:
        """Make one update, or none if loss or gradient is not finite.

        Parameters
        ----------
        batch : Batch
            This process's part.
        seen : sequence of float
            Dev error of every look so far.
        """
        config, device = self._config, self._team.device
        rate = rate_at(
            config.schedule, batch.step, config.steps, config.learning_rate, config.warmup,
            seen=seen, patience=config.patience,
        )  # fmt: skip
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        torch.manual_seed((config.seed * 1_000_003 + batch.step) * 1009 + self._team.rank)
        self.network.train()
        keep_still(self.network, config.frozen)
        statistics = [b.clone() for b in self.network.buffers()]
        self.optimiser.zero_grad(set_to_none=True)
        listening = (
            nullcontext[Heard]({}) if self.topography is None else self.topography.listening()
        )
        with (
            torch.autocast(
                device.type,
                dtype=self._product or torch.bfloat16,
                enabled=self._product is not None,
            ),
            listening as heard,
        ):
            logits = self._call(batch.features.to(device), batch.lengths)
        targets = [torch.tensor(self._alphabet.encode(text)) for text in batch.texts]
        lengths = [self.network.output_length(n) for n in batch.lengths]
        weights = torch.tensor(batch.weights, device=device)
        loss = (ctc_losses(logits, lengths, targets) * weights).sum()
        disorder = self._disorder(heard, batch, weights)
        # A weight of zero adds nothing, not even what is not finite.
        weight = 0.0 if config.topography is None else config.topography.weight
        cost = loss + weight * disorder if weight else loss
        # Gradients are averaged over processes, whose losses are parts of one sum.
        self._scaler.scale(cost * self._team.world).backward()  # type: ignore[no-untyped-call]
        self._scaler.unscale_(self.optimiser)
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), config.clip)
        whole = self._team.total(loss.detach().clone())
        order = self._team.total(disorder.detach().clone())
        if torch.isfinite(whole) and torch.isfinite(norm):
            self._scaler.step(self.optimiser)
        else:
            for buffer, before in zip(self.network.buffers(), statistics, strict=True):
                buffer.copy_(before)
        self._scaler.update()
        return Update(
            float(whole), float(norm), rate, None if self.topography is None else float(order)
        )

    def _disorder(self, heard: Heard, batch: Batch, weights: Tensor) -> Tensor:
        """Return this process's part of the cost of topography."""
        if self.topography is None:
            return weights.new_zeros(())
        cost = self.topography(heard, batch.lengths, weights)
        return cost if self.topography.depends_on_speech else cost / self._team.world


def keep_still(network: Network, frozen: int) -> None:
    """Let the first layers be as in use: no dropout, no change of batch norm, no gradient."""
    for layer in network.layers[:frozen]:
        module = network.get_submodule(layer.name)
        module.eval()
        module.requires_grad_(False)
