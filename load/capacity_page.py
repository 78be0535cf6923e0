"""`python -m load.capacity_page`: write docs/capacity.md."""

from dataclasses import asdict, fields
from typing import Any

from bench.figures import DOCS
from load.capacity import (
    USERS,
    Capacity,
    Habits,
    Measured,
    Prices,
    Quotas,
    calculate,
    read_measured,
    shares_of_messages,
)

PAGE = DOCS / "capacity.md"

_HEAD = """# Capacity and limits

Written by `python -m load.capacity_page` (`load/capacity.py` has the calculation) from the figures of
`make bench NAME=resources` in [figures.json](figures.json). The times of Lambda are those of the machine of that
benchmark. What can only be known in production are the habits: change them there and write the page again.
"""

_OUTLOOK = """
## What is reached first, and what changes then

[limits.md](limits.md) says what happens at each limit.

- **1,000 users**: nothing is near its limit. Aurora runs at its smallest size and can pause outside of production.
- **100,000 users**: Claude's limits and `ChatWorkers` are the first ones: ask the provider for a higher level, raise
  the parameter together with Lambda's concurrency. From about 200 environments RDS Proxy holds the connections; the
  settings that PAM makes are those of a transaction, which don't pin them.
- **10 million users**: one Aurora writer and one account's concurrency are no longer enough. Users are divided into
  regional cells: each is this template with its own Aurora, tables and quotas. The cell of a user is a claim of the
  token, and no query crosses cells; CloudFront and Route 53 lead to it. Within a cell `messages`, `turns` and
  `exchanges` are partitioned by the user's hash, since each query names one user. Posts and events of the community are
  the only data that users of several cells share: Aurora Global Database replicates them for reading. Claude is used
  through several workspaces, or through Bedrock in each region.
"""


def render(measured: Measured, habits: Habits, prices: Prices, quotas: Quotas) -> str:
    """Return the page."""
    capacities = [calculate(users, measured, habits, prices, quotas) for users in USERS]
    mix = ", ".join(f"{share:.0%} {kind}" for kind, share in shares_of_messages().items())
    parts = [
        _HEAD,
        f"\nThe mix of messages is that of the load tests: {mix}.\n\n",
        _named_values("assumption about users", habits),
        "\n## At the peak\n\n",
        _table("at the busiest minute", capacities, _PEAK),
        "\n## Share of each limit at the peak\n\nAbove 100 % it has to be raised before.\n\n",
        _shares(capacities, quotas),
        "\n## Dollars a month\n\n",
        _costs(capacities),
        "\nSnapStart is charged for each published version that is kept, and for each restore.\n\n",
        _named_values("list price, $", prices),
        "\n",
        _named_values("limit", quotas),
        _OUTLOOK,
    ]
    return "".join(parts)


_PEAK = {
    "messages_per_s": "messages a second",
    "concurrency": "executions of Lambda at once",
    "worker_concurrency": "of them turns with Claude",
    "connections": "open WebSockets",
    "transactions_per_s": "transactions of Postgres a second",
    "acu": "Aurora capacity units",
    "writes_per_s": "write units of DynamoDB a second",
    "reads_per_s": "read units of DynamoDB a second",
    "claude_requests_per_s": "requests to Claude a second",
    "claude_tokens_per_minute": "input tokens a minute that no cache had",
    "stored_gb_per_year": "GB that a year adds to Postgres",
}


def _table(title: str, capacities: list[Capacity], rows: dict[str, str]) -> str:
    lines = [_head_line(title, capacities)]
    for name, meaning in rows.items():
        lines.append(f"| {meaning} | {' | '.join(_number(getattr(each, name)) for each in capacities)} |\n")
    return "".join(lines)


def _shares(capacities: list[Capacity], quotas: Quotas) -> str:
    lines = [_head_line("limit", capacities)]
    shares = [each.shares(quotas) for each in capacities]
    for name in shares[-1]:
        lines.append(f"| {name} | {' | '.join(f'{each[name]:.1%}' for each in shares)} |\n")
    return "".join(lines)


def _costs(capacities: list[Capacity]) -> str:
    lines = [_head_line("service", capacities)]
    for name in capacities[0].usd:
        lines.append(f"| {name} | {' | '.join(_number(each.usd[name]) for each in capacities)} |\n")
    lines.append(f"| **all** | {' | '.join(_number(each.total_usd) for each in capacities)} |\n")
    lines.append(f"| a user | {' | '.join(f'{each.total_usd / each.users:.4f}' for each in capacities)} |\n")
    return "".join(lines)


def _head_line(title: str, capacities: list[Capacity]) -> str:
    return (
        f"| {title} | {' | '.join(f'{each.users:,} users' for each in capacities)} |\n"
        f"| --- |{' ---: |' * len(capacities)}\n"
    )


def _named_values(title: str, values: Any) -> str:
    given = asdict(values)
    rows = [f"| {each.name.replace('_', ' ')} | {given[each.name]:.10g} |\n" for each in fields(values)]
    return f"| {title} | value |\n| --- | ---: |\n{''.join(rows)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    PAGE.write_text(render(read_measured(), Habits(), Prices(), Quotas()), encoding="utf-8")
