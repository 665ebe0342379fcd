"""Small networks to explain, and those of the reference numbers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Reader(nn.Module):
    """Recurrent layers and one of several heads."""

    def __init__(self, cell=nn.LSTM, head="last", classes=3, inputs=4, hidden=3, **options):
        super().__init__()
        self.rnn = cell(inputs, hidden, batch_first=True, **options)
        self.kind = head
        width = hidden * (2 if self.rnn.bidirectional else 1)
        self.attention = nn.Linear(width, 1)
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor, lengths=None) -> Tensor:
        if lengths is None:
            lengths = [x.shape[1]] * len(x)
        packed = pack_padded_sequence(
            x, torch.as_tensor(lengths), batch_first=True, enforce_sorted=False
        )
        outputs, states = self.rnn(packed)
        outputs = pad_packed_sequence(outputs, batch_first=True)[0]
        hidden = states[0] if isinstance(states, tuple) else states
        real = torch.arange(outputs.shape[1]) < torch.as_tensor(lengths)[:, None]
        if self.kind == "last":
            rows = 2 if self.rnn.bidirectional else 1
            return self.head(torch.cat(list(hidden[-rows:]), 1))
        if self.kind == "mean":
            total = (outputs * real.unsqueeze(2)).sum(1)
            return self.head(total / torch.as_tensor(lengths)[:, None])
        scores = self.attention(torch.tanh(outputs)).squeeze(2)
        weights = scores.masked_fill(~real, float("-inf")).softmax(1)
        if self.kind == "attention":
            return self.head((weights.unsqueeze(2) * outputs).sum(1))
        assert self.kind == "attention product"
        return self.head(torch.bmm(weights.unsqueeze(1), outputs).squeeze(1))


def reader(seed=0, spread=0.6, dtype=torch.float64, **options) -> Reader:
    """Make a network with weights great enough that gates are not all half open."""
    torch.manual_seed(seed)
    made = Reader(**options).to(dtype).eval()
    for weight in made.parameters():
        torch.nn.init.normal_(weight, std=spread)
    return made


class Sentiment(nn.Module):
    """The bidirectional LSTM of the reference numbers: last states, no output bias."""

    def __init__(self, size=60, classes=5):
        super().__init__()
        self.lstm = nn.LSTM(size, size, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * size, classes, bias=False)

    def forward(self, x: Tensor, lengths=None) -> Tensor:
        if lengths is not None:
            lengths = torch.as_tensor(lengths)
            x = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        hidden = self.lstm(x)[1][0]
        return self.head(torch.cat([hidden[0], hidden[1]], 1))


def reference_sentiment(folder: Path) -> tuple[Sentiment, dict[str, np.ndarray], list[dict]]:
    """Return the network, all arrays, and what is known of each sentence."""
    with np.load(folder / "reference" / "lstm_lrp_sst.npz") as file:
        arrays = dict(file)
    network = Sentiment().double().eval()
    state = {}
    for side, suffix in (("Left", ""), ("Right", "_reverse")):
        for ours, theirs in (("ih", "xh"), ("hh", "hh")):
            for kind, letter in (("weight", "W"), ("bias", "b")):
                # Rows come as i, g, f, o; torch has i, f, g, o.
                gates = np.split(arrays[f"w_{letter}{theirs}_{side}"], 4)
                rows = np.concatenate([gates[place] for place in (0, 2, 1, 3)])
                state[f"lstm.{kind}_{ours}_l0{suffix}"] = torch.from_numpy(rows)
    readout = np.concatenate([arrays["w_Why_Left"], arrays["w_Why_Right"]], 1)
    network.load_state_dict(state | {"head.weight": torch.from_numpy(readout)})
    return network, arrays, json.loads(str(arrays["meta_json"]))


def padded(rows: list[np.ndarray]) -> tuple[Tensor, list[int]]:
    """Put sequences of vectors into one batch."""
    tensors = [torch.from_numpy(row) for row in rows]
    return nn.utils.rnn.pad_sequence(tensors, batch_first=True), [len(t) for t in tensors]
