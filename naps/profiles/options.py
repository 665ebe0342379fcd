"""What can be chosen about profiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["nap", "grad"]
Align = Literal["layer", "none"]
MaskKind = Literal["soft", "quantile", "group", "none"]
Edges = Literal["drop", "keep"]

KINDS: tuple[Kind, ...] = ("nap", "grad")


@dataclass(frozen=True)
class ProfileOptions:
    """How profiles are made; `docs/method.md` has the definitions.

    Attributes
    ----------
    layers : sequence of str or None
        Names of layers and taps; all layers, but no taps, for None.
    lags_ms : tuple of float or None
        How far the windows reach from an event, in milliseconds; ±500 for None. Only for networks
        whose output depends on the whole utterance: others have windows of their own.
    align : {"layer", "none"}
        GradNAP only: move each event's window, layer by layer, so that its peak of
        ``|gradient · activation|`` comes to the middle.
    mask : {"soft", "quantile", "group", "none"}
        GradNAP only, see `naps.profiles.accumulation.add_adjusted`.
    quantile : float
        For the quantile mask.
    edges : {"drop", "keep"}
        An event whose receptive field, or whose lags, leave the utterance is left out, or kept
        with the part of its windows that exists.
    batch : int
        Events whose gradients are computed at a time; memory grows with it.
    blocks : int
        The corpus is cut into so many blocks of utterances; what differs between them says how far
        a profile can be trusted.
    max_bad_share : float
        Stop when more of the utterances than this cannot be used.
    """

    layers: Sequence[str] | None = None
    lags_ms: tuple[float, float] | None = None
    align: Align = "layer"
    mask: MaskKind = "soft"
    quantile: float = 0.5
    edges: Edges = "drop"
    batch: int = 128
    blocks: int = 16
    max_bad_share: float = 0.05

    def describe(
        self, group: str, kind: Kind, lags_ms: tuple[float, float] | None = None
    ) -> dict[str, Any]:
        """Give the attributes that a profile file states about how it was made.

        Parameters
        ----------
        group : str
        kind : {"nap", "grad"}
        lags_ms : tuple of float, optional
            As used; where windows are those of the receptive field there are none.
        """
        plain = kind == "nap"
        return {
            **({} if lags_ms is None else {"lags_ms": list(lags_ms)}),
            "group": group,
            "kind": kind,
            "align": "none" if plain else self.align,
            "mask_kind": "none" if plain else self.mask,
            "quantile": self.quantile if self.mask == "quantile" and not plain else float("nan"),
            "target": "logit of the predicted unit",
            "gradient": "none" if plain else "exact, per event",
            "hook": "post",
            "view": "crop" if lags_ms is None else "lags",
            "edges": self.edges,
        }
