"""Relevance of a network's input for single frames of its output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from naps.errors import InputError
from naps.models import Network
from naps.relevance.composite import Composite, find_composite
from naps.relevance.evaluation.flipping import Flipping, Regions, pixel_flipping
from naps.relevance.explain import explain
from naps.relevance.methods import LRP, Method, Occlusion
from naps.relevance.subject import Output, make_subject

Arrays = npt.NDArray[np.float32]
# Inputs explained at once; each is held with all that the network makes of it.
_BATCH = 8


@dataclass(frozen=True)
class FrameRelevance:
    """Relevance of the input for the score of one unit at one frame, for several of these.

    Attributes
    ----------
    frames, units : tuple of int, length items
        Output frames, and the unit explained at each.
    scores : array, shape (items,)
        Of that unit there, before any softmax.
    relevance : array of float32, shape (items, input frames, features)
    """

    frames: tuple[int, ...]
    units: tuple[int, ...]
    scores: Arrays
    relevance: Arrays

    @property
    def sums(self) -> npt.NDArray[np.float64]:
        """Relevance of all of the input, shape (items,)."""
        found: npt.NDArray[np.float64] = self.relevance.sum((1, 2), dtype=np.float64)
        return found

    @property
    def error(self) -> npt.NDArray[np.float64]:
        """Share of each score that the input has not got, or got too much, shape (items,)."""
        return np.abs(self.scores - self.sums) / np.maximum(np.abs(self.scores), 1e-12)

    @property
    def cancellation(self) -> npt.NDArray[np.float64]:
        """Sum of the sizes of all relevance by the size of the score, shape (items,).

        At 1 all speaks for the unit. Where it is far above 1, large relevances for and against
        it cancel, and what is left of a single one says little.
        """
        sizes = np.abs(self.relevance).sum((1, 2), dtype=np.float64)
        return np.asarray(sizes / np.maximum(np.abs(self.scores), 1e-12))


@dataclass(frozen=True)
class _Crop:
    """The part of the input that one output frame depends on.

    Attributes
    ----------
    start, stop : int
        In input frames.
    frame : int
        The output frame, counted from the part's first.
    """

    start: int
    stop: int
    frame: int

    @property
    def length(self) -> int:
        """Frames of the part; crops of one length can share a batch."""
        return self.stop - self.start


def explain_frames(
    network: Network,
    features: Tensor,
    frames: Sequence[int],
    units: Sequence[int],
    method: Method | None = None,
) -> FrameRelevance:
    """Explain the scores of units at frames of the output.

    Where one output frame depends on a part of the input only, only this part is looked at, which
    gives the same.

    Parameters
    ----------
    network : Network
        In eval mode.
    features : Tensor, shape (input frames, features)
    frames, units : sequence of int
        Output frames, and the unit to be explained at each.
    method : Method, optional
        By default `recognizer_lrp`.

    Returns
    -------
    FrameRelevance

    Raises
    ------
    InputError
        If there is no such frame or unit, nothing to explain, or a layer without a rule.
    """
    crops = _crops(network, len(features), frames)
    if len(units) != len(crops):
        raise InputError(f"{len(units)} units for {len(crops)} frames")
    chosen = recognizer_lrp(network) if method is None else method
    relevance = np.zeros((len(crops), *features.shape), np.float32)
    scores = np.zeros(len(crops), np.float32)
    # Occlusion looks at many copies of an item, which must be asked for one and the same frame.
    forms = [(c.length, c.frame if isinstance(chosen, Occlusion) else -1) for c in crops]
    for form in dict.fromkeys(forms):
        places = [place for place, one in enumerate(forms) if one == form]
        for first in range(0, len(places), _BATCH):
            some = places[first : first + _BATCH]
            batch = torch.stack([features[crops[p].start : crops[p].stop] for p in some])
            output = _at([crops[p].frame for p in some])
            found = explain(network, batch, [units[p] for p in some], chosen, output=output)
            scores[some] = found.start.float().cpu().numpy()
            # Methods that do not tell features of a step apart give one value a step.
            values = found.relevance
            values = (values / (batch.shape[2] // values.shape[2])).expand(batch.shape)
            for place, value in zip(some, values.float().cpu().numpy(), strict=True):
                relevance[place, crops[place].start : crops[place].stop] = value
    if not np.isfinite(relevance).all():
        raise InputError(
            f"method {chosen.name!r} with these options gives numbers that are not finite; choose "
            f"a larger epsilon, or the gate rule 'all'"
        )
    return FrameRelevance(tuple(frames), tuple(units), scores, relevance)


@dataclass(frozen=True)
class FrameJudgement:
    """How much a score falls without the regions of the input that are called relevant.

    Attributes
    ----------
    flipped : Flipping
        Most relevant regions first.
    chance : array, shape (regions + 1,)
        Mean score without 0, 1, … regions drawn from those near the frame.
    items : int
        Frames judged.
    regions : int
        That were overwritten.
    share : float
        Of what the frame depends on, that these regions were.
    """

    flipped: Flipping
    chance: npt.NDArray[np.float64]
    items: int
    regions: int
    share: float

    @property
    def chance_fall(self) -> float:
        """Mean fall of the score by chance, as `Flipping.aopc`."""
        return float(self.chance[0] - self.chance.mean())


def judge_frames(
    network: Network,
    features: Tensor,
    found: FrameRelevance,
    *,
    regions: Regions,
    steps: int = 20,
    most: int = 8,
    near: int = 50,
    runs: int = 3,
    seed: int = 0,
) -> FrameJudgement:
    """Overwrite what a method calls relevant, and regions by chance (Samek et al. 2017).

    Parameters
    ----------
    network, features
        As they were given to `explain_frames`.
    found : FrameRelevance
    regions : Regions
    steps : int
        Regions overwritten at most.
    most : int
        Frames judged at most, taken evenly from those that see equally much of the input.
    near : int
        Input frames on either side of a frame from which regions are drawn by chance: what lies
        far from it matters to no letter, and would be too easy to beat.
    runs, seed : int
        Random draws, and what they begin with.

    Raises
    ------
    InputError
        If regions do not fit the input.
    """
    crops = _crops(network, len(features), found.frames)
    lengths = [crop.length for crop in crops]
    usual = max(dict.fromkeys(lengths), key=lengths.count)
    places = [place for place, length in enumerate(lengths) if length == usual]
    some = [places[i] for i in np.unique(np.linspace(0, len(places) - 1, most).round().astype(int))]
    cut = [slice(crops[place].start, crops[place].stop) for place in some]
    batch = torch.stack([features[part] for part in cut])
    relevance = torch.stack(
        [torch.from_numpy(found.relevance[p, part]) for p, part in zip(some, cut, strict=True)]
    )
    output = _at([crops[place].frame for place in some])
    subject = make_subject(network, batch, [found.units[p] for p in some], output=output)
    parts = regions.parts(batch.shape[1:])
    steps = min(steps, len(parts))
    stride = network.layers[-1].stride
    centres = torch.tensor([stride * crops[place].frame for place in some])
    lags = (torch.arange(batch.shape[1]) - centres[:, None]).abs()
    # Sums over a region stay in order of the draw; regions that are partly near count less.
    close = (lags <= near).to(torch.float32)[:, :, None].expand(batch.shape)
    random = torch.Generator().manual_seed(seed)
    curves = []
    for _ in range(runs):
        drawn = torch.zeros(batch.shape)
        for part in parts:
            drawn[:, *part] = torch.rand((len(some), 1, 1), generator=random)
        curves.append(pixel_flipping(subject, drawn * close, regions, steps=steps).scores.mean)
    return FrameJudgement(
        pixel_flipping(subject, relevance, regions, steps=steps),
        np.mean(curves, 0),
        len(some),
        steps,
        steps / len(parts),
    )


def recognizer_lrp(network: nn.Module, **options: Any) -> LRP:
    """Return layer-wise relevance propagation as it suits a recognizer.

    Of a network with recurrent layers the composite ``steady``, of others ``spectrogram``; the
    grounds are in ``docs/relevance.md``.

    Parameters
    ----------
    network : Module
    **options
        Of the composite.
    """
    recurrent = any(isinstance(module, nn.RNNBase) for module in network.modules())
    composite: Composite = find_composite("steady" if recurrent else "spectrogram", **options)
    return LRP(composite)


def _crops(network: Network, length: int, frames: Sequence[int]) -> list[_Crop]:
    """Give what each output frame depends on."""
    if not frames:
        raise InputError("no frames: there is nothing to explain")
    outputs = network.output_length(length)
    for frame in frames:
        if not 0 <= frame < outputs:
            raise InputError(f"no frame {frame}; the output has {outputs}, numbered from 0")
    if network.windows is None:
        return [_Crop(0, length, frame) for frame in frames]
    window = network.windows[0]
    found = []
    for frame in frames:
        begin = window.start(frame)
        # Parts begin where a step of the output does, so that steps are those of the whole.
        start = max(0, begin) // window.stride * window.stride
        stop = min(length, begin + window.width)
        found.append(_Crop(start, stop, frame - start // window.stride))
    return found


def _at(frames: Sequence[int]) -> Output:
    """Take one frame of each item's output."""
    if len(set(frames)) == 1:
        return lambda logits: logits[:, frames[0]]
    return lambda logits: logits[torch.arange(len(frames)), torch.tensor(frames)]
