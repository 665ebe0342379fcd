"""The recipe that tests relevance for a sentiment model: its files, its page, and bad input."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from naps.corpus.sentences import EMBEDDED_SENTENCES, read_labelled_text
from naps.errors import InputError
from naps.models.sentiment import (
    UNKNOWN,
    SentimentConfig,
    SentimentLSTM,
    SentimentModel,
    save_sentiment_model,
)
from naps.models.treebank import treebank_words
from naps.pipeline import load_recipe
from naps.pipeline.explainers import EXPLAINERS
from naps.pipeline.sentences import marked_sentence, select_sentences
from naps.pipeline.sentiment_recipe import SentencesConfig, SentimentRecipe
from naps.pipeline.sentiment_runner import check_sentiment, run_sentiment
from naps.relevance import explain
from naps.report.relevance import relevance_report
from tests.report.test_report import Reader

HOSTILE = "<script>alert(1)</script>"


def model(seed: int = 0) -> SentimentModel:
    texts = [text for _, text in read_labelled_text(EMBEDDED_SENTENCES, 5)]
    words = sorted({word for text in texts for word in treebank_words(text.replace("*", " "))})
    torch.manual_seed(seed)
    network = SentimentLSTM(SentimentConfig(n_words=len(words) + 1, embedding=8, hidden=6))
    for weight in network.parameters():
        torch.nn.init.normal_(weight, std=0.7)
    return SentimentModel(f"small {HOSTILE}", network.eval(), (UNKNOWN, *words))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("models")
    paths = [folder / f"{seed}.safetensors" for seed in (0, 1)]
    for seed, path in enumerate(paths):
        save_sentiment_model(path, model(seed))
    return paths


def recipe(models: list[Path], *settings: str) -> SentimentRecipe:
    loaded = load_recipe(
        "sentiment_relevance",
        [f"model={models[0]}", "methods=[lrp_all, lrp_prop, gradient_times_input, occlusion]",
         "toy.networks=0", "checked=8", "shuffles=20", "deletion.random_runs=3", *settings],
    )  # fmt: skip
    assert isinstance(loaded, SentimentRecipe)
    return loaded


@pytest.fixture(scope="module")
def run(models: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    page = run_sentiment(
        recipe(models, f"other={models[1]}"), out, device="cpu", say=lambda _: None
    )
    assert page == out / "report" / "index.html"
    return out


def rows(run: Path, name: str) -> list[dict[str, str]]:
    with (run / "relevance" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_embedded_sentences_are_of_all_classes_and_marked() -> None:
    sentences = select_sentences(SentencesConfig(), model())
    assert np.bincount([s.label for s in sentences]).tolist() == [10] * 5
    assert all(s.marked for s in sentences if s.label != 2)
    assert not any("*" in word for s in sentences for word in s.words)
    assert len({s.words for s in sentences}) == 50


def test_words_between_stars_are_marked() -> None:
    found = marked_sentence("a", 3, "It's *not (so) bad*, really *good*!", model())
    assert found.words == (
        "it",
        "'s",
        "not",
        "-lrb-",
        "so",
        "-rrb-",
        "bad",
        ",",
        "really",
        "good",
        "!",
    )
    assert [found.words[place] for place in found.marked] == [
        "not",
        "-lrb-",
        "so",
        "-rrb-",
        "bad",
        "good",
    ]


def test_relevance_is_that_of_each_sentence_alone(run: Path, models: list[Path]) -> None:
    lines = [json.loads(x) for x in (run / "relevance" / "words.jsonl").open(encoding="utf-8")]
    chosen = check_sentiment(recipe(models))
    assert [line["words"] for line in lines] == [list(s.words) for s in chosen.long.sentences]
    assert all(len(line["words"]) >= 10 for line in lines)
    network = chosen.long.model.network
    for line in lines[::9]:
        ids = chosen.long.model.encode(line["words"]).ids[None]
        alone = explain(network, ids, line["label"], "gradient_times_input").tokens[0]
        np.testing.assert_allclose(
            line["relevance"]["gradient_times_input"], alone, rtol=1e-4, atol=1e-5
        )
        assert line["predicted"] == int(network(ids).argmax())


def test_tables_of_all_tests(run: Path) -> None:
    deletion = rows(run, "deletion")
    methods = ["lrp_all", "lrp_prop", "gradient_times_input", "occlusion"]
    assert {row["method"] for row in deletion} == {*methods, "random"}
    for row in deletion:
        assert float(row["low"]) <= float(row["accuracy"]) <= float(row["high"])
        if row["deleted"] == "0":
            assert float(row["accuracy"]) == (row["initially"] == "right")
    halves = {row["initially"]: int(row["sentences"]) for row in deletion}
    facts = json.loads((run / "relevance" / "model.json").read_text())
    assert sum(halves.values()) == facts["long"]
    assert [row["method"] for row in rows(run, "conservation")] == methods
    lrp = rows(run, "conservation")[0]
    assert abs(float(lrp["unaccounted"])) < 1e-3
    assert len(rows(run, "agreement")) == 6
    assert {row["layer"] for row in rows(run, "cascade")} == {"output", "lstm", "embedding"}
    assert [row["method"] for row in rows(run, "models")] == methods
    assert {row["id"] for row in rows(run, "lowest")} <= {
        json.loads(line)["id"] for line in (run / "relevance" / "words.jsonl").open()
    }
    assert rows(run, "toy") == []
    for row in rows(run, "context"):
        assert 0 <= float(row["outside"]) <= 1
    for name in ("deletion", "context", "models"):
        plain = json.loads((run / "relevance" / f"{name}.json").read_text())
        assert len(plain) == len(rows(run, name))


def test_what_is_done_is_kept(run: Path, models: list[Path]) -> None:
    said: list[str] = []
    chosen = recipe(models, f"other={models[1]}", "shuffles=21")
    before = (run / "relevance" / "deletion.csv").stat().st_mtime_ns
    run_sentiment(chosen, run, device="cpu", say=said.append)
    kept = {line.split(":")[0] for line in said if "already done" in line}
    assert kept == {"relevance", "deletion", "toy", "conservation", "cascade"}
    assert (run / "relevance" / "deletion.csv").stat().st_mtime_ns == before


def test_the_page(run: Path) -> None:
    text = (run / "report" / "index.html").read_text("utf-8")
    assert HOSTILE not in text
    shown = " ".join(Reader(text).text.split())
    for words in (
        "Word deletion", "Context", "Agreement of methods", "Two models", "Randomised weights",
        "Conservation", "LRP, signal takes all", "chance", HOSTILE,
        "What papers report", "Both models give the same class",
    ):  # fmt: skip
        assert words in shown
    assert "Toy arithmetic" not in shown
    assert len(text) < 3_000_000
    for link in ("deletion.csv", "context.csv", "agreement.csv", "models.csv", "claims.json"):
        assert f'href="data/{link}"' in text
        assert (run / "report" / "data" / link).is_file()


def test_a_broken_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"model\.json: cannot be read"):
        relevance_report(tmp_path)
    (tmp_path / "relevance").mkdir()
    (tmp_path / "run.json").write_text("{}")
    (tmp_path / "relevance" / "model.json").write_text("[]")
    with pytest.raises(InputError, match="no facts"):
        relevance_report(tmp_path)
    (tmp_path / "relevance" / "deletion.json").write_text('{"a": 1}')
    with pytest.raises(InputError, match="no table"):
        relevance_report(tmp_path)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("methods=[lrp]", "no method 'lrp'; there are: lrp_all, "),
        ("methods=[occlusion, occlusion]", "one is there twice"),
        ("deletion.shortest=4", "5 words cannot be deleted from one of 4"),
        ("corpus.split=all", "corpus.split"),
    ],
)
def test_recipes_that_are_wrong(setting: str, said: str, models: list[Path]) -> None:
    with pytest.raises(InputError, match=said):
        recipe(models, setting)


def nothing(folder: Path) -> str:
    return f"corpus.path={folder}"


def short(folder: Path) -> str:
    (folder / "x.txt").write_text("1\tToo short.\n0\tShort as well.\n")
    return f"corpus.path={folder / 'x.txt'}"


def no_class(folder: Path) -> str:
    (folder / "x.txt").write_text("# a remark\n1\tFine.\n7\tNo such class.\n")
    return f"corpus.path={folder / 'x.txt'}"


def no_model(folder: Path) -> str:
    return f"model={folder / 'x.safetensors'}"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (nothing, r"neither test\.jsonl nor test\.txt in it"),
        (short, "0 of 2 sentences have 10 words or more"),
        (no_class, "line 3: write a class from 0 to 4, a tab and a text"),
        (no_model, "no such model file"),
    ],
)
def test_what_is_missing(
    make: Callable[[Path], str], said: str, models: list[Path], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=said):
        check_sentiment(recipe(models, make(tmp_path)))


def test_all_explainers_are_named() -> None:
    from naps.report.relevance_names import METHOD_NAMES

    assert set(METHOD_NAMES) == {*EXPLAINERS, "random"}
