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
[limits.md](limits.md) says what happens at each limit. What changes when one is near:

- **The template's throttles and `ChatWorkers`** are there to bound the cost of an attack: raise them with the traffic,
  and the account's concurrency with them.
- **Claude's limits**: a higher level of the provider; then several workspaces, or Bedrock in each region.
- **Connections to Postgres**: from about 200 environments RDS Proxy holds them. The settings that PAM makes are those
  of a transaction, which don't pin a connection.
- **The size of Postgres**: `messages`, `turns` and `exchanges` are partitioned by the hash of the user, since each
  query names one user; partitions move to a second cluster by logical replication.
- **Regional cells**: for millions of users each region has this template with its own Aurora, tables and quotas, so
  that a failure reaches one cell. The cell of a user is a claim of the token, and no query crosses cells; CloudFront
  and Route 53 lead to it. Posts and events of the community are the only data that users of several cells share:
  Aurora Global Database replicates them for reading.
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
        "\nSnapStart is charged for each published version that is kept, and for each restore. Not counted: Gemini,\n"
        "the summaries of conversations, the sources, data transfer, backups and taxes.\n\n",
        _named_values("list price, $", prices),
        "\n",
        _named_values("limit", quotas),
        "\n## What is reached first, and what changes then\n\n",
        *(_first_limits(each, quotas) for each in capacities),
        _OUTLOOK,
    ]
    return "".join(parts)


def _first_limits(capacity: Capacity, quotas: Quotas) -> str:
    """Return which limits are exceeded, or which is the nearest."""
    shares = capacity.shares(quotas)
    exceeded = [f"{name} ({share:.1f} times)" for name, share in shares.items() if share > 1]
    nearest, share = next(iter(shares.items()))
    years = quotas.aurora_max_gb / capacity.stored_gb_per_year
    what = (
        f"exceeded are {'; '.join(exceeded)}"
        if exceeded
        else f"none is exceeded; the nearest are {nearest} ({share:.1%})"
    )
    full = "" if years > 100 else f" Aurora's volume is full after {years:.1f} years."
    return f"- **{capacity.users:,} users**: {what}.{full}\n"


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
