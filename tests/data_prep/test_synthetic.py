from pathlib import Path

import pytest

from data_prep.synthetic import mix_words, pieces, prepare_synthetic, read_texts
from naps.corpus import read_audio, read_manifest
from naps.errors import InputError

TEXT = "The quick brown fox jumps over the lazy dog, near the bank of a river.\nShe sells shells.\n"


def test_pieces_lose_no_word() -> None:
    sentences = ["one two three four five six seven", "eight", ""]
    cut = pieces(sentences, 3)
    assert " ".join(cut).split() == " ".join(sentences).split()
    assert max(len(p.split()) for p in cut) == 3
    assert min(len(p.split()) for p in cut[:3]) >= 2


def test_mixing_replaces_about_the_share_asked_for() -> None:
    (mixed,) = mix_words([" ".join(["old"] * 1000)], ["new"], 0.3, seed=1)
    assert 250 < mixed.split().count("new") < 350
    assert mix_words(["a b"], ["x"], 0.0, 1) == ["a b"]
    assert mix_words(["a b"], ["x"], 1.0, 1) == ["x x"]


def test_texts_of_files_and_manifests(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n\n two \n")
    lines = ['{"id": "a", "audio": "a", "text": "in", "split": "train"}']
    lines += ['{"id": "b", "audio": "b", "text": "out", "split": "test"}']
    (tmp_path / "m.jsonl").write_text("\n".join(lines))
    assert read_texts([tmp_path / "a.txt", tmp_path / "m.jsonl"]) == ["one", "two", "in"]
    (tmp_path / "empty.txt").write_text("\n")
    with pytest.raises(InputError, match="no sentences"):
        read_texts([tmp_path / "empty.txt"])


def test_bad_options(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        prepare_synthetic(tmp_path, word_share=1.5)
    with pytest.raises(InputError, match="only be replaced in English"):
        prepare_synthetic(tmp_path, word_share=0.5, language="de")


def test_without_the_extra_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "espeakng_loader", None)
    with pytest.raises(InputError, match=r"pip install 'naps\[synth\]'"):
        prepare_synthetic(tmp_path)


def test_speech_with_exact_times(tmp_path: Path) -> None:
    pytest.importorskip("espeakng_loader", reason="the extra 'synth' is not installed")
    (tmp_path / "t.txt").write_text(TEXT)
    manifests = [
        prepare_synthetic(tmp_path / name, texts=[tmp_path / "t.txt"], seed=4) for name in "ab"
    ]
    first, second = (read_manifest(path) for path in manifests)
    for one, other in zip(first, second, strict=True):
        assert (one.id, one.text) == (other.id, other.text)
        # espeak's noise goes on from utterance to utterance and moves phones by up to some 10 ms.
        for a, b in zip(one.tiers["phones"], other.tiers["phones"], strict=True):
            assert a.label == b.label
            assert abs(a.start - b.start) <= 480
    assert len(first) == 2
    fox = next(u for u in first if "fox" in u.text)
    samples = read_audio(fox.audio)
    assert fox.duration_s == pytest.approx(len(samples) / 16_000, abs=0.01)
    phones = [i.label for i in fox.tiers["phones"] if i.label != "SIL"]
    assert phones[:5] == ["DH", "AH", "K", "W", "IH"]
    words = {i.label: i for i in fox.tiers["words"]}
    spoken = [
        i.label
        for i in fox.tiers["phones"]
        if words["fox"].start <= (i.start + i.end) // 2 < words["fox"].end
    ]
    assert spoken == ["F", "AA", "K", "S"]
    # The s of "fox" is louder above 4 kHz than its vowel: the times belong to the sound.
    import numpy as np

    def share_above(label: str) -> float:
        interval = next(
            i for i in fox.tiers["phones"] if i.label == label and i.start >= words["fox"].start
        )
        power = np.abs(np.fft.rfft(samples[interval.start : interval.end])) ** 2
        return float(power[len(power) // 2 :].sum() / power.sum())

    assert share_above("S") > 5 * share_above("AA")
