"""Beam search and forced alignment against the sum over all paths, and against each other."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from naps.decoding import beam_search, forced_path, greedy
from naps.errors import UtteranceError

BLANK = 3


def logits_of(seed: int, frames: int, units: int = 4) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 2 * torch.randn(frames, units, generator=generator, dtype=torch.float64)


def collapse(path: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(unit for unit, _ in itertools.groupby(path) if unit != BLANK)


def all_paths(logits: torch.Tensor) -> dict[tuple[int, ...], list[tuple[float, tuple[int, ...]]]]:
    scores = logits.log_softmax(1)
    found: dict[tuple[int, ...], list[tuple[float, tuple[int, ...]]]] = {}
    for path in itertools.product(range(logits.shape[1]), repeat=len(logits)):
        score = sum(float(scores[t, unit]) for t, unit in enumerate(path))
        found.setdefault(collapse(path), []).append((score, path))
    return found


@given(st.integers(0, 10_000), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_a_wide_beam_finds_the_most_probable_text(seed: int, frames: int) -> None:
    logits = logits_of(seed, frames)
    sums = {k: np.logaddexp.reduce([s for s, _ in v]) for k, v in all_paths(logits).items()}
    units, score = beam_search(logits, BLANK, beam=2000, floor=1e-300)
    assert score == pytest.approx(max(sums.values()), abs=1e-9)
    assert sums[tuple(units)] == pytest.approx(score, abs=1e-9)


@given(st.integers(0, 10_000), st.integers(2, 5))
@settings(max_examples=40, deadline=None)
def test_the_forced_path_is_the_best_of_its_text(seed: int, frames: int) -> None:
    logits = logits_of(seed, frames)
    for text, paths in all_paths(logits).items():
        if not text:
            continue
        letters = forced_path(logits, text, BLANK)
        assert [letter.unit for letter in letters] == list(text)
        path = [BLANK] * frames
        for letter in letters:
            path[letter.start : letter.end] = [letter.unit] * (letter.end - letter.start)
            run = logits.softmax(1)[letter.start : letter.end, letter.unit]
            assert letter.frame - letter.start == int(run.argmax())
            assert letter.probability == pytest.approx(float(run.max()), abs=1e-6)
        own = sum(float(logits.log_softmax(1)[t, unit]) for t, unit in enumerate(path))
        assert own == pytest.approx(max(s for s, _ in paths), abs=1e-4)


def test_the_greedy_text_is_forced_onto_the_greedy_path() -> None:
    logits = logits_of(1, 60) * 4
    letters = greedy(logits, BLANK)
    forced = forced_path(logits, [x.unit for x in letters], BLANK)
    assert [(x.unit, x.start, x.end, x.frame) for x in forced] == [
        (x.unit, x.start, x.end, x.frame) for x in letters
    ]


def test_a_beam_of_one_never_beats_a_wide_one() -> None:
    for seed in range(30):
        logits = logits_of(seed, 40)
        assert beam_search(logits, BLANK, 1)[1] <= beam_search(logits, BLANK, 50)[1] + 1e-9


def test_too_many_letters_for_the_frames() -> None:
    logits = logits_of(0, 3)
    assert len(forced_path(logits, [0, 1, 0], BLANK)) == 3
    with pytest.raises(UtteranceError, match="3 output frames cannot hold a text that needs 4"):
        forced_path(logits, [0, 0, 1], BLANK)


def test_nothing_to_decode() -> None:
    assert beam_search(torch.zeros(0, 4), BLANK) == ([], 0.0)
    assert forced_path(logits_of(0, 3), [], BLANK) == []
