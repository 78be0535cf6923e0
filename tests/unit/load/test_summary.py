"""The figures of a load test, and its verdict."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from bench.figures import percentile
from load.ramp import capacity, run_ramp
from load.records import ConnectRecord, MessageRecord, Records, read_records
from load.sampling import Sample
from load.scenarios import RAMP_MAX_STEPS, Criteria, Scenario
from load.summary import Summary, drift, memory_growth, summarise

SCENARIO = Scenario("test", 10, 10, 60, 0, Criteria(300, 1200, 80, 0.8))
FAST = MessageRecord("0", "user", "http", 1, 1.0, "", "done", "", (), 20.0, answered_tier=1)


def records(**differing: object) -> Records:
    """A hundred answered messages over a minute, the last of which differs."""
    messages = [
        replace(FAST, message_id=str(n), due_s=n * 0.6, answered_tier=1 if n < 60 else 2, done_ms=20.0 + n)
        for n in range(100)
    ]
    messages[-1] = replace(messages[-1], **differing)  # type: ignore[arg-type]
    return Records(messages=messages)


def test_run_without_a_fault_passes() -> None:
    """Its figures are those of the last line."""
    summary = summarise(SCENARIO, records(), ())
    assert summary.is_passed
    assert summary.figures == {
        "answered": 100,
        "lost": 0,
        "doubled": 0,
        "errors": 0,
        "p50_ms": 69.0,
        "p95_ms": 114.0,
        "p99_ms": 118.0,
        "whole_p95_ms": 114.0,
        "tier1_p95_ms": 76.0,
        "share_under_1s": 1.0,
        "share_without_model": 1.0,
        "dropped_connections": 0,
    }


@pytest.mark.parametrize(
    ("differing", "failed"),
    [
        ({"end": "none", "code": "timeout"}, {"answered", "lost", "errors"}),
        ({"end": "error", "code": "model_overloaded"}, {"answered", "errors"}),
    ],
)
def test_one_message_without_an_answer_fails(differing: dict[str, str], failed: set[str]) -> None:
    """A message with a stored error is not lost; one without an end is."""
    summary = summarise(SCENARIO, records(**differing), ())
    assert {check.name for check in summary.checks if not check.is_kept} == failed


def test_connections_doubled_ends_and_invariants_are_counted() -> None:
    """Each fails the run."""
    run = records()
    run.connects.append(ConnectRecord(1.0, 20.0, "ConnectionRefusedError"))
    run.dropped_at_s.append(3.0)
    run.doubled.append("7")
    summary = summarise(SCENARIO, run, (), broken=["A sum differs."], stored_twice=2)
    assert {check.name: check.value for check in summary.checks if not check.is_kept} == {
        "errors": 1,
        "dropped_connections": 1,
        "doubled": 3,
        "broken invariants": 1,
    }
    assert summary.errors == {"ConnectionRefusedError": 1}


def test_slow_answers_fail() -> None:
    """Whichever bound they exceed."""
    run = records()
    run.messages = [replace(message, done_ms=message.done_ms * 20) for message in run.messages]
    kept = {check.name: check.is_kept for check in summarise(SCENARIO, run, ()).checks}
    assert [kept[name] for name in ("p50_ms", "p95_ms", "tier1_p95_ms", "share_under_1s")] == [False] * 4


def test_streamed_answer_counts_from_its_first_text() -> None:
    """It is read while it arrives; the share under a second is of whole answers."""
    run = records()
    run.messages = [replace(message, first_token_ms=500.0, done_ms=1900.0) for message in run.messages]
    figures = summarise(SCENARIO, run, ()).figures
    assert (figures["p50_ms"], figures["p95_ms"], figures["whole_p95_ms"]) == (500.0, 500.0, 1900.0)
    assert figures["share_under_1s"] == 0


def test_errors_are_expected_of_a_faulty_run_and_lost_messages_are_not() -> None:
    """Chaos: a message may end with an error, and must end."""
    faulty = replace(SCENARIO, criteria=Criteria(share_without_model=0.0, is_faulty=True))
    assert summarise(faulty, records(end="error", code="model_overloaded"), ()).is_passed
    assert not summarise(faulty, records(end="none", code="timeout"), ()).is_passed


def test_drift_compares_the_last_sixth_with_the_first() -> None:
    """Answers that take half as long again at the end are a drift of 0.5."""
    messages = [replace(FAST, due_s=due, done_ms=30.0 if due >= 50 else 20.0) for due in range(60)]
    assert drift(messages, 60) == pytest.approx(0.5)


def test_memory_growth_is_that_of_one_environment() -> None:
    """More environments are no growth; the first third of the run is left out."""
    samples = [
        # Its own share grows as well while it only stops sharing pages.
        Sample(float(t), {"ask": 1 + t % 2}, {"ask": 10 + t}, {"ask": (1 + t % 2) * (100 + max(0, t - 50))}, 5)
        for t in range(150)
    ]
    assert memory_growth(samples)["ask"] == pytest.approx((194.5 - 104.5) / 104.5, abs=0.02)


@pytest.mark.parametrize(("percent", "expected"), [(0, 1), (50, 5), (95, 10), (100, 10)])
def test_percentile_is_a_value_that_occurred(percent: float, expected: int) -> None:
    assert percentile(list(range(10, 0, -1)), percent) == expected


def test_records_are_read_back(tmp_path: Path) -> None:
    """A line of each kind."""
    lines = [
        {"kind": "message", **asdict(FAST)},
        {"kind": "connect", "at_s": 1.0, "ms": 3.0, "failure": ""},
        {"kind": "dropped", "at_s": 2.0},
        {"kind": "doubled", "message_id": "7", "at_s": 2.5},
    ]
    file = tmp_path / "records.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    assert read_records(file) == Records([FAST], [ConnectRecord(1.0, 3.0, "")], [2.0], ["7"])


def test_criteria_without_data_are_not_kept() -> None:
    """A run that measured nothing shows nothing: no answer, none of tier 1, too short for a drift, no samples."""
    bounds = Criteria(300, 1200, 80, 0.8, max_drift=0.1, max_memory_growth=0.03)
    scenario = replace(SCENARIO, criteria=bounds)
    kept = {check.name: check.is_kept for check in summarise(scenario, Records(), ()).checks}
    with_bound = {"answered", "p50_ms", "p95_ms", "tier1_p95_ms", "share_under_1s", "share_without_model", "drift"}
    assert with_bound | {"lost", "functions with a growth of memory"} == {n for n, each in kept.items() if not each}
    faulty = replace(SCENARIO, users=0, criteria=Criteria(share_without_model=0.0, is_faulty=True))
    assert not summarise(faulty, Records(), ()).is_passed


def test_attempts_that_were_sent_again_fail_a_run_without_faults() -> None:
    """The traveller waited for them, whatever came in the end."""
    summary = summarise(SCENARIO, records(retried=("too_many_requests", "ConnectionError")), ())
    assert {check.name for check in summary.checks if not check.is_kept} == {"retried attempts"}
    assert summary.retried == {"too_many_requests": 1, "ConnectionError": 1}


@pytest.mark.parametrize(
    ("slow_from", "failed_from", "expected"), [(3, 9, 2), (9, 4, 3), (1, 9, 1), (99, 99, RAMP_MAX_STEPS)]
)
def test_ramp_ends_beyond_a_bound_and_reports_the_step_before(slow_from: int, failed_from: int, expected: int) -> None:
    """Slow answers or errors: the steps have 120 travellers, 240, and so on."""

    def run(step: Scenario) -> Summary:
        number = step.users // 120
        run = records(done_ms=2500.0 if number >= slow_from else 20.0)
        run.messages = run.messages[-1:] * step.users
        if number >= failed_from:
            run.messages = [replace(message, end="error", code="model_overloaded") for message in run.messages]
        return summarise(step, run, ())

    summaries = run_ramp(run)
    assert len(summaries) == min(slow_from, failed_from, RAMP_MAX_STEPS)
    assert capacity(summaries).scenario.users == 120 * expected
