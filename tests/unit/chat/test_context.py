"""The context of a question: providers that fail, budgets in tokens, metrics, and the order of sections."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.chat.turn.context import (
    ContextProvider,
    ContextRequest,
    Finish,
    ReadState,
    default_providers,
    finish_providers,
    start_providers,
)
from pam.chat.turn.prompt import user_message
from pam.platform.deadline import Deadline
from pam.platform.errors import SOURCE_UNAVAILABLE, PamError
from pam.platform.metrics import Metric
from pam.platform.observability import metrics
from pam.platform.postgres import DatabaseUnavailable
from pam.users.profile import default_profile

PROFILE = default_profile(UUID(int=1))
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SHORTENED = " (shortened)"
MAX_CHARS_PER_TOKEN = 2.5


@dataclass
class FakeProvider:
    """A provider that returns lines or raises an error, and records its calls."""

    section: str
    result: list[str] | BaseException
    max_tokens: int = 1000
    metric: Metric = Metric.CONTEXT_FACTS_TOKENS
    calls: list[str] = field(default_factory=list)

    def start(self, request: ContextRequest) -> Finish:
        self.calls.append(f"start {self.section}")
        return self._finish

    def _finish(self, state: ReadState) -> list[str]:
        self.calls.append(f"finish {self.section}")
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result


def read_context(*providers: ContextProvider) -> dict[str, list[str]]:
    """Return the sections of providers that need no connection."""
    connection: Any = SimpleNamespace()
    request = ContextRequest(connection, PROFILE.id, UUID(int=2), None, NOW, Deadline(10), Future())
    return finish_providers(providers, start_providers(providers, request), ReadState(PROFILE))


@pytest.fixture
def recorded_metrics() -> Iterator[Callable[[], Mapping[str, list[float]]]]:
    """Return the values of the metrics that the test has recorded, by name."""

    def values() -> Mapping[str, list[float]]:
        (recorded,) = metrics.drain()
        names = [each["Name"] for each in recorded["_aws"]["CloudWatchMetrics"][0]["Metrics"]]
        return {name: recorded[name] for name in names}

    metrics.drain()
    yield values
    metrics.drain()


def test_providers_are_started_before_the_first_is_awaited() -> None:
    """A provider that waits for what a later one has started doesn't block."""
    started: Future[list[str]] = Future()

    class Waiting(FakeProvider):
        def start(self, request: ContextRequest) -> Finish:
            return lambda _: started.result(5)

    class Starting(FakeProvider):
        def start(self, request: ContextRequest) -> Finish:
            started.set_result(["Started."])
            return lambda _: []

    assert read_context(Waiting("first", []), Starting("second", [])) == {"first": ["Started."], "second": []}


@pytest.mark.parametrize(
    "error", [PamError(SOURCE_UNAVAILABLE, "The source is down."), TimeoutError()], ids=["failed", "late"]
)
def test_failing_provider_is_left_out_and_counted(
    error: Exception, recorded_metrics: Callable[[], Mapping[str, list[float]]]
) -> None:
    """The other sections are complete, and only theirs are measured."""
    calls: list[str] = []
    context = read_context(
        FakeProvider("traveller", ["Currency: USD"], metric=Metric.CONTEXT_PROFILE_TOKENS, calls=calls),
        FakeProvider("facts", error, calls=calls),
        FakeProvider("notes", ["A note."], metric=Metric.CONTEXT_NOTES_TOKENS, calls=calls),
    )
    assert context == {"traveller": ["Currency: USD"], "facts": [], "notes": ["A note."]}
    assert calls == [f"{step} {each}" for step in ("start", "finish") for each in context]
    assert recorded_metrics() == {
        Metric.CONTEXT_PROFILE_TOKENS: [5],
        Metric.CONTEXT_FAILED: [1],
        Metric.CONTEXT_NOTES_TOKENS: [3],
    }


def test_provider_that_cannot_be_started_is_left_out(
    recorded_metrics: Callable[[], Mapping[str, list[float]]],
) -> None:
    """An error before anything is sent is no different from one of the result."""

    class Unstartable(FakeProvider):
        def start(self, request: ContextRequest) -> Finish:
            raise PamError(SOURCE_UNAVAILABLE, "The memory can't be reached.")

    context = read_context(Unstartable("memory", []), FakeProvider("notes", ["A note."]))
    assert context == {"memory": [], "notes": ["A note."]}
    assert recorded_metrics()[Metric.CONTEXT_FAILED] == [1]


def test_unavailable_database_fails_the_context() -> None:
    """A turn without its conversation can't be answered, so the error isn't hidden."""
    with pytest.raises(DatabaseUnavailable):
        read_context(FakeProvider("facts", DatabaseUnavailable()))


def test_section_beyond_its_budget_is_shortened(recorded_metrics: Callable[[], Mapping[str, list[float]]]) -> None:
    """The first lines are complete, the line that exceeds the budget is cut, and the rest is left out."""
    context = read_context(FakeProvider("facts", ["x" * 20, "y" * 20, "z" * 20], max_tokens=12))
    assert context["facts"] == ["x" * 20, "y" * 10 + SHORTENED]
    assert recorded_metrics()[Metric.CONTEXT_FACTS_TOKENS] == [pytest.approx(12, abs=len(SHORTENED))]


def test_section_of_exactly_its_budget_is_complete() -> None:
    """Nothing is cut at the limit."""
    lines = ["x" * 20, "y" * 10]
    assert read_context(FakeProvider("facts", lines, max_tokens=12))["facts"] == lines


@given(lines=st.lists(st.text(max_size=40), max_size=10), max_tokens=st.integers(0, 60))
def test_budget_is_kept_for_any_lines(lines: list[str], max_tokens: int) -> None:
    """Besides the remark, the section is a prefix of its lines and no longer than its budget."""
    section = read_context(FakeProvider("facts", lines, max_tokens=max_tokens))["facts"]
    metrics.drain()
    if section != lines:
        assert section[-1].endswith(SHORTENED)
        section = [*section[:-1], section[-1].removesuffix(SHORTENED)]
        assert section[:-1] == lines[: len(section) - 1]
        assert lines[len(section) - 1].startswith(section[-1])
    assert sum(map(len, section)) <= max_tokens * MAX_CHARS_PER_TOKEN


def test_sections_have_the_order_of_their_providers() -> None:
    """In the prompt, too, where empty sections are left out."""
    context = read_context(
        FakeProvider("weather", ["Dry."]), FakeProvider("facts", []), FakeProvider("notes", ["A note.", "Another."])
    )
    assert list(context) == ["weather", "facts", "notes"]
    block = user_message("What now?", NOW, None, context)["content"][0]["text"]
    assert block.endswith('<weather>\n"Dry."\n</weather>\n<notes>\n"A note."\n"Another."\n</notes>\n</context>')


def test_default_providers_are_in_the_order_of_the_prompt() -> None:
    """Each section has a budget and a metric of its own."""
    providers = default_providers()
    assert [each.section for each in providers] == ["traveller", "preferences", "facts", "notes", "undone"]
    assert all(each.max_tokens > 0 for each in providers)
    assert len({each.metric for each in providers}) == len(providers)
