"""The one primitive of layer-wise relevance propagation, written out."""

import numpy as np


def lin(hin, w, b, hout, rout, n, eps, delta):
    """Share the relevance of outputs among the inputs of a linear map, message by message."""
    sign = np.where(hout >= 0, 1.0, -1.0)
    shared = delta * (b + eps * sign) / n
    messages = (hin[:, None] * w + shared[None, :]) / (hout + eps * sign)[None, :]
    return (messages * rout[None, :]).sum(1)


def split(rule, gate, signal, relevance):
    """Share the relevance of gate times signal: what the gate gets, what the signal gets."""
    if rule == "all":
        return np.zeros_like(relevance), relevance
    if rule == "half":
        return relevance / 2, relevance / 2
    if rule == "abs":
        gate, signal = np.abs(gate), np.abs(signal)
    return gate / (gate + signal) * relevance, signal / (gate + signal) * relevance


def sigmoid(x):
    return 1 / (1 + np.exp(-x))
