"""Recognizers that a Python path names: nothing that is read from a file ever does."""

from __future__ import annotations

import hashlib
import importlib
import json
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from torch import Tensor, nn

from naps.corpus.features import FeatureConfig, WaveformConfig
from naps.errors import InputError
from naps.models.adapter import Adapter
from naps.models.alphabet import ENGLISH, GERMAN
from naps.models.bundle import Bundle, from_bundle
from naps.models.recognizer import (
    Recognizer,
    is_python_path,
    load_model,
    shipped_models,
)
from naps.models.wav2letter import Wav2Letter, from_torchaudio
from naps.weights import hash_of


def object_from_python(path: str) -> object:
    """Import what a Python path names, and call it if it is a function or a class.

    The current folder is looked in, too, after everything that is installed. Only for paths that
    a person has typed: importing a module runs it.

    Parameters
    ----------
    path : str
        ``package.module:attribute`` or ``package.module.attribute``.

    Raises
    ------
    InputError
        If there is no such thing, or importing or calling it fails.
    """
    if not is_python_path(path):
        raise InputError(f"{path}: not a Python path; write package.module:attribute")
    with _current_folder():
        found = _found(path)
        if isinstance(found, nn.Module) or not callable(found):
            return found
        with _blaming(path, "calling it without arguments"):
            return found()


def as_recognizer(found: object, path: str) -> Recognizer:
    """Make a recognizer of an object, if that needs no more than the object.

    Parameters
    ----------
    found : object
        A Recognizer, a ``torchaudio.pipelines`` bundle, or a ``torchaudio.models.Wav2Letter``
        with the letters of English or German in our order.
    path : str
        Where it comes from.

    Raises
    ------
    InputError
        If it is anything else; the message says what to write.
    """
    if isinstance(found, Recognizer):
        model = found
    elif isinstance(found, Bundle):
        with _blaming(path, "loading it"):
            model = from_bundle(found, path.replace(":", ".").rpartition(".")[2])
    elif (network := _wav2letter(found, path)) is not None:
        model = _of_wav2letter(network, path)
    else:
        what = f"{path} is a {type(found).__name__}"
        if isinstance(found, nn.Module):
            what += ", which does not say what it hears and writes"
        raise InputError(
            f"{what}; write a function that returns naps.models.Recognizer(name, "
            f"Adapter(module, features), features, alphabet) and give its path, as in "
            f"docs/own-model.md"
        )
    facts = (model.facts or {}) | {"python": path}
    # Hashed anew: what a function changes of a file is not what the file says.
    return identified(replace(model, network=model.network.fused(), facts=facts, sha256=""))


def model_from_python(path: str) -> Recognizer:
    """Make the recognizer that a Python path names.

    Parameters
    ----------
    path : str
        Such as ``"torchaudio.pipelines.WAV2VEC2_ASR_BASE_960H"`` or ``"my_model:recognizer"``.
        A function or class is called without arguments.

    Returns
    -------
    Recognizer
        Its facts say the path, its hash is that of its weights and its description.

    Raises
    ------
    InputError
        If there is no such thing, it fails, or is nothing that a recognizer can be made of.
    """
    return as_recognizer(object_from_python(path), path)


def open_model(name: str) -> Recognizer:
    """Load a shipped model, a file, or what a Python path names.

    For names that a person has typed; one that is read from a file belongs to `load_model`,
    which imports nothing.

    Raises
    ------
    InputError
        If it is none of the three, or cannot be loaded.
    """
    return model_from_python(name) if is_import(name) else load_model(name)


def is_import(name: str) -> bool:
    """Say whether a name is a Python path, and neither a shipped model nor a file."""
    return is_python_path(name) and name not in shipped_models() and not Path(name).is_file()


def glance(found: object, features: FeatureConfig | WaveformConfig) -> Adapter | None:
    """Look at a module that nobody has described; channels may come before or after frames.

    Parameters
    ----------
    found : object
    features : FeatureConfig or WaveformConfig
        What it may take.

    Returns
    -------
    Adapter or None
        None if it is no module.

    Raises
    ------
    InputError
        If it takes the input in neither way.
    """
    if not isinstance(found, nn.Module):
        return None
    try:
        return Adapter(found, features)
    except InputError as error:
        try:
            return Adapter(found, features, call=_channels_first)
        except InputError:
            raise error from None


def identified(model: Recognizer) -> Recognizer:
    """Give a recognizer that came from no file a hash of its weights and description."""
    if model.sha256:
        return model
    description = {
        "features": model.features.model_dump(),
        "alphabet": model.alphabet.symbols,
        "language": model.language,
        "delay_s": model.delay_s,
        "layers": [asdict(layer) for layer in model.layers],
    }
    weights = hash_of(model.network.state_dict())
    text = json.dumps([weights, description], sort_keys=True)
    return replace(model, sha256=hashlib.sha256(text.encode()).hexdigest())


def _channels_first(module: nn.Module, x: Tensor) -> object:
    return module(x[:, None] if x.ndim == 2 else x.transpose(1, 2))


def _found(path: str) -> object:
    """Import as much of a path as is a module, and take the rest from that."""
    given, colon, inner = path.partition(":")
    words = given.split(".")
    splits = [len(words)] if colon else range(len(words) - 1, 0, -1)
    for count in splits:
        module = ".".join(words[:count])
        attributes = [*words[count:], *(inner.split(".") if colon else [])]
        try:
            with _blaming(path, f"importing {module}", ModuleNotFoundError):
                found: object = importlib.import_module(module)
        except ModuleNotFoundError as error:
            # Another that is missing is one that the module itself imports.
            if error.name is None or not f"{module}.".startswith(f"{error.name}."):
                raise InputError(f"{path}: importing {module} failed: {_told(error)}") from error
            continue
        for number, attribute in enumerate(attributes):
            if not hasattr(found, attribute):
                owner = ".".join([module, *attributes[:number]])
                raise InputError(f"{path}: {owner} has no {attribute!r}")
            found = getattr(found, attribute)
        return found
    module = given if colon else ".".join(words[:-1])
    raise InputError(f"{path}: no module {module!r}, neither installed nor in the current folder")


@contextmanager
def _blaming(path: str, doing: str, but: type[Exception] = InputError) -> Iterator[None]:
    """Turn whatever somebody else's code raises into one line that says where."""
    try:
        yield
    except (InputError, but):
        raise
    # Also a script that ends the program when it is imported.
    except (Exception, SystemExit) as error:
        raise InputError(f"{path}: {doing} failed: {_told(error)}") from error


def _told(error: BaseException) -> str:
    """Say what was raised, and in which line of which file."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    text = str(error).splitlines()
    where = f"{Path(last.filename).name}, line {last.lineno}"
    return f"{type(error).__name__}: {text[0] if text else ''} ({where})"


def _wav2letter(found: object, path: str) -> Wav2Letter | None:
    """Copy a ``torchaudio.models.Wav2Letter``; None for all else.

    Raises
    ------
    InputError
        If it hears waveforms.
    """
    import torchaudio.models

    if not isinstance(found, torchaudio.models.Wav2Letter):
        return None
    try:
        return from_torchaudio(found)
    except ValueError as error:
        raise InputError(
            f"{path}: only a Wav2Letter that hears spectrograms can be taken as it is: {error}"
        ) from None


def _of_wav2letter(network: Wav2Letter, path: str) -> Recognizer:
    """Take the letters of the language that has as many as the network has outputs.

    Raises
    ------
    InputError
        If there is none.
    """
    outputs = network.config.n_outputs
    for language, alphabet in (("en", ENGLISH), ("de", GERMAN)):
        if len(alphabet) == outputs:
            features = FeatureConfig(n_mels=network.config.n_mels)
            return Recognizer(path, network, features, alphabet, language)
    raise InputError(
        f"{path}: {outputs} outputs are neither the {len(ENGLISH)} of our English nor the "
        f"{len(GERMAN)} of our German alphabet; say in a function what they are, as in "
        f"docs/own-model.md"
    )


@contextmanager
def _current_folder() -> Iterator[None]:
    """Let imports find the current folder, behind all that is installed."""
    folder = str(Path.cwd())
    importlib.invalidate_caches()
    if folder in sys.path:
        yield
        return
    sys.path.append(folder)
    try:
        yield
    finally:
        sys.path.remove(folder)
