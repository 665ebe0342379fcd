"""An LSTM recognizer one step at a time, where any value can be perturbed."""

import torch
from torch import nn


def listen(network, spectrogram, perturb):
    """Run the network; add ``perturb[name][step]`` to what stands at that place at that step.

    Layers are perturbed on their way to the layer above, taps where they stand, so that all
    that follows from them follows from the perturbed value. Returns values by name, and logits.
    """
    values = {}

    def shown(name, value):
        values[name] = value
        return value + perturb[name] if name in perturb else value

    x = shown("input", spectrogram)
    if network.front is not None:
        block = network.front
        stride, kernel = block.geometry.stride, block.geometry.kernel
        padded = nn.functional.pad(x, (0, 0, block.geometry.left, block.geometry.right))
        steps = [
            ((padded[start : start + kernel].T * block.weight).sum((1, 2)) + block.bias).relu()
            for start in range(0, len(padded) - kernel + 1, stride)
        ]
        x = shown("conv1", torch.stack(steps))
    for number, layer in enumerate(network.recurrent, 1):
        rows = []
        for side, lstm in enumerate(layer.rows):
            own = slice(side * lstm.hidden_size, (side + 1) * lstm.hidden_size)
            deltas = {
                name.partition(".")[2]: delta[:, own]
                for name, delta in perturb.items()
                if name.startswith(f"lstm{number}.")
            }
            rows.append(row(lstm, x, deltas, backward=side == 1))
        for place in ("hidden", "cell", "input", "forget", "candidate", "output"):
            values[f"lstm{number}.{place}"] = torch.cat([found[place] for found in rows], 1)
        x = shown(f"lstm{number}", torch.cat([found["hidden"] for found in rows], 1))
    return values, x @ network.output.weight.T + network.output.bias


def row(lstm, x, deltas, *, backward):
    """One row of cells; every place over time, in the order of the utterance."""
    weight, recurrent, bias, second = lstm.all_weights[0]
    hidden = cell = x.new_zeros(lstm.hidden_size)
    found = [None] * len(x)

    def moved(place, value, t):
        return value + deltas[place][t] if place in deltas else value

    for t in reversed(range(len(x))) if backward else range(len(x)):
        gates = weight @ x[t] + bias + recurrent @ hidden + second
        i, f, g, o = gates.view(4, -1)
        i, f = moved("input", i.sigmoid(), t), moved("forget", f.sigmoid(), t)
        g, o = moved("candidate", g.tanh(), t), moved("output", o.sigmoid(), t)
        cell = moved("cell", f * cell + i * g, t)
        hidden = moved("hidden", o * cell.tanh(), t)
        found[t] = {
            "input": i, "forget": f, "candidate": g, "output": o, "cell": cell, "hidden": hidden,
        }  # fmt: skip
    return {place: torch.stack([step[place] for step in found]) for place in found[0]}


def event_gradients(network, spectrogram, frame, unit):
    """Values and derivatives of one logit at every layer and tap, over the whole utterance."""
    values, _ = listen(network, spectrogram, {})
    zeros = {name: torch.zeros_like(v).requires_grad_() for name, v in values.items()}
    _, logits = listen(network, spectrogram, zeros)
    gradients = torch.autograd.grad(logits[frame, unit], list(zeros.values()))
    return {k: v.detach() for k, v in values.items()}, dict(zip(zeros, gradients, strict=True))
