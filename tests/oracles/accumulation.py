"""Moving, masking and adding up the windows of events, one torch operation after the other."""

import torch

from naps.profiles.moments import Moments

SALIENCIES = {
    "grad_act": lambda activation, gradient: (gradient * activation).abs(),
    "grad": lambda _, gradient: gradient.abs(),
    "grad_times_act": lambda activation, gradient: (gradient * activation).clamp_min(0),
    "act": lambda activation, _: activation.abs(),
    "given": lambda _, given: given,
}


def peak_shifts(saliency):
    """``peak - width // 2``; the first peak on a tie, and no shift where all steps are alike."""
    score = saliency.double().mean(2).to(saliency.dtype)
    shifts = score.argmax(1) - saliency.shape[1] // 2
    return shifts.masked_fill(score.amax(1) == score.amin(1), 0)


def align_time(values, shifts):
    """``result[e, t] = values[e, t + shifts[e]]``, zeros where nothing moves in."""
    width = values.shape[1]
    source = torch.arange(width) + shifts[:, None]
    inside = (source >= 0) & (source < width)
    moved = values[torch.arange(len(values))[:, None], source.clamp(0, width - 1)]
    return moved.masked_fill(~inside.view(*inside.shape, *[1] * (values.ndim - 2)), 0)


def event_mask(saliency, kind, quantile):
    if kind == "group":
        return saliency
    if kind == "none":
        return torch.ones_like(saliency)
    flat = saliency.flatten(1)
    if kind == "quantile":
        rank = min(max(1, round(quantile * flat.shape[1])), flat.shape[1])
        threshold = flat.kthvalue(rank, dim=1).values[:, None, None]
        return ((saliency >= threshold) & (saliency > 0)).to(saliency.dtype)
    peak = flat.amax(1)[:, None, None]
    return saliency / peak.clamp_min(torch.finfo(saliency.dtype).tiny)


def zeros(groups, layer, *, masked):
    return Moments.zeros(groups, layer.window.width, layer.activation.shape[1], masked=masked)


def plain_sums(groups, codes, layer, frames):
    """Sums of one grouping over windows as they are."""
    sums = zeros(groups, layer, masked=False)
    _add(sums, codes, layer.windows(frames).double(), layer.valid(frames))
    return sums


def adjusted_sums(
    groups, codes, layer, frames, weights, *,
    saliency="grad_act", align="layer", mask="soft", quantile=0.5, complete=True, shifts=None,
):  # fmt: skip
    """Sums of one grouping over windows that are moved and masked, and the shifts."""
    sums = zeros(groups, layer, masked=True)
    if len(frames) == 0:
        return sums, frames
    activation, valid = layer.windows(frames), layer.valid(frames)
    shown = SALIENCIES[saliency](activation, weights) * valid[:, :, None]
    if shifts is None:
        shifts = peak_shifts(shown) if align == "layer" else torch.zeros_like(frames)
    activation, shown, valid = (align_time(x, shifts) for x in (activation, shown, valid))
    made = event_mask(shown, mask, quantile) * valid[:, :, None]
    if complete and mask in ("soft", "quantile"):
        valid = torch.ones_like(valid)
    values = (activation if mask == "group" else activation * made).double()
    _add(sums, codes, values, valid)
    known = codes >= 0
    sums.mask.index_add_(0, codes[known], made[known].double())
    sums.shift.index_add_(0, codes[known], shifts[known].double())
    return sums, shifts


def _add(sums, codes, values, valid):
    known = codes >= 0
    sums.total.index_add_(0, codes[known], values[known])
    sums.squares.index_add_(0, codes[known], values[known].square())
    sums.count.index_add_(0, codes[known], torch.ones_like(codes[known]))
    sums.lag_count.index_add_(0, codes[known], valid[known].long())
