"""Cascade of random weights: whether an explanation depends on what the network has learned.

After Adebayo et al. (2018). Layer by layer from the output down, weights lose what they have
learned, and relevance is compared with that of the trained network, for the class that the
trained network chose. A method whose relevance stays the same explains the input, not the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from naps.errors import InputError
from naps.relevance.evaluation.agreement import agreement
from naps.relevance.explain import explain, find_method
from naps.relevance.interval import Interval
from naps.relevance.methods import Method
from naps.relevance.subject import Output


@dataclass(frozen=True)
class Randomised:
    """What is left of the relevance when all layers from one up have random weights.

    Attributes
    ----------
    layer : str
        The lowest of them.
    signed, sizes : Interval, shape ()
        Rank correlation with the trained network's relevance, and of both their sizes.
    chance_p99 : float
        The 99th percentile of the first where relevance is shuffled within each item.
    """

    layer: str
    signed: Interval
    sizes: Interval
    chance_p99: float


def cascade(
    network: nn.Module,
    inputs: Tensor,
    method: str | Method = "lrp",
    target: int | Sequence[int] | Tensor | None = None,
    *,
    lengths: Sequence[int] | Tensor | None = None,
    output: Output | None = None,
    layers: Sequence[str] | None = None,
    seed: int = 0,
) -> list[Randomised]:
    """Randomise a network from the output down and compare relevance at every stage.

    The values of each weight are shuffled, so their distribution stays what it was; the network
    itself is left alone.

    Parameters
    ----------
    network, inputs, target, lengths, output
        See `explain`. The class predicted by the trained network is explained throughout.
    method : str or Method
    layers : sequence of str, optional
        From the output down; by default all modules with weights of their own, the last first,
        without embeddings.
    seed : int

    Returns
    -------
    list of Randomised
        A layer more in each.

    Raises
    ------
    InputError
        If there is no such layer or method, or what `explain` says.
    """
    chosen = find_method(method)
    original = explain(network, inputs, target, chosen, lengths=lengths, output=output)
    copy = deepcopy(network)
    names = _weighted(copy) if layers is None else list(layers)
    modules = dict(copy.named_modules())
    random = torch.Generator().manual_seed(seed)
    found = []
    for name in names:
        if name not in modules:
            raise InputError(f"no layer {name!r}; there are: {', '.join(_weighted(copy))}")
        shuffle_weights(modules[name], random)
        relevance = explain(
            copy, inputs, original.target, chosen, lengths=lengths, output=output
        ).relevance
        signed = agreement(original.relevance, relevance, lengths, seed=seed)
        sizes = agreement(original.relevance.abs(), relevance.abs(), lengths, seed=seed)
        found.append(Randomised(name, signed.spearman_mean, sizes.spearman_mean, signed.chance_p99))
    return found


@torch.no_grad()
def shuffle_weights(module: nn.Module, random: torch.Generator) -> None:
    """Put the values of each of a module's weights into random order, in place."""
    for weight in module.parameters():
        order = torch.randperm(weight.numel(), generator=random).to(weight.device)
        weight.copy_(weight.flatten()[order].view_as(weight))


def _weighted(network: nn.Module) -> list[str]:
    """Name the modules with weights of their own, the last first."""
    names = [
        name
        for name, module in network.named_modules()
        if not isinstance(module, nn.Embedding)
        and any(True for _ in module.parameters(recurse=False))
    ]
    return names[::-1]
