"""One interface for all methods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from naps.errors import InputError
from naps.relevance.explanation import Explanation
from naps.relevance.methods import METHODS, Method
from naps.relevance.recurrent import check_lengths
from naps.relevance.subject import Output, gradients_on, make_subject


def explain(
    network: nn.Module,
    inputs: Tensor,
    target: int | Sequence[int] | Tensor | None = None,
    method: str | Method = "lrp",
    *,
    lengths: Sequence[int] | Tensor | None = None,
    output: Output | None = None,
    **options: Any,
) -> Explanation:
    """Say how much each part of an input did for the score of a class.

    Parameters
    ----------
    network, inputs, target, lengths, output
        See `make_subject`.
    method : str or Method
        A name in `METHODS`, or a method with its options set.
    **options
        Of a method given by name: the fields of its class.

    Returns
    -------
    Explanation

    Raises
    ------
    InputError
        If there is no such method or option, or the network or its input cannot be explained.
    """
    chosen = find_method(method, **options)
    with gradients_on():
        return chosen.explain(make_subject(network, inputs, target, lengths=lengths, output=output))


def explain_each(
    network: nn.Module,
    sequences: Sequence[Tensor],
    targets: Sequence[int] | None = None,
    method: str | Method = "lrp",
    *,
    output: Output | None = None,
    batch: int = 64,
    **options: Any,
) -> list[Tensor]:
    """Explain a corpus of sequences in batches of like lengths.

    Parameters
    ----------
    network, output
        See `make_subject`; the network is called with the lengths of each batch.
    sequences : sequence of Tensor, each of shape (steps,) or (steps, features)
        Tokens or vectors.
    targets : sequence of int, optional
        Class to be explained of each; the predicted one by default.
    method, **options
        See `explain`.
    batch : int

    Returns
    -------
    list of Tensor, each of shape (steps,)
        Relevance of each step, in the order of the sequences.

    Raises
    ------
    InputError
        As `explain`.
    """
    chosen = find_method(method, **options)
    if targets is not None and len(targets) != len(sequences):
        raise InputError(f"{len(targets)} target classes for {len(sequences)} sequences")
    ends = [len(sequence) for sequence in sequences]
    check_lengths(torch.tensor(ends), len(ends), max(ends, default=0))
    order = sorted(range(len(ends)), key=ends.__getitem__)
    found: dict[int, Tensor] = {}
    for start in range(0, len(order), batch):
        places = order[start : start + batch]
        lengths = [ends[place] for place in places]
        inputs = pad_sequence([sequences[place] for place in places], batch_first=True)
        target = None if targets is None else [targets[place] for place in places]
        tokens = explain(network, inputs, target, chosen, lengths=lengths, output=output).tokens
        for place, row, length in zip(places, tokens, lengths, strict=True):
            found[place] = row[:length]
    return [found[place] for place in range(len(sequences))]


def find_method(method: str | Method, **options: Any) -> Method:
    """Return a method by name, or the one given.

    Raises
    ------
    InputError
        If there is no such method, or it has no such option.
    """
    if isinstance(method, Method):
        if options:
            raise InputError(f"set options of {method.name} in the method itself: {options}")
        return method
    if method not in METHODS:
        raise InputError(f"no method {method!r}; there are: {', '.join(METHODS)}")
    cls = METHODS[method]
    known = [field.name for field in fields(cls)]  # type: ignore[arg-type]
    unknown = [name for name in options if name not in known]
    if unknown:
        raise InputError(
            f"{method} has no option {unknown[0]!r}; there are: {', '.join(known) or 'none'}"
        )
    return cls(**options)
