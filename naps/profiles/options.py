"""What can be chosen about profiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from naps.profiles.mask import MaskKind

Kind = Literal["nap", "grad"]
Align = Literal["layer", "none"]
Edges = Literal["drop", "keep"]

KINDS: tuple[Kind, ...] = ("nap", "grad")


@dataclass(frozen=True)
class ProfileOptions:
    """How profiles are made; `docs/method.md` has the definitions.

    Attributes
    ----------
    layers : sequence of str or None
        Names; all for None.
    align : {"layer", "none"}
        GradNAP only: move each event's window, layer by layer, so that its peak of
        ``|gradient · activation|`` comes to the middle.
    mask : {"soft", "quantile", "group", "none"}
        GradNAP only, see `naps.profiles.mask.event_mask`.
    quantile : float
        For the quantile mask.
    edges : {"drop", "keep"}
        An event whose receptive field leaves the utterance is left out, or kept with the part of
        its windows that exists.
    batch : int
        Events whose gradients are computed at a time.
    max_bad_share : float
        Stop when more of the utterances than this cannot be used.
    """

    layers: Sequence[str] | None = None
    align: Align = "layer"
    mask: MaskKind = "soft"
    quantile: float = 0.5
    edges: Edges = "drop"
    batch: int = 128
    max_bad_share: float = 0.05

    def describe(self, group: str, kind: Kind) -> dict[str, Any]:
        """Give the attributes that a profile file states about how it was made."""
        plain = kind == "nap"
        return {
            "group": group,
            "kind": kind,
            "align": "none" if plain else self.align,
            "mask_kind": "none" if plain else self.mask,
            "quantile": self.quantile if self.mask == "quantile" and not plain else float("nan"),
            "target": "logit of the predicted unit",
            "gradient": "none" if plain else "exact, per event",
            "hook": "post",
            "view": "crop",
            "edges": self.edges,
        }
