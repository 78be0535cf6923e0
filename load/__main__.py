"""`python -m load SCENARIO`: run a load test on a stack of its own, or against a deployed stage.

The scenarios are `steady`, `burst`, `sustained`, `sustained_short`, `ramp` and `chaos`. The report is written to
`.local/load/`; the last line of the output is one JSON object. Returns 0 if all criteria are kept, else 1.
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

from load import chaos
from load.faults import FAULTS
from load.ramp import capacity, run_ramp
from load.report import record
from load.runs import run_locally, run_on_stage
from load.scenarios import RAMP, SCENARIOS, Scenario
from load.summary import Summary
from local.stack import CHECKOUT
from local.stand_ins.claude.profile import PROFILES

CHAOS = "chaos"


def main() -> int:
    """Run what the arguments name; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m load", description=__doc__)
    parser.add_argument("scenario", choices=[*SCENARIOS, RAMP, CHAOS])
    parser.add_argument("--profile", choices=sorted(PROFILES), default="seed", help="latency of Claude's stand-in")
    parser.add_argument("--base-url", help="a deployed stage; default: a local stack that ends with the run")
    parser.add_argument("--tokens", type=Path, help="access tokens of the stage's travellers, one a line")
    parser.add_argument("--fault", choices=sorted(FAULTS), help="of chaos: this one alone")
    parser.add_argument("--output", type=Path, default=CHECKOUT / ".local" / "load", help="where reports are written")
    parser.add_argument("--record", action="store_true", help="write the figures into docs/")
    arguments = parser.parse_args()
    if (arguments.base_url is None) != (arguments.tokens is None):
        parser.error("--base-url and --tokens belong together")
    if arguments.base_url and arguments.scenario == CHAOS:
        parser.error("chaos injects its faults into a local stack")
    if arguments.base_url and arguments.record:
        parser.error("--record is for runs on this machine, which the page names")
    summaries = _run_all(arguments)
    if arguments.scenario == RAMP:
        summaries = [capacity(summaries)]
    if arguments.record:
        for summary in summaries:
            record(summary, _command(summary.scenario.name, arguments))
    print(json.dumps(summaries[0].figures if len(summaries) == 1 else {s.scenario.name: s.figures for s in summaries}))
    return 0 if all(summary.is_passed for summary in summaries) else 1


def _command(name: str, arguments: argparse.Namespace) -> str:
    """Return the command that runs one scenario, or one fault of chaos."""
    options = [] if arguments.profile == "seed" else [f"--profile {arguments.profile}"]
    if arguments.scenario == CHAOS:
        options.append(f"--fault {name.removeprefix('chaos_')}")
    command = f"make load SCENARIO={arguments.scenario}"
    return f'{command} ARGS="{" ".join(options)}"' if options else command


def _run_all(arguments: argparse.Namespace) -> list[Summary]:
    if arguments.scenario == CHAOS:
        names = [arguments.fault] if arguments.fault else list(FAULTS)
        return [
            run_locally(
                replace(chaos.SCENARIO, name=f"chaos_{name}"), arguments.profile, arguments.output, FAULTS[name]
            )
            for name in names
        ]

    def run(scenario: Scenario) -> Summary:
        if arguments.base_url:
            tokens = arguments.tokens.read_text(encoding="utf-8").split()
            return run_on_stage(scenario, arguments.base_url, tokens, arguments.output)
        return run_locally(scenario, arguments.profile, arguments.output)

    return run_ramp(run) if arguments.scenario == RAMP else [run(SCENARIOS[arguments.scenario])]


if __name__ == "__main__":
    sys.exit(main())
