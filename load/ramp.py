"""The ramp: more travellers in each step, until answers are slow or fail."""

from collections.abc import Callable

from load.scenarios import RAMP_MAX_ERROR_SHARE, RAMP_MAX_P95_MS, RAMP_MAX_STEPS, Scenario, ramp_step
from load.summary import Summary


def within_bounds(summary: Summary) -> bool:
    """Whether answers of a step were quick enough, and almost all without an error."""
    figures = summary.figures
    limit = RAMP_MAX_ERROR_SHARE * summary.scenario.total
    return figures["p95_ms"] <= RAMP_MAX_P95_MS and figures["errors"] + figures["lost"] <= limit


def run_ramp(run: Callable[[Scenario], Summary]) -> list[Summary]:
    """Run step by step; return all steps, of which the last is the first beyond a bound, if any was."""
    summaries: list[Summary] = []
    for number in range(1, RAMP_MAX_STEPS + 1):
        summary = run(ramp_step(number))
        summaries.append(summary)
        if not within_bounds(summary):
            break
    return summaries


def capacity(summaries: list[Summary]) -> Summary:
    """Return the last step within the bounds; the first one if none is."""
    return [summaries[0], *filter(within_bounds, summaries)][-1]
