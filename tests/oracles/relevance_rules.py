"""Rules of layer-wise relevance propagation on plain matrices, one message at a time."""

import numpy as np


def share(rule, x, w, b, relevance, **options):
    """Share relevance among inputs; w has shape (inputs, outputs), zeros where nothing connects."""
    found = np.zeros(len(x))
    for j in range(w.shape[1]):
        found += globals()[f"_{rule}"](x, w[:, j], b[j], relevance[j], **options)
    return found


def _stable(z, eps):
    return z + eps if z >= 0 else z - eps


def _epsilon(x, w, b, r, eps=1e-6, delta=0.0):
    z = x @ w + b
    fan_in = (w != 0).sum()
    sign = 1 if z >= 0 else -1
    constant = delta * (b + eps * sign) / fan_in * (w != 0)
    return (x * w + constant) / _stable(z, eps) * r


def _gamma(x, w, b, r, gamma=0.25, eps=1e-6):
    up = x @ w + b > 0

    def more(value, towards):
        return (
            value + gamma * np.maximum(value, 0)
            if towards
            else value + gamma * np.minimum(value, 0)
        )

    parts = np.array([x_i * more(w_i, (x_i > 0) == up) for x_i, w_i in zip(x, w, strict=True)])
    return parts / _stable(parts.sum() + more(b, up), eps) * r


def _alpha_beta(x, w, b, r, alpha=2.0, beta=1.0, eps=1e-9):
    z = x * w
    positive, negative = np.maximum(z, 0), np.minimum(z, 0)
    for_, against = positive.sum() + max(b, 0), negative.sum() + min(b, 0)
    found = alpha * positive / _stable(for_, eps) * r
    # A sum of nothing counts as zero from above; there is nothing to share anyway.
    return found - beta * negative / (against - eps if against < 0 else eps) * r


def _z_box(x, w, b, r, low=-1.0, high=1.0, eps=1e-9):
    z = x * w - low * np.maximum(w, 0) - high * np.minimum(w, 0)
    return z / _stable(z.sum(), eps) * r


def _w_square(x, w, b, r):
    return w**2 / (w**2).sum() * r


def _flat(x, w, b, r):
    return (w != 0) / (w != 0).sum() * r
