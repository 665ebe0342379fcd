"""What a benchmark ran on."""

from __future__ import annotations

import os
import platform
from importlib import metadata


def machine(*packages: str) -> str:
    """Name the processor, what else kept it busy, and the versions of Python and packages."""
    versions = ", ".join(f"{package} {metadata.version(package)}" for package in packages)
    return (
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load "
        f"{os.getloadavg()[0]:.1f} at the start, Python {platform.python_version()}, {versions}"
    )
