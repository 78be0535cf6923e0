"""docs/performance.md, rendered from docs/figures.json and the benchmarks' docstrings."""

import importlib
import inspect
import json
from typing import Any

from bench.figures import DOCS, FIGURES

PAGE = DOCS / "performance.md"

_HEAD = """# Performance

Written by `make bench` from [figures.json](figures.json). Ratios compare measurements of one run side by side; single
times depend on the machine and its load.
"""


def description(name: str) -> str:
    """Return the docstring of a benchmark: what it measures and what it assumes."""
    text = inspect.getdoc(importlib.import_module(f"bench.{name}"))
    assert text, name
    return text


def render(benchmarks: dict[str, Any]) -> str:
    """Return the page of all recorded benchmarks."""
    lines = [_HEAD]
    for name, recorded in sorted(benchmarks.items()):
        machine = recorded["machine"]
        lines.append(f"\n## {name}\n\n`{recorded['command']}`, on {machine['on']}: {machine['cores']} cores of")
        lines.append(f" {machine['processor']}, Python {machine['python']}.\n\n{description(name)}\n\n")
        lines.append("| figure | value | meaning |\n")
        lines.append("| --- | ---: | --- |\n")
        for figure_name, figure in recorded["figures"].items():
            lines.append(f"| `{figure_name}` | {figure['value']:g} {figure['unit']} | {figure['meaning']} |\n")
    return "".join(lines)


def write() -> None:
    """Write the page."""
    PAGE.write_text(render(json.loads(FIGURES.read_text())))
