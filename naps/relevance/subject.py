"""What is explained: a network, its input, and one of its scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from naps.errors import InputError
from naps.relevance.recurrent import check_lengths

Output = Callable[[Any], Tensor]


@dataclass(frozen=True)
class Subject:
    """One score of each item of a batch, as a function of vectors that can be changed.

    Attributes
    ----------
    network : Module
        In eval mode.
    inputs : Tensor of float, shape (batch, ...)
        What relevance is looked for of; of a network that reads numbers of tokens, their vectors,
        (batch, steps, features).
    wanted : Tensor of int, shape (batch,), or None
        Class whose score is explained; None for the predicted one.
    lengths : Tensor of int, shape (batch,), or None
        Real steps of each item.
    tokens : Tensor of int, shape (batch, steps), or None
    output : callable or None
        Takes the scores out of what the network gives.
    """

    network: nn.Module
    inputs: Tensor
    wanted: Tensor | None = None
    lengths: Tensor | None = None
    tokens: Tensor | None = None
    output: Output | None = None

    @cached_property
    def original(self) -> Tensor:
        """Scores of the inputs as they are, shape (batch, classes)."""
        with torch.no_grad():
            return self.scores(self.inputs)

    @cached_property
    def target(self) -> Tensor:
        """Class that is explained, shape (batch,)."""
        return self.target_among(self.original)

    def target_among(self, scores: Tensor) -> Tensor:
        """Return the class to explain, shape (batch,), where the inputs have these scores.

        Raises
        ------
        InputError
            If a class does not exist, or scores are not finite.
        """
        if not bool(torch.isfinite(scores).all()):
            raise InputError(_blame(self.network))
        if self.wanted is None:
            return scores.detach().argmax(1)
        classes = scores.shape[1]
        for number in sorted(set(self.wanted.tolist())):
            if not 0 <= number < classes:
                raise InputError(
                    f"no class {number}; the network has {classes}, numbered 0 to {classes - 1}"
                )
        return self.wanted

    def scores(self, inputs: Tensor, items: Tensor | None = None) -> Tensor:
        """Run the network on changed inputs.

        Parameters
        ----------
        inputs : Tensor, shape (rows, ...)
        items : Tensor of int, shape (rows,), optional
            Item of the batch that each row is a variant of; the batch itself by default.

        Returns
        -------
        Tensor, shape (rows, classes)
        """
        lengths, tokens = (
            value if value is None or items is None else value[items.to(value.device)]
            for value in (self.lengths, self.tokens)
        )
        more = () if lengths is None else (lengths.tolist(),)
        if tokens is None:
            found = self.network(inputs, *more)
        else:
            with _replaced(_embedding(self.network), inputs):
                found = self.network(tokens, *more)
        return _two_dimensional(found if self.output is None else self.output(found), len(inputs))

    def chosen(self, inputs: Tensor, items: Tensor | None = None) -> Tensor:
        """Return the explained class's score of changed inputs, shape (rows,)."""
        target = self.target if items is None else self.target[items]
        return self.scores(inputs, items).gather(1, target[:, None])[:, 0]

    def gradient(self, inputs: Tensor, items: Tensor | None = None) -> Tensor:
        """Return the gradient of the explained class's score at changed inputs."""
        at = inputs.detach().requires_grad_()
        # cuDNN's recurrent layers go back in training mode only.
        with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
            total = self.chosen(at, items).sum()
            if not total.requires_grad:
                raise InputError("the scores do not depend on the input")
            (found,) = torch.autograd.grad(total, at)
        return found

    def real(self) -> Tensor:
        """Return 1 for real steps and 0 behind the end, shape (batch, steps) and ones."""
        batch, *rest = self.inputs.shape
        if self.lengths is None:
            return self.inputs.new_ones(batch, *[1] * len(rest))
        steps = torch.arange(rest[0], device=self.inputs.device)
        mask = (steps < self.lengths[:, None]).to(self.inputs)
        return mask.view(batch, rest[0], *[1] * (len(rest) - 1))


@contextmanager
def gradients_on() -> Iterator[None]:
    """Let torch keep graphs, even where the caller has switched that off."""
    with torch.inference_mode(mode=False), torch.enable_grad():
        yield


def make_subject(
    network: nn.Module,
    inputs: Tensor,
    target: int | Sequence[int] | Tensor | None = None,
    *,
    lengths: Sequence[int] | Tensor | None = None,
    output: Output | None = None,
) -> Subject:
    """Put together what is explained, and check it.

    Parameters
    ----------
    network : Module
        Gives scores of classes, (batch, classes), from a batch of inputs; in eval mode. Called
        with lengths as its second argument, if there are any.
    inputs : Tensor, shape (batch, ...)
        Vectors, or numbers of tokens for the network's first `nn.Embedding`.
    target : int or sequence of int, optional
        Class to be explained, of all items or of each; the predicted one by default.
    lengths : sequence of int, optional
        Real steps of each item, the second axis; all by default.
    output : callable, optional
        Takes the scores out of what the network gives, such as one frame's:
        ``lambda logits: logits[:, 40]``.

    Returns
    -------
    Subject

    Raises
    ------
    InputError
        If the network trains or gives no scores, an item is empty, a class does not exist, or
        inputs or weights are not finite.
    """
    if network.training:
        raise InputError("the network is in training mode; put it in eval mode with .eval() first")
    if inputs.ndim < 2 or not inputs.numel():
        raise InputError(
            f"inputs of shape {tuple(inputs.shape)} have nothing to explain; a batch is needed"
        )
    weight = next(network.parameters(), None)
    device = inputs.device if weight is None else weight.device
    real = None
    if lengths is not None:
        real = torch.as_tensor(lengths, dtype=torch.long, device=device)
        check_lengths(real, len(inputs), inputs.shape[1])
    tokens = None
    if inputs.is_inference():
        # No graph may hold what was made in inference mode.
        inputs = inputs.clone()
    if inputs.is_floating_point():
        values = inputs.detach().to(device if weight is None else weight)
    else:
        tokens = inputs.to(device)
        values = _vectors(_embedding(network), tokens)
    if not bool(torch.isfinite(values).all()):
        raise InputError("the input has values that are not finite")
    wanted = None
    if target is not None:
        wanted = torch.as_tensor(target, dtype=torch.long, device=device)
        wanted = wanted.expand(len(inputs)) if wanted.ndim == 0 else wanted
        if wanted.shape != (len(inputs),):
            raise InputError(f"{wanted.numel()} target classes for a batch of {len(inputs)}")
    return Subject(network, values, wanted, real, tokens, output)


def _embedding(network: nn.Module) -> nn.Embedding:
    found = next((m for m in network.modules() if isinstance(m, nn.Embedding)), None)
    if found is None:
        raise InputError(
            "the input is numbers of tokens, and the network has no nn.Embedding; give vectors"
        )
    return found


def _vectors(embedding: nn.Embedding, tokens: Tensor) -> Tensor:
    outside = (tokens < 0) | (tokens >= embedding.num_embeddings)
    if bool(outside.any()):
        raise InputError(
            f"token {int(tokens[outside][0])} is none of the {embedding.num_embeddings} there are"
        )
    with torch.no_grad():
        found: Tensor = embedding(tokens)
    return found


@contextmanager
def _replaced(embedding: nn.Embedding, vectors: Tensor) -> Iterator[None]:
    handle = embedding.register_forward_hook(lambda *_: vectors)
    try:
        yield
    finally:
        handle.remove()


def _two_dimensional(found: object, rows: int) -> Tensor:
    if not isinstance(found, Tensor) or found.ndim != 2 or len(found) != rows:
        shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
        raise InputError(
            f"the network gives {shape}, where scores of shape (batch, classes) are needed; say "
            f"with output= which part of it they are"
        )
    return found


def _blame(network: nn.Module) -> str:
    for name, weight in network.named_parameters():
        if not bool(torch.isfinite(weight).all()):
            return f"weight {name!r} of the network is not finite everywhere"
    return "the network's scores are not finite"
