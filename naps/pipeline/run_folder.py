"""The folder of a run: what is in it, and which stages are done (see docs/run-folder.md)."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from naps.errors import InputError
from naps.files import write_json

_PACKAGES = (
    "torch", "torchaudio", "numpy", "scipy", "librosa", "soundfile", "scikit-learn", "xarray",
    "pandas", "matplotlib", "seaborn",
)  # fmt: skip


@dataclass(frozen=True)
class RunFolder:
    """Paths of a run, and its record of finished stages."""

    path: Path

    @property
    def record_file(self) -> Path:
        """``run.json``."""
        return self.path / "run.json"

    @property
    def manifest(self) -> Path:
        """``manifest.jsonl``."""
        return self.path / "manifest.jsonl"

    @property
    def events(self) -> Path:
        """The folder of events."""
        return self.path / "events"

    @property
    def profiles(self) -> Path:
        """The folder of profiles."""
        return self.path / "profiles"

    @property
    def clusters(self) -> Path:
        """The folder of clusters."""
        return self.path / "clusters"

    @property
    def controls(self) -> Path:
        """The folder of control analyses, one folder each."""
        return self.path / "controls"

    @property
    def maps(self) -> Path:
        """The folder of topographic maps."""
        return self.path / "maps"

    @property
    def probes(self) -> Path:
        """The folder of linear probes."""
        return self.path / "probes"

    @property
    def report(self) -> Path:
        """The folder of the report."""
        return self.path / "report"

    def record(self) -> dict[str, Any]:
        """Read ``run.json``; empty if the run has not begun.

        Raises
        ------
        InputError
            If the file is damaged.
        """
        if not self.record_file.is_file():
            return {}
        try:
            return dict(json.loads(self.record_file.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise InputError(f"{self.record_file}: damaged ({error}); use another --out") from None

    def update(self, values: Mapping[str, Any]) -> None:
        """Add to ``run.json``."""
        write_json(self.record_file, self.record() | dict(values))

    def begin(self) -> None:
        """Make the folder and note where and with what the run is made.

        Raises
        ------
        InputError
            If the folder cannot be written to.
        """
        record = self.record()
        self.update(
            {
                "naps": metadata.version("naps"),
                "started": record.get("started", timestamp()),
                "machine": {
                    "system": platform.system(),
                    "processor": platform.machine(),
                    "cores": str(os.cpu_count()),
                    "python": platform.python_version(),
                },
                "versions": {name: _version(name) for name in _PACKAGES},
                "stages": record.get("stages", {}),
            }
        )

    def is_done(self, stage: str, digest: str) -> bool:
        """Say whether a stage was finished with the same inputs."""
        done = self.record().get("stages", {}).get(stage, {})
        return bool(done.get("digest") == digest)

    def finish(self, stage: str, digest: str, seconds: float) -> None:
        """Note that a stage is finished."""
        stages = dict(self.record().get("stages", {}))
        stages[stage] = {
            "digest": digest,
            "seconds": round(seconds, 2),
            "finished": timestamp(),
        }
        self.update({"stages": stages})


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def timestamp() -> str:
    """Return the time now in UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def digest_of(*parts: object) -> str:
    """Return a short hash of values that JSON can hold."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
