"""A network seen from outside only, as other people's are."""

from collections.abc import Sequence
from typing import Self

from torch import Tensor

from naps.models import Layer, Network, Window


class Watched(Network):
    """Shows what another network does, but is of no known kind."""

    def __init__(self, inner: Network) -> None:
        super().__init__()
        self.inner = inner

    @property
    def layers(self) -> tuple[Layer, ...]:
        return self.inner.layers

    @property
    def windows(self) -> tuple[Window, ...] | None:
        return self.inner.windows

    def output_length(self, frames: int) -> int:
        return self.inner.output_length(frames)

    def forward(self, features: Tensor, lengths: Sequence[int] | None = None) -> Tensor:
        return self.inner(features, lengths)

    def watched(self, features: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        return self.inner.watched(features)

    def fused(self) -> Self:
        return type(self)(self.inner.fused())
