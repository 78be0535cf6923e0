"""The figures of benchmarks, and their record in docs/figures.json."""

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent.parent / "docs"
FIGURES = DOCS / "figures.json"


@dataclass(frozen=True)
class Figure:
    """One number, its unit, and its meaning in a sentence."""

    value: float
    unit: str
    meaning: str


def median_ms(seconds: Sequence[float]) -> float:
    """Return the median of durations in seconds, in milliseconds with two decimals."""
    return round(statistics.median(seconds) * 1000, 2)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that `percent` of the values don't exceed."""
    ordered = sorted(values)
    return ordered[max(0, int(-(-len(ordered) * percent // 100)) - 1)]


def percentile_ms(seconds: Sequence[float], percent: float) -> float:
    """Return a percentile of durations in seconds, in milliseconds with two decimals."""
    return round(percentile(seconds, percent) * 1000, 2)


def as_json(figures: dict[str, Figure]) -> str:
    """Return a JSON object of the figures' values by name, which a benchmark prints on its last line."""
    return json.dumps({name: figure.value for name, figure in figures.items()})


def machine() -> dict[str, Any]:
    """Return the properties of this machine that affect speed, and the date."""
    processor = platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return {
        "processor": processor,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
        "on": datetime.now(UTC).date().isoformat(),
    }


def record(name: str, figures: dict[str, Figure]) -> None:
    """Replace a benchmark's figures in docs/figures.json."""
    recorded = json.loads(FIGURES.read_text()) if FIGURES.is_file() else {}
    recorded[name] = {
        "command": f"make bench NAME={name}",
        "machine": machine(),
        "figures": {
            figure_name: {"value": figure.value, "unit": figure.unit, "meaning": figure.meaning}
            for figure_name, figure in figures.items()
        },
    }
    FIGURES.write_text(json.dumps(recorded, indent=2, sort_keys=True) + "\n")
