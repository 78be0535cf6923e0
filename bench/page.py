"""docs/performance.md, made from docs/figures.json: no number in it is written by hand."""

import importlib
import inspect
import json
from typing import Any

from bench.figures import DOCS, FIGURES

PAGE = DOCS / "performance.md"

_HEAD = """# Performance

Made by `make bench` from [figures.json](figures.json); every number here is one that its command prints. Speed is
judged by ratios taken side by side in one run: single times move with the machine.
"""


def about(name: str) -> str:
    """What a benchmark measures, and what it assumes: told wherever its figures are."""
    told = inspect.getdoc(importlib.import_module(f"bench.{name}"))
    assert told, name
    return told


def render(benchmarks: dict[str, Any]) -> str:
    """The page for all recorded benchmarks."""
    parts = [_HEAD]
    for name, recorded in sorted(benchmarks.items()):
        machine = recorded["machine"]
        parts.append(f"\n## {name}\n\n`{recorded['command']}`, on {machine['on']}: {machine['cores']} cores of")
        parts.append(f" {machine['processor']}, Python {machine['python']}.\n\n{about(name)}\n\n")
        parts.append("| figure | value | what it says |\n")
        parts.append("| --- | ---: | --- |\n")
        for figure_name, figure in recorded["figures"].items():
            parts.append(f"| `{figure_name}` | {figure['value']:g} {figure['unit']} | {figure['meaning']} |\n")
    return "".join(parts)


def write() -> None:
    """Writes the page anew."""
    PAGE.write_text(render(json.loads(FIGURES.read_text())))
