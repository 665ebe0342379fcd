"""The files of weights and sums: any reader of the format reads them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load_file

from naps.errors import InputError
from naps.weights import read_weights, save_tensors, write_weights

_KINDS = (
    torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32,
    torch.uint8, torch.bool,
)  # fmt: skip


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8).filter(lambda name: name != "__metadata__"),
        st.tuples(st.sampled_from(_KINDS), st.lists(st.integers(0, 4), max_size=3)),
        max_size=6,
    ),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory,
    tensors: dict[str, tuple[torch.dtype, list[int]]],
    metadata: dict[str, str],
) -> None:
    path = tmp_path_factory.mktemp("weights") / "some.safetensors"
    random = np.random.default_rng(1)
    written = {
        name: torch.from_numpy(random.integers(0, 2, shape)).to(kind)
        for name, (kind, shape) in tensors.items()
    }
    save_tensors(path, path, written, metadata)
    found = load_file(path)
    assert set(found) == set(written)
    for name, value in written.items():
        assert found[name].dtype == value.dtype
        assert torch.equal(found[name], value)
    with safe_open(path, framework="pt") as file:
        assert (file.metadata() or {}) == metadata


def test_a_view_is_written_as_it_is_seen(tmp_path: Path) -> None:
    whole = torch.arange(12.0).view(3, 4)
    write_weights(tmp_path / "x.safetensors", {"turned": whole.T, "part": whole[:, 1]}, {"a": "ü"})
    description, state = read_weights(tmp_path / "x.safetensors")
    assert description == {"a": "ü"}
    assert torch.equal(state["turned"], whole.T)
    assert torch.equal(state["part"], whole[:, 1])


def test_no_room(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        save_tensors(tmp_path / "x", tmp_path / "taken", {"a": torch.zeros(2)}, {})
