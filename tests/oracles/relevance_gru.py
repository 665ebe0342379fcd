"""Relevance through one direction of a GRU, one sequence, one step and one message at a time."""

import numpy as np

from tests.oracles.relevance_lin import lin, sigmoid, split


def forward(x, wx, wh, bx, bh, h):
    """Run the units; gates in torch's order r, z, n."""
    d = len(h)
    steps = []
    for row in x:
        below, own = wx @ row + bx, wh @ h + bh
        pr, pz = below[:d] + own[:d], below[d : 2 * d] + own[d : 2 * d]
        r, z, m = sigmoid(pr), sigmoid(pz), own[2 * d :]
        pn = below[2 * d :] + r * m
        n = np.tanh(pn)
        before = h
        h = (1 - z) * n + z * h
        steps.append(
            {"pr": pr, "pz": pz, "pn": pn, "r": r, "z": z, "n": n, "m": m, "h": h, "before": before}
        )
    return steps


def relevance(x, wx, wh, bx, bh, h0, above, rule="all", eps=1e-3, delta=0.0):
    """Relevance of inputs and initial state; ``above`` has shape (steps, hidden)."""
    d, e = len(h0), x.shape[1]
    wr, wz, wn = np.split(wx, 3)
    ur, uz, un = np.split(wh, 3)
    (br, bz, bn), (cr, cz, cn) = np.split(bx, 3), np.split(bh, 3)
    steps = forward(x, wx, wh, bx, bh, h0)
    inputs = np.zeros_like(x)
    rh, eye, none = np.zeros(d), np.eye(d), np.zeros(d)
    for t in reversed(range(len(x))):
        s = steps[t]
        h = s["before"]
        rh = rh + above[t]
        r_added = lin((1 - s["z"]) * s["n"], eye, none, s["h"], rh, 2 * d, eps, delta)
        r_kept = lin(s["z"] * h, eye, none, s["h"], rh, 2 * d, eps, delta)
        r_z, r_n = split(rule, 1 - s["z"], s["n"], r_added)
        r_z2, rh = split(rule, s["z"], h, r_kept)
        # The recalled part of n's pre-activation is a product, too; its signal is linear in h.
        ones = np.ones(d)
        gate_share, signal_share = split(rule, s["r"], s["m"], ones)
        factor = signal_share * s["r"]
        bias = bn + factor * cn
        inputs[t] += lin(x[t], wn.T, bias, s["pn"], r_n, d + e, eps, delta)
        rh = rh + lin(h, un.T * factor[None, :], bias, s["pn"], r_n, d + e, eps, delta)
        r_r = gate_share * lin(s["r"] * s["m"], eye, none, s["pn"], r_n, d + e, eps, 0.0)
        if rule == "all":
            continue
        for r, pre, w, u, c in (
            (r_r, s["pr"], wr, ur, br + cr),
            (r_z + r_z2, s["pz"], wz, uz, bz + cz),
        ):
            inputs[t] += lin(x[t], w.T, c, pre, r, d + e, eps, delta)
            rh = rh + lin(h, u.T, c, pre, r, d + e, eps, delta)
    return inputs, rh
