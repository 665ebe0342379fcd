"""The network: a bidirectional encoder, attention, and a decoder that writes phone by phone."""

from __future__ import annotations

from typing import NamedTuple

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn import functional

# Stands in front of every pronunciation and ends it.
BOUNDARY = 0


class G2PNetworkConfig(BaseModel):
    """Sizes of the network.

    Attributes
    ----------
    n_letters, n_phones : int
        Symbols read, and symbols written without the boundary.
    embedding : int
        Of letters and of phones.
    encoder, decoder : int
        Units of an encoder layer in one direction, and of a decoder layer.
    dropout : float
        Of embeddings, between layers and before the output.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    n_letters: int = Field(ge=1)
    n_phones: int = Field(ge=1)
    embedding: int = Field(64, ge=1)
    encoder: int = Field(192, ge=1)
    decoder: int = Field(384, ge=1)
    dropout: float = Field(0.3, ge=0.0, lt=1.0)


class DecoderState(NamedTuple):
    """What the decoder remembers, each of shape (words, decoder)."""

    hidden1: Tensor
    cell1: Tensor
    hidden2: Tensor
    cell2: Tensor
    attended: Tensor

    def at(self, rows: Tensor) -> DecoderState:
        """Take rows, in any order and any number of times."""
        return DecoderState(*(value[rows] for value in self))


class Memory(NamedTuple):
    """An encoded word: its letters' states (words, letters, 2 · encoder) and attention keys."""

    states: Tensor
    keys: Tensor


class Places(NamedTuple):
    """Which hypothesis of which word each row of a step is, of at most ``beam`` a word."""

    word: Tensor
    slot: Tensor
    beam: int


class G2PNetwork(nn.Module):
    """Two bidirectional LSTM layers read, two LSTM layers with global attention write.

    The attention is Luong's "general" one, with the attended vector fed back into the decoder
    (Luong, Pham & Manning 2015, sections 3.1 and 3.3).

    All words of a batch have the same number of letters, so that nothing is padded or masked on
    the reading side.

    Parameters
    ----------
    config : G2PNetworkConfig
        Sizes.
    """

    def __init__(self, config: G2PNetworkConfig) -> None:
        super().__init__()
        self.config = config
        read, write = 2 * config.encoder, config.decoder
        self.letters = nn.Embedding(config.n_letters, config.embedding)
        self.encoder = nn.LSTM(
            config.embedding, config.encoder, num_layers=2, bidirectional=True, batch_first=True,
            dropout=config.dropout,
        )  # fmt: skip
        self.bridge = nn.Linear(read, 4 * write)
        self.keys = nn.Linear(read, write, bias=False)
        self.phones = nn.Embedding(config.n_phones + 1, config.embedding)
        self.decoder1 = nn.LSTMCell(config.embedding + write, write)
        self.decoder2 = nn.LSTMCell(write, write)
        self.attend = nn.Linear(read + write, write, bias=False)
        self.output = nn.Linear(write, config.n_phones + 1)
        self.dropout = nn.Dropout(config.dropout)

    def encode(self, words: Tensor) -> tuple[Memory, DecoderState]:
        """Read words of equal length.

        Parameters
        ----------
        words : Tensor, shape (words, letters)
            Letter indices.
        """
        states, (last, _) = self.encoder(self.dropout(self.letters(words)))
        states = self.dropout(states)
        # The upper layer's last states of both directions.
        ends = torch.cat([last[-2], last[-1]], 1)
        start = torch.tanh(self.bridge(self.dropout(ends)))
        hidden1, cell1, hidden2, cell2 = start.chunk(4, 1)
        nothing = torch.zeros_like(hidden1)
        return (
            Memory(states, self.keys(states)),
            DecoderState(hidden1, cell1, hidden2, cell2, nothing),
        )

    def step(
        self,
        previous: Tensor,
        memory: Memory,
        state: DecoderState,
        places: Places | None = None,
    ) -> tuple[Tensor, DecoderState, Tensor]:
        """Write one phone.

        Parameters
        ----------
        previous : Tensor, shape (rows,)
            The phones written last.
        memory : Memory
            Of the words.
        state : DecoderState
            Of the rows.
        places : Places, optional
            Whose rows they are; without it there is one for each word, in their order.

        Returns
        -------
        logits : Tensor, shape (rows, n_phones + 1)
        state : DecoderState
        attention : Tensor, shape (rows, letters)
            Weights that sum to one.
        """
        read = torch.cat([self.dropout(self.phones(previous)), state.attended], 1)
        hidden1, cell1 = self.decoder1(read, (state.hidden1, state.cell1))
        hidden2, cell2 = self.decoder2(self.dropout(hidden1), (state.hidden2, state.cell2))
        # Scattering the rows' queries is cheaper than gathering a copy of the memory for each.
        if places is None:
            query = hidden2.unsqueeze(1)
        else:
            query = hidden2.new_zeros(len(memory.keys), places.beam, hidden2.shape[1])
            query[places.word, places.slot] = hidden2
        weights = torch.softmax(torch.bmm(query, memory.keys.transpose(1, 2)), 2)
        contexts = torch.bmm(weights.to(memory.states.dtype), memory.states)
        own = (slice(None), 0) if places is None else (places.word, places.slot)
        attention, context = weights[own], contexts[own]
        attended = torch.tanh(self.attend(torch.cat([context, hidden2], 1)))
        attended = self.dropout(attended)
        logits = self.output(attended)
        return logits, DecoderState(hidden1, cell1, hidden2, cell2, attended), attention

    def forward(self, words: Tensor, spoken: Tensor) -> tuple[Tensor, Tensor]:
        """Score given pronunciations phone by phone.

        Parameters
        ----------
        words : Tensor, shape (words, letters)
        spoken : Tensor, shape (words, phones)
            What stands in front of each phone to be scored: the boundary, then the phones.

        Returns
        -------
        logits : Tensor, shape (words, phones, n_phones + 1)
        attention : Tensor, shape (words, phones, letters)
        """
        memory, state = self.encode(words)
        logits, attention = [], []
        for previous in spoken.unbind(1):
            scores, state, weights = self.step(previous, memory, state)
            logits.append(scores)
            attention.append(weights)
        return torch.stack(logits, 1), torch.stack(attention, 1)


def pronunciation_loss(logits: Tensor, target: Tensor, smoothing: float) -> Tensor:
    """Return the mean cross entropy of phones; positions of −1 do not count.

    Parameters
    ----------
    logits : Tensor, shape (words, phones, n_phones + 1)
    target : Tensor, shape (words, phones)
    smoothing : float
        Share of the target spread over all phones.
    """
    return functional.cross_entropy(
        logits.float().flatten(0, 1), target.flatten(), ignore_index=-1, label_smoothing=smoothing
    )
