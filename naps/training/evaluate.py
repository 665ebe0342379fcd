"""Scoring a network on held-out speech, as it will be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from naps.decoding import ErrorRates, error_rates, greedy
from naps.models import Alphabet, Network
from naps.training.distributed import Team
from naps.training.examples import Example, Spectrograms


@torch.inference_mode()
def transcribe(
    network: Network, examples: Sequence[Example], spectrograms: Spectrograms, alphabet: Alphabet
) -> list[str]:
    """Decode examples one by one, so that no padding is heard."""
    device = next(network.parameters()).device
    texts = []
    for example in examples:
        logits = network(spectrograms(example).to(device)[None])[0]
        units = [letter.unit for letter in greedy(logits.cpu(), alphabet.blank)]
        texts.append(" ".join(alphabet.decode(units).split()))
    return texts


def evaluate(
    network: Network,
    sets: Mapping[str, Sequence[Example]],
    spectrograms: Spectrograms,
    alphabet: Alphabet,
    team: Team,
) -> dict[str, ErrorRates]:
    """Score every set with batch norm fused away; the processes of a team share the work."""
    fused = network.fused()
    rates = {}
    for name, examples in sets.items():
        own = examples[team.rank :: team.world]
        pairs = zip(
            [e.text for e in own], transcribe(fused, own, spectrograms, alphabet), strict=True
        )
        found = [pair for part in team.gather(list(pairs)) for pair in part]
        rates[name] = error_rates([said for said, _ in found], [heard for _, heard in found])
    return rates
