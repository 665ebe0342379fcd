"""Two recognizers hear the same utterances: one pass over the sound for all that is compared."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from naps.comparison.agreement import WINDOW_S, Agreement, AgreementCounts
from naps.comparison.cka import LayerAlignment
from naps.comparison.frames import cut, durations, hear_both
from naps.comparison.layer_sums import LayerSums
from naps.corpus.utterance import Utterance
from naps.errors import InputError, UtteranceError
from naps.events import Drop, DropLog
from naps.models import Recognizer
from naps.profiles import choose_layers, traceable_layers
from naps.similarity.bootstrap import bootstrap_weights

Progress = Callable[[Iterable[Utterance]], Iterable[Utterance]]


@dataclass(frozen=True)
class HeardTogether:
    """What two recognizers have in common over the same utterances.

    Attributes
    ----------
    layers_a, layers_b : tuple of str
        Of each, from the input up; the last gives the logits.
    alignments : tuple of LayerAlignment
    agreement : Agreement or None
        None where one of them writes no letters.
    frames : int
        That were compared.
    every : int
        Every so many output frames.
    blocks : int
        Stretches of the corpus that intervals are over.
    utterances : int
        That were heard.
    drops : list of Drop
        Those that could not be used.
    """

    layers_a: tuple[str, ...]
    layers_b: tuple[str, ...]
    alignments: tuple[LayerAlignment, ...]
    agreement: Agreement | None
    frames: int
    every: int
    blocks: int
    utterances: int
    drops: list[Drop]

    def alignment(self, a: str, b: str) -> LayerAlignment | None:
        """Return the alignment of two layers, if it was measured."""
        return next((x for x in self.alignments if (x.a, x.b) == (a, b)), None)


def hear_together(
    a: Recognizer,
    b: Recognizer,
    utterances: Sequence[Utterance],
    *,
    layers: Sequence[str] | None = None,
    all_pairs: bool = False,
    events_a: pd.DataFrame | None = None,
    events_b: pd.DataFrame | None = None,
    frames: int = 40_000,
    blocks: int = 16,
    window_s: float = WINDOW_S,
    replicates: int = 1000,
    seed: int = 0,
    max_bad_share: float = 0.05,
    progress: Progress = iter,
) -> HeardTogether:
    """Run two recognizers over the same utterances and compare layers and predictions.

    They are compared at the output frames of the one that has fewer, each layer by its step
    nearest in time; the outputs less what one of them writes later than the other by, as far as
    their delays are known (`naps.comparison.frames.later`). Sums of products are kept, never
    activations: 8 bytes × blocks for each product of channels of two layers that are compared, and
    of each layer with itself.

    Parameters
    ----------
    a, b : Recognizer
        Fused, as from `naps.load_model`.
    utterances : sequence of Utterance
    layers : sequence of str, optional
        Of both, as far as they have them; all that have profiles by default. The output layers
        are always there.
    all_pairs : bool
        Compare every layer of the one with every layer of the other; else those of the same name,
        and the outputs.
    events_a, events_b : DataFrame, optional
        What each wrote, for the agreement of letters.
    frames : int
        At most so many are compared: every n-th one. The agreement is of all.
    blocks : int
        Stretches of the corpus that are drawn for intervals.
    window_s : float
        How far away a letter of the other may be to be the same.
    replicates : int
        Corpora drawn.
    seed : int
    max_bad_share : float
        Stop when more of the utterances than this cannot be used.
    progress : callable
        Wraps the utterances, to show how far it is.

    Raises
    ------
    InputError
        If neither has one of the layers, too many utterances cannot be used, or nothing is left.
    """
    names_a, names_b = _names(a, b, layers), _names(b, a, layers)
    pairs = [
        (x, y)
        for x in names_a
        for y in names_b
        if all_pairs or x == y or (x, y) == (names_a[-1], names_b[-1])
    ]
    seconds = durations(utterances)
    step_s = max(a.frame_s, b.frame_s)
    every = max(1, math.ceil(float(seconds.sum()) / step_s / max(1, frames)))
    blocks = max(1, min(blocks, len(utterances)))
    block_of = dict(zip((u.id for u in utterances), cut(seconds, blocks), strict=True))
    sums = LayerSums(pairs, blocks)
    counts = None
    if a.writes and b.writes:
        counts = AgreementCounts(a, b, blocks, events_a, events_b, window_s)
    log = DropLog(max_bad_share, len(utterances))
    heard = passed = 0
    for utterance in progress(utterances):
        try:
            both = hear_both(a, b, utterance, names_a, names_b)
        except UtteranceError as error:
            log.add_utterance(Drop("comparison", utterance.id, error.reason, str(error)))
            continue
        block, times = block_of[utterance.id], both.times[-passed % every :: every]
        sums.add(block, both.a.at(times), both.b.at(times))
        if counts is not None:
            counts.add(block, both)
        heard += 1
        passed += len(both.times)
    if not passed:
        raise InputError(f"nothing of {len(utterances)} utterances can be compared")
    used = sums.used()
    weights = bootstrap_weights(len(used), replicates, seed)
    return HeardTogether(
        layers_a=tuple(names_a),
        layers_b=tuple(names_b),
        alignments=sums.alignments(weights),
        agreement=None if counts is None else counts.shares(used, weights),
        frames=-(-passed // every),
        every=every,
        blocks=len(used),
        utterances=heard,
        drops=log.drops,
    )


def _names(model: Recognizer, other: Recognizer, wanted: Sequence[str] | None) -> list[str]:
    """Return the names of a model's layers that are compared, its output last."""
    output = model.layers[-1].name
    if wanted is None:
        return [*(layer.name for layer in traceable_layers(model)), output]
    own = {layer.name for layer in (*traceable_layers(model), *model.network.taps)}
    strange = [
        name
        for name in wanted
        if name not in own | {output}
        and name not in {x.name for x in (*traceable_layers(other), *other.network.taps)}
        and name != other.layers[-1].name
    ]
    if strange:
        raise InputError(
            f"neither {model.name} nor {other.name} has a layer {strange[0]!r}; there are: "
            f"{', '.join(layer.name for layer in traceable_layers(model))} and "
            f"{', '.join(layer.name for layer in traceable_layers(other))}"
        )
    chosen = choose_layers(model, [name for name in wanted if name in own])
    return [*(layer.name for layer in chosen), output]
