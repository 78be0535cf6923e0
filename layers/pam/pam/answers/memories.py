"""What PAM remembers: listed and searched, stated by the traveller and corrected."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Self
from uuid import UUID

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, WithJsonSchema, model_validator

from pam.answers.answer import Answer, Instant, instant
from pam.answers.dependencies import UserDependencies
from pam.answers.json_values import json_dataclass
from pam.answers.memory_items import MemoryItem, memory_item
from pam.answers.undo_link import UndoLink
from pam.answers.write_once import WriteRequest, write_once
from pam.ledger.operation import UndoResult, WriteContext, WriteOperation, WriteResult
from pam.memory.correction import RecordedFact, correct_fact, remember_fact, restore_facts
from pam.memory.facts import MAX_SUBJECT_CHARS, MAX_VALUE_CHARS, FactSource, NewFact, Recorder
from pam.memory.listing import MemoryPage, read_memory_page
from pam.memory.memories_query import ListedKind, MemoriesQuery
from pam.memory.write_records import with_previous
from pam.platform.deadline import Deadline
from pam.platform.errors import INVALID_REQUEST, PamError
from pam.users.profile import Profile, read_profile
from pam.users.text import TextParser
from pam.users.time_zones import TimeZone

SOURCE = "What PAM remembers"

parse_subject = TextParser("subject", MAX_SUBJECT_CHARS, required=True)
parse_value = TextParser("value", MAX_VALUE_CHARS, required=True)

FactValue = Annotated[
    str,
    BeforeValidator(parse_value),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": MAX_VALUE_CHARS, "format": "fact"}),
]

_NAMES = {
    ListedKind.FACTS: "fact",
    ListedKind.PREFERENCES: "standing preference",
    ListedKind.EPISODES: "summary",
    ListedKind.MESSAGES: "message",
}


class MemoriesRequest(MemoriesQuery):
    """A request for a page of memories. `timezone` is the current time zone of the user's device."""

    timezone: TimeZone | None = None


class FactChanges(BaseModel):
    """What is to be corrected of a fact; at least one is needed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: FactValue | None = Field(default=None, description="What is right. The wrong value isn't kept.")
    standing: StrictBool | None = Field(default=None, description="Whether it is a preference for every answer.")
    timezone: TimeZone | None = None

    @model_validator(mode="after")
    def _check_not_empty(self) -> Self:
        if self.value is None and self.standing is None:
            raise PamError(INVALID_REQUEST, "Say what to change: the value, or whether it holds for every answer.")
        return self


@json_dataclass
class MemoryList(Answer):
    """A page of what PAM remembers, newest first."""

    source: Annotated[str, Field(description="Where it is recorded.", examples=[SOURCE])]
    as_of: Annotated[Instant, Field(description="When it was read.")]
    memories: tuple[MemoryItem, ...]
    next_cursor: Annotated[str | None, Field(description="Where the next page begins; null on the last.")]


@json_dataclass
class FactCorrected(Answer):
    """A fact that was corrected."""

    source: Annotated[str, Field(description="Where it is recorded.", examples=[SOURCE])]
    as_of: Annotated[Instant, Field(description="When it was corrected.")]
    id: Annotated[str, Field(examples=["42"])]
    subject: str
    value: str
    standing: bool
    undo: Annotated[UndoLink | None, Field(description="Null where nothing was changed.")]


@dataclass(frozen=True)
class FactCorrection:
    """The changes of one fact."""

    fact_id: int
    value: str | None
    standing: bool | None


def list_memories(
    dependencies: UserDependencies, user_id: UUID, request: MemoriesRequest, deadline: Deadline
) -> MemoryList:
    """Return a page of what PAM remembers. Never from a cache: what was deleted is nowhere. Raises `PamError`."""
    now = dependencies.clock()
    with dependencies.database.session(user_id, deadline) as connection:
        profile = read_profile(connection, user_id).in_zone(request.timezone)
        page = read_memory_page(connection, user_id, request)
    return MemoryList(
        text=_sentence(request, page),
        source=SOURCE,
        simulated=profile.simulated,
        as_of=instant(now.astimezone(profile.zone)),
        memories=tuple(memory_item(memory, profile.zone) for memory in page.memories),
        next_cursor=str(page.next_cursor) if page.next_cursor else None,
    )


def change_fact(
    dependencies: UserDependencies,
    user_id: UUID,
    fact_id: int,
    changes: FactChanges,
    deadline: Deadline,
    *,
    idempotency_key: str | None,
    context: LambdaContext,
) -> FactCorrected:
    """Correct a fact, once for the idempotency key. Raises `PamError` (`memory_not_found`, …)."""
    payload = changes.model_dump(mode="json", exclude={"timezone"}) | {"corrects": str(fact_id)}
    request = WriteRequest(user_id, idempotency_key, payload, deadline, context, changes.timezone)
    correction = FactCorrection(fact_id, changes.value, changes.standing)
    return write_once(dependencies, request, CORRECT_MEMORY, lambda: correction, FactCorrected)


def _remember(context: WriteContext, fact: NewFact) -> WriteResult:
    sources = () if context.turn_id is None else (FactSource(context.turn_id, fact.stated_at),)
    recorded = remember_fact(context.connection, context.profile.id, replace(fact, sources=sources))
    text = with_previous(f"I'll remember this: {_name(recorded)}.", recorded.before)
    return _result(recorded, text, context.profile)


def _correct(context: WriteContext, correction: FactCorrection) -> WriteResult:
    recorded = correct_fact(
        context.connection,
        context.profile.id,
        correction.fact_id,
        correction.value,
        correction.standing,
        context.now,
        context.turn_id,
    )
    text = f"Corrected: {_name(recorded)}." if recorded.undo else f"It is so already: {_name(recorded)}."
    return _result(recorded, text, context.profile)


def _result(recorded: RecordedFact, text: str, profile: Profile) -> WriteResult:
    fact = recorded.fact
    return WriteResult(
        text=text,
        data={"id": str(fact.id), "subject": fact.subject, "value": fact.value, "standing": fact.standing},
        source=SOURCE,
        undo=recorded.undo,
        simulated=profile.simulated,
    )


def _name(recorded: RecordedFact) -> str:
    standing = " (for every answer)" if recorded.fact.standing else ""
    return f"{recorded.fact.subject}: {recorded.fact.value}{standing}"


def _restore(context: WriteContext, undo: Mapping[str, Any]) -> UndoResult:
    restore_facts(context.connection, context.profile.id, undo)
    return UndoResult("PAM remembers that as it was before.")


def _sentence(request: MemoriesRequest, page: MemoryPage) -> str:
    name = _NAMES[request.kind]
    about = f" with “{request.search}”" if request.search else ""
    more = " more" if request.cursor else ""
    if not page.memories:
        return f"PAM remembers no{more} {_plural(name)}{about}."
    number = len(page.memories)
    counted = f"1{more} {name}" if number == 1 else f"{number}{more} {_plural(name)}"
    return f"{counted}{about}, newest first{', and there are more' if page.next_cursor else ''}."


def _plural(name: str) -> str:
    return "summaries" if name == "summary" else f"{name}s"


REMEMBER_FACT = WriteOperation("remember_fact", _remember, _restore)
"""Records a fact that the traveller states."""

CORRECT_MEMORY = WriteOperation("correct_memory", _correct, _restore)
"""Corrects a fact for a request or a tool."""


def new_fact(subject: str, value: str, *, standing: bool, context: WriteContext) -> NewFact:
    """Return a fact that the traveller states now."""
    stated_at = min(context.day_reference, context.now)
    return NewFact(subject, value, stated_at, Recorder.TRAVELLER, standing=standing)
