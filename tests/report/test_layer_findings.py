"""What is said about relations, controls, reliability, probes, and letters against phonemes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from naps.report import report
from naps.report.finding import Finding
from naps.report.findings import findings, split_findings
from naps.report.folder import RunContent, read_run
from tests.report.test_missing import edit
from tests.report.test_report import read

MakeRun = Callable[..., Path]
SMALL: dict[str, Any] = {
    "labels": {"letter": ["a", "b", "e"], "phoneme": ["AA", "B", "IY", "T"]},
    "layers": ["conv1", "conv9", "conv10"],
    "kinds": ["nap"],
}


@pytest.fixture
def content(make_run: MakeRun) -> RunContent:
    return read_run(make_run(**SMALL))


def said(run: RunContent, *words: str) -> Finding:
    """Give the one finding that has all these words."""
    (found,) = [f for f in findings(run) if all(word in f.sentence for word in words)]
    return found


def test_relations_name_the_layer_that_follows_most(content: RunContent) -> None:
    found = said(content, "phonemes", "follow phonetic features most")
    assert "most closely in conv10: rank correlation 0.210, chance 99th" in found.sentence
    assert found.sentence.endswith("corrected p = 0.0004. 3 of 3 layers exceed chance.")
    assert found.numbers["correlation"] == pytest.approx(0.21)
    assert found.main
    beyond = said(content, "phonemes", "phonetic features beyond the spectrogram")
    assert beyond.numbers["layers_above_chance"] == 2
    assert said(content, "letters", "follow spelling most").main
    assert not said(content, "phonemes", "follow the spectrogram").main


def test_a_relation_at_chance_is_said_to_be(make_run: MakeRun) -> None:
    run = make_run(**SMALL)

    def flatten(data: dict[str, Any]) -> None:
        for tree in data["layers"].values():
            tree["relations"]["phonetic"] |= {"p_corrected": 0.6, "value": 0.01}

    edit(run / "clusters" / "phoneme-nap.json", flatten)
    found = said(read_run(run), "phonemes", "follow phonetic features above chance")
    assert found.sentence.startswith("In none of 3 layers do the distances between phonemes (NAP)")


def test_controls_stand_beside_the_trained_network(content: RunContent) -> None:
    found = said(content, "With random weights", "phonemes by manner")
    assert found.sentence == (
        "With random weights the silhouette of phonemes by manner of articulation (NAP) is at most "
        "0.014 in any layer (conv10); in the trained network it reaches 0.110 (conv10)."
    )
    assert found.numbers["silhouette"] == pytest.approx(0.014)
    assert said(content, "With shuffled labels", "phonemes by manner").main
    without = replace(content, controls={})
    assert not [f for f in findings(without) if "With random weights" in f.sentence]


def test_the_least_reliable_layer_is_named(content: RunContent) -> None:
    found = said(content, "phonemes", "least reliable")
    assert found.sentence == (
        "The distances between phonemes (NAP) are least reliable in conv1: 0.53, so that no "
        "correlation with distances from elsewhere can be expected above 0.73."
    )


def test_probes_name_the_layer_their_interval_and_chance(content: RunContent) -> None:
    found = said(content, "A linear probe reads the phoneme")
    assert found.sentence == (
        "A linear probe reads the phoneme of events of other speakers best from conv10: 60.0% "
        "right (95 % interval 58.0% to 62.0%); chance 11.1% and the most frequent class 16.1%."
    )
    assert found.numbers["layer"] == "conv10"


@pytest.mark.parametrize(
    ("letters", "words"),
    [
        (-0.2, "among letters in 3 of the 3 layers in which either exceeds chance (NAP)"),
        (0.9, "In none of the 3 layers in which either exceeds chance (NAP) do vowels part"),
    ],
)
def test_letters_stand_against_phonemes(make_run: MakeRun, letters: float, words: str) -> None:
    run = make_run(**SMALL)

    def alike(data: dict[str, Any]) -> None:
        for tree in data["layers"].values():
            known = tree["categories"]
            known["vowel"] = json.loads(json.dumps(known.get("manner", known.get("vowel"))))
            if data["group"] == "letter":
                known["vowel"]["silhouette"]["value"] = letters
            known["vowel"]["silhouette"]["p_corrected"] = 0.01

    for file in (run / "clusters").glob("*.json"):
        edit(file, alike)
    found = said(read_run(run), words)
    assert found.numbers["letters"] == letters
    assert found.main


def test_layers_that_part_nothing_beyond_chance_are_not_compared(make_run: MakeRun) -> None:
    run = make_run(**SMALL)

    def by_chance(data: dict[str, Any]) -> None:
        for tree in data["layers"].values():
            known = tree["categories"]
            known["vowel"] = json.loads(json.dumps(known.get("manner", known.get("vowel"))))
            known["vowel"]["silhouette"]["p_corrected"] = 0.4

    for file in (run / "clusters").glob("*.json"):
        edit(file, by_chance)
    found = findings(read_run(run))
    assert not [f for f in found if "among phonemes than among letters" in f.sentence]


def test_different_questions_are_not_compared(content: RunContent) -> None:
    assert not [f for f in findings(content) if "among phonemes than among letters" in f.sentence]


def test_what_is_left_of_random_layers_is_said(content: RunContent) -> None:
    found = said(content, "of all above it random", "phonemes")
    assert "at 0.26 (conv10) to 0.28 (conv9)" in found.sentence
    assert not found.main


def test_at_most_twelve_stand_on_top_and_none_is_lost() -> None:
    every = [Finding(f"{n}", {}, main=n % 3 > 0) for n in range(30)]
    top, more = split_findings(every)
    assert [entry.sentence for entry in top] == [f"{n}" for n in range(18) if n % 3 > 0]
    assert sorted(top + more, key=lambda f: int(f.sentence)) == every


def test_the_index_shows_them_all(shared_run: Path) -> None:
    text = " ".join(read(shared_run).text.split())
    found = findings(read_run(shared_run))
    assert len(found) > 20
    assert all(" ".join(entry.sentence.split()) in text for entry in found)
    written = json.loads((shared_run / "report/data/findings.json").read_text("utf-8"))
    assert [row["sentence"] for row in written] == [entry.sentence for entry in found]
    assert text.index("More findings") < text.index("Over the layers")


def test_every_kind_of_curve_is_on_the_index(shared_run: Path) -> None:
    reader = read(shared_run)
    figures = {str(figure["id"]).removeprefix("figure-") for figure in reader.all("figure")}
    assert {
        "headline", "curves-grad-silhouette", "curves-grad-v_measure", "curves-nap-relations",
        "curves-nap-reliability", "probes", "cascade-phoneme-grad", "cascade-letter-nap",
    } <= figures  # fmt: skip
    rows = (shared_run / "report/data/curves-grad-silhouette.csv").read_text("utf-8").split()
    assert rows[0].endswith("p,p_corrected,noise_ceiling,random_weights,shuffled_labels")
    assert rows[1].startswith("letter,grad,input,vowel,silhouette,-0.01,-0.02,0.05,0.4,0.4,,0.01,")


def test_relations_and_reliability_stand_in_the_table_of_a_layer(shared_run: Path) -> None:
    text = " ".join(read(shared_run, "conv9.html").text.split())
    assert "phoneme correlation with phonetic features 0.170 −0.020 0.050 0.0001 0.0004 yes" in text
    assert "phoneme reliability 0.570" in text
    assert "phoneme noise ceiling 0.755" in text
    numbers = (shared_run / "report/data/statistics-grad-conv9.csv").read_text("utf-8").split("\n")
    assert "phoneme,,relation: phonetic,0.17,-0.02,0.05,0.0001,10000,0.0004" in numbers
    assert any(line.startswith("phoneme,,reliability,0.57") for line in numbers)
    assert "corrected for the number of layers" in text
    assert "not corrected for the number of layers" not in text


def test_support_is_in_the_numbers_and_the_caption(shared_run: Path) -> None:
    text = " ".join(read(shared_run, "conv9.html").text.split())
    assert "percent of 1,000 trees of resampled utterances that have the branch" in text
    data = shared_run / "report" / "data" / "phoneme-grad-conv9-linkage.csv"
    header, first, second, *_ = data.read_text("utf-8").split()
    assert header == "first,second,distance,size,support"
    assert first.endswith(",")
    assert second.endswith(",0.3")


def test_a_page_of_layer_findings_is_made_of_files_alone(make_run: MakeRun) -> None:
    run = make_run(**SMALL)
    (run / "controls" / "controls.csv").write_text("control\n", encoding="utf-8")
    (run / "probes" / "probes.csv").write_text("layer,target\nconv9,phoneme\n", encoding="utf-8")
    assert "Linear probes" not in report(run).read_text("utf-8")
