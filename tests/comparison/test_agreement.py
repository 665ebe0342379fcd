import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from naps.comparison.agreement import Agreement, AgreementCounts
from naps.comparison.frames import Heard, HeardByBoth
from naps.corpus import FeatureConfig
from naps.corpus.utterance import Utterance
from naps.errors import InputError
from naps.models import ENGLISH, GERMAN, Alphabet, Recognizer, Wav2Letter, Wav2LetterConfig
from tests.oracles import comparison_agreement as oracle


def model_of(alphabet: Alphabet) -> Recognizer:
    torch.manual_seed(0)
    config = Wav2LetterConfig(n_mels=8, n_outputs=len(alphabet), channels=2, wide=2)
    return Recognizer("m", Wav2Letter(config).eval(), FeatureConfig(n_mels=8), alphabet)


A, B = model_of(ENGLISH), model_of(GERMAN)


def heard(text: str, alphabet: Alphabet, step_s: float = 0.02) -> Heard:
    """What was written, a letter a frame, ``-`` for the blank."""
    units = [alphabet.blank if x == "-" else alphabet.symbols.index(x) for x in text]
    return Heard({}, {"out": step_s * np.arange(len(text))}, np.array(units), "out")


def events_of(texts: dict[str, str]) -> pd.DataFrame:
    rows = [
        {"utterance": name, "frame": frame, "letter": letter}
        for name, text in texts.items()
        for frame, letter in enumerate(text)
        if letter not in "- "
    ]
    return pd.DataFrame(rows, columns=["utterance", "frame", "letter"])


def agreement_of(
    texts_a: dict[str, str],
    texts_b: dict[str, str],
    *,
    events: bool = True,
    window_s: float = 0.06,
    step_b: float = 0.02,
) -> Agreement:
    tables = [events_of(x) if events else None for x in (texts_a, texts_b)]
    counts = AgreementCounts(A, B, len(texts_a), *tables, window_s)
    for block, name in enumerate(texts_a):
        first = heard(texts_a[name], ENGLISH)
        second = heard(texts_b[name], GERMAN, step_b)
        times = second.frames if step_b > 0.02 else first.frames
        counts.add(block, HeardByBoth(Utterance(name, None), first, second, times))  # type: ignore[arg-type]
    blocks = len(texts_a)
    weights = np.random.default_rng(0).multinomial(blocks, [1 / blocks] * blocks, 200)
    return counts.shares(np.arange(blocks), weights.astype(float))


def test_agreement_by_hand() -> None:
    # Blanks agree at frames 0, 2, 5; a at 1; the space at 4. b and ß are heard apart.
    found = agreement_of({"u": "-a-b -"}, {"u": "-a-ß -"})
    assert found.frames.count == 6
    assert found.frames.same.value == pytest.approx(5 / 6)
    assert found.events is not None
    assert found.events.count == 2
    assert found.events.same.value == pytest.approx(1 / 2)
    assert [(x.letter, x.events, x.same) for x in found.by_letter] == [("a", 1, 1.0), ("b", 1, 0.0)]
    assert found.predictions == found.events.same
    # One utterance says nothing of others.
    assert math.isnan(found.frames.same.low)


def test_letters_are_the_same_whatever_their_units() -> None:
    # The apostrophe comes before, and umlauts after, in one alphabet only.
    found = agreement_of({"u": "it's"}, {"u": "it's"})
    assert found.frames.same.value == 1


@pytest.mark.parametrize(("late", "share"), [(3, 1.0), (4, 0.0)])
def test_letters_nearby_count(late: int, share: float) -> None:
    # 20 ms a frame, and at most 60 ms away.
    texts = "-----a----------", "-" * (5 + late) + "a" + "-" * (10 - late)
    found = agreement_of({"u": texts[0]}, {"u": texts[1]})
    assert found.events is not None
    assert found.events_b is not None
    assert found.events.same.value == share
    assert found.events_b.same.value == share


def test_another_frame_rate_is_another_number_of_frames() -> None:
    # b has a frame every 40 ms, so that every other one of a's has a partner.
    found = agreement_of({"u": "-a--bb--"}, {"u": "--ab"}, step_b=0.04, window_s=0.04)
    assert found.frames.count == 4
    assert found.frames.same.value == pytest.approx(2 / 4)
    assert found.events is not None
    # a: at 20 ms, and b writes a at 80 ms; b: at 80 and 100 ms, and b writes it at 120 ms.
    assert found.events.count == 3
    assert found.events.same.value == pytest.approx(2 / 3)


@pytest.mark.parametrize("seed", range(5))
def test_counts_equal_those_of_loops(seed: int) -> None:
    random = np.random.default_rng(seed)

    def text(n: int) -> str:
        return "".join(random.choice(list("abc -----"), n))

    lengths = random.integers(9, 40, 4)
    texts_a = {f"u{i}": text(n) for i, n in enumerate(lengths)}
    texts_b = {
        name: "".join(
            x if random.random() < 0.5 else y for x, y in zip(t, text(len(t)), strict=True)
        )
        for name, t in texts_a.items()
    }
    found = agreement_of(texts_a, texts_b)
    frames = same = chance = events = met = by_chance = 0.0
    for name, first in texts_a.items():
        said = [(0.02 * i, x) for i, x in enumerate(texts_b[name])]
        letters = [(0.02 * i, x) for i, x in enumerate(first) if x not in "- "]
        turned = [oracle.turned(said, turn) for turn in range(1, 8)]
        frames += len(first)
        same += oracle.same_frames(first, texts_b[name])
        chance += np.mean([oracle.same_frames(first, [x for _, x in t]) for t in turned])
        events += len(letters)
        met += oracle.same_events(letters, said, 0.06)
        by_chance += np.mean([oracle.same_events(letters, t, 0.06) for t in turned])
    assert found.frames.count == frames
    assert found.frames.same.value == pytest.approx(same / frames)
    assert found.frames.chance == pytest.approx(chance / frames)
    assert found.events is not None
    assert found.events.count == events
    assert found.events.same.value == pytest.approx(met / events)
    assert found.events.chance == pytest.approx(by_chance / events)
    assert found.events.same.low <= found.events.same.value <= found.events.same.high
    assert sum(x.events for x in found.by_letter) == events
    assert sum(x.events * x.same for x in found.by_letter) == pytest.approx(met)


def test_unrelated_predictions_agree_by_chance_alone() -> None:
    random = np.random.default_rng(0)
    letters = list("abcdefgh" + "-" * 20)
    texts = [{f"u{i}": "".join(random.choice(letters, 200)) for i in range(12)} for _ in range(2)]
    found = agreement_of(*texts)
    assert found.events is not None
    for share in (found.frames, found.events):
        assert share.same.low < share.chance < share.same.high


def test_copies_of_a_letter_count_once_and_what_is_none_does_not() -> None:
    table = events_of({"u": "ab"})
    copies = pd.concat([table, table.iloc[:1], table.iloc[:1].assign(frame=1, letter=None)])
    counts = AgreementCounts(A, B, 1, copies)
    both = HeardByBoth(
        Utterance("u", None), heard("ab", ENGLISH), heard("a-", GERMAN), np.arange(2) / 50
    )  # type: ignore[arg-type]
    counts.add(0, both)
    found = counts.shares(np.arange(1), np.ones((5, 1)))
    assert found.events is not None
    assert (found.events.count, found.events.same.value) == (2, 0.5)
    assert found.events_b is None


def test_without_events_there_are_frames_only() -> None:
    found = agreement_of({"u": "ab-"}, {"u": "ab-"}, events=False)
    assert found.events is None
    assert found.events_b is None
    assert found.by_letter == ()
    assert found.predictions is None


def test_no_letters_have_no_share() -> None:
    found = agreement_of({"u": "---", "v": "--"}, {"u": "a--", "v": "--"})
    assert found.events is not None
    assert found.events.count == 0
    assert math.isnan(found.events.same.value)


def test_events_of_another_model_are_refused() -> None:
    first = heard("ab", ENGLISH)
    counts = AgreementCounts(A, B, 1, events_of({"u": "--a"}))
    both = HeardByBoth(Utterance("u", None), first, replace(first), first.frames)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="u: events lie outside its 2 output frames; compare"):
        counts.add(0, both)
