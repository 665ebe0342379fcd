"""Clips of typical events: what is cut, from where, and how much of it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from naps.report import report
from naps.report.clip import ogg, read_moment
from tests.report.conftest import HOSTILE
from tests.report.test_report import read

MakeRun = Callable[..., Path]
ONE: dict[str, Any] = {"labels": {"phoneme": ["SH", "T"]}, "layers": ["conv10"], "kinds": ["nap"]}


def tone(path: Path, seconds: float = 2.0, rate: int = 16000, left: float = 0.5) -> Path:
    """Write silence, and from one second on a tone of 1 kHz."""
    time = np.arange(round(seconds * rate)) / rate
    wave = np.where(time >= 1.0, left * np.sin(2000 * np.pi * time), 0.0)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, wave, rate)
    return path


def with_audio(run: Path, corpus: Path, rows: list[list[object]] | None = None) -> Path:
    """Give a run recordings and exemplars of two phones."""
    tone(corpus / "a" / "u0.wav")
    tone(corpus / "u1.flac", rate=22050)
    lines = [{"id": "u0", "audio": "a/u0.wav"}, {"id": "u1", "audio": "u1.flac"}]
    (run / "manifest.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    (run / "recipe.yaml").write_text(f"corpus: {{layout: manifest, path: {corpus}}}\n", "utf-8")
    header = ["label", "rank", "utterance", "frame", "time_s", "probability", "word", "speaker"]
    rows = rows or [
        ["SH", 1, "u0", 7, 1.5, 0.9, "she", "s0"],
        ["SH", 2, "u1", 7, 1.5, 0.8, HOSTILE, "s1"],
        ["T", 1, "u0", 9, 0.1, 0.9, "to", "s0"],
    ]
    folder = run / "profiles" / "exemplars"
    folder.mkdir(exist_ok=True)
    with (folder / "phoneme.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return run


def test_a_moment_is_cut_where_the_event_is(tmp_path: Path) -> None:
    clip = read_moment(tone(tmp_path / "u.wav"), 1.0)
    assert clip is not None
    assert len(clip) == 8000
    first, second = np.abs(clip[:3999]), np.abs(clip[4000:])
    assert first.max() == 0.0
    assert second.max() == pytest.approx(0.5, abs=0.01)


def test_a_clip_fades_in_and_out(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "u.wav", np.full(16000, 0.5), 16000)
    clip = read_moment(tmp_path / "u.wav", 0.5)
    assert clip is not None
    assert abs(clip[0]) < 0.01
    assert abs(clip[-1]) < 0.01
    np.testing.assert_allclose(clip[160:-160], 0.5, atol=1e-4)
    assert (np.diff(clip[:160]) > 0).all()


def test_channels_are_averaged_and_rates_changed(tmp_path: Path) -> None:
    stereo = np.column_stack([np.full(44100, 0.2), np.full(44100, 0.4)])
    soundfile.write(tmp_path / "u.wav", stereo, 44100)
    clip = read_moment(tmp_path / "u.wav", 0.5)
    assert clip is not None
    assert len(clip) == pytest.approx(8000, abs=2)
    assert clip[4000] == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize("time_s", [-3.0, 99.0])
def test_a_time_outside_the_recording_has_no_clip(tmp_path: Path, time_s: float) -> None:
    assert read_moment(tone(tmp_path / "u.wav"), time_s) is None


def test_edges_make_clips_shorter(tmp_path: Path) -> None:
    clip = read_moment(tone(tmp_path / "u.wav"), 0.1)
    assert clip is not None
    assert len(clip) == pytest.approx(0.35 * 16000, abs=1)


def test_files_that_are_no_sound_have_no_clip(tmp_path: Path) -> None:
    (tmp_path / "u.wav").write_text("no sound", encoding="utf-8")
    assert read_moment(tmp_path / "u.wav", 0.5) is None
    assert read_moment(tmp_path / "none.wav", 0.5) is None
    assert read_moment(tmp_path, 0.5) is None


def test_the_same_samples_give_the_same_file_and_it_can_be_read() -> None:
    samples = (0.5 * np.sin(np.arange(8000) / 5)).astype(np.float32)
    data = ogg(samples)
    assert data == ogg(samples)
    found, rate = soundfile.read(io.BytesIO(data))
    assert rate == 16000
    assert np.corrcoef(found[500:7500], samples[500:7500])[0, 1] > 0.9
    assert ogg(samples[:4000]) != data


def test_clips_stand_on_the_page_and_are_escaped(make_run: MakeRun, tmp_path: Path) -> None:
    run = with_audio(make_run(**ONE), tmp_path / "corpus")
    report(run)
    page = read(run)
    players = page.all("audio")
    assert [player["src"] for player in players] == [
        "audio/phoneme-000-1.ogg", "audio/phoneme-000-2.ogg", "audio/phoneme-001-1.ogg",
    ]  # fmt: skip
    assert all(player["preload"] == "none" and "controls" in player for player in players)
    assert players[0]["aria-label"] == "SH ʃ in “she”, u0 at 1.50 s, s0"
    assert HOSTILE in str(players[1]["aria-label"])
    assert len(page.all("script")) == 1
    for player in players:
        file = run / "report" / str(player["src"])
        assert soundfile.info(file).samplerate == 16000
        assert file.stat().st_size < 10_000
    assert (run / "report" / "../profiles/exemplars/phoneme.csv").is_file()


def test_the_first_clip_of_every_label_comes_first(make_run: MakeRun, tmp_path: Path) -> None:
    run = with_audio(make_run(**ONE), tmp_path / "corpus")
    report(run)
    sizes = {file.name: file.stat().st_size for file in (run / "report/audio").iterdir()}
    for file in (run / "report" / "audio").iterdir():
        file.unlink()
    room = sizes["phoneme-000-1.ogg"] + sizes["phoneme-001-1.ogg"]
    report(run, audio_limit=room)
    assert {file.name for file in (run / "report/audio").iterdir()} == {
        "phoneme-000-1.ogg", "phoneme-001-1.ogg",
    }  # fmt: skip
    page = read(run)
    assert len(page.all("audio")) == 2
    assert "left out to keep the report small" in " ".join(page.text.split())


def test_recordings_that_are_gone_are_said_to_be(make_run: MakeRun, tmp_path: Path) -> None:
    run = with_audio(make_run(**ONE), tmp_path / "corpus")
    (tmp_path / "corpus" / "a" / "u0.wav").unlink()
    report(run)
    page = read(run)
    assert [player["src"] for player in page.all("audio")] == ["audio/phoneme-000-2.ogg"]
    assert page.text.count("recording not found") == 2


@pytest.mark.parametrize("audio", ["../secret.wav", "/secret.wav", "a/../../secret.wav"])
def test_nothing_outside_the_corpus_is_read(make_run: MakeRun, tmp_path: Path, audio: str) -> None:
    run = with_audio(make_run(**ONE), tmp_path / "corpus")
    secret = tone(tmp_path / "secret.wav")
    audio = str(secret) if audio.startswith("/") else audio
    lines = [{"id": "u0", "audio": audio}, {"id": "u1", "audio": "u1.flac"}]
    (run / "manifest.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    report(run)
    page = read(run)
    assert not page.all("audio")
    assert "Recordings not found" in page.text
    assert not (run / "report" / "audio").exists()


def test_a_run_without_exemplars_has_nothing_to_listen_to(shared_run: Path) -> None:
    assert "to listen to" not in read(shared_run).text


def test_the_recordings_of_the_package_are_found(make_run: MakeRun, tmp_path: Path) -> None:
    rows: list[list[object]] = [["T", 1, "en-0000-f1", 1, 1.0, 0.9, "", ""]]
    run = with_audio(make_run(**ONE), tmp_path / "corpus", rows)
    line = {"id": "en-0000-f1", "audio": "audio/en-0000-f1.opus"}
    (run / "manifest.jsonl").write_text(json.dumps(line), encoding="utf-8")
    (run / "recipe.yaml").write_text("corpus: {layout: embedded, path: null}\n", "utf-8")
    report(run)
    (player,) = read(run).all("audio")
    assert player["aria-label"] == "T t outside words, en-0000-f1 at 1.00 s"
