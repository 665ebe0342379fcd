"""The kinds of profiles: what is done to the windows of events before they are averaged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from naps.profiles.contrast import Reference
from naps.profiles.erp.baseline import BaselineMode
from naps.profiles.options import Align, Average, Kind, MaskKind, ProfileOptions, Saliency
from naps.profiles.saliency import Saliency as SaliencyFunction
from naps.profiles.saliency import saliency_name
from naps.profiles.time_reduction import Reduction

_TARGETS = {
    "predicted": "logit of the predicted unit",
    "given": "logit of the unit of the true letter",
}
_GRADIENTS = {
    "event": "exact, per event",
    "summed": "approximate: of the sum of all events' logits of an utterance",
}


@dataclass(frozen=True)
class Rule:
    """What is done to windows, and to their average.

    Attributes
    ----------
    epoch : bool
        Whether windows reach from one lag to another whatever an output frame sees.
    input_only : bool
        Whether it is made of the input alone.
    saliency : str, callable or None
        What windows are moved and masked by; None if they are neither.
    align, mask, average
        As of `ProfileOptions`.
    reduction : str or None
        Of each window's time.
    baseline : str or None
        That each channel's average is put in proportion to.
    reference : {"none", "equal"}
        Whether the average over groups is subtracted from each of them.
    """

    epoch: bool = False
    input_only: bool = False
    saliency: Saliency | SaliencyFunction | None = None
    align: Align = "none"
    mask: MaskKind = "none"
    average: Average = "masked"
    reduction: Reduction | None = None
    baseline: BaselineMode | None = None
    reference: Reference = "none"

    @property
    def adjusted(self) -> bool:
        """Whether windows are moved and masked by their gradients."""
        return self.saliency is not None


def erp(options: ProfileOptions) -> Rule:
    """Average time-locked windows against a baseline, as in EEG (Krug & Stober 2017)."""
    return Rule(epoch=True, baseline=options.baseline)


def nap(_: ProfileOptions) -> Rule:
    """Average windows as they are (Krug, Knaebel & Stober 2018)."""
    return Rule()


def tinap(options: ProfileOptions) -> Rule:
    """Average windows without their time (Krug, Knaebel & Stober 2018)."""
    return Rule(reduction=options.reduction)


def grad(options: ProfileOptions) -> Rule:
    """Average windows moved and masked by |gradient · activation| (Krug & Stober 2020)."""
    return Rule(
        saliency="grad_act", align=options.align, mask=options.mask, average=options.average
    )


def snap(options: ProfileOptions) -> Rule:
    """Average windows moved and masked by any saliency (Krug et al. 2021)."""
    return Rule(
        saliency=options.saliency, align=options.align, mask=options.mask, average=options.average
    )


def navai(options: ProfileOptions) -> Rule:
    """Average aligned inputs and subtract the average of all groups (Krug & Stober 2018).

    Inputs are weighted by their saliency only where a weighted average is asked for.
    """
    weighted = options.average == "weighted"
    return Rule(
        input_only=True,
        saliency="grad_act",
        align=options.align,
        mask=options.mask if weighted else "none",
        average=options.average,
        reference="equal",
    )


RULES: Mapping[Kind, Callable[[ProfileOptions], Rule]] = MappingProxyType(
    {"erp": erp, "nap": nap, "tinap": tinap, "grad": grad, "snap": snap, "navai": navai}
)


def rule_of(kind: Kind, options: ProfileOptions) -> Rule:
    """Return what is done for a kind."""
    return RULES[kind](options)


def describe(
    group: str, kind: Kind, options: ProfileOptions, lags_ms: tuple[float, float] | None
) -> dict[str, Any]:
    """Give the attributes that a profile file states about how it was made.

    Parameters
    ----------
    group : str
    kind : Kind
    options : ProfileOptions
    lags_ms : tuple of float or None
        As used; where windows are those of the receptive field there are none.
    """
    rule = rule_of(kind, options)
    gradients = {
        "saliency": "none" if rule.saliency is None else saliency_name(rule.saliency),
        "quantile": options.quantile if rule.mask == "quantile" else float("nan"),
        "average": rule.average,
        "target": _TARGETS[options.target],
        "gradient": _GRADIENTS[options.gradients],
    }
    return {
        **({} if lags_ms is None else {"lags_ms": list(lags_ms)}),
        "group": group,
        "kind": kind,
        "align": rule.align,
        "mask_kind": rule.mask,
        **(gradients if rule.adjusted else {"gradient": "none"}),
        **({} if rule.reduction is None else {"reduction": rule.reduction}),
        "reference": rule.reference,
        "hook": options.hook,
        "view": "crop" if lags_ms is None else "sequence",
        "edges": options.edges,
        "precision": options.precision,
    }
