"""Beginning with the weights of another recognizer, of another language perhaps."""

from __future__ import annotations

from collections.abc import Callable

import torch

from naps.errors import InputError
from naps.models import Alphabet, Network, Recognizer, load_model
from naps.training.config import TrainConfig


def prepare_start(
    network: Network, alphabet: Alphabet, config: TrainConfig, say: Callable[[str], None]
) -> None:
    """Give a fresh network what its recipe takes over from another recognizer.

    Raises
    ------
    InputError
        If the recipe freezes layers without a start, or more than there are below the output,
        or the start does not fit.
    """
    below = [layer.name for layer in network.layers[:-1]]
    if config.frozen > len(below):
        raise InputError(f"frozen: {config.frozen}, but {len(below)} layers lie below the output")
    if config.start is None:
        if config.frozen or config.fresh_above:
            raise InputError("frozen and fresh_above need a recognizer to start from; --set start=")
        return
    source = load_model(config.start, device=next(network.parameters()).device, fuse=False)
    kept = below[: config.frozen] if config.fresh_above else None
    new = begin_with(network, alphabet, source, layers=kept, zero=config.new_characters == "zero")
    taken = "all layers" if kept is None else f"{', '.join(kept) or 'no layer'}, the rest fresh"
    say(f"beginning with {source.name}: {taken}; new characters: {new or 'none'}")
    if config.frozen:
        say(f"frozen: {', '.join(below[: config.frozen])}")


@torch.no_grad()
def begin_with(
    network: Network,
    alphabet: Alphabet,
    source: Recognizer,
    *,
    layers: list[str] | None = None,
    zero: bool = True,
) -> str:
    """Copy the weights of a trained recognizer into a new network.

    The output layer is copied character by character, the blank too (Kunze et al. 2017,
    "Transfer Learning for Speech Recognition on a Budget").

    Parameters
    ----------
    network : Network
        Of the same sizes as the source but for its outputs.
    alphabet : Alphabet
        Of the new network.
    source : Recognizer
        Not fused.
    layers : list of str, optional
        Copy only these; without it all, the output layer too.
    zero : bool
        Give characters that the source does not write weights of zero, as the paper did;
        otherwise they keep their fresh ones.

    Returns
    -------
    str
        The characters that are new.

    Raises
    ------
    InputError
        If the networks differ in more than their outputs.
    """
    ours, theirs = network.state_dict(), source.network.state_dict()
    last = network.layers[-1].name
    body = {name for name in ours if not name.startswith(f"{last}.")}
    odd = [n for n in sorted(body) if n not in theirs or ours[n].shape != theirs[n].shape]
    if odd or body != {name for name in theirs if not name.startswith(f"{last}.")}:
        raise InputError(
            f"{source.name} cannot be begun with: its network has other sizes"
            + (f" at {odd[0]}" if odd else "")
        )
    for name in body:
        if layers is None or name.split(".")[0] in layers:
            ours[name].copy_(theirs[name])
    new = "".join(c for c in alphabet.symbols if c not in source.alphabet.symbols)
    if layers is not None:
        return new
    rows = [(i, source.alphabet.symbols.find(c)) for i, c in enumerate(alphabet.symbols)]
    rows = [(i, j) for i, j in rows if j >= 0] + [(alphabet.blank, source.alphabet.blank)]
    mine, other = (list(side) for side in zip(*rows, strict=True))
    for part in ("weight", "bias"):
        target = ours[f"{last}.{part}"]
        if zero:
            target.zero_()
        target[mine] = theirs[f"{last}.{part}"][other].to(target)
    return new
