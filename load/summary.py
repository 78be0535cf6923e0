"""What a run shows: percentiles, shares and errors, and whether the scenario's criteria are kept."""

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.figures import percentile
from load.records import MessageRecord, Records
from load.sampling import Sample
from load.scenarios import Scenario

FAST_MS = 1000.0
"""An answer within this time counts as fast: the seed's target."""

TARGET_MS = {1: 80.0, 2: 300.0, 3: 2000.0}
"""Within this time an answer of a tier counts towards the goodput."""


@dataclass(frozen=True)
class Check:
    """One criterion of a run: what it is, the value, the bound, and whether it is kept."""

    name: str
    value: float
    bound: float
    is_kept: bool


@dataclass(frozen=True)
class Summary:
    """The figures of a run."""

    scenario: Scenario
    figures: dict[str, float]
    """The figures of the last line of a run's output."""
    percentiles: dict[str, dict[str, float]]
    """By tier and kind, such as `tier 3 first_token`: p50, p95, p99 and max in ms, and count."""
    errors: dict[str, int]
    retried: dict[str, int]
    """Attempts that were refused or failed and then sent again, by code."""
    goodput_per_s: float
    throughput_per_s: float
    cost_usd: float
    upstream: dict[str, int]
    broken: tuple[str, ...]
    """A sentence for each invariant that doesn't hold."""
    checks: tuple[Check, ...]

    @property
    def is_passed(self) -> bool:
        """Whether all criteria are kept."""
        return all(check.is_kept for check in self.checks)


def summarise(
    scenario: Scenario,
    records: Records,
    samples: Sequence[Sample],
    broken: Sequence[str] = (),
    stored_twice: int = 0,
    upstream: Mapping[str, int] | None = None,
) -> Summary:
    """Return the figures of a run.

    `broken` has its broken invariants, `stored_twice` counts expenses found twice, `upstream` the requests to each
    source.
    """
    answered = [message for message in records.messages if message.end == "done"]
    responses = [message.response_ms for message in answered]
    durations = [message.done_ms for message in answered]
    errors = Counter(message.code for message in records.messages if message.end != "done")
    retried = Counter(code for message in records.messages for code in message.retried)
    errors += Counter(connect.failure for connect in records.connects if connect.failure)
    seconds = max((message.due_s + message.done_ms / 1000 for message in answered), default=0.0) or 1.0
    good = sum(message.done_ms <= TARGET_MS[message.answered_tier or 3] for message in answered)
    tier1 = [message.done_ms for message in answered if message.answered_tier == 1]
    count = len(answered) or 1
    figures = {
        "answered": len(answered),
        "lost": scenario.total - sum(message.end in ("done", "error") for message in records.messages),
        "doubled": len(records.doubled) + stored_twice,
        "errors": sum(errors.values()),
        "p50_ms": round(percentile(responses or [0.0], 50), 1),
        "p95_ms": round(percentile(responses or [0.0], 95), 1),
        "p99_ms": round(percentile(responses or [0.0], 99), 1),
        "whole_p95_ms": round(percentile(durations or [0.0], 95), 1),
        "tier1_p95_ms": round(percentile(tier1 or [0.0], 95), 1),
        "share_under_1s": round(sum(each < FAST_MS for each in durations) / count, 4),
        "share_without_model": round(sum((message.answered_tier or 3) < 3 for message in answered) / count, 4),
        "dropped_connections": len(records.dropped_at_s),
    }
    return Summary(
        scenario,
        figures,
        _percentiles(records),
        dict(errors.most_common()),
        dict(retried.most_common()),
        round(good / seconds, 2),
        round(len(answered) / seconds, 2),
        round(sum(message.cost_usd for message in answered), 4),
        dict(upstream or {}),
        tuple(broken),
        tuple(_check(scenario, figures, answered, samples, broken, retried.total())),
    )


def _percentiles(records: Records) -> dict[str, dict[str, float]]:
    series: dict[str, list[float]] = {}
    for each in records.connects:
        if not each.failure:
            series.setdefault("connect", []).append(each.ms)
    for message in records.messages:
        for kind in ("ack", "first_token", "done"):
            value = getattr(message, f"{kind}_ms")
            if value is not None and message.end == "done":
                series.setdefault(f"tier {message.answered_tier} {kind}", []).append(value)
    return {
        name: {"count": len(values)}
        | {f"p{percent}": round(percentile(values, percent), 1) for percent in (50, 95, 99)}
        | {"max": round(max(values), 1)}
        for name, values in sorted(series.items())
    }


def _check(
    scenario: Scenario,
    figures: dict[str, float],
    answered: Sequence[MessageRecord],
    samples: Sequence[Sample],
    broken: Sequence[str],
    retried: int,
) -> Iterable[Check]:
    """Return the checks. One whose figure would be of no data isn't kept."""
    criteria = scenario.criteria
    yield Check("broken invariants", len(broken), 0, not broken)
    for name in ("lost", "doubled"):
        yield Check(name, figures[name], 0, figures[name] == 0)
    if criteria.is_faulty:
        yield Check("answered", figures["answered"], 1, figures["answered"] >= 1)
    else:
        yield Check("answered", figures["answered"], scenario.total, figures["answered"] == scenario.total)
        yield Check("retried attempts", retried, 0, retried == 0)
        for name in ("errors", "dropped_connections"):
            yield Check(name, figures[name], 0, figures[name] == 0)
    has_data = {"tier1_p95_ms": any(message.answered_tier == 1 for message in answered)}
    for name in ("p50_ms", "p95_ms", "tier1_p95_ms"):
        bound = getattr(criteria, name)
        if bound is not None:
            yield Check(name, figures[name], bound, has_data.get(name, bool(answered)) and figures[name] < bound)
    for name in ("share_under_1s", "share_without_model"):
        bound = getattr(criteria, name)
        if bound is not None:
            yield Check(name, figures[name], bound, figures[name] >= bound)
    if criteria.max_drift is not None:
        slower = drift(answered, scenario.seconds)
        is_kept = slower is not None and slower <= criteria.max_drift
        yield Check("drift", round(slower or 0.0, 3), criteria.max_drift, is_kept)
    if criteria.max_memory_growth is not None:
        growths = memory_growth(samples)
        yield Check("functions with a growth of memory", len(growths), 1, bool(growths))
        for function, growth in growths.items():
            name = f"memory growth of {function}"
            yield Check(name, round(growth, 3), criteria.max_memory_growth, growth <= criteria.max_memory_growth)


def drift(answered: Sequence[MessageRecord], seconds: float) -> float | None:
    """Return by how much the median of the last sixth is above that of the first, as a share of the first's.

    None where one of them has no answer.
    """
    first = [message.done_ms for message in answered if message.due_s < seconds / 6]
    last = [message.done_ms for message in answered if message.due_s >= seconds * 5 / 6]
    if not first or not last:
        return None
    return statistics.median(last) / statistics.median(first) - 1


def memory_growth(samples: Sequence[Sample]) -> dict[str, float]:
    """Return the growth of the memory of an environment over the last two thirds of a run, by function, as a share.

    The medians of the first and the last tenth of these samples are compared, of functions with an environment in all:
    of all resident memory, since a page that a fork no longer shares with its snapshot is none more.
    """
    tail = samples[len(samples) // 3 :]
    size = max(1, len(tail) // 10)
    growth = {}
    for function in sorted(set.intersection(*(set(sample.environments) for sample in tail)) if tail else ()):
        each = [sample.resident_kib[function] / sample.environments[function] for sample in tail]
        growth[function] = statistics.median(each[-size:]) / statistics.median(each[:size]) - 1
    return growth
