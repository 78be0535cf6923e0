"""docs/performance.md, rendered from docs/figures.json and the benchmarks' docstrings."""

import importlib
import inspect
import json
from typing import Any

from bench.figures import DOCS, FIGURES

PAGE = DOCS / "performance.md"
LOAD_FIGURES = DOCS / "load.json"

_HEAD = """# Performance

Written by `make bench` from [figures.json](figures.json). Ratios compare measurements of one run side by side; single
times depend on the machine and its load.
"""

_LOAD_HEAD = """
## Load tests

Each line is one run of a scenario on a local stack ([load/scenarios.py](../load/scenarios.py) has the scenarios and
their criteria), with the figures of its last line. The load generator, the functions, the gateway, Postgres and the
stand-ins share the machine. `p50_ms` and `p95_ms` are milliseconds from the moment at which a message was due to the
first text of a streamed answer, or to the whole of any other; `whole_p95_ms` is to the whole of any answer.
Chaos is judged by what is stored afterwards and by its recovery, not by its times, which contain the fault.
`make load` writes a report with plots of each run into `.local/load/`; `--record` in `ARGS` writes its line here.

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


def render_load(runs: dict[str, Any]) -> str:
    """Return the page's part about load tests: a table with a line for each recorded run."""
    if not runs:
        return ""
    # A run that was recorded before a figure was added has no value of it.
    figures = list(dict.fromkeys(name for run in runs.values() for name in run["figures"]))
    lines = [_LOAD_HEAD, f"| run | travellers | machine | {' | '.join(f'`{name}`' for name in figures)} | criteria |\n"]
    lines.append(f"| --- | ---: | --- | {'---: | ' * len(figures)}--- |\n")
    for run in runs.values():
        machine = run["machine"]
        values = " | ".join(f"{run['figures'][name]:g}" if name in run["figures"] else "" for name in figures)
        about = f"{machine['cores']} cores of {machine['processor']}, Python {machine['python']}, {machine['on']}"
        verdict = "kept" if run["is_passed"] else "not kept: " + ", ".join(run["failed"])
        lines.append(f"| `{run['command']}` | {run['travellers']} | {about} | {values} | {verdict} |\n")
    return "".join(lines)


def write() -> None:
    """Write the page."""
    runs = json.loads(LOAD_FIGURES.read_text()) if LOAD_FIGURES.is_file() else {}
    PAGE.write_text(render(json.loads(FIGURES.read_text())) + render_load(runs))
