"""Profiles computed the slow way: one crop, one autograd backward and one numpy window an event."""

import numpy as np
import torch
from torch import nn


def crop_event(network, spectrogram, frame, unit):
    """Activations and exact gradients of an event, by running its crop without padding."""
    start = network.windows[0].start(frame)
    x = spectrogram[start : start + network.windows[0].width][None].clone().requires_grad_()
    activations = [x]
    y = x
    for block in network.blocks:
        y = nn.functional.conv1d(
            y.transpose(1, 2), block.weight, block.bias, block.geometry.stride
        ).transpose(1, 2)
        if block.relu:
            y = y.relu()
        activations.append(y)
    gradients = torch.autograd.grad(y[0, 0, unit], activations[:-1])
    return (
        [a[0].detach().double().numpy() for a in activations[:-1]],
        [g[0].double().numpy() for g in gradients],
    )


def grad_event(activation, gradient, mask_kind="soft", quantile=0.5):
    """Align in time and mask, with loops."""
    width = len(activation)
    saliency = np.abs(gradient * activation)
    score = saliency.mean(1)
    shift = 0 if score.max() == score.min() else int(score.argmax()) - width // 2
    aligned, moved = np.zeros_like(activation), np.zeros_like(saliency)
    for t in range(width):
        if 0 <= t + shift < width:
            aligned[t], moved[t] = activation[t + shift], saliency[t + shift]
    peak = moved.max()
    mask = moved / peak if peak > 0 else np.zeros_like(moved)
    # Beyond the window the gradient is zero, so the masked value is known there: zero.
    return aligned * mask, mask, np.ones(width, bool), shift


def mean_over(values, valid):
    """Mean and standard deviation at each lag over the events that have one there."""
    values, valid = np.stack(values), np.stack(valid)
    count = np.maximum(valid.sum(0), 1)[:, None]
    mean = values.sum(0) / count
    return mean, np.sqrt(np.maximum((values**2).sum(0) / count - mean**2, 0))


def cut(values, start, width):
    """The steps of a window, zeros outside, and which of them exist."""
    window, valid = np.zeros((width, values.shape[1])), np.zeros(width, bool)
    for i in range(width):
        if 0 <= start + i < len(values):
            window[i], valid[i] = values[start + i], True
    return window, valid


def grad_lags(activation, gradient, valid):
    """As `grad_event`, in a window beyond which nothing is known."""
    saliency = np.abs(gradient * activation) * valid[:, None]
    score = saliency.mean(1)
    width = len(activation)
    shift = 0 if score.max() == score.min() else int(score.argmax()) - width // 2
    values, mask = np.zeros_like(activation), np.zeros_like(activation)
    known = np.zeros(width, bool)
    for t in range(width):
        if 0 <= t + shift < width and valid[t + shift]:
            mask[t] = saliency[t + shift] / (saliency.max() or 1.0)
            values[t], known[t] = activation[t + shift] * mask[t], True
    return values, mask, known, shift
