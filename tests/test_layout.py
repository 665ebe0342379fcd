"""The direction of imports: a package knows only what stands in front of it."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ORDER: dict[str, float] = {
    "errors": 0, "files": 0.5, "weights": 0.6,
    "corpus": 1, "phonology": 2, "models": 2, "decoding": 3,
    "relevance": 2.5, "training": 4, "events": 5, "profiles": 6, "similarity": 7, "comparison": 7.5,
    "topography": 7.5, "plots": 8, "report": 9, "pipeline": 10, "api": 10, "cli": 11,
}  # fmt: skip
FILES = sorted((ROOT / "naps").rglob("*.py"))


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        found |= {n.split(".")[1] for n in names if n.startswith("naps.")}
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_imports_go_one_way(path: Path) -> None:
    home = path.relative_to(ROOT / "naps").parts[0].removesuffix(".py")
    if home == "__init__":
        return
    for other in imported(path) - {home}:
        assert ORDER[other] < ORDER[home], f"{home} must not know {other}"


def test_phonology_knows_no_audio() -> None:
    for path in (ROOT / "naps" / "phonology").glob("*.py"):
        assert not imported(path) & {"corpus", "models"}


def test_nothing_unsafe_is_called() -> None:
    for path in [*FILES, *(ROOT / "data_prep").rglob("*.py")]:
        text = path.read_text(encoding="utf-8")
        for word in ("pickle", "torch.load(", "yaml.load(", "eval(", "exec(", "shell=True"):
            code = text.replace(".eval()", "")
            assert word not in code, f"{path}: {word}"
