"""Alignment of two layers, from kernels of all frames against all frames."""

import numpy as np


def unbiased_hsic(k: np.ndarray, ell: np.ndarray) -> float:
    """U-statistic of Song et al. 2012, equation 5, term by term."""
    n = len(k)
    k, ell = k - np.diag(np.diag(k)), ell - np.diag(np.diag(ell))
    ones = np.ones(n)
    return float(
        np.trace(k @ ell)
        + (ones @ k @ ones) * (ones @ ell @ ones) / ((n - 1) * (n - 2))
        - 2 / (n - 2) * (ones @ k @ ell @ ones)
    ) / (n * (n - 3))


def hsic(x: np.ndarray, y: np.ndarray) -> float:
    return unbiased_hsic(x @ x.T, y @ y.T)


def debiased_cka(x: np.ndarray, y: np.ndarray) -> float:
    return hsic(x, y) / float(np.sqrt(hsic(x, x) * hsic(y, y)))
