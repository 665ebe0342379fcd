"""Labels of events on real speech, against phone times that none of our models made."""

from pathlib import Path

import pandas as pd
import pytest

from naps.corpus import choose_tier, read_alignments, read_manifest
from naps.events import EventOptions, LabelQuality, find_events, label_quality
from naps.models import load_model
from naps.phonology import find_pronouncer, read_label

pytestmark = pytest.mark.data


def measured(data: Path, corpus: str, split: str, **options: object) -> LabelQuality:
    utterances = [u for u in read_manifest(data / corpus / "manifest.jsonl") if u.split == split]
    times = read_alignments(data / "alignments" / f"{corpus}.jsonl", utterances)
    events = find_events(
        load_model("wav2letter-en-mini"),
        utterances,
        pronouncer=find_pronouncer("en", "auto", "auto"),
        options=EventOptions(**options),  # type: ignore[arg-type]
        max_bad_share=0.2,
    )
    intervals = {name: choose_tier(tiers) for name, tiers in times.tiers.items()}
    return label_quality(events.table, intervals, lambda x: read_label(x, "arpabet", "en"))


def test_letters_of_the_true_text_have_the_right_phones(data: Path) -> None:
    found = measured(data, "librispeech", "test", mode="reference")
    assert found.events > 3000
    assert found.share >= 0.85
    assert found.chance_p99 < 0.15
    # The delay was found on other speakers.
    assert abs(found.offset_s) <= 0.01
    manner = found.groups[found.groups["by"] == "manner"].set_index("value")
    assert (manner["share"] > 0.8).all()


def test_the_delay_matters(data: Path) -> None:
    found = measured(data, "kathleen_en", "dev", mode="reference", delay_s=0.0)
    assert found.share < 0.6
    assert found.offset_s == pytest.approx(0.075, abs=0.01)


def test_predicted_letters(data: Path) -> None:
    found = measured(data, "kathleen_en", "test")
    assert found.share >= 0.85
    plain = measured(data, "kathleen_en", "test", phonemes="predicted")
    assert plain.share < found.share
    correct: pd.DataFrame = found.groups[found.groups["by"] == "correct"].set_index("value")
    assert correct.loc["True", "share"] > correct.loc["False", "share"]
