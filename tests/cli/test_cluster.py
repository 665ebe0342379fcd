"""``naps cluster`` of a finished run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from naps.profiles import load_profiles
from naps.similarity import cluster
from tests.cli.conftest import Done, fails

Naps = Callable[..., Done]


@pytest.mark.parametrize(
    ("metric", "linkage"),
    [("cosine", "average"), ("correlation", "complete"), ("euclidean", "ward")],
)
def test_a_tree_by_other_options(run: Path, naps: Naps, metric: str, linkage: str) -> None:
    done = naps(
        "cluster", run, "--layer", "conv9", "--group", "letter", "--metric", metric,
        "--linkage", linkage, "--min-count", "1", "--formats", "svg,pdf,svg",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    folder = run / "trees" / f"letter-grad-{metric}-{linkage}"
    assert Path(done.stdout.splitlines()[-1]) == folder
    assert {p.name for p in folder.iterdir()} == {
        "conv9.svg", "conv9.pdf", "conv9-distances.csv", "conv9-linkage.csv", "statistics.csv",
    }  # fmt: skip
    profile = load_profiles(run / "profiles" / "letter-grad.nc")["conv9"]
    expected = cluster(profile, metric=metric, linkage=linkage, min_count=1)
    merges = pd.read_csv(folder / "conv9-linkage.csv")
    assert merges["height"].tolist() == pytest.approx(expected.merges[:, 2].tolist())
    assert merges["size"].iloc[-1] == len(expected.labels)
    statistics = pd.read_csv(folder / "statistics.csv")
    assert statistics["layer"].unique().tolist() == ["conv9"]
    # Leaves are told in the order of the tree.
    order = " ".join(expected.labels[place] for place in expected.order)
    assert f"conv9: {order}" in done.stdout + done.stderr


def test_one_figure_is_named_itself(run: Path, naps: Naps) -> None:
    done = naps("cluster", run, "--layer", "conv10", "--min-count", "1")
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.splitlines()[-1]) == (
        run / "trees" / "phoneme-grad-cosine-average" / "conv10.svg"
    )


def test_what_there_is_not_is_listed(tmp_path: Path, run: Path, naps: Naps) -> None:
    fails(naps("cluster", run, "--layer", "conv99"), "conv99", "conv10")
    fails(naps("cluster", run, "--group", "word"), "word-grad", "letter-grad, phoneme-grad")
    fails(naps("cluster", run, "--kind", "nap"), "phoneme-nap", "phoneme-grad")
    fails(naps("cluster", run, "--metric", "manhattan"), "metric", "cosine")
    fails(naps("cluster", run, "--linkage", "single"), "linkage", "average")
    fails(naps("cluster", run, "--linkage", "ward"), "ward", "euclidean")
    fails(naps("cluster", run, "--formats", "bmp"), "bmp", "pdf, png, svg")
    fails(naps("cluster", run, "--min-count", "100000"), "100000")
    fails(naps("cluster", "demo", "--layer", "conv9"), "--set clusters.metric")
    fails(naps("cluster", tmp_path / "none"), "none")
