"""How exact products of matrices are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from naps.profiles.options import Precision


@contextmanager
def products_of(precision: Precision) -> Iterator[None]:
    """Let a GPU round the factors of products where that was asked for, and only there.

    Parameters
    ----------
    precision : {"float32", "tf32", "bfloat16"}
    """
    matrices, convolutions = torch.backends.cuda.matmul, torch.backends.cudnn
    before = matrices.allow_tf32, convolutions.allow_tf32
    matrices.allow_tf32 = convolutions.allow_tf32 = precision == "tf32"
    try:
        yield
    finally:
        matrices.allow_tf32, convolutions.allow_tf32 = before
