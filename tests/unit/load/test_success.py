"""docs/success.md: every target of the specification, against the recorded figures."""

import copy
import re
from typing import Any

import pytest

from load.success_page import CRITERIA, PAGE, STEADY, Criterion, Record, read_record, render
from tests.doc_commands import DocCommand


def test_page_is_that_of_the_recorded_figures() -> None:
    """`make settings` writes it."""
    assert PAGE.read_text("utf-8") == render(read_record())


def test_every_target_of_the_specification_has_a_row() -> None:
    """Its three tables: seven of performance, four of cost, four of experience."""
    wanted = (
        "Average response time", "95th percentile", "99th percentile", "Answered without a model", "Concurrent users",
        "Injection detection", "False positives", "Calls of Claude a day", "Tokens processed", "Claude a month",
        "Infrastructure a month", "Answers within a second", "Context recall accuracy", "Repeated questions",
        "complaints",
    )  # fmt: skip
    assert [each for each in wanted if not any(each in row.name for row in CRITERIA)] == []


def test_every_row_has_a_command_and_what_production_shows() -> None:
    """`tests/unit/test_commands_page.py` checks that the command exists."""
    for row in CRITERIA:
        assert DocCommand("", row.command).name
        assert row.about and row.in_production
        assert (row.bound is None) == (row.verdict(read_record()) == "in production")


def worse(record: Record, row: Criterion) -> Record:
    """The record with every figure, run and row of the model card beyond any target: many times of it, or zero."""
    factor = 0.0 if row.is_minimum else 10_000.0
    benchmarks, runs = copy.deepcopy((record.benchmarks, record.runs))
    everything: list[tuple[str, Any]] = [pair for each in benchmarks.values() for pair in each["figures"].items()]
    for name, figure in everything:
        # Calls divide the tokens of a question, too: they grow by less.
        figure["value"] = figure["value"] * (10 if name.endswith("_calls") else factor) + (not row.is_minimum) * 10
    for run in runs.values():
        shares = {name: 0.0 if row.is_minimum else value for name, value in run["figures"].items() if "share" in name}
        run["figures"] = {name: value * factor for name, value in run["figures"].items()} | shares
    return Record(benchmarks, runs, re.sub(r"[\d.]+ % \|$", "0 % |", record.model_card, flags=re.MULTILINE))


FROM_FIGURES = [row for row in CRITERIA if row.bound is not None and "cost_page" not in row.command]


@pytest.mark.parametrize("row", FROM_FIGURES, ids=lambda row: row.name)
def test_worse_figures_miss_the_target(row: Criterion) -> None:
    """No row is met whatever was measured; without a figure it says so."""
    record = read_record()
    if row.measure(record) is not None:
        assert row.verdict(worse(record, row)) == "**not met**"
    assert row.verdict(Record({}, {}, "")) == "not recorded"
    assert row.value(Record({}, {}, "")) == "–"


def test_figures_at_the_bound_meet_it() -> None:
    """P50 of the steady run, as an example that is calculated by hand."""
    (row,) = (each for each in CRITERIA if each.name.startswith("Average"))
    record = Record({}, {STEADY: {"figures": {"p50_ms": 1000.0}}}, "")
    assert (row.verdict(record), row.value(record)) == ("met", "1,000 ms")


def test_calls_of_claude_are_those_of_the_questions_that_reach_it() -> None:
    """A quarter of a thousand questions, each with two calls."""
    (row,) = (each for each in CRITERIA if each.name.startswith("Calls"))
    benchmarks = {"resources": {"figures": {"tier3_model_calls": {"value": 2.0}}}}
    record = Record(benchmarks, {STEADY: {"figures": {"share_without_model": 0.75}}}, "")
    assert (row.measure(record), row.verdict(record)) == (500, "**not met**")
