"""Speed beside peers: ``python -m benchmarks [NAME ...]``, without a name all of them.

Every benchmark is a module with a ``TITLE`` and a ``report``, which becomes its section of
``benchmarks/RESULTS.md``; the other sections stay as they are.
"""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path

from naps.files import write_text

NAMES = (
    "execution", "gradients", "needleman_wunsch", "profiles", "recognizers", "relevance",
    "similarity", "topography",
)  # fmt: skip
HEAD = "# Benchmarks\n\nMade by `make bench`; `python -m benchmarks NAME` renews one section."
RESULTS = Path(__file__).with_name("RESULTS.md")


def with_section(text: str, title: str, body: str) -> str:
    """Replace the section of this title, or add it at the end."""
    head, *parts = re.split("^## ", text, flags=re.MULTILINE)
    sections = {part.partition("\n")[0]: part.partition("\n")[2] for part in parts}
    sections[title] = body
    return "\n\n".join(
        [head.strip(), *(f"## {name}\n\n{body.strip()}" for name, body in sections.items())]
    )


def main(names: list[str]) -> None:
    unknown = set(names) - set(NAMES)
    if unknown:
        sys.exit(f"no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(NAMES)}")
    for name in names or NAMES:
        module = import_module(f"benchmarks.{name}")
        # Read after the run: another benchmark may have written its section meanwhile.
        body = module.report()
        text = RESULTS.read_text("utf-8") if RESULTS.exists() else HEAD
        write_text(RESULTS, with_section(text, module.TITLE, body) + "\n")
    print(RESULTS)


if __name__ == "__main__":
    main(sys.argv[1:])
