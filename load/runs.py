"""One run of a scenario: on a local stack of its own, or against a deployed stage."""

import tempfile
import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from load import chaos, generator
from load.errors import LoadError
from load.faults import ChaosContext, ChaosFault
from load.invariants import Invariants
from load.plan import make_plan
from load.report import write_report
from load.sampling import Sampler, upstream_requests
from load.scenarios import Scenario
from load.skewed_clock import SkewedClock
from load.slow_postgres import slow_postgres
from load.summary import Summary, summarise
from local import demo
from local.stack import LocalStack


def run_on_stage(scenario: Scenario, base_url: str, tokens: Sequence[str], output: Path) -> Summary:
    """Run a scenario against a deployed stage, whose stores can't be looked into."""
    records = generator.run(base_url, make_plan(scenario, [("", token) for token in tokens]), scenario)
    summary = summarise(scenario, records, ())
    write_report(summary, records, (), output, "of the stage")
    return summary


def run_locally(scenario: Scenario, profile: str, output: Path, fault: ChaosFault | None = None) -> Summary:
    """Run a scenario on a stack that ends with the run; then check what is stored.

    `profile` is the latency of Claude's stand-in. Raises `LoadError`.
    """
    with ExitStack() as opened:
        state = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="pam-")))
        clock = SkewedClock(Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="pam-"))))
        variables = clock.variables if fault is not None and fault.needs_clock else {}
        # The demo's year of conversations: without it the summariser's first episodes, for which it loads and allocates
        # what it keeps, come at the end of a long run and look like growth.
        stack = opened.enter_context(
            LocalStack(state, claude_profile=profile, variables=variables, load_data=demo.load)
        )
        begin = lambda: None  # noqa: E731
        if fault is not None:
            proxy = opened.enter_context(slow_postgres(stack))
            started = opened.enter_context(chaos.injected(fault, ChaosContext(stack, proxy, clock, profile)))
            begin = started.set
        if failures := stack.warm():
            raise LoadError(f"Functions don't start: {failures}")
        stack.start_schedules()
        users = [str(uuid.uuid4()) for _ in range(scenario.users)]
        plan = make_plan(scenario, [(user, stack.token(user)) for user in users])
        with Sampler(stack) as sampler:
            records = generator.run(stack.url, plan, scenario, begin)
        upstream = upstream_requests(stack)
        invariants = Invariants(stack, plan, records)
        broken = invariants.broken() + (chaos.unrecovered(fault, records) if fault else [])
        summary = summarise(scenario, records, sampler.samples, broken, invariants.stored_twice(), upstream)
    write_report(summary, records, sampler.samples, output, profile)
    return summary
