"""Beginning with the weights of another recognizer, of another language perhaps."""

from __future__ import annotations

import torch

from naps.errors import InputError
from naps.models.alphabet import Alphabet
from naps.models.recognizer import Recognizer
from naps.models.wav2letter import Wav2Letter


@torch.no_grad()
def begin_with(network: Wav2Letter, alphabet: Alphabet, source: Recognizer) -> str:
    """Copy the weights of a trained recognizer into a new network.

    The output layer is copied character by character, the blank too; characters that the source
    does not write keep their fresh weights (Kunze et al. 2017, "Transfer Learning for Speech
    Recognition on a Budget").

    Parameters
    ----------
    network : Wav2Letter
        Of the same sizes as the source but for its outputs.
    alphabet : Alphabet
        Of the new network.
    source : Recognizer
        Not fused.

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
        ours[name].copy_(theirs[name])
    rows = [(i, source.alphabet.symbols.find(c)) for i, c in enumerate(alphabet.symbols)]
    rows = [(i, j) for i, j in rows if j >= 0] + [(alphabet.blank, source.alphabet.blank)]
    mine, other = (list(side) for side in zip(*rows, strict=True))
    for part in ("weight", "bias"):
        ours[f"{last}.{part}"][mine] = theirs[f"{last}.{part}"][other].to(ours[f"{last}.{part}"])
    return "".join(c for c in alphabet.symbols if c not in source.alphabet.symbols)
