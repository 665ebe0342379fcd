import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from naps.corpus import (
    Interval,
    Utterance,
    choose_tier,
    read_alignments,
    read_manifest,
    tier_name,
    write_textgrid,
)
from naps.corpus.interval import read_tiers
from naps.corpus.label_files import file_stem
from naps.errors import InputError

A, B = Interval(0, 1600, "a"), Interval(1600, 3200, "b")


def utterances(*ids: str, folder: str = "/corpus/audio") -> list[Utterance]:
    return [Utterance(id=name, audio=Path(folder) / f"{name}.wav") for name in ids]


def record(utterance: str, tier: str = "phones", intervals: object = ((0, 0.1, "a"),)) -> str:
    return json.dumps({"utterance": utterance, "tier": tier, "intervals": intervals})


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    words = record("u1", "words", [[0, 0.2, "a\u2028b"]]).replace("\\u2028", "\u2028")
    lines = [record("u1"), "", words, record("other", intervals="none"), record("u2")]
    path.write_text("\ufeff" + "\r\n".join(lines), encoding="utf-8")
    found = read_alignments(path, utterances("u1", "u2", "u3"))
    word = Interval(0, 3200, "a\u2028b")
    assert found.tiers == {"u1": {"phones": (A,), "words": (word,)}, "u2": {"phones": (A,)}}
    assert found.bad == {}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (record("u1", "words", [[0, 1, "a"], [0.5, 2, "b"]]), "begins before the one in front"),
        (record("u1", "words", [[1, 2, "a"], [0, 1, "b"]]), "begins before the one in front"),
        (record("u1", "words", [[2, 1, "a"]]), "runs from"),
        (record("u1", "words", [[-1, 1, "a"]]), "runs from"),
        (record("u1", "words", [[0, float("nan"), "a"]]), "runs from 0.0 s to nan s"),
        (record("u1", "words", [[0, float("inf"), "a"]]), "runs from 0.0 s to inf s"),
        (record("u1", "words", [[0, 10**400, "a"]]), "bad interval"),
        (record("u1", "words", [[0, 1e300, "a"]]), "bad interval"),
        (record("u1", "words", [[0, 1]]), "bad interval"),
        (record("u1", "words", [[0, 1, None]]), "label must be text"),
        (record("u1", "words", [[0, 1, "\ud800"]]), "surrogates"),
        (record("u1", "words", [{"start": 0}]), "bad interval"),
        (record("u1", "words", {"a": 1}), "must be a list"),
        (record("u1", "phones"), "a second tier 'phones' of 'u1'"),
        ('{"utterance": "u1", "intervals": []}', "lacks 'tier'"),
        ('{"utterance": "u1", "tier": "words"}', "lacks 'tier' .* or 'intervals'"),
    ],
)
def test_a_bad_line_costs_its_utterance(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join([record("u1"), line, record("u2"), record("u1", "more")]))
    found = read_alignments(path, utterances("u1", "u2"))
    assert found.tiers == {"u2": {"phones": (A,)}}
    assert found.bad.keys() == {"u1"}
    with pytest.raises(InputError, match=rf"x\.jsonl, line 2: .*{message}") as caught:
        read_tiers(path)
    assert str(caught.value) == found.bad["u1"]


@pytest.mark.parametrize(
    "line",
    ["{", record("u2")[:-20], "[" * 10**5, "[]", "3", '"utterance"', '{"id": "u1"}', "9" * 5000],
    ids=range(8),
)
def test_a_line_of_nobody_is_an_error(tmp_path: Path, line: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(record("u1") + "\n" + line)
    with pytest.raises(InputError, match=r"x\.jsonl, line 2: not {'utterance'"):
        read_alignments(path, utterances("u1"))


def test_ctm(tmp_path: Path) -> None:
    path = tmp_path / "x.CTM"
    path.write_text("u1 1 0 0.1 a\nu2 1 0 0.1\nu3 1 0 0.1 a\nu1 1 0.1 0.1 b\nu3 1 0.05 1 b\nu2 1\n")
    found = read_alignments(path, utterances("u1", "u2", "u3"), tier="words")
    assert found.tiers == {"u1": {"words": (A, B)}}
    assert found.bad == {
        "u2": f"{path}, line 2: not 'utterance channel start duration label' in seconds",
        "u3": f"{path}, line 5: begins before the interval in front of it ends",
    }


@pytest.mark.parametrize("name", ["x.jsonl", "x.ctm", "folder"])
@pytest.mark.parametrize("content", ["", "known"])
def test_nothing_of_any_utterance(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
        write_textgrid(path / "u8.TextGrid", {"phones": [A]}, 1.0)
        message = r"2 utterances; looked for ID\.TextGrid or ID\.phn .*ID\.lablaut, .* as 'u1'"
    else:
        path.write_text((record("u8") if name == "x.jsonl" else "u8 1 0 1 a") if content else "")
        message = "holds no times of any of the 2 utterances; see that"
    with pytest.raises(InputError, match=message):
        read_alignments(path, utterances("u1", "u2"))


def test_other_paths(tmp_path: Path) -> None:
    (tmp_path / "x.TextGrid").touch()
    with pytest.raises(
        InputError, match=r"x\.TextGrid: .* from a folder, a \.jsonl or a \.ctm file"
    ):
        read_alignments(tmp_path / "x.TextGrid", utterances("u"))
    with pytest.raises(InputError, match="no such file or folder"):
        read_alignments(tmp_path / "y.ctm", utterances("u"))


def test_textgrids_in_subfolders(tmp_path: Path) -> None:
    for place in ("u1", "anna/clip", "ben/clip", "any/where/u3", "twice/u4", "again/u4", "u5/u5"):
        tier = [Interval(0, 1600, place)]
        write_textgrid(tmp_path / f"{place}.TextGrid", {"phones": tier}, 1.0)
    (tmp_path / "u6.textgrid").write_text("nonsense")
    wanted = [
        *utterances("u1", "u3", "u4", "u5", "u6", "u7"),
        Utterance(id="a-1", audio=Path("/corpus/anna/clip.flac")),
        Utterance(id="b-1", audio=Path("/corpus/ben/clip.flac")),
        Utterance(id="c-1", audio=Path("/corpus/cleo/clip.flac")),
        Utterance(id="../../u1", audio=Path("/corpus/x.flac")),
    ]
    found = read_alignments(tmp_path, wanted)
    assert {name: tiers["phones"][0].label for name, tiers in found.tiers.items()} == {
        "u1": "u1", "u3": "any/where/u3", "u5": "u5/u5", "a-1": "anna/clip", "b-1": "ben/clip"
    }  # fmt: skip
    assert found.bad.keys() == {"u4", "u6"}
    assert "named after 'u4', such as 'again/u4' and 'twice/u4'" in found.bad["u4"]
    assert "u6.textgrid: the TextGrid ends too early" in found.bad["u6"]


def test_two_recordings_do_not_share_one_file(tmp_path: Path) -> None:
    write_textgrid(tmp_path / "clip.TextGrid", {"phones": [A]}, 1.0)
    wanted = [Utterance(id=f"{who}-1", audio=Path(f"/c/{who}/clip.wav")) for who in ("anna", "ben")]
    found = read_alignments(tmp_path, wanted)
    message = f"{tmp_path / 'clip.TextGrid'}: its name fits 2 utterances"
    assert found.bad == {"anna-1": message, "ben-1": message}
    assert read_alignments(tmp_path, wanted[:1]).tiers == {"anna-1": {"phones": (A,)}}


def test_timit_counts_in_samples_of_the_recording(tmp_path: Path) -> None:
    wanted = []
    for speaker, rate in (("fcjf0", 16_000), ("mdab0", 8_000)):
        place = tmp_path / "train" / "dr1" / speaker
        place.mkdir(parents=True)
        soundfile.write(place / "SA1.wav", np.zeros(rate), rate)
        (place / "SA1.PHN").write_text(f"0 {rate // 10} a\n{rate // 10} {rate // 5} b\n")
        (place / "SA1.WRD").write_text(f"0 {rate // 4} a\n{rate // 5} {rate} b\n")
        wanted.append(Utterance(id=f"{speaker}-sa1", audio=place / "SA1.wav"))
    (tmp_path / "u.phn").write_text("0 10 a")
    found = read_alignments(tmp_path, [*wanted, *utterances("u")])
    words = (Interval(0, 3200, "a"), Interval(3200, 16_000, "b"))
    assert found.tiers == {u.id: {"phones": (A, B), "words": words} for u in wanted}
    assert "u.wav: not a readable sound file" in found.bad["u"]


def test_a_textgrid_comes_before_other_files(tmp_path: Path) -> None:
    write_textgrid(tmp_path / "03a01Fa.TextGrid", {"phones": [A]}, 1.0)
    for name in ("03a01Faxx", "03a01Wb", "03a01Wbxx", "longer_than_it"):
        (tmp_path / f"{name}.lablaut").write_text(f"#\n0 -1 {name}\n0.1 -1 .\n")
    found = read_alignments(tmp_path, utterances("03a01Fa", "03a01Wb", "longer_than_it"))
    assert {name: tiers["phones"][0].label for name, tiers in found.tiers.items()} == {
        "03a01Fa": "a", "03a01Wb": "03a01Wb", "longer_than_it": "longer_than_it"
    }  # fmt: skip


@pytest.mark.data
def test_real_label_files(data: Path) -> None:
    wanted = read_manifest(data / "emodb_de" / "manifest.jsonl")
    found = read_alignments(data / "emodb_de" / "lablaut", wanted)
    assert len(found.tiers) == 264
    assert found.bad == {}
    assert sum(len(tiers["phones"]) for tiers in found.tiers.values()) == 10_893
    listed = read_alignments(data / "alignments" / "emodb_de.jsonl", wanted)
    assert listed.tiers.keys() == found.tiers.keys()


@pytest.mark.parametrize(
    ("names", "sought", "chosen"),
    [
        (["words", "phones"], None, "phones"),
        (["words", "anna - phones"], None, "anna - phones"),
        (["anna - phones", "phones"], None, "phones"),
        (["Phone", "KAN-MAU"], None, "Phone"),
        (["ORT-MAU", "KAN-MAU", "MAU"], None, "MAU"),
        (["segments", "phon"], None, "phon"),
        (["anna - words", "anna - phones"], "words", "anna - words"),
        (["a", "A"], "A", "A"),
        (["Words"], "words", "Words"),
        (["odd ] name"], "odd ] name", "odd ] name"),
    ],
)
def test_which_tier_is_meant(names: list[str], sought: str | None, chosen: str) -> None:
    tiers = {name: (Interval(0, 1, name),) for name in names}
    assert tier_name(tiers, sought) == chosen
    assert choose_tier(tiers, sought) == tiers[chosen]


@pytest.mark.parametrize(
    ("names", "sought", "message"),
    [
        (["words", "tones"], "phones", "no tier is named 'phones'; .* are: 'words', 'tones'"),
        (["words", "tones"], None, "no tier is known to hold phones; .*'words', 'tones'"),
        (["A - phones", "B - phones"], None, "several tiers may be 'phones'; .*'A - phones', 'B"),
        ([], None, "there are: none"),
    ],
)
def test_wrong_tier(names: list[str], sought: str | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        choose_tier(dict.fromkeys(names, (A,)), sought)


@given(st.lists(st.text(), max_size=5, unique=True))
def test_files_are_named_safely_and_apart(ids: list[str]) -> None:
    stems = [file_stem(name) for name in ids]
    assert len(set(stems)) == len(ids)
    for stem in stems:
        assert stem
        assert not stem.startswith((".", " "))
        assert not set(stem) & set('/\\:*?"<>|\0\n')
        assert Path("folder", f"{stem}.TextGrid").parent == Path("folder")


def test_plain_ids_stay() -> None:
    assert file_stem("19-198-0000") == "19-198-0000"
    assert file_stem("Übung 1 (a)") == "Übung 1 (a)"
    assert file_stem("../a%") == "%2E.%2Fa%25"
