"""Weights and the description of what they belong to, in one safetensors file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from torch import Tensor

from naps.errors import InputError
from naps.files import replacing

_DTYPES: Mapping[torch.dtype, str] = MappingProxyType(
    {
        torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
        torch.int64: "I64", torch.int32: "I32", torch.uint8: "U8", torch.bool: "BOOL",
    }
)  # fmt: skip


def write_weights(path: Path, state: Mapping[str, Tensor], description: Mapping[str, Any]) -> None:
    """Write weights with a description, replaced in one step.

    Parameters
    ----------
    path : Path
    state : mapping of str to Tensor
    description : mapping
        JSON; ``format`` says what reads it.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    text = json.dumps(description, ensure_ascii=False, sort_keys=True)
    with replacing(path) as temporary:
        save_tensors(path, temporary, state, {"naps": text})


def save_tensors(
    path: Path, temporary: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]
) -> None:
    """Write tensors to a temporary file that is to become ``path``, one after the other.

    safetensors' own writer holds a copy of all of them; this one holds none, for what is as large
    as memory.

    Raises
    ------
    InputError
        If there is no room or the disk fails; ``path`` is as it was.
    """
    try:
        with temporary.open("wb") as file:
            _write_tensors(file, tensors, metadata)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written ({error}); make room and start again, what was there "
            f"before is unharmed"
        ) from None


def _write_tensors(
    file: BinaryIO, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]
) -> None:
    """Write the format: the length of a header in JSON, the header, the values as they are."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    end = 0
    # The widest first, so that all lie at multiples of their size.
    ordered = sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0]))
    for name, value in ordered:
        begin, end = end, end + value.numel() * value.element_size()
        kind = _DTYPES[value.dtype]
        header[name] = {"dtype": kind, "shape": list(value.shape), "data_offsets": [begin, end]}
    text = json.dumps(header, ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    file.write(len(text).to_bytes(8, "little") + text)
    for _, value in ordered:
        file.write(_bytes(value))


def _bytes(value: Tensor) -> memoryview:
    """Return the memory of a tensor, without a copy where it lies in one piece."""
    plain = value.detach().cpu().contiguous().reshape(-1)
    if not plain.numel():
        return memoryview(b"")
    return plain.view(torch.uint8).numpy().data


def hash_of(state: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of weights in hexadecimal: names, types, shapes and values, by name."""
    digest = hashlib.sha256()
    for name, value in sorted(state.items()):
        digest.update(repr((name, str(value.dtype), tuple(value.shape))).encode())
        digest.update(_bytes(value))
    return digest.hexdigest()


def read_weights(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Read a description and its weights, in float32.

    Returns
    -------
    description : dict
        Empty if the file has none.
    state : dict of str to Tensor

    Raises
    ------
    InputError
        If the file is damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            state = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118
        description = json.loads(metadata.get("naps", "{}"))
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(f"{path}: not a complete safetensors file: {error}") from None
    return (description if isinstance(description, dict) else {}), state


@contextmanager
def described(path: Path, description: Mapping[str, Any], kind: str, form: str) -> Iterator[None]:
    """Turn whatever goes wrong in building from a description into one line.

    Raises
    ------
    InputError
        If the description is of another format, or does not fit the weights.
    """
    found = description.get("format")
    if found is not None and found != form:
        raise InputError(f"{path}: format {found!r}, this version reads {form!r}")
    try:
        if found is None:
            raise KeyError("format")
        yield
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, RuntimeError, ValidationError) as error:
        problem = f"{type(error).__name__}: {str(error).splitlines()[0]}"
        raise InputError(f"{path}: not a naps {kind} ({problem})") from None
