"""The learning rate over a training run, and the precision that pays."""

from __future__ import annotations

import math
from typing import Literal

import torch

Precision = Literal["auto", "float32", "bfloat16"]


def learning_rate(step: int, steps: int, peak: float, warmup: float) -> float:
    """Rise linearly to the peak over a share of the steps, then fall as a cosine to zero."""
    rising = max(1, round(warmup * steps))
    if step < rising:
        return peak * (step + 1) / rising
    progress = (step - rising) / max(1, steps - rising)
    return peak * 0.5 * (1 + math.cos(math.pi * progress))


def uses_bfloat16(precision: Precision, device: torch.device) -> bool:
    """Say whether products are computed in bfloat16 on this device.

    ``auto`` does so where the processor multiplies it natively.
    """
    if precision != "auto":
        return precision == "bfloat16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    capability = torch.backends.cpu.get_cpu_capability()
    native = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return capability.startswith("AVX512") and bool(native)
