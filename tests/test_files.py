"""JSON that any reader can read."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from naps.files import write_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def expected(value: object) -> object:
    if isinstance(value, dict):
        return {key: expected(part) for key, part in value.items()}
    if isinstance(value, list):
        return [expected(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@given(values)
def test_numbers_that_are_none_become_null(
    tmp_path_factory: pytest.TempPathFactory, value: object
) -> None:
    path = tmp_path_factory.mktemp("json") / "x.json"
    write_json(path, value)
    assert json.loads(path.read_text("utf-8"), parse_constant=pytest.fail) == expected(value)


def test_values_of_arrays_tuples_and_paths_are_written(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {"a": (np.float64("nan"), np.float64(0.5)), "b": Path("c")})
    assert json.loads((tmp_path / "x.json").read_text()) == {"a": [None, 0.5], "b": "c"}
