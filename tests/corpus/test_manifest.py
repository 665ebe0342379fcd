import json
from pathlib import Path

import pytest

from naps.corpus import Interval, Utterance, read_manifest, write_manifest
from naps.corpus.interval import label_at, read_tiers
from naps.errors import InputError


def write(path: Path, *records: object) -> Path:
    path.write_text("\n".join(json.dumps(r) for r in records), encoding="utf-8")
    return path


def test_round_trip(tmp_path: Path) -> None:
    utterance = Utterance(
        id="a",
        audio=tmp_path / "sub" / "a.wav",
        text="Grüße",
        speaker="7",
        sex="f",
        language="de",
        split="dev",
        duration_s=1.25,
        tiers={"phones": (Interval(0, 160, "ɡ"), Interval(160, 480, "ʁ"))},
        columns={"chapter": 3, "room": "small"},
    )
    path = tmp_path / "manifest.jsonl"
    write_manifest(path, [utterance], tmp_path)
    (read,) = read_manifest(path)
    assert read == utterance


@pytest.mark.parametrize("audio", ["../x.wav", "/etc/passwd", "a/../../x.wav"])
def test_audio_may_not_leave_the_folder(tmp_path: Path, audio: str) -> None:
    path = write(tmp_path / "m.jsonl", {"id": "a", "audio": audio})
    with pytest.raises(InputError, match=r"m\.jsonl, line 1: audio .* lies outside"):
        read_manifest(path)


def test_empty_and_missing(tmp_path: Path) -> None:
    (tmp_path / "m.jsonl").write_text("\n\n")
    with pytest.raises(InputError, match="empty"):
        read_manifest(tmp_path / "m.jsonl")
    with pytest.raises(InputError, match="naps prepare"):
        read_manifest(tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"id": "a"}', "3", '{"id": "a", "audio": "a", "tiers": 3}']
)
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "m.jsonl").write_text('{"id": "x", "audio": "x.wav"}\n' + line)
    with pytest.raises(InputError, match="line 2"):
        read_manifest(tmp_path / "m.jsonl")


def test_an_id_may_not_occur_twice(tmp_path: Path) -> None:
    path = write(tmp_path / "m.jsonl", *[{"id": "a", "audio": "a.wav"}] * 2)
    with pytest.raises(InputError, match="line 2: id 'a' occurs twice"):
        read_manifest(path)


def test_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "m.jsonl").write_bytes('{"id": "ä"}'.encode("utf-16"))
    with pytest.raises(InputError, match="UTF-8"):
        read_manifest(tmp_path / "m.jsonl")


def test_tiers(tmp_path: Path) -> None:
    rows = [[0.0, 0.1, "SIL"], [0.1, 0.25, "S"]]
    path = write(tmp_path / "t.jsonl", {"utterance": "a", "tier": "phones", "intervals": rows})
    tier = read_tiers(path)["a"]["phones"]
    assert tier == (Interval(0, 1600, "SIL"), Interval(1600, 4000, "S"))
    assert label_at(tier, 1599) == "SIL"
    assert label_at(tier, 1600) == "S"
    assert label_at(tier, 4000) is None


@pytest.mark.parametrize("rows", [[[0.2, 0.1, "S"]], [[0, 0.2, "S"], [0.1, 0.3, "T"]], [[0, 1]], 3])
def test_bad_intervals_are_named(tmp_path: Path, rows: object) -> None:
    path = write(tmp_path / "t.jsonl", {"utterance": "a", "tier": "phones", "intervals": rows})
    with pytest.raises(InputError, match="line 1"):
        read_tiers(path)
