"""Files of recipes: safe YAML, single values of which a command can change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

import yaml
from pydantic import ValidationError

from naps.errors import InputError
from naps.pipeline.comparison_recipe import ComparisonRecipe
from naps.pipeline.map_quality_recipe import MapQualityRecipe
from naps.pipeline.recipe import ProfileRecipe, problems
from naps.pipeline.sentiment_recipe import SentimentRecipe
from naps.training.comparison import TransferConfig
from naps.training.config import TrainConfig
from naps.training.g2p import TrainG2PConfig
from naps.training.sentiment import TrainSentimentConfig
from naps.training.sweep import TopographySweepConfig

_HERE = Path(__file__).resolve().parents[1]
# In a checkout recipes/ lies beside naps/; an installed package carries it inside.
RECIPE_FOLDERS = (_HERE.parent / "recipes", _HERE / "recipes")

Recipe: TypeAlias = (
    ProfileRecipe | ComparisonRecipe | MapQualityRecipe | SentimentRecipe | TrainConfig
    | TransferConfig | TopographySweepConfig | TrainG2PConfig | TrainSentimentConfig
)  # fmt: skip

KINDS: Mapping[str, type[Recipe]] = MappingProxyType(
    {
        "profile": ProfileRecipe,
        "comparison": ComparisonRecipe,
        "map_quality": MapQualityRecipe,
        "train": TrainConfig,
        "transfer": TransferConfig,
        "topography_sweep": TopographySweepConfig,
        "g2p": TrainG2PConfig,
        "sentiment": TrainSentimentConfig,
        "sentiment_relevance": SentimentRecipe,
    }
)


def recipe_names() -> list[str]:
    """Name the recipes that come with the project."""
    return sorted({p.parent.name for d in RECIPE_FOLDERS for p in d.glob("*/recipe.yaml")})


def find_recipe(name: str) -> Path:
    """Return the file of a recipe, given its name, its folder or its path.

    Raises
    ------
    InputError
        If there is none.
    """
    given = Path(name)
    candidates = [given, given / "recipe.yaml"]
    candidates += [folder / name / "recipe.yaml" for folder in RECIPE_FOLDERS]
    for path in candidates:
        if path.is_file():
            return path
    raise InputError(
        f"{name}: no such recipe file, and the recipes by name are: {', '.join(recipe_names())}"
    )


def load_recipe(name: str, settings: Sequence[str] = ()) -> Recipe:
    """Read a recipe and change single values.

    Parameters
    ----------
    name : str
        A name in ``recipes/``, or a path.
    settings : sequence of str
        Such as ``"clusters.metric=correlation"``; the value is read as YAML.

    Raises
    ------
    InputError
        If the file is no recipe, or a key or value is wrong.
    """
    path = find_recipe(name)
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        first = str(error).splitlines()[0]
        raise InputError(f"{path}: not readable as YAML: {first}") from None
    if not isinstance(data, dict):
        raise InputError(f"{path}: a recipe is a mapping of keys to values")
    for setting in settings:
        _set(data, setting)
    kind = str(data.setdefault("kind", "profile"))
    if kind not in KINDS:
        raise InputError(f"{path}: kind {kind!r}; there are: {', '.join(KINDS)}")
    try:
        recipe: Recipe = KINDS[kind].model_validate(data)
    except ValidationError as error:
        raise InputError(f"{path}: {problems(error)}") from None
    return recipe


def _set(data: dict[str, Any], setting: str) -> None:
    key, equals, value = setting.partition("=")
    if not equals or not key:
        raise InputError(f"--set {setting!r}: write key.path=value")
    *parents, last = key.split(".")
    target = data
    for parent in parents:
        inner = target.get(parent)
        if inner is None:
            inner = target[parent] = {}
        if not isinstance(inner, dict):
            raise InputError(f"--set {setting!r}: {parent!r} has no keys below it")
        target = inner
    try:
        target[last] = yaml.safe_load(value)
    except yaml.YAMLError:
        raise InputError(f"--set {setting!r}: the value is not YAML") from None


def dump_recipe(recipe: Recipe) -> str:
    """Give a recipe as YAML with every default written out."""
    return yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
