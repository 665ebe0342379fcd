"""LibriSpeech: reading what is there, and fetching it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from urllib.error import URLError

import pytest

from data_prep import librispeech
from naps.corpus.manifest import read_manifest
from naps.errors import InputError

Sound = Callable[..., Path]

SPEAKERS = """; comment
;ID  |SEX| SUBSET           |MINUTES| NAME
19   | F | train-clean-100  | 25.19 | Kara |CBW| Shallenberg
26   | M | dev-clean        | 25.08 | Denny Sayers
"""


@pytest.fixture
def corpus(tmp_path: Path, sound: Sound) -> Path:
    root = tmp_path / "LibriSpeech"
    for subset, speaker, chapter in (("train-clean-100", 19, 198), ("dev-clean", 26, 495)):
        folder = root / subset / str(speaker) / str(chapter)
        for number in range(2):
            sound(folder / f"{speaker}-{chapter}-000{number}.flac", 0.25)
        (folder / f"{speaker}-{chapter}.trans.txt").write_text(
            f"{speaker}-{chapter}-0000 NORTHANGER ABBEY\n{speaker}-{chapter}-0001 IT'S LATE\n",
            encoding="utf-8",
        )
    (root / "SPEAKERS.TXT").write_text(SPEAKERS, encoding="utf-8")
    return tmp_path


def test_reads_text_speaker_and_split(corpus: Path) -> None:
    utterances = librispeech.read(corpus)
    assert [u.id for u in utterances] == [
        "19-198-0000", "19-198-0001", "26-495-0000", "26-495-0001"
    ]  # fmt: skip
    first, last = utterances[0], utterances[-1]
    assert (first.text, first.speaker, first.sex) == ("NORTHANGER ABBEY", "19", "f")
    assert (last.text, last.speaker, last.sex) == ("IT'S LATE", "26", "m")
    assert (first.split, last.split) == ("train", "dev")
    assert dict(first.columns) == {"subset": "train-clean-100", "chapter": "198"}
    assert (first.language, first.duration_s) == ("en", 0.25)


@pytest.mark.parametrize("inner", ["LibriSpeech", "LibriSpeech/train-clean-100"])
def test_source_may_be_an_inner_folder(
    corpus: Path, inner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outer = {u.id: u for u in librispeech.read(corpus)}
    utterances = librispeech.read(corpus / inner)
    assert utterances == [outer[u.id] for u in utterances]
    assert utterances[0].sex == "f"
    monkeypatch.chdir(corpus / inner)
    assert [u.columns for u in librispeech.read(Path())] == [u.columns for u in utterances]


def test_speakers_file_may_be_absent(corpus: Path) -> None:
    (corpus / "LibriSpeech" / "SPEAKERS.TXT").unlink()
    assert {u.sex for u in librispeech.read(corpus)} == {None}


def test_missing_sound_is_named_and_counted(corpus: Path) -> None:
    for path in (corpus / "LibriSpeech" / "train-clean-100").rglob("*.flac"):
        path.unlink()
    with pytest.raises(InputError, match=r"19-198-0000\.flac: no such sound file, 2 of 4"):
        librispeech.read(corpus)


def test_sound_without_transcript_is_kept(corpus: Path, sound: Sound) -> None:
    folder = corpus / "LibriSpeech" / "dev-clean" / "26" / "495"
    sound(folder / "26-495-0002.flac")
    assert librispeech.read(corpus)[-1].text == ""


def test_damaged_sound_is_kept_without_duration(corpus: Path) -> None:
    path = corpus / "LibriSpeech" / "dev-clean" / "26" / "495" / "26-495-0001.flac"
    path.write_bytes(path.read_bytes()[:3])
    assert librispeech.read(corpus)[-1].duration_s is None


@pytest.mark.parametrize(
    "line", ["26-495-0002", "../x TEXT", "26-495-0000 AGAIN"], ids=["no text", "no id", "twice"]
)
def test_malformed_line_is_named(corpus: Path, line: str) -> None:
    path = corpus / "LibriSpeech" / "dev-clean" / "26" / "495" / "26-495.trans.txt"
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    with pytest.raises(InputError, match=r"26-495\.trans\.txt, line 3"):
        librispeech.read(corpus)


class Archive:
    """Stands in for torchaudio's LIBRISPEECH: unpacks a subset, or fails on the way."""

    failure: Exception | None = None
    calls = 0

    def __init__(self, root: Path, url: str, download: bool) -> None:
        type(self).calls += 1
        folder = Path(root) / "LibriSpeech" / url / "1" / "2"
        folder.mkdir(parents=True)
        if self.failure is not None:
            raise self.failure
        (folder / "1-2.trans.txt").touch()
        (Path(root) / "LibriSpeech" / "SPEAKERS.TXT").write_text(url)
        (Path(root) / f"{url}.tar.gz").touch()


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> type[Archive]:
    datasets = ModuleType("torchaudio.datasets")
    datasets.LIBRISPEECH = Archive  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torchaudio", ModuleType("torchaudio"))
    monkeypatch.setitem(sys.modules, "torchaudio.datasets", datasets)
    monkeypatch.setattr(Archive, "failure", None)
    monkeypatch.setattr(Archive, "calls", 0)
    return Archive


def test_download_moves_whole_subsets_into_place(tmp_path: Path, archive: type[Archive]) -> None:
    for subset in ("dev-clean", "test-other", "dev-clean"):
        assert librispeech.download(subset, tmp_path / "data") == tmp_path / "data" / "LibriSpeech"
    assert archive.calls == 2
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["LibriSpeech"]
    assert sorted(path.name for path in (tmp_path / "data" / "LibriSpeech").iterdir()) == [
        "SPEAKERS.TXT", "dev-clean", "test-other"
    ]  # fmt: skip


@pytest.mark.parametrize("failure", [URLError("no\nroute"), RuntimeError("invalid hash value")])
def test_failed_download_leaves_no_subset_and_can_be_repeated(
    tmp_path: Path, archive: type[Archive], failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "failure", failure)
    with pytest.raises(InputError, match="dev-clean: could not be downloaded") as caught:
        librispeech.download("dev-clean", tmp_path)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "LibriSpeech" / "dev-clean").exists()
    monkeypatch.setattr(archive, "failure", None)
    librispeech.download("dev-clean", tmp_path)
    assert (tmp_path / "LibriSpeech" / "dev-clean" / "1" / "2" / "1-2.trans.txt").exists()


def test_unknown_subset_lists_the_known(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'clean'; choose one of dev-clean, dev-other"):
        librispeech.download("clean", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.data
def test_real_data(shared: Callable[[str], Path]) -> None:
    source = shared("librispeech")
    known = read_manifest(source / "manifest.jsonl")
    found = librispeech.read(source)
    assert [(u.id, u.audio, u.text, u.speaker, u.sex, u.language) for u in found] == [
        (u.id, u.audio, u.text, u.speaker, u.sex, u.language)
        for u in sorted(known, key=lambda utterance: utterance.id)
    ]
    # That manifest takes one chapter of each speaker out of train for dev; its layout does not.
    splits = {u.id: u.split for u in known}
    for utterance in found:
        assert utterance.split == splits[utterance.id] or splits[utterance.id] == "dev"
        assert utterance.split == str(utterance.columns["subset"]).split("-")[0]
