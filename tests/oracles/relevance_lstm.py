"""Relevance through one direction of an LSTM, one sequence, one step and one message at a time."""

import numpy as np

from tests.oracles.relevance_lin import lin, sigmoid, split


def forward(x, wx, wh, b, h, c):
    """Run the cells; gates in torch's order i, f, g, o."""
    steps = []
    for row in x:
        pre = wx @ row + wh @ h + b
        p = np.split(pre, 4)
        i, f, g, o = sigmoid(p[0]), sigmoid(p[1]), np.tanh(p[2]), sigmoid(p[3])
        before = h, c
        c = f * c + i * g
        h = o * np.tanh(c)
        steps.append({"pre": pre, "i": i, "f": f, "g": g, "o": o, "h": h, "c": c, "before": before})
    return steps


def relevance(x, wx, wh, b, h0, c0, above, above_c, rule="all", eps=1e-3, delta=0.0):
    """Relevance of inputs and initial states, from that of every output and cell state.

    ``above`` and ``above_c`` have shape (steps, hidden).
    """
    d, e = len(h0), x.shape[1]
    steps = forward(x, wx, wh, b, h0, c0)
    inputs = np.zeros_like(x)
    rh, rc = np.zeros(d), np.zeros(d)
    eye, none = np.eye(d), np.zeros(d)
    for t in reversed(range(len(x))):
        s = steps[t]
        h_before, c_before = s["before"]
        rh = rh + above[t]
        r_o, r_shown = split(rule, s["o"], np.tanh(s["c"]), rh)
        rc = rc + r_shown + above_c[t]
        r_added = lin(s["i"] * s["g"], eye, none, s["c"], rc, 2 * d, eps, delta)
        r_kept = lin(s["f"] * c_before, eye, none, s["c"], rc, 2 * d, eps, delta)
        r_i, r_g = split(rule, s["i"], s["g"], r_added)
        r_f, rc = split(rule, s["f"], c_before, r_kept)
        gates = {"all": [(2, r_g)]}.get(rule, list(enumerate((r_i, r_f, r_g, r_o))))
        rh = np.zeros(d)
        for k, r in gates:
            rows = slice(k * d, (k + 1) * d)
            pre = s["pre"][rows]
            inputs[t] += lin(x[t], wx[rows].T, b[rows], pre, r, d + e, eps, delta)
            rh += lin(h_before, wh[rows].T, b[rows], pre, r, d + e, eps, delta)
    return inputs, rh, rc
