from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from naps.corpus import FeatureConfig, Utterance, read_manifest
from naps.errors import InputError
from naps.models import ENGLISH
from naps.training.augment import augment, mask, warp
from naps.training.batches import batches_from, epoch_batches, same_length_batches
from naps.training.config import AugmentConfig
from naps.training.examples import find_examples
from naps.training.schedule import learning_rate
from naps.training.update import ctc_losses

NONE = AugmentConfig(
    time_warp=0, mel_warp=0, tilt=0, noise=0, mel_masks=0, time_masks_per_s=0
)  # fmt: skip


@settings(max_examples=50)
@given(
    st.lists(st.integers(1, 400), min_size=1, max_size=60),
    st.integers(100, 1000),
    st.integers(0, 9),
)
def test_an_epoch_holds_everything_once_and_no_batch_is_too_large(
    lengths: list[int], frames: int, epoch: int
) -> None:
    batches = epoch_batches(lengths, frames, 1, epoch)
    assert sorted(i for b in batches for i in b) == list(range(len(lengths)))
    for batch in batches:
        padded = max(lengths[i] for i in batch) * len(batch)
        assert padded <= frames or len(batch) == 1
    assert batches == epoch_batches(lengths, frames, 1, epoch)


def test_like_lengths_go_together() -> None:
    lengths = np.random.default_rng(0).integers(100, 1500, 500).tolist()
    batches = epoch_batches(lengths, 8000, 1, 0)
    padded = sum(max(lengths[i] for i in b) * len(b) for b in batches)
    assert padded / sum(lengths) < 1.15
    assert batches != epoch_batches(lengths, 8000, 1, 1)


def test_batches_go_on_from_any_step() -> None:
    lengths = list(range(50, 90))
    for epoch_of in (
        lambda epoch: epoch_batches(lengths, 300, 7, epoch),
        lambda epoch: same_length_batches([n // 7 for n in lengths], 3, 7, epoch),
    ):
        from_start = batches_from(0, epoch_of)
        all_ = [next(from_start) for _ in range(40)]
        assert [epoch for epoch, _ in all_] == sorted(epoch for epoch, _ in all_)
        assert all_[-1][0] >= 1
        from_13 = batches_from(13, epoch_of)
        assert [next(from_13) for _ in range(27)] == all_[13:]


@given(st.lists(st.integers(1, 5), min_size=1, max_size=60), st.integers(1, 7), st.integers(0, 3))
def test_batches_of_one_length_hold_all_examples_once(
    lengths: list[int], size: int, epoch: int
) -> None:
    batches = same_length_batches(lengths, size, 3, epoch)
    assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
    assert all(len({lengths[place] for place in batch}) == 1 for batch in batches)
    assert all(len(batch) <= size for batch in batches)


def test_switched_off_augmentation_changes_nothing() -> None:
    x = torch.randn(100, 32)
    assert torch.equal(augment(x, NONE, 0.01, torch.Generator()), x)


def test_warps_stretch_and_masks_hide() -> None:
    config = NONE.model_copy(update={"time_warp": 0.5})
    lengths = {
        len(warp(torch.randn(100, 8), config, torch.Generator().manual_seed(i))) for i in range(40)
    }
    assert 50 <= min(lengths) < 70
    assert 130 < max(lengths) <= 150
    config = AugmentConfig(mel_masks=1, mel_mask_width=5, time_masks_per_s=3, time_mask_s=0.2)
    x = torch.ones(200, 32)
    hidden = [(mask(x, config, 0.01, torch.Generator().manual_seed(i)) == 0) for i in range(40)]
    bands = [int(h.all(0).sum()) for h in hidden]
    assert max(bands) == 5
    assert 0 < np.mean([float(h.float().mean()) for h in hidden]) < 0.5


def test_the_generator_decides_all() -> None:
    x = torch.randn(100, 32)
    first, again, other = (
        augment(x, AugmentConfig(), 0.01, torch.Generator().manual_seed(s)) for s in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert first.shape != other.shape or not torch.equal(first, other)


def test_learning_rate_rises_and_falls_to_zero() -> None:
    rates = [learning_rate(s, 100, 1.0, 0.1) for s in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[9] == pytest.approx(1.0)
    assert rates[100] == pytest.approx(0.0)
    assert all(a >= b for a, b in pairwise(rates[9:]))


def test_ctc_loss_of_a_hand_made_case() -> None:
    # Two frames, letters a and blank, target "a": paths aa, a-, -a.
    p = torch.tensor([[0.6, 0.4], [0.3, 0.7]])
    expected = -torch.log(p[0, 0] * p[1, 0] + p[0, 0] * p[1, 1] + p[0, 1] * p[1, 0])
    (loss,) = ctc_losses(p.log()[None], [2], [torch.tensor([0])])
    assert float(loss) == pytest.approx(float(expected), rel=1e-6)


def test_examples_that_cannot_be_learned_are_named(corpus: Path) -> None:
    good, odd, long, silent = read_manifest(corpus / "manifest.jsonl")
    soundfile.write(silent.audio, np.zeros(0), 16_000)
    utterances = [
        good,
        Utterance(id="odd", audio=odd.audio, text="日本"),
        Utterance(id="long", audio=long.audio, text="a" * 500),
        silent,
    ]

    def load(share: float) -> tuple[list, list]:
        return find_examples(
            utterances, FeatureConfig(n_mels=8), ENGLISH, lambda n: n // 2, max_bad_share=share
        )

    examples, dropped = load(0.75)
    assert [e.utterance.id for e in examples] == ["u0"]
    assert examples[0].text == "the cat sat on the mat"
    assert [name for name, _ in dropped] == ["odd", "long", "u3"]
    assert "longer than CTC" in dropped[1][1]
    with pytest.raises(InputError, match="3 of 4 utterances cannot be used"):
        load(0.5)
