"""``naps explain``: sentences and speech, as a user runs it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr
from torch import nn

from naps.cli.explain import coloured
from naps.corpus import WaveformConfig
from naps.errors import InputError
from naps.models import (
    ENGLISH,
    Recognizer,
    load_model,
    load_sentiment_model,
    save_recognizer,
)
from naps.models.sentiment import (
    SentimentConfig,
    SentimentLSTM,
    SentimentModel,
    save_sentiment_model,
)
from naps.pipeline.explaining_options import MethodOptions
from naps.pipeline.explaining_speech import Spoken, explain_speech
from naps.pipeline.explaining_words import explain_texts
from naps.relevance import METHODS, heat_colors
from tests.cli.conftest import Done, fails
from tests.conftest import write_corpus
from tests.report.test_report import Reader

Naps = Callable[..., Done]
WORDS = ("<unknown>", "a", "film", "of", "rare", "wit", ".", "dull", "not", "<b>bold</b>")


@pytest.fixture(scope="module")
def sentiment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    network = SentimentLSTM(SentimentConfig(n_words=len(WORDS), embedding=6, hidden=5)).eval()
    for weight in network.parameters():
        torch.nn.init.normal_(weight, std=0.7)
    path = tmp_path_factory.mktemp("sentiment") / "tiny.safetensors"
    save_sentiment_model(path, SentimentModel("tiny", network, WORDS))
    return path


@pytest.fixture
def speech(tmp_path: Path, recognizer: Recognizer) -> tuple[Path, Path]:
    """A corpus, and a recognizer that hears letters in it."""
    path = tmp_path / "small.safetensors"
    # Blanks and spaces are rarer than with plain random weights.
    recognizer.network.conv11.bias.data[[ENGLISH.blank, 26]] = -3.0
    save_recognizer(path, recognizer)
    return write_corpus(tmp_path / "corpus", count=1, seconds=3.0), path


def test_a_sentence(naps: Naps, sentiment: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = naps("explain", "A film of rare wit.", "--model", sentiment, "--out", out)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split("\t")[0] for line in lines[:6]] == ["a", "film", "of", "rare", "wit", "."]
    assert lines[-1] == str(out / "index.html")
    (found,) = json.loads((out / "relevance.json").read_text("utf-8"))["sentences"]
    assert [f"{v:+.3f}" for v in found["relevance"]] == [x.split("\t")[1] for x in lines[:6]]
    assert found["total"] == pytest.approx(sum(found["relevance"]))
    assert sum(found["probabilities"]) == pytest.approx(1)
    assert found["predicted"] == int(np.argmax(found["probabilities"])) == found["target"]
    html = (out / "index.html").read_text("utf-8")
    for colour in heat_colors(found["relevance"]):
        assert f"background:{colour}" in html


def test_words_can_be_read_on_their_colours(naps: Naps, sentiment: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    naps("explain", "a dull film not of wit . a rare film", "--model", sentiment, "--out", out)
    styles = re.findall(r"background:#(\w{6});color:#(\w{6})", (out / "index.html").read_text())
    assert len(styles) == 10

    def light(colour: str) -> float:
        parts = np.array([int(colour[i : i + 2], 16) for i in (0, 2, 4)]) / 255
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    for behind, before in styles:
        low, high = sorted([light(behind), light(before)])
        assert (high + 0.05) / (low + 0.05) >= 4.5


def test_a_file_of_sentences_and_a_class(naps: Naps, sentiment: Path, tmp_path: Path) -> None:
    file, out = tmp_path / "some.txt", tmp_path / "out"
    file.write_text("a film\n\nnot dull .\nrare wit unheardof\n", "utf-8")
    done = naps(
        "explain", "--file", file, "--model", sentiment, "--target", "positive", "--out", out,
        "--gate-rule", "half",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    record = json.loads((out / "relevance.json").read_text("utf-8"))
    assert [one["target"] for one in record["sentences"]] == [3, 3, 3]
    assert record["sentences"][2]["unknown"] == ["unheardof"]
    assert "gate rule half" in record["method"]
    assert "Not in the vocabulary: unheardof" in done.stdout
    # The number of a class is as good as its name.
    naps("explain", "a film", "--model", sentiment, "--target", "3", "--gate-rule", "half",
         "--out", tmp_path / "again")  # fmt: skip
    (again,) = json.loads((tmp_path / "again" / "relevance.json").read_text())["sentences"]
    assert again["relevance"] == pytest.approx(record["sentences"][0]["relevance"], abs=1e-5)


@pytest.mark.parametrize("method", [m for m in METHODS if m not in ("lrp", "guided_backprop")])
def test_every_method_that_an_lstm_has(
    naps: Naps, sentiment: Path, tmp_path: Path, method: str
) -> None:
    done = naps("explain", "a film", "--model", sentiment, "--method", method, "--out", tmp_path)
    assert done.returncode == 0, done.stderr


def test_words_reach_the_page_escaped(naps: Naps, sentiment: Path, tmp_path: Path) -> None:
    done = naps("explain", "a <script>alert(1)</script> film", "--model", sentiment,
                "--out", tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    page = Reader((tmp_path / "index.html").read_text("utf-8"))
    assert len(page.all("script")) == 1


def test_many_sentences_make_no_large_page(naps: Naps, sentiment: Path, tmp_path: Path) -> None:
    file = tmp_path / "many.txt"
    file.write_text("a film of rare wit . not dull\n" * 3000, "utf-8")
    done = naps("explain", "--file", file, "--model", sentiment, "--out", tmp_path / "out")
    assert "and 2980 more sentences" in done.stdout
    page = tmp_path / "out" / "index.html"
    assert page.stat().st_size < 3_000_000
    assert "more sentences are in the file of numbers" in page.read_text("utf-8")
    record = json.loads((tmp_path / "out" / "relevance.json").read_text("utf-8"))
    assert len(record["sentences"]) == 3000


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([""], "empty"),
        (["   "], "empty"),
        (["qqq zzz"], "knows none of its words"),
        (["a film", "--target", "lovely"], "0 very negative"),
        (["a film", "--target", "5"], "no class"),
        (["a film", "--method", "magic"], "integrated_gradients"),
        (["a film", "--gate-rule", "most"], "abs"),
        (["a film", "--method", "occlusion", "--epsilon", "1"], "--epsilon is for --method lrp"),
        (["a film", "--epsilon", "0"], "epsilon"),
        (["a film", "--composite", "steady"], "for recognizers"),
        (["a film", "--method", "guided_backprop"], "guided"),
        (["--file", "nowhere.txt"], "nowhere.txt: no such file"),
        (["a film", "--audio", "x.wav"], "not SENTENCE and --audio"),
        ([], "give one of"),
    ],
)  # fmt: skip
def test_bad_sentences(naps: Naps, sentiment: Path, arguments: list[str], words: str) -> None:
    fails(naps("explain", *arguments, "--model", sentiment), words)


def test_a_line_without_words_is_named(naps: Naps, sentiment: Path, tmp_path: Path) -> None:
    file = tmp_path / "some.txt"
    file.write_text("a film\nqqq\n", "utf-8")
    fails(naps("explain", "--file", file, "--model", sentiment), "sentence 2")
    file.write_text("\n \n", "utf-8")
    fails(naps("explain", "--file", file, "--model", sentiment), "no sentences")


def test_weights_that_are_no_numbers(naps: Naps, sentiment: Path, tmp_path: Path) -> None:
    model = load_sentiment_model(sentiment)
    model.network.lstm.weight_hh_l0.data[0, 0] = float("nan")
    save_sentiment_model(tmp_path / "broken.safetensors", model)
    fails(naps("explain", "a film", "--model", tmp_path / "broken.safetensors"), "not finite")


def test_speech(naps: Naps, speech: tuple[Path, Path], tmp_path: Path) -> None:
    corpus, model = speech
    out = tmp_path / "out"
    done = naps(
        "explain", "--audio", corpus / "u0.wav", "--model", model, "--out", out, "--most", "5"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(out / "index.html")
    record = json.loads((out / "relevance.json").read_text("utf-8"))
    dataset = xr.load_dataset(out / "relevance.nc", engine="h5netcdf")
    assert dataset["relevance"].shape == (5, 301, 16)
    assert record["left_out"] > 0
    total = dataset["relevance"].sum(("time", "mel")).values
    network = load_model(model).network
    features = torch.from_numpy(dataset["spectrogram"].values)
    with torch.no_grad():
        logits = network(features[None])[0]
    for place, letter in enumerate(record["letters"]):
        unit = ENGLISH.symbols.index(letter["target"])
        assert letter["score"] == pytest.approx(float(logits[letter["frame"], unit]), abs=1e-4)
        assert letter["total"] == pytest.approx(float(total[place]), abs=1e-4)
        assert letter["error"] == pytest.approx(
            abs(letter["score"] - letter["total"]) / abs(letter["score"]), rel=1e-4
        )
        assert 0 <= letter["near"] <= 1
    assert len(record["test"]["curve"]) == len(record["test"]["chance"])
    page = Reader((out / "index.html").read_text("utf-8"))
    assert (out / "index.html").stat().st_size < 3_000_000
    assert all(entry["alt"] for entry in page.all("img"))
    for link in page.all("a"):
        if not (link["href"] or "#").startswith("#"):
            assert (out / str(link["href"])).is_file()


def test_another_letter_than_the_one_written(
    naps: Naps, speech: tuple[Path, Path], tmp_path: Path
) -> None:
    corpus, model = speech
    done = naps(
        "explain", "--audio", corpus / "u0.wav", "--model", model, "--out", tmp_path / "out",
        "--most", "2", "--target", "q", "--no-test", "--formats", "png",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "out" / "relevance.json").read_text("utf-8"))
    assert {letter["target"] for letter in record["letters"]} == {"q"}
    assert record["test"] is None
    assert (tmp_path / "out" / "figures" / "maps.png").is_file()


def test_an_utterance_of_a_run(naps: Naps, speech: tuple[Path, Path], tmp_path: Path) -> None:
    corpus, model = speech
    run = tmp_path / "run"
    (run / "events").mkdir(parents=True)
    (run / "manifest.jsonl").write_bytes((corpus / "manifest.jsonl").read_bytes())
    (run / "recipe.yaml").write_text(
        f"kind: profile\nname: some\nmodel: {model}\ncorpus:\n  path: {corpus}\n", "utf-8"
    )
    sha = load_model(model).sha256
    (run / "run.json").write_text(json.dumps({"model": {"sha256": sha}}), "utf-8")
    events = {"utterance": ["u0"] * 2, "frame": [60, 40], "unit": [3, 7], "letter": ["d", "h"],
              "phoneme": [None, "HH"]}  # fmt: skip
    pd.DataFrame(events).to_parquet(run / "events" / "events.parquet")
    done = naps("explain", "--run", run, "--utterance", "u0", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    letters = json.loads((tmp_path / "out" / "relevance.json").read_text("utf-8"))["letters"]
    assert [(x["frame"], x["label"], x["target"]) for x in letters] == [
        (40, "HH", "h"),
        (60, "d", "d"),
    ]
    fails(naps("explain", "--run", run, "--utterance", "nobody"), "nobody", "u0")
    fails(naps("explain", "--run", run), "belong together")
    fails(naps("explain", "--run", corpus, "--utterance", "u0"), "no run folder")
    fails(
        naps("explain", "--run", run, "--utterance", "u0", "--model", "wav2letter-en-mini"),
        "not the model",
    )


def test_bad_speech(naps: Naps, speech: tuple[Path, Path], tmp_path: Path) -> None:
    corpus, model = speech
    sound = corpus / "u0.wav"
    fails(naps("explain", "--audio", "nowhere.wav", "--model", model), "nowhere.wav")
    fails(naps("explain", "--audio", sound, "--model", "nobody"), "nobody")
    fails(naps("explain", "--audio", sound, "--model", model, "--target", "7½"), "no letter")
    fails(naps("explain", "--audio", sound, "--model", model, "--composite", "x"), "steady")
    # Before anything is computed or written.
    out = tmp_path / "nothing"
    fails(
        naps("explain", "--audio", sound, "--model", model, "--formats", "bmp", "--out", out), "bmp"
    )
    assert not out.exists()
    (tmp_path / "text.wav").write_text("no sound")
    fails(naps("explain", "--audio", tmp_path / "text.wav", "--model", model), "not a readable")


def test_units_of_a_file(naps: Naps, sentiment: Path, tmp_path: Path) -> None:
    file, out = tmp_path / "some.txt", tmp_path / "out"
    texts = ["a film of wit", "dull", "not a rare film .", "rare rare wit", "dull dull not ."]
    file.write_text("\n".join(texts), "utf-8")
    done = naps("explain", "--file", file, "--model", sentiment, "--units", "--out", out)
    assert done.returncode == 0, done.stderr
    record = json.loads((out / "units.json").read_text("utf-8"))
    said = json.loads((out / "relevance.json").read_text("utf-8"))["sentences"]
    assert [(r["layer"], r["direction"]) for r in record["rows"]] == [
        ("lstm.1", "forward"), ("lstm.1", "backward"),
    ]  # fmt: skip
    # A word's relevance is the sum of what comes through the units of both directions.
    occurrences = [v for s in said for w, v in zip(s["words"], s["relevance"], strict=True)
                   if w == "dull"]  # fmt: skip
    through = [
        word["mean"]
        for row in record["rows"] for unit in row["units"] for word in unit["words"]["word"]
        if word["word"] == "dull"
    ]  # fmt: skip
    assert len(through) == 10
    assert sum(through) == pytest.approx(np.mean(occurrences), abs=1e-4)
    # From the end: the last words of five sentences, of which three are longer than three words.
    shares = [np.abs(s["relevance"][-1]) / np.abs(s["relevance"]).sum() for s in said]
    assert record["span"]["share"][0] == pytest.approx(np.mean(shares), abs=1e-4)
    assert record["span"]["items"] == [5, 4, 4, 3, 1]
    signs = {unit["sign"] for row in record["rows"] for unit in row["units"]}
    assert signs <= {"positive", "negative", "neutral", "silent", None}
    html = (out / "index.html").read_text("utf-8")
    assert "Attention span" in html
    assert (out / "data" / "units.csv").is_file()
    page = Reader(html)
    ids = [entry["id"] for _, entry in page.tags if "id" in entry]
    assert len(ids) == len(set(ids))


def test_units_want_lrp_of_the_predicted_class(naps: Naps, sentiment: Path) -> None:
    words = ("explain", "a film", "--model", sentiment, "--units")
    fails(naps(*words, "--method", "gradient"), "--method lrp")
    scored = naps("explain", "a film", "--model", sentiment, "--out", sentiment.parent / "o")
    predicted = scored.stdout.split("Predicted: ")[1].split(" (")[0]
    other = "negative" if predicted != "negative" else "positive"
    fails(naps(*words, "--target", other), "--target")
    fails(naps("explain", "--audio", "x.wav", "--units"), "--units")


def test_what_speech_can_be_explained_of(speech: tuple[Path, Path], recognizer: Recognizer) -> None:
    sound = speech[0] / "u0.wav"
    waveform = replace(recognizer, features=WaveformConfig())
    with pytest.raises(InputError, match="hears the waveform"):
        explain_speech(Spoken("u0", sound, waveform), MethodOptions())
    silent = replace(recognizer, writes=False)
    with pytest.raises(InputError, match="writes no letters"):
        explain_speech(Spoken("u0", sound, silent), MethodOptions())


def test_a_layer_without_a_rule_is_named(speech: tuple[Path, Path], recognizer: Recognizer) -> None:
    class Bent(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.exp(x)

    recognizer.network.conv5.add_module("bent", Bent())
    recognizer.network.conv5.register_forward_hook(lambda module, _, output: module.bent(output))
    spoken = Spoken("u0", speech[0] / "u0.wav", recognizer)
    with pytest.raises(
        InputError, match=r"'conv5.bent' \(Bent\): no rule for 'exp'; there are rules"
    ):
        explain_speech(spoken, MethodOptions(), most=2)


def test_a_line_in_colours(sentiment: Path, tmp_path: Path) -> None:
    found = explain_texts(load_sentiment_model(sentiment), ["a dull film"], MethodOptions())
    text = coloured(found.sentences[0])
    assert text.plain == " a  dull  film "
    colours = heat_colors(found.sentences[0].relevance)
    assert [str(span.style).rsplit(" on ", 1)[1] for span in text.spans] == colours
