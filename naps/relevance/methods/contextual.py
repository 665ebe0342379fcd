"""Contextual decomposition: what of a score comes from a phrase."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence
from torch.utils.hooks import RemovableHandle

from naps.errors import InputError
from naps.relevance.decomposition import Parts, Phrase, decompose
from naps.relevance.methods.method import Method
from naps.relevance.recurrent import row_weights, steps_first
from naps.relevance.subject import Subject

_ROWS = 256


@dataclass(frozen=True)
class PhraseScores:
    """Scores taken apart; both and the scores of the head without any input make up the scores.

    Attributes
    ----------
    relevant, rest : Tensor, shape (rows, classes)
        What comes from the phrase, and what from elsewhere.
    constant : Tensor, shape (rows, classes)
        The head's bias.
    """

    relevant: Tensor
    rest: Tensor
    constant: Tensor


@dataclass(frozen=True)
class ContextualDecomposition(Method):
    """What of the score comes from each step by itself or with its context (Murdoch et al. 2018).

    For a network with one `nn.LSTM`, of any number of layers and directions, that reads the input
    itself, and a head that is linear: the last state, a mean over steps, linear layers.

    Attributes
    ----------
    last_bias : bool
        Whether the product of the biases of input gate and candidate at the last step of a phrase
        counts as the phrase's, as in the paper; in the authors' program it does not.
    """

    name: ClassVar[str] = "contextual_decomposition"
    last_bias: bool = True

    @torch.no_grad()
    def relevance(self, subject: Subject) -> Tensor:
        """See `Method`: each step is a phrase."""
        batch, steps = subject.inputs.shape[:2]
        found = subject.inputs.new_zeros(batch, steps, 1)
        real = subject.real().view(batch, -1).expand(batch, steps).bool()
        items, places = real.nonzero().unbind(1)
        for start in range(0, len(items), _ROWS):
            item, place = items[start : start + _ROWS], places[start : start + _ROWS]
            parts = self.phrases(subject, place, place, item)
            chosen = parts.relevant.gather(1, subject.target[item, None])
            found[item, place] = chosen
        return found

    @torch.no_grad()
    def phrases(
        self, subject: Subject, start: Tensor, stop: Tensor, items: Tensor | None = None
    ) -> PhraseScores:
        """Take the scores of all classes apart, a phrase a row.

        Parameters
        ----------
        subject : Subject
        start, stop : Tensor of int, shape (rows,)
            First and last step of each phrase.
        items : Tensor of int, shape (rows,), optional
            Item of the batch that each phrase is in; the batch itself by default.

        Raises
        ------
        InputError
            If the network has not one LSTM that reads the input, or its head is not linear.
        """
        if items is None:
            items = torch.arange(len(subject.inputs), device=subject.inputs.device)
        name, lstm = _only_lstm(subject.network)
        rows = subject.inputs[items]
        whole, reading = _listen(lstm, subject, rows, items)
        flat = [weight for layer in lstm.all_weights for weight in layer]
        directions = 2 if lstm.bidirectional else 1
        weights = row_weights(
            flat, "lstm", lstm.num_layers * directions, has_biases=lstm.bias, name=name
        )
        phrase = Phrase(start, stop, reading.lengths, self.last_bias)
        parts = decompose(weights, directions, reading.x, reading.initial, phrase)

        def head(pick: Callable[[Parts], Tensor]) -> Tensor:
            given = reading.output(lstm, [pick(p) for p in (parts.outputs, *parts.final)])
            with _hooked(lstm.register_forward_hook(lambda *_: given)):
                return subject.scores(rows, items)

        relevant, rest = head(lambda p: p.relevant), head(lambda p: p.rest)
        constant = head(lambda p: torch.zeros_like(p.rest))
        scale = float(whole.abs().max()) or 1.0
        if float((relevant + rest - constant - whole).abs().max()) > 1e-3 * scale:
            raise InputError(
                "contextual decomposition needs a head that is linear in what the LSTM gives; "
                "this network's is not"
            )
        return PhraseScores(relevant - constant, rest - constant, constant)


@dataclass(frozen=True)
class _Reading:
    """What an LSTM was given.

    Attributes
    ----------
    x : Tensor, shape (steps, rows, features)
    lengths : Tensor of int, shape (rows,)
    initial : tuple of Tensor
        Hidden and cell states.
    packed : bool
    """

    x: Tensor
    lengths: Tensor
    initial: tuple[Tensor, Tensor]
    packed: bool

    def output(self, lstm: nn.LSTM, values: Sequence[Tensor]) -> object:
        """Bring outputs, hidden and cell states into the form that the LSTM gives them in."""
        outputs, hidden, cell = values
        if self.packed:
            lengths = self.lengths.cpu()
            return pack_padded_sequence(outputs, lengths, enforce_sorted=False), (hidden, cell)
        return outputs.transpose(0, 1) if lstm.batch_first else outputs, (hidden, cell)


def _only_lstm(network: nn.Module) -> tuple[str, nn.LSTM]:
    recurrent = [(n, m) for n, m in network.named_modules() if isinstance(m, nn.RNNBase)]
    for name, module in recurrent:
        if isinstance(module, nn.LSTM) and len(recurrent) == 1:
            return f"layer {name!r}", module
    kinds = ", ".join(f"{name!r} ({type(m).__name__})" for name, m in recurrent) or "none"
    raise InputError(f"contextual decomposition is for networks with one nn.LSTM; this has {kinds}")


def _listen(
    lstm: nn.LSTM, subject: Subject, rows: Tensor, items: Tensor
) -> tuple[Tensor, _Reading]:
    """Run the network, and keep what its LSTM reads."""
    heard: list[tuple[Any, ...]] = []
    with _hooked(lstm.register_forward_pre_hook(lambda _module, inputs: heard.append(inputs))):
        scores = subject.scores(rows, items)
    if len(heard) != 1:
        raise InputError(f"the LSTM is called {len(heard)} times; contextual decomposition needs 1")
    given, *states = heard[0]
    x, lengths = steps_first(given, None, batch_first=lstm.batch_first)
    if subject.lengths is not None and not isinstance(given, PackedSequence):
        lengths = subject.lengths[items]
    if len(x) > rows.shape[1] or x.shape[1] != len(rows):
        raise InputError("contextual decomposition needs an LSTM that reads the input step by step")
    zeros = x.new_zeros(
        lstm.num_layers * (2 if lstm.bidirectional else 1), len(rows), lstm.hidden_size
    )
    initial = tuple(states[0]) if states and states[0] is not None else (zeros, zeros)
    return scores, _Reading(x, lengths.to(x.device), initial, isinstance(given, PackedSequence))


@contextmanager
def _hooked(handle: RemovableHandle) -> Iterator[None]:
    try:
        yield
    finally:
        handle.remove()
