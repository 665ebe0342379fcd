"""The functions of the README."""

from pathlib import Path

import pytest

import naps
from naps.models import Recognizer, save_recognizer


def test_the_readme_in_python(tmp_path: Path, corpus: Path, recognizer: Recognizer) -> None:
    save_recognizer(tmp_path / "m.safetensors", recognizer)
    model = naps.load_model(tmp_path / "m.safetensors")
    manifest = corpus / "manifest.jsonl"
    events = naps.find_events(model, manifest, lexicon="cmudict")
    profiles = naps.profile(
        model, manifest, events, layers=["conv9", "conv10"], group="room", edges="keep"
    )
    assert list(profiles) == ["conv9", "conv10"]
    assert "conv9" in repr(profiles)
    tree = naps.cluster(profiles["conv9"])
    assert tree.labels == ("r0", "r1")
    tree.plot().savefig(tmp_path / "conv9.svg")
    assert (tmp_path / "conv9.svg").stat().st_size > 1000
    units = naps.map_units(profiles["conv9"], "pca")
    assert units.layer == "conv9"
    assert len(units.plot(mode="cell").axes) == 2
    filters = naps.map_filters(model, permutations=9)
    assert len(filters.plot(title="conv1").axes) == 2
    with pytest.raises(naps.InputError, match="compared by 4 groups"):
        naps.compare(profiles, profiles, min_count=1)
    some = events.table[events.table["room"] == "r0"]
    alone = naps.profile(model, manifest, some, layers=["conv9"], group="room", edges="keep")
    assert alone["conv9"]["count"].values.tolist() == [len(some)]


def test_everything_named_is_there() -> None:
    for name in naps.__all__:
        # A package of the same name would hide it as soon as it was imported.
        assert callable(getattr(naps, name))
    with pytest.raises(AttributeError, match="nonsense"):
        naps.nonsense  # noqa: B018
    assert naps.__version__ == "0.1.0"
