"""Probes of a run: a network whose lower layers carry a label, and whose upper ones are dead."""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch

from naps.corpus import FeatureConfig, Utterance
from naps.errors import InputError
from naps.events import write_events
from naps.events.table import to_table
from naps.models import ENGLISH, LSTMConfig, LSTMRecognizer, Recognizer, Window
from naps.pipeline.probing import COLUMNS, make_probes, pooled_windows, probe_labels
from naps.pipeline.recipe import ProfileRecipe
from naps.pipeline.run_folder import RunFolder
from naps.pipeline.stages import prepare
from naps.profiles.trace import TracedLayer

FRAMES = (30, 45, 60, 75)
DEAD = 5


@pytest.fixture
def network(recognizer: Recognizer) -> Recognizer:
    """Hears nothing from conv5 up."""
    with torch.no_grad():
        recognizer.network.get_submodule(f"conv{DEAD}").weight.zero_()  # type: ignore[operator]
    return recognizer


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """Twelve recordings of three speakers, each with high and low noise, and events in them."""
    folder, lines, rows = tmp_path / "corpus", [], []
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(12):
        noise = random.standard_normal(40_000)
        high = number % 2 == 1
        spectrum = np.fft.rfft(noise)
        spectrum[(np.arange(len(spectrum)) > 3000) != high] = 0
        samples = 0.3 * np.fft.irfft(spectrum) / np.abs(np.fft.irfft(spectrum)).max()
        soundfile.write(folder / f"u{number}.wav", samples, 16_000)
        speaker, band = f"s{number // 4}", "high" if high else "low"
        record = {"id": f"u{number}", "audio": f"u{number}.wav", "text": "", "speaker": speaker}
        lines.append(json.dumps(record | {"band": band}))
        rows += [
            {
                "utterance": f"u{number}", "frame": frame, "time_s": 0.0, "run_start": frame,
                "run_end": frame + 1, "unit": 1, "letter": "ab"[place % 2], "probability": 1.0,
                "word_index": 0, "position": 0, "word_length": 1, "speaker": speaker,
                "phoneme": {"low": "S", "high": "AA"}[band], "band": band,
            }
            for place, frame in enumerate(FRAMES)
        ]  # fmt: skip
    (folder / "manifest.jsonl").write_text("\n".join(lines) + "\n")
    found = RunFolder(tmp_path / "run")
    found.begin()
    write_events(found.events / "events.parquet", to_table(rows))
    return found


@pytest.fixture
def recipe(tmp_path: Path, run: RunFolder) -> ProfileRecipe:
    found = ProfileRecipe.model_validate(
        {
            "name": "small",
            "model": "none",
            "corpus": {"path": str(tmp_path / "corpus")},
            "profiles": {"edges": "keep", "layers": ["input", "conv2", "conv4", "conv5", "conv9"]},
            "probes": {"targets": ["band"], "folds": 3},
        }
    )
    prepare(run, found)
    return found


def changed(recipe: ProfileRecipe, part: str, **values: object) -> ProfileRecipe:
    data = recipe.model_dump(mode="json")
    data[part] |= values
    return ProfileRecipe.model_validate(data)


def probes(run: RunFolder, recipe: ProfileRecipe, model: Recognizer) -> pd.DataFrame:
    make_probes(run, recipe, model, lambda items, _: items)
    return pd.read_csv(run.probes / "probes.csv")


def test_a_label_is_found_where_it_is_and_not_where_the_network_has_lost_it(
    run: RunFolder, recipe: ProfileRecipe, network: Recognizer
) -> None:
    found = probes(run, recipe, network)
    assert tuple(found.columns) == COLUMNS
    assert found["layer"].tolist() == ["input", "conv2", "conv4", "conv5", "conv9"]
    row = found.set_index("layer")
    assert (row.loc[["input", "conv2", "conv4"], "accuracy"] == 1.0).all()
    assert (row.loc[["conv5", "conv9"], "accuracy"] <= 0.5).all()
    assert (found["majority"] == 0.5).all()
    assert (found["chance_p99"] < 1).all()
    assert (found["disjoint"] == "speakers").all()
    assert (found["interval"] == "utterances").all()
    assert found[["classes", "events", "folds"]].drop_duplicates().values.tolist() == [[2, 48, 3]]
    drops = pd.read_csv(run.probes / "dropped.csv")
    assert drops.empty


def test_several_targets_and_classes_of_phonemes(
    run: RunFolder, recipe: ProfileRecipe, network: Recognizer
) -> None:
    recipe = changed(recipe, "probes", targets=["speaker", "vowel", "letter"])
    found = probes(run, recipe, network).set_index("layer")
    by_target = {str(target): rows for target, rows in found.groupby("target")}
    assert by_target["vowel"].loc["input", "accuracy"] == 1.0
    assert by_target["speaker"].loc["input", "disjoint"] == "utterances"
    assert (by_target["speaker"]["classes"] == 3).all()
    assert (by_target["letter"].loc[["conv5", "conv9"], "accuracy"] <= 0.5).all()


def test_the_same_seed_chooses_the_same_events_all_over_the_corpus(
    run: RunFolder, recipe: ProfileRecipe, network: Recognizer
) -> None:
    few = changed(recipe, "probes", max_events=24, targets=["band", "letter"])
    first = probes(run, few, network)
    pd.testing.assert_frame_equal(first, probes(run, few, network))
    assert (first["events"] == 24).all()
    assert (first["majority"] == 0.5).all(), "both labels are drawn as often as they occur"
    other = probes(run, changed(few, "probes", seed=1), network)
    assert not first.equals(other)


def test_what_cannot_be_used_is_counted(
    run: RunFolder, recipe: ProfileRecipe, network: Recognizer, tmp_path: Path
) -> None:
    (tmp_path / "corpus" / "u3.wav").write_bytes(b"no sound")
    with pytest.raises(InputError, match=r"more than max_bad_share allows.*u3"):
        probes(run, recipe, network)
    assert not (run.probes / "probes.csv").exists()
    lenient = recipe.model_copy(update={"max_bad_share": 0.1})
    assert (probes(run, lenient, network)["events"] == 44).all()
    drops = pd.read_csv(run.probes / "dropped.csv")
    assert drops[["stage", "utterance", "count"]].values.tolist() == [["probes", "u3", 1]]


def test_windows_beyond_the_recording_are_dropped_where_profiles_drop_them(
    run: RunFolder, recipe: ProfileRecipe, network: Recognizer
) -> None:
    found = probes(run, changed(recipe, "profiles", edges="drop"), network)
    drops = pd.read_csv(run.probes / "dropped.csv")
    assert set(drops["reason"]) == {"edge"}
    assert (found["events"] == 48 - drops["count"].sum()).all()
    assert 0 < drops["count"].sum() < 48


def test_a_recurrent_network_has_probes(run: RunFolder, recipe: ProfileRecipe) -> None:
    torch.manual_seed(0)
    config = LSTMConfig(n_mels=16, hidden=6, layers=2, front=8, stride=2)
    network = LSTMRecognizer(config).eval()
    model = Recognizer("lstm", network, FeatureConfig(n_mels=16), ENGLISH)
    recipe = changed(recipe, "profiles", layers=["input", "lstm2", "lstm2.cell"])
    found = probes(run, recipe, model)
    assert found["layer"].tolist() == ["input", "lstm2", "lstm2.cell"]
    assert (found["accuracy"] == 1.0).all()


def test_windows_are_averaged_over_eight_parts() -> None:
    torch.manual_seed(0)
    activation = torch.randn(40, 3)
    layer = TracedLayer.padded(activation, Window(2, -3, 16), 14)
    found = pooled_windows(layer, torch.tensor([2, 5]))
    for row, frame in zip(found, (2, 5), strict=True):
        start = 2 * frame - 3
        parts = [activation[start + 2 * i : start + 2 * i + 2].mean(0) for i in range(8)]
        torch.testing.assert_close(row, torch.stack(parts, 1).flatten())
    step = TracedLayer.padded(activation, Window(2, 0, 1), 18)
    assert torch.equal(pooled_windows(step, torch.tensor([7])), activation[14:15])
    uneven = TracedLayer.padded(activation, Window(2, 0, 12), 14)
    ends = ((0, 2), (1, 3), (3, 5), (4, 6), (6, 8), (7, 9), (9, 11), (10, 12))
    parts = [activation[a:b].mean(0) for a, b in ends]
    torch.testing.assert_close(
        pooled_windows(uneven, torch.tensor([0]))[0], torch.stack(parts, 1).flatten()
    )


def test_without_targets_there_are_no_probes(
    run: RunFolder, recipe: ProfileRecipe, network: Recognizer
) -> None:
    probes(run, recipe, network)
    make_probes(run, changed(recipe, "probes", targets=[]), network, lambda items, _: items)
    assert not (run.probes / "probes.csv").exists()


def test_bad_input(run: RunFolder, recipe: ProfileRecipe, network: Recognizer) -> None:
    def told(match: str, part: str = "probes", **values: object) -> None:
        with pytest.raises(InputError, match=match):
            make_probes(run, changed(recipe, part, **values), network, _unheard)

    told(
        "no probe of 'tone': .* manner, place, .* columns of the events, utterance",
        targets=["tone"],
    )
    told("profiles.memory_mib=0.01; --set probes.max_events=", "profiles", memory_mib=0.01)
    assert probe_labels(pd.DataFrame({"phoneme": ["S", "???"]}), "manner").isna().all()
    place = probe_labels(pd.DataFrame({"phoneme": ["S", None, "AA", "M"]}), "place")
    assert place.fillna("").tolist() == ["alveolar", "", "vowel", "labial"]


def _unheard(items: Iterable[Utterance], stage: str) -> Iterable[Utterance]:
    raise AssertionError("found before anything is listened to")


def test_what_events_say_too_little_of_is_left_out(
    run: RunFolder, recipe: ProfileRecipe, network: Recognizer
) -> None:
    said: list[str] = []
    make_probes(
        run, changed(recipe, "probes", targets=["sex", "unit"]), network, _unheard, said.append
    )
    assert not (run.probes / "probes.csv").exists()
    reasons = pd.read_csv(run.probes / "left_out.csv", index_col="target")["reason"]
    assert reasons["sex"] == "no event has a value"
    assert reasons["unit"].startswith("nothing to tell apart: of 1 classes")
    assert [line.partition(":")[0] for line in said] == ["no probe of sex", "no probe of unit"]
    both = changed(recipe, "probes", targets=["phoneme", "sex"])
    make_probes(run, both, network, lambda items, _: items, said.append)
    assert set(pd.read_csv(run.probes / "probes.csv")["target"]) == {"phoneme"}
