"""What PAM needs for a number of users: `python -m load.capacity_page` writes it into docs/capacity.md.

Calculated from what an answer of each tier uses (`make bench NAME=resources`), from how often people ask, and from list
prices and quotas of AWS and of the provider of the model. All of them are named in the page.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bench.figures import FIGURES
from load.plan import MIX, WRITE_SHARE

USERS = (1_000, 100_000, 10_000_000)

_DAYS = 30
_SECONDS_A_DAY = 86_400


@dataclass(frozen=True)
class Habits:
    """How often people ask. Assumptions, since nobody has used PAM yet."""

    messages_per_user_day: float = 3.0
    peak_factor: float = 4.0
    """How much busier the busiest minute is than the mean."""
    connected_minutes_per_user_day: float = 10.0
    visits_per_user_day: float = 1.0


@dataclass(frozen=True)
class Prices:
    """List prices of AWS in us-east-1, in dollars, as of November 2026, without free tiers and discounts."""

    lambda_gb_s: float = 0.0000133334  # arm64
    lambda_million_requests: float = 0.20
    snapstart_cached_gb_s: float = 0.0000015046
    snapstart_restored_gb: float = 0.0001397998
    api_million_requests: float = 1.00
    websocket_million_messages: float = 1.00
    websocket_million_minutes: float = 0.25
    dynamodb_million_writes: float = 0.625
    dynamodb_million_reads: float = 0.125
    aurora_acu_hour: float = 0.12
    aurora_gb_month: float = 0.10
    log_gb: float = 0.50
    nat_gateway_hour: float = 0.045
    endpoint_hour: float = 0.01


@dataclass(frozen=True)
class Quotas:
    """The limits of the template, of a new AWS account, and of the model provider's first paid level.

    All but the size of an Aurora writer and the assumption about its transactions are raised by a parameter or on
    request.
    """

    lambda_concurrency: int = 1_000
    chat_workers: int = 50
    """`ChatWorkers` of the template."""
    ask_requests_per_s: int = 50
    """The throttle of `POST /v1/ask` in the template."""
    websocket_new_connections_per_s: int = 500
    claude_requests_per_s: float = 1_000 / 60
    claude_input_tokens_per_minute: int = 2_000_000
    """Those that no cache had."""
    dynamodb_writes_per_s: int = 40_000
    aurora_max_acu: int = 256
    aurora_max_gb: int = 128 * 1024
    transactions_per_s_per_acu: int = 500
    """An assumption for short transactions by a primary key."""


FUNCTIONS = 30
"""Published functions with SnapStart, of 0.5 GB each."""

_MEMORY_GB = 0.5
_NAT_GATEWAYS = 1
_ENDPOINT_HOURS_PER_HOUR = 2
"""An interface endpoint in each of two Availability Zones."""

_RESTORES_PER_THOUSAND = 2.0
"""Of a thousand invocations, how many start a new environment: an assumption of a service that is used all day."""

_FRAMES = 12.0
_LOG_KB = 2.0
_STORED_KB = {1: 3.0, 2: 3.0, 3: 12.0}
"""What an answer leaves in Postgres for good, with its exchange and its vector of 3 kB."""


@dataclass(frozen=True)
class Use:
    """What one answer uses."""

    gb_s: float
    invocations: float
    read_units: float
    write_units: float
    transactions: float
    seconds: float


@dataclass(frozen=True)
class Measured:
    """The figures of the benchmark `resources`."""

    uses: Mapping[str, Use]
    uncached_tokens: float
    """Those that count towards the provider's limit: written to a cache or not cached."""
    model_calls: float
    claude_usd: float


@dataclass(frozen=True)
class Capacity:
    """What a number of users needs: at the peak, and in dollars a month."""

    users: int
    messages_per_s: float
    concurrency: float
    worker_concurrency: float
    transactions_per_s: float
    acu: float
    writes_per_s: float
    reads_per_s: float
    claude_requests_per_s: float
    claude_tokens_per_minute: float
    connections: float
    new_connections_per_s: float
    stored_gb_per_year: float
    usd: Mapping[str, float]

    @property
    def total_usd(self) -> float:
        """Dollars a month."""
        return sum(self.usd.values())

    def shares(self, quotas: Quotas) -> dict[str, float]:
        """Return how much of each limit is used at the peak, the most first; above 1 it is exceeded."""
        used = {
            "turns at once (`ChatWorkers`)": self.worker_concurrency / quotas.chat_workers,
            "questions over HTTP a second (throttle of the template)": self.messages_per_s / quotas.ask_requests_per_s,
            "Claude's requests a second": self.claude_requests_per_s / quotas.claude_requests_per_s,
            "Claude's input tokens a minute": self.claude_tokens_per_minute / quotas.claude_input_tokens_per_minute,
            "concurrent executions of Lambda": self.concurrency / quotas.lambda_concurrency,
            "capacity of one Aurora writer": self.acu / quotas.aurora_max_acu,
            "writes to one DynamoDB table": self.writes_per_s / quotas.dynamodb_writes_per_s,
            "new WebSockets a second": self.new_connections_per_s / quotas.websocket_new_connections_per_s,
        }
        return dict(sorted(used.items(), key=lambda each: -each[1]))


def read_measured() -> Measured:
    """Return the recorded figures."""
    figures = json.loads(FIGURES.read_text())["resources"]["figures"]

    def value(name: str) -> float:
        return float(figures[name]["value"])

    uses = {
        kind: Use(
            *(value(f"{kind}_{n}") for n in ("gb_s", "invocations", "read_units", "write_units", "transactions", "s"))
        )
        for kind in ("tier1", "tier2", "write", "tier3")
    }
    return Measured(
        MappingProxyType(uses),
        value("tier3_uncached_tokens") + value("tier3_cache_write_tokens"),
        value("tier3_model_calls"),
        value("tier3_cost_usd"),
    )


def shares_of_messages() -> dict[str, float]:
    """Return the share of each kind of message in the mix of the load tests."""
    return {
        "tier1": MIX[1],
        "tier2": MIX[2] * (1 - WRITE_SHARE),
        "write": MIX[2] * WRITE_SHARE,
        "tier3": MIX[3],
    }


def calculate(users: int, measured: Measured, habits: Habits, prices: Prices, quotas: Quotas) -> Capacity:
    """Return what `users` need."""
    messages_a_day = users * habits.messages_per_user_day
    peak = messages_a_day / _SECONDS_A_DAY * habits.peak_factor
    mix = shares_of_messages()

    def mean(field: str) -> float:
        return sum(share * float(getattr(measured.uses[kind], field)) for kind, share in mix.items())

    transactions = peak * mean("transactions")
    acu = max(0.5, transactions / quotas.transactions_per_s_per_acu)
    messages = messages_a_day * _DAYS
    stored_gb = messages * 12 * sum(MIX[tier] * kb for tier, kb in _STORED_KB.items()) / 1e6
    invocations = messages * mean("invocations")
    month_s = _DAYS * _SECONDS_A_DAY
    # Capacity follows the load: on the mean of a month it is a share of the peak's.
    mean_acu = max(0.5, acu / habits.peak_factor)
    usd = {
        "Claude": messages * mix["tier3"] * measured.claude_usd,
        "Lambda": messages * mean("gb_s") * prices.lambda_gb_s + invocations / 1e6 * prices.lambda_million_requests,
        "SnapStart": FUNCTIONS * _MEMORY_GB * month_s * prices.snapstart_cached_gb_s
        + invocations * _RESTORES_PER_THOUSAND / 1000 * _MEMORY_GB * prices.snapstart_restored_gb,
        "API Gateway": messages * (1 - MIX[3]) / 1e6 * prices.api_million_requests
        + messages * MIX[3] * _FRAMES / 1e6 * prices.websocket_million_messages
        + users * habits.connected_minutes_per_user_day * _DAYS / 1e6 * prices.websocket_million_minutes,
        "DynamoDB": messages
        / 1e6
        * (mean("write_units") * prices.dynamodb_million_writes + mean("read_units") * prices.dynamodb_million_reads),
        "Aurora": mean_acu * 24 * _DAYS * prices.aurora_acu_hour + stored_gb * prices.aurora_gb_month,
        "Network": (_NAT_GATEWAYS * prices.nat_gateway_hour + _ENDPOINT_HOURS_PER_HOUR * prices.endpoint_hour)
        * 24
        * _DAYS,
        "Logs": messages * _LOG_KB / 1e6 * prices.log_gb,
    }
    claude_rate = peak * mix["tier3"]
    return Capacity(
        users=users,
        messages_per_s=peak,
        concurrency=peak * sum(share * measured.uses[kind].seconds for kind, share in mix.items()),
        worker_concurrency=claude_rate * measured.uses["tier3"].seconds,
        transactions_per_s=transactions,
        acu=acu,
        writes_per_s=peak * mean("write_units"),
        reads_per_s=peak * mean("read_units"),
        claude_requests_per_s=claude_rate * measured.model_calls,
        claude_tokens_per_minute=claude_rate * 60 * measured.uncached_tokens,
        connections=users * habits.connected_minutes_per_user_day / (24 * 60) * habits.peak_factor,
        new_connections_per_s=users * habits.visits_per_user_day / _SECONDS_A_DAY * habits.peak_factor,
        stored_gb_per_year=stored_gb,
        usd=MappingProxyType(usd),
    )
