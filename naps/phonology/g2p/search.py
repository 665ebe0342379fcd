"""Beam search for the most probable pronunciations of words of one length."""

from __future__ import annotations

import torch
from torch import Tensor

from naps.phonology.g2p.network import BOUNDARY, G2PNetwork, Places

# What is less probable than this is said to be this probable.
_LEAST = 1e-8


@torch.inference_mode()
def beam_search(
    network: G2PNetwork,
    words: Tensor,
    beam: int,
    *,
    longest: int,
    threshold: float,
    smoothing: float = 0.0,
) -> tuple[list[list[int]], Tensor]:
    """Find the most probable pronunciation of every word.

    Only unfinished hypotheses are computed, and of them those whose log probability is within
    `threshold` of the word's best: for most words that is one or two of the beam.

    Parameters
    ----------
    network : G2PNetwork
        In eval mode.
    words : Tensor, shape (words, letters)
        Letter indices.
    beam : int
        Hypotheses kept for each word; 1 is greedy.
    longest : int
        Phones at most. What is unfinished then is returned as it is.
    threshold : float
        Hypotheses less probable than the best by more than this many nats are given up.
    smoothing : float
        Of the labels that the network learned from. Where the true probability of a phone is q,
        it has learned to say (1 − smoothing) q + smoothing / size, which is solved for q.

    Returns
    -------
    phones : list of list of int
        Of the best hypothesis of each word.
    log_probability : Tensor, shape (words,)
        Of that hypothesis.
    """
    n, size = len(words), network.config.n_phones + 1
    memory, state = network.encode(words)
    device = words.device
    score = torch.full((n, beam), -torch.inf, device=device)
    score[:, 0] = 0.0
    done = torch.zeros(n, beam, dtype=torch.bool, device=device)
    written = torch.full((n, beam, longest + 1), BOUNDARY, device=device)
    # Where in `state` each hypothesis lives; at first there is one for each word.
    home = torch.arange(n, device=device)[:, None].expand(n, beam).clone()
    each = torch.arange(n, device=device)[:, None]
    for at in range(1, longest + 1):
        live = ~done & (score >= score.max(1, keepdim=True).values - threshold)
        word, slot = live.nonzero(as_tuple=True)
        if len(word) == 0:
            break
        logits, state, _ = network.step(
            written[word, slot, at - 1],
            memory,
            state.at(home[word, slot]),
            Places(word, slot, beam),
        )
        candidates = torch.full((n, beam, size), -torch.inf, device=device)
        # What is finished goes on unchanged, as itself with one more boundary.
        candidates[..., BOUNDARY] = score.masked_fill(~done, -torch.inf)
        said = (logits.float().softmax(1) - smoothing / size) / (1.0 - smoothing)
        candidates[word, slot] = score[word, slot, None] + said.clamp(_LEAST, 1.0).log()
        score, index = candidates.flatten(1).topk(beam, 1)
        parent, phone = index // size, index % size
        rows = torch.zeros(n, beam, dtype=torch.long, device=device)
        rows[word, slot] = torch.arange(len(word), device=device)
        home = rows[each, parent]
        written = written[each, parent]
        written[..., at] = phone
        done = done[each, parent] | (phone == BOUNDARY)
    best = score.argmax(1)
    chosen = written[each[:, 0], best, 1:].tolist()
    phones = [row[: row.index(BOUNDARY)] if BOUNDARY in row else row for row in chosen]
    return phones, score[each[:, 0], best]
