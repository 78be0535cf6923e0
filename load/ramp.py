"""The ramp: more travellers in each step, until answers are slow or fail."""

from collections.abc import Callable

from load.scenarios import RAMP_MAX_ERROR_SHARE, RAMP_MAX_P95_MS, RAMP_MAX_STEPS, Scenario, ramp_step
from load.summary import Summary


def run_ramp(run: Callable[[Scenario], Summary]) -> list[Summary]:
    """Run step by step; return all steps, of which the last is the first beyond a bound, if any was."""
    summaries: list[Summary] = []
    for number in range(1, RAMP_MAX_STEPS + 1):
        summary = run(ramp_step(number))
        summaries.append(summary)
        figures = summary.figures
        if figures["p95_ms"] > RAMP_MAX_P95_MS or figures["errors"] > RAMP_MAX_ERROR_SHARE * summary.scenario.total:
            break
    return summaries
