"""Other people's models from the command line, as in docs/own-model.md."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file

from naps import model_from_python
from naps.pipeline import ProfileRecipe, load_recipe, run_recipe
from tests.cli.conftest import Done, fails
from tests.conftest import ROOT, write_corpus

BLOCKS = re.findall(
    r"^( *)```python\n(.*?)^ *```$",
    (ROOT / "docs" / "own-model.md").read_text(encoding="utf-8"),
    re.MULTILINE | re.DOTALL,
)
OTHERS = """
import torch
from tests.models.strangers import LetterBundle, LetterlessBundle, wav2vec2

def letters():
    bundle = LetterBundle()
    with torch.no_grad():
        bundle.model.aux.bias[0] = -3.0
        bundle.model.aux.weight *= 30
    return bundle

WAV2VEC2 = letters()
HUBERT = LetterlessBundle()
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, with the files of the documentation and four recordings."""
    (tmp_path / "my_net.py").write_text(BLOCKS[0][1])
    (tmp_path / "my_model.py").write_text(BLOCKS[1][1])
    (tmp_path / "others.py").write_text(OTHERS)
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    with monkeypatch.context() as patch:
        patch.syspath_prepend(tmp_path)
        from my_net import MyNet  # type: ignore[import-not-found]

        torch.manual_seed(1)
        network = MyNet()
    with torch.no_grad():
        network.letters.weight *= 20
        network.letters.bias[0] = -3
    save_file(network.state_dict(), tmp_path / "my_net.safetensors")
    write_corpus(tmp_path / "corpus")
    yield tmp_path
    for name in {"my_net", "my_model", "others", "trap"} & (set(sys.modules) - before):
        del sys.modules[name]


def options(home: Path) -> list[object]:
    return [
        "demo", "--set", "corpus.layout=manifest", "--set", f"corpus.path={home / 'corpus'}",
        "--set", "corpus.language=null", "--set", "corpus.limit=2", "--set", "clusters.min_count=1",
        "--set", "clusters.permutations=10", "--set", "profiles.edges=keep",
    ]  # fmt: skip


def test_the_ten_lines_of_the_documentation(home: Path, naps: Callable[..., Done]) -> None:
    assert len([line for line in BLOCKS[1][1].splitlines() if line.strip()]) <= 10
    listed = naps("list", "layers", "--model", "my_model:recognizer")
    assert listed.returncode == 0, listed.stderr
    rows = [line.split() for line in listed.stdout.splitlines()]
    assert rows[0] == ["stride,", "offset", "and", "field", "in", "frames", "of", "10", "ms"]
    assert rows[2:6] == [
        ["front", "64", "2", "-2", "5", "50"],
        ["lstm1", "128", "2", "0", "whole"],
        ["lstm2", "128", "2", "0", "whole"],
        ["letters", "29", "2", "0", "whole"],
    ]
    bare = naps("list", "layers", "--model", "my_net.MyNet", "--mels", 80)
    assert bare.returncode == 0, bare.stderr
    assert bare.stdout.splitlines()[1:6] == listed.stdout.splitlines()[1:6]
    assert "only listed: my_net.MyNet is a MyNet" in bare.stdout
    assert "docs/own-model.md" in bare.stdout
    checked = naps("check", *options(home), "--model", "my_model:recognizer")
    assert checked.returncode == 0, checked.stderr
    assert "my net" in checked.stdout
    done = naps(
        "run", *options(home), "--model", "my_model:recognizer", "--out", home / "run",
        "--set", "profiles.groups=[letter]", "--set", "profiles.layers=[lstm1]",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.splitlines()[-1]).is_file()
    record = json.loads((home / "run" / "run.json").read_text())
    assert record["model"]["facts"] == {"python": "my_model:recognizer"}
    assert len(record["model"]["sha256"]) == 64
    assert "model: my_model:recognizer" in (home / "run" / "recipe.yaml").read_text()


def test_the_other_block_of_the_documentation(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    indent, text = BLOCKS[2]
    monkeypatch.syspath_prepend(home)
    space: dict[str, object] = {}
    exec(compile(re.sub(f"^{indent}", "", text, flags=re.MULTILINE), "hearing.py", "exec"), space)
    network = space["network"]
    names = [layer.name for layer in network.layers]  # type: ignore[attr-defined]
    assert names == ["mel", "net.front", "net.lstm1", "net.lstm2", "net.letters"]
    assert {layer.stride for layer in network.layers} == {160, 320}  # type: ignore[attr-defined]


def test_stages_are_kept_until_the_weights_change(home: Path, naps: Callable[..., Done]) -> None:
    command = [
        "events", *options(home), "--model", "my_model:recognizer", "--out", home / "run",
    ]  # fmt: skip
    first = naps(*command)
    assert first.returncode == 0, first.stderr
    assert "events: already done" in naps(*command).stdout
    before = json.loads((home / "run" / "run.json").read_text())["model"]["sha256"]
    state = load_file(home / "my_net.safetensors")
    state["letters.bias"][3] += 0.5
    save_file(state, home / "my_net.safetensors")
    again = naps(*command)
    assert "events: already done" not in again.stdout
    assert json.loads((home / "run" / "run.json").read_text())["model"]["sha256"] != before


def test_wav2vec2_from_corpus_to_report(home: Path, naps: Callable[..., Done]) -> None:
    layers = "[feature_extractor.conv_layers.6, encoder.transformer.layers.0]"
    done = naps(
        "run", *options(home), "--model", "others.WAV2VEC2", "--out", home / "run",
        "--set", f"profiles.layers={layers}", "--set", "profiles.groups=[letter]",
        "--set", "profiles.kinds=[grad]",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    record = json.loads((home / "run" / "run.json").read_text())
    assert [layer["stride"] for layer in record["layers"]][-4:] == [320] * 4
    assert (home / "run" / "report" / "encoder.transformer.layers.0.html").is_file()


def test_a_model_without_letters_from_corpus_to_report(
    home: Path, naps: Callable[..., Done]
) -> None:
    command = [
        "run", *options(home), "--model", "others:HUBERT", "--out", home / "run",
        "--set", "profiles.layers=[encoder.transformer.layers.0]",
    ]  # fmt: skip
    fails(naps(*command), "HUBERT writes no letters", "events.mode=given")
    assert not (home / "run").exists()
    rows = []
    for i in range(4):
        spans = [[0.5 * k, 0.5 * k + 0.5, ("AA", "T", "S", "IY")[k % 4]] for k in range(8)]
        rows.append(json.dumps({"utterance": f"u{i}", "tier": "phones", "intervals": spans}))
    (home / "phones.jsonl").write_text("\n".join(rows) + "\n")
    command += ["--set", "events.mode=given", "--set", f"events.alignments={home / 'phones.jsonl'}"]
    done = naps(*command)
    assert done.returncode == 0, done.stderr
    events = pd.read_parquet(home / "run" / "events" / "events.parquet")
    assert len(events) == 16
    assert events["letter"].isna().all()
    assert "- phoneme" in (home / "run" / "recipe.yaml").read_text()
    assert "- letter" not in (home / "run" / "recipe.yaml").read_text()
    assert (home / "run" / "profiles" / "phoneme-grad.nc").is_file()
    assert not (home / "run" / "profiles" / "letter-grad.nc").exists()
    np.testing.assert_allclose(events["time_s"] * 50 % 1, 199 / 320, atol=1e-6)
    checked = naps("check", *options(home), *command[-4:], "--model", "others:HUBERT")
    assert checked.returncode == 0, checked.stderr
    assert "about" in checked.stdout


def test_in_python(home: Path) -> None:
    recipe = load_recipe("demo", [str(x) for x in options(home)[2::2]])
    assert isinstance(recipe, ProfileRecipe)
    model = model_from_python("my_model:recognizer")
    for given in (model, "my_model:recognizer", replace(model, sha256="", facts=None)):
        out = home / "runs" / str(len(list(home.glob("runs/*"))))
        run_recipe(recipe, out, model=given, until="events", say=lambda _: None)
        record = json.loads((out / "run.json").read_text())
        assert record["model"]["sha256"] == model.sha256
        name = "my_model:recognizer" if given == model or isinstance(given, str) else "my net"
        assert f"model: {name}\n" in (out / "recipe.yaml").read_text()


def test_a_recipe_never_imports(home: Path, naps: Callable[..., Done]) -> None:
    (home / "trap.py").write_text("open('sprung', 'w').close()\nmodel = None\n")
    fails(
        naps("run", *options(home), "--set", "model=trap:model"),
        "trap:model: no such model file", "--model",
    )  # fmt: skip
    text = (ROOT / "recipes" / "demo" / "recipe.yaml").read_text(encoding="utf-8")
    (home / "recipe.yaml").write_text(re.sub(r"(?m)^model: .*", "model: trap.model", text))
    for verb in ("check", "run", "events", "profile", "cluster"):
        fails(naps(verb, home / "recipe.yaml"), "trap.model: no such model file")
    assert not (home / "sprung").exists()
    fails(naps("check", "demo", "--model", "trap:model"), "is a NoneType")
    assert (home / "sprung").exists()


def test_bad_models(home: Path, naps: Callable[..., Done]) -> None:
    fails(naps("list", "layers", "--model", "nothing:here"), "no module 'nothing'")
    fails(naps("list", "layers", "--model", "my_net:MyNet"), "MyNet fails on an input")
    fails(naps("list", "layers", "--model", "json.decoder"), "is a module")
    fails(naps("check", "demo", "--model", "my_net:MyNet"), "docs/own-model.md")
    fails(naps("check", "g2p_en", "--model", "my_net:MyNet"), "training recipe")
    shipped = naps("list", "layers", "--model", "wav2letter-en-mini")
    assert "left out" not in shipped.stdout
