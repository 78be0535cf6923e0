"""`python -m load.cost_page`: write docs/cost.md: the fixed costs of a stage, and what messages add.

The prices and habits are those of `load.capacity`. The resources with a fixed cost are counted in template.yaml, for
each stage with its parameters.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.figures import DOCS, FIGURES
from load.capacity import Habits, Measured, Prices, Quotas, calculate, read_measured, shares_of_messages
from local.deploy import read_stages
from local.template import read_source
from local.template.intrinsics import Resolver

PAGE = DOCS / "cost.md"
CHECKOUT = Path(__file__).resolve().parent.parent
STAGES = ("dev", "staging", "prod")
_HOURS = 24 * 30
_MONTH_S = _HOURS * 3600
_MESSAGES = 1000
_USERS = 1000

PAUSE_AFTER_MINUTES = 5
"""Aurora's default: a database whose least capacity is 0 pauses when nobody has been connected for so long."""
PROXY_ACU = 8
"""The number of units for which a proxy of a serverless cluster is charged at least."""
AWAKE_ACU = 0.5
"""What a database that isn't paused has at least."""


@dataclass(frozen=True)
class FixedPrices:
    """List prices of AWS in us-east-1 of what is charged by the month or the hour, in dollars, as of November 2026."""

    alarm_month: float = 0.10
    """For each metric of an alarm."""
    dashboard_month: float = 3.00
    secret_month: float = 0.40
    public_ipv4_hour: float = 0.005
    proxy_acu_hour: float = 0.015
    custom_metric_month: float = 0.30
    """For each metric and each of its sets of dimensions, while it gets values."""


def stage_parameters(stage: str) -> dict[str, Any]:
    """Return the values of the template's parameters in a stage of samconfig.toml; placeholders for those it lacks."""
    given = dict(pair.split("=", 1) for pair in read_stages(CHECKOUT / "samconfig.toml")[stage].split())
    declared = read_source(CHECKOUT / "template.yaml")["Parameters"]
    return {name: given.get(name, spec.get("Default", "")) for name, spec in declared.items()}


@dataclass(frozen=True)
class FixedResources:
    """The resources of a stage that are charged whether they are used or not."""

    acu: float
    """The least capacity of the database; 0 if it can pause, which no schedule may prevent."""
    functions: Mapping[str, float]
    """The memory of each function with a snapshot, in GB."""
    nat_gateways: int
    endpoint_hours: float
    """Interface endpoints, times their Availability Zones."""
    public_addresses: int
    secrets: int
    alarm_metrics: int
    dashboards: int
    proxies: int = 0

    def usd(self, prices: Prices, fixed: FixedPrices) -> dict[str, float]:
        """Return dollars a month, by what they are for."""
        network = self.nat_gateways * prices.nat_gateway_hour + self.endpoint_hours * prices.endpoint_hour
        return {
            "Snapshots of SnapStart": sum(self.functions.values()) * _MONTH_S * prices.snapstart_cached_gb_s,
            "NAT gateway, endpoint and address": (network + self.public_addresses * fixed.public_ipv4_hour) * _HOURS,
            "Aurora, without a question": self.acu * prices.aurora_acu_hour * _HOURS,
            "Alarms": self.alarm_metrics * fixed.alarm_month,
            "Dashboard": self.dashboards * fixed.dashboard_month,
            "Secrets": self.secrets * fixed.secret_month,
            "RDS Proxy": self.proxies * fixed.proxy_acu_hour * PROXY_ACU * _HOURS,
        }


def count_fixed(stage: str, template: dict[str, Any] | None = None) -> FixedResources:
    """Count the resources of a stage in a template, by default in template.yaml."""
    template, parameters = template or read_source(CHECKOUT / "template.yaml"), stage_parameters(stage)
    resolver = Resolver(template, parameters, endpoint="", api_url="", websocket_url="")
    found: dict[str, dict[str, Any]] = dict(resolver.resources())

    def of(kind: str) -> dict[str, dict[str, Any]]:
        return {name: each.get("Properties", {}) for name, each in found.items() if each["Type"] == kind}

    default_mb = template["Globals"]["Function"]["MemorySize"]
    functions = of("AWS::Serverless::Function")
    endpoints = [each for each in of("AWS::EC2::VPCEndpoint").values() if each.get("VpcEndpointType") == "Interface"]
    (cluster,) = of("AWS::RDS::DBCluster").values()
    capacity = float(resolver.value(cluster["ServerlessV2ScalingConfiguration"], "Database")["MinCapacity"])
    if any(_keeps_awake(event, resolver) for each in functions.values() for event in _events(each)):
        capacity = max(capacity, AWAKE_ACU)
    return FixedResources(
        acu=capacity,
        functions={name: each.get("MemorySize", default_mb) / 1024 for name, each in functions.items()},
        nat_gateways=len(of("AWS::EC2::NatGateway")),
        endpoint_hours=sum(len(each["SubnetIds"]) for each in endpoints),
        public_addresses=len(of("AWS::EC2::EIP")),
        # RDS makes one for the owner of the tables.
        secrets=len(of("AWS::SecretsManager::Secret")) + bool(cluster.get("ManageMasterUserPassword")),
        alarm_metrics=sum(
            sum("MetricStat" in metric for metric in each.get("Metrics", ())) or 1
            for each in of("AWS::CloudWatch::Alarm").values()
        ),
        dashboards=len(of("AWS::CloudWatch::Dashboard")),
        proxies=len(of("AWS::RDS::DBProxy")),
    )


def _events(function: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [event["Properties"] for event in function.get("Events", {}).values() if event["Type"] == "ScheduleV2"]


def _keeps_awake(schedule: Mapping[str, Any], resolver: Resolver) -> bool:
    """Whether a schedule runs a function, all of which connect to Postgres, before the database would pause."""
    if resolver.value(schedule.get("State", "ENABLED"), "State") != "ENABLED":
        return False
    found = re.fullmatch(
        r"rate\((\d+) minutes?\)", resolver.value(schedule["ScheduleExpression"], "ScheduleExpression")
    )
    return found is not None and int(found[1]) <= PAUSE_AFTER_MINUTES


def per_thousand_messages(measured: Measured) -> dict[str, float]:
    """Return what a thousand messages of the mix add, in dollars, by service."""
    habits, prices, quotas = Habits(), Prices(), Quotas()
    used, idle = (calculate(users, measured, habits, prices, quotas).usd for users in (_USERS, 0))
    thousands = _USERS * habits.messages_per_user_day * 30 / _MESSAGES
    # Its capacity stays the least one: what is added is what is stored.
    return {service: (used[service] - idle[service]) / thousands for service in used if used[service] > idle[service]}


_HEAD = """# Cost

Written by `python -m load.cost_page` from template.yaml, the list prices of [capacity.md](capacity.md) and the
figures of `make bench NAME=resources` and `make bench NAME=imports`. Dollars, without free tiers, discounts and
taxes. [capacity.md](capacity.md) has whole months for 1,000 to 10,000,000 users.

"""

_AFTER_FIXED = """
The database of dev and staging has a least capacity of 0, with which Aurora pauses a database that nobody connects
to. Schedules that connect to it every few minutes keep it awake, and at half a unit: where the line of Aurora isn't
0, they do. Disabling the schedules of a stage that nobody uses lets it pause. Old published versions that are kept
are charged as new ones are: delete them ([operations.md](operations.md#roll-back-a-release)). The table leaves out
what is charged by use: storage of the database and of backups, logs, and custom metrics, whose price is below.
"""

_SNAPSTART = """
## SnapStart: its price, and the time that it saves

A snapshot is charged for as long as its version exists, and for each restore. What it saves at a start of an
environment is the function's imports and clients: the CPU time below, on the machine of the benchmark
([performance.md](performance.md#imports)); a function with 512 MB has 0.3 of a core, and takes longer. A restore
takes AWS some tenths of a second, which only a deployed stage can tell.

| function | GB | $ a month | $ for 1,000 starts | CPU saved at a start, ms | s saved by a dollar of 1,000 starts |
| --- | ---: | ---: | ---: | ---: | ---: |
"""

_DECISION = """
A function that nobody waits for gains nothing by it: those of schedules have it because all of Globals has, and
because a version that can't start isn't published then ([0052](decisions/0052-gradual-traffic-shift.md)).
"""


def render() -> str:
    """Return the page."""
    stages = {stage: count_fixed(stage) for stage in STAGES}
    return "".join([_HEAD, *_fixed_costs(stages), *_costs_of_messages(), *_snapstart(stages["prod"]), *_fixed_prices()])


def _fixed_costs(stages: Mapping[str, FixedResources]) -> Iterator[str]:
    usd = {stage: resources.usd(Prices(), FixedPrices()) for stage, resources in stages.items()}
    yield "## A month without a question\n\n"
    yield f"| | {' | '.join(usd)} |\n| --- |{' ---: |' * len(usd)}\n"
    for what in usd["prod"]:
        yield f"| {what} | {' | '.join(f'{costs[what]:.2f}' for costs in usd.values())} |\n"
    yield f"| **all** | {' | '.join(f'{sum(costs.values()):.2f}' for costs in usd.values())} |\n"
    yield _AFTER_FIXED


def _costs_of_messages() -> Iterator[str]:
    measured = read_measured()
    added = per_thousand_messages(measured)
    mix = ", ".join(f"{share:.0%} {kind}" for kind, share in shares_of_messages().items())
    yield f"\n## A thousand messages\n\nOf the load tests' mix: {mix}.\n\n| | $ |\n| --- | ---: |\n"
    for service, usd in added.items():
        yield f"| {service} | {usd:.4f} |\n"
    yield f"| **all** | {sum(added.values()):.4f} |\n\n"
    yield f"A question to Claude costs ${measured.claude_usd:.6f} by itself: with `ClaudeModel` at its default, and\n"
    yield "the stand-in's answers, which are short. `pam costs` reports what questions really cost. The caps\n"
    yield "`ChatTurnCapUsd`, `ChatUserDayCapUsd` and `ChatStageDayCapUsd` bound it.\n"


def _snapstart(resources: FixedResources) -> Iterator[str]:
    prices = Prices()
    imports = json.loads(FIGURES.read_text("utf-8"))["imports"]["figures"]
    folders = _folders()
    yield _SNAPSTART
    for name, gb in sorted(resources.functions.items()):
        month = gb * _MONTH_S * prices.snapstart_cached_gb_s
        starts = 1000 * gb * prices.snapstart_restored_gb
        saved = imports.get(f"{folders[name]}_ms", {}).get("value")
        by_dollar = _whole(None if saved is None else saved / (month + starts))
        yield f"| `{name}` | {gb:.2f} | {month:.2f} | {starts:.2f} | {_whole(saved)} | {by_dollar} |\n"
    yield _DECISION


def _folders() -> dict[str, str]:
    """Return the folder of each function's code in functions/, by its logical id."""
    resources = read_source(CHECKOUT / "template.yaml")["Resources"]
    functions = {name: each for name, each in resources.items() if each["Type"] == "AWS::Serverless::Function"}
    return {name: Path(each["Properties"]["CodeUri"]).name for name, each in functions.items()}


def _fixed_prices() -> Iterator[str]:
    yield "\n## Fixed prices\n\n| list price, $ | value |\n| --- | ---: |\n"
    for name, value in vars(FixedPrices()).items():
        yield f"| {name.replace('_', ' ')} | {value:g} |\n"


def _whole(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
