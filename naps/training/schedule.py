"""The learning rate over a training run, and the precision that pays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch

Precision = Literal["auto", "float32", "bfloat16", "float16"]
Schedule = Literal["one_cycle", "plateau", "constant"]


def learning_rate(step: int, steps: int, peak: float, warmup: float) -> float:
    """Rise linearly to the peak over a share of the steps, then fall as a cosine to zero.

    The one cycle of Smith & Topin (2017), with its second half a cosine.
    """
    rising = max(1, round(warmup * steps))
    if step < rising:
        return peak * (step + 1) / rising
    progress = (step - rising) / max(1, steps - rising)
    return peak * 0.5 * (1 + math.cos(math.pi * progress))


def rate_at(
    schedule: Schedule,
    step: int,
    steps: int,
    peak: float,
    warmup: float,
    *,
    seen: Sequence[float] = (),
    patience: int = 3,
) -> float:
    """Return the learning rate of a step.

    Parameters
    ----------
    schedule : {"one_cycle", "plateau", "constant"}
        ``plateau`` and ``constant`` rise as ``one_cycle`` does and stay; ``plateau`` then halves
        the rate each time that ``patience`` looks at dev have brought nothing better.
    step, steps : int
        Which, of how many.
    peak : float
        The highest rate.
    warmup : float
        Share of the steps over which the rate rises.
    seen : sequence of float
        Dev error of every look so far. The rate is a function of these, not of a state, so that
        a run that was interrupted goes on with the same one.
    patience : int
        Looks without gain before the rate is halved.
    """
    if schedule == "one_cycle":
        return learning_rate(step, steps, peak, warmup)
    rising = max(1, round(warmup * steps))
    rate = peak * min(1.0, (step + 1) / rising)
    return rate * 0.5 ** halvings(seen, patience) if schedule == "plateau" else rate


def halvings(seen: Sequence[float], patience: int) -> int:
    """Count how often ``patience`` errors in a row were no better than the best before."""
    best, waited, count = math.inf, 0, 0
    for error in seen:
        if error < best:
            best, waited = error, 0
        else:
            waited += 1
            if waited == patience:
                waited, count = 0, count + 1
    return count


def since_best(seen: Sequence[float]) -> int:
    """Return how many errors have come since the lowest."""
    return len(seen) - 1 - seen.index(min(seen)) if seen else 0


def product_type(precision: Precision, device: torch.device) -> torch.dtype | None:
    """Return the type in which products are computed on this device; None for float32.

    ``auto`` takes bfloat16 where the processor multiplies it natively.
    """
    if precision == "auto":
        if device.type == "cuda":
            native = torch.cuda.is_bf16_supported()
        else:
            capability = torch.backends.cpu.get_cpu_capability()
            native = capability.startswith("AVX512") and bool(
                torch.ops.mkldnn._is_mkldnn_bf16_supported()
            )
        return torch.bfloat16 if native else None
    return {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}[precision]
