"""What can be chosen about profiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

from naps.errors import InputError
from naps.profiles.erp.baseline import MODES, BaselineMode
from naps.profiles.saliency import Saliency as SaliencyFunction
from naps.profiles.time_reduction import REDUCTIONS, Reduction

Kind = Literal["erp", "nap", "tinap", "grad", "snap", "navai"]
Saliency = Literal["grad_act", "grad", "grad_times_act", "act"]
Align = Literal["layer", "input", "none"]
MaskKind = Literal["soft", "quantile", "group", "none"]
Average = Literal["masked", "weighted"]
Edges = Literal["drop", "keep"]
Hook = Literal["post", "pre"]
Target = Literal["predicted", "given"]
View = Literal["crop", "sequence"]
Gradients = Literal["event", "summed"]
Precision = Literal["float32", "tf32", "bfloat16"]

_CHOICES: Mapping[str, tuple[str | None, ...]] = MappingProxyType(
    {
        "view": (None, *get_args(View)),
        "hook": get_args(Hook),
        "target": get_args(Target),
        "gradients": get_args(Gradients),
        "saliency": get_args(Saliency),
        "align": get_args(Align),
        "mask": get_args(MaskKind),
        "average": get_args(Average),
        "reduction": REDUCTIONS,
        "baseline": (None, *MODES),
        "edges": get_args(Edges),
        "precision": get_args(Precision),
    }
)
# What is made unless kinds are named.
KINDS: tuple[Kind, ...] = ("nap", "grad")


@dataclass(frozen=True)
class ProfileOptions:
    """How profiles are made; `docs/method.md` has the definitions.

    Attributes
    ----------
    layers : sequence of str or None
        Names of layers and taps; all layers, but no taps, for None.
    view : {"crop", "sequence"} or None
        Whether windows are what an output frame sees of each layer, or reach from one lag to
        another in all of them; None is ``crop`` where an output frame sees a stretch of its input
        and ``sequence`` where it depends on the whole utterance. ``erp`` is always a sequence.
    lags_ms : tuple of float or None
        How far the windows of a sequence reach from an event, in milliseconds; ±500 for None.
    hook : {"post", "pre"}
        Activations behind or before a layer's ReLU.
    target : {"predicted", "given"}
        Whose logit the gradients are of: the letter that the recognizer wrote, or that of the
        true text.
    gradients : {"event", "summed"}
        Exact ones of every event; or those of the sum of all events' logits of an utterance,
        which cost one backward pass and mix events within each other's receptive field.
    saliency : {"grad_act", "grad", "grad_times_act", "act"} or callable
        For ``snap``: what says how much a value mattered, see `naps.profiles.saliency`; or a
        function of activation and gradient, both (events, width, channels), that gives as much.
    align : {"layer", "input", "none"}
        Move each event's window so that its peak of saliency comes to the middle: layer by
        layer, or all layers by what the peak at the input says.
    mask : {"soft", "quantile", "group", "none"}
        See `naps.profiles.accumulation.add_adjusted`.
    quantile : float
        For the quantile mask.
    average : {"masked", "weighted"}
        Divide the sum of masked values by the number of events, or by the sum of their masks.
    reduction : str
        For ``tinap``: one of `naps.profiles.time_reduction.REDUCTIONS`.
    baseline : str or None
        For ``erp``: one of `naps.profiles.erp.MODES`; None leaves means as they are.
    baseline_ms : tuple of float or None
        Its first and last millisecond; None is the window's own end.
    edges : {"drop", "keep"}
        An event any of whose windows leaves the utterance is left out, or kept with the part that
        exists.
    precision : {"float32", "tf32", "bfloat16"}
        ``tf32`` lets a GPU round the factors of products; ``bfloat16`` takes gradients back
        through convolutions in that format. Both are faster, inexact, and stated in the file.
    batch : int or None
        Events whose gradients are computed at a time; as many as ``memory_mib`` has room for,
        for None.
    memory_mib : float
        For the windows of a batch, and again for the sums: sums that need more lie in files.
    blocks : int
        The corpus is cut into so many blocks of utterances; what differs between them says how far
        a profile can be trusted.
    max_bad_share : float
        Stop when more of the utterances than this cannot be used.

    Raises
    ------
    InputError
        If there is no such choice, or a number is out of its range.
    """

    layers: Sequence[str] | None = None
    view: View | None = None
    lags_ms: tuple[float, float] | None = None
    hook: Hook = "post"
    target: Target = "predicted"
    gradients: Gradients = "event"
    saliency: Saliency | SaliencyFunction = "grad_act"
    align: Align = "layer"
    mask: MaskKind = "soft"
    quantile: float = 0.5
    average: Average = "masked"
    reduction: Reduction = "mean_t"
    baseline: BaselineMode | None = "mean"
    baseline_ms: tuple[float | None, float | None] = (None, -200.0)
    edges: Edges = "drop"
    precision: Precision = "float32"
    batch: int | None = None
    memory_mib: float = 2048.0
    blocks: int = 16
    max_bad_share: float = 0.05

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if callable(getattr(self, name)):
                continue
            if getattr(self, name) not in choices:
                known = ", ".join(str(choice) for choice in choices if choice is not None)
                raise InputError(
                    f"profiles.{name}: no {getattr(self, name)!r} there; there are: {known}"
                )
        for name, least in (("batch", 1), ("blocks", 1), ("memory_mib", 0), ("max_bad_share", 0)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise InputError(f"profiles.{name}: {value} is below {least}")
        if not 0 < self.quantile < 1:
            raise InputError(f"profiles.quantile: {self.quantile} is not between 0 and 1")
