"""Tools for what PAM remembers: stated, listed, corrected and deleted by the traveller."""

from collections.abc import Sequence
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, StrictBool, WithJsonSchema, model_validator

from pam.answers.memories import (
    CORRECT_MEMORY,
    REMEMBER_FACT,
    SOURCE,
    FactCorrection,
    FactValue,
    MemoriesRequest,
    MemoryList,
    new_fact,
    parse_subject,
)
from pam.answers.memories import list_memories as memory_list
from pam.answers.memory_deletion import DELETE_MEMORIES, STAYS, PreparedDeletion, parse_topic, prepare_deletion
from pam.answers.memory_items import MemoryItem
from pam.ledger.operation import WriteContext, WriteResult
from pam.memory.memories_query import ListedKind, parse_memory_id, parse_search
from pam.memory.selection import (
    Selection,
    describe,
    measure_selection,
    memory_not_found,
    select_fact,
    select_topic,
)
from pam.memory.stored_selection import read_selection, store_selection
from pam.platform.errors import INVALID_REQUEST, PamError
from pam.platform.validation import optional
from pam.tools.engine.arguments import ToolArguments
from pam.tools.engine.definition import (
    EffectKind,
    Identities,
    Identity,
    Tool,
    ToolContext,
    ToolResult,
    approval_tool,
    read_tool,
    write_tool,
)

_MAX_LISTED = 20
_MAX_IN_TEXT = 5


def _parse_id(value: Any) -> int:
    try:
        return parse_memory_id(str(value))
    except ValueError:
        raise PamError(INVALID_REQUEST, "The id of a fact is a number of list_memories.", field="fact_id") from None


_FactId = Annotated[int, BeforeValidator(_parse_id), WithJsonSchema({"type": "string"})]
_OptionalFactId = Annotated[
    int | None,
    optional(_parse_id),
    WithJsonSchema({"type": "string"}),
]
_Subject = Annotated[str, BeforeValidator(parse_subject), parse_subject.schema]
_Topic = Annotated[str | None, optional(parse_topic), parse_topic.schema]
_Search = Annotated[str, BeforeValidator(parse_search), parse_search.schema]


class RememberFact(ToolArguments):
    """A fact to remember."""

    standing: StrictBool = Field(default=False, description="For every answer.")
    subject: _Subject = Field(description="The same each time: “pets”.")
    value: FactValue

    def summary(self) -> str:
        """Return what the tool is doing."""
        return f"Remembering your {self.subject}"


@write_tool(summary=RememberFact.summary, undo=REMEMBER_FACT.undo, writes_memory=True)
def remember_fact(context: WriteContext, arguments: RememberFact) -> WriteResult:
    """Remember a fact or a standing preference, if they ask for it."""
    fact = new_fact(arguments.subject, arguments.value, standing=arguments.standing, context=context)
    return REMEMBER_FACT.write(context, fact)


class ListMemories(ToolArguments):
    """What to look for."""

    search: _Search = ""

    def summary(self) -> str:
        """Return what the tool is doing."""
        return f"Looking up what PAM remembers{f' about {self.search}' if self.search else ''}"


@read_tool(summary=ListMemories.summary)
def list_memories(context: ToolContext, arguments: ListMemories) -> ToolResult:
    """What PAM remembers: facts with ids, preferences, summaries."""
    pages = {kind: _read(context, arguments.search, kind) for kind in ListedKind}
    known = [*pages[ListedKind.PREFERENCES].memories, *pages[ListedKind.FACTS].memories]
    summaries, messages = pages[ListedKind.EPISODES].memories, pages[ListedKind.MESSAGES].memories
    newest = pages[ListedKind.FACTS]
    data = {
        "facts": [_fact(item) for item in known],
        "summaries": [{"since": item.since, "topic": item.title, "summary": item.text} for item in summaries],
        "messages_with_these_words": len(messages) if arguments.search else None,
        "there_are_more": any(page.next_cursor for page in pages.values()),
    }
    return ToolResult(
        _listed(known, summaries, len(messages)),
        {name: value for name, value in data.items() if value is not None},
        SOURCE,
        newest.as_of,
        newest.simulated,
    )


def _read(context: ToolContext, search: str, kind: ListedKind) -> MemoryList:
    request = MemoriesRequest(kind=kind, search=search, limit=_MAX_LISTED, timezone=context.zone)
    return memory_list(context.dependencies, context.user_id, request, context.deadline)


def _fact(item: MemoryItem) -> dict[str, Any]:
    fact = {"id": item.id, "subject": item.title, "value": item.text, "since": item.since}
    standing = {"for_every_answer": True} if item.kind == ListedKind.PREFERENCES else {}
    earlier = [{"value": each.value, "since": each.since, "until": each.until} for each in item.earlier]
    return fact | standing | ({"before": earlier} if earlier else {})


def _listed(known: Sequence[MemoryItem], summaries: Sequence[MemoryItem], messages: int) -> str:
    if not known and not summaries:
        found = f" There are earlier messages with these words: {messages}." if messages else ""
        return f"PAM remembers no fact of that kind.{found}"
    lines = [f"{item.title}: {item.text}" for item in (*known, *summaries)]
    more = f"; and {len(lines) - _MAX_IN_TEXT} more" if len(lines) > _MAX_IN_TEXT else ""
    return f"PAM remembers: {'; '.join(line.rstrip('.') for line in lines[:_MAX_IN_TEXT])}{more}."


class CorrectMemory(ToolArguments):
    """The fact to correct, and what is right."""

    fact_id: _FactId
    standing: StrictBool | None = None
    value: FactValue | None = None

    @model_validator(mode="after")
    def _check_not_empty(self) -> Self:
        if self.value is None and self.standing is None:
            raise PamError(INVALID_REQUEST, "Say what is right: the value, or whether it holds for every answer.")
        return self

    def summary(self) -> str:
        """Return what the tool is doing."""
        return "Correcting what PAM remembers"


@write_tool(summary=CorrectMemory.summary, undo=CORRECT_MEMORY.undo, writes_memory=True)
def correct_memory(context: WriteContext, arguments: CorrectMemory) -> WriteResult:
    """Correct a fact that was wrong; changes are for remember_fact."""
    return CORRECT_MEMORY.write(context, FactCorrection(arguments.fact_id, arguments.value, arguments.standing))


class ForgetMemory(ToolArguments):
    """What to delete: one of these."""

    everything: StrictBool = False
    fact_id: _OptionalFactId = None
    topic: _Topic = None

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if [self.everything, self.fact_id is not None, self.topic is not None].count(True) != 1:
            raise PamError(INVALID_REQUEST, "Give one of “everything”, “fact_id” and “topic”.")
        return self

    @property
    def given(self) -> str:
        """The argument that is given."""
        return "everything" if self.everything else "topic" if self.topic else "fact_id"

    def summary(self) -> str:
        """Return what the tool is doing."""
        return "Deleting what PAM remembers"


def _select(context: WriteContext, arguments: ForgetMemory) -> Identities:
    """Find what is meant now: exactly that is deleted, whatever the same words find later."""
    connection, user_id = context.connection, context.profile.id
    if arguments.everything:
        selection, what = Selection(is_everything=True, asked_in=context.turn_id), "everything"
    elif arguments.topic:
        selection, what = select_topic(connection, user_id, arguments.topic, context.turn_id), arguments.topic
    else:
        assert arguments.fact_id is not None
        selection, what = select_fact(connection, user_id, arguments.fact_id), "a fact with its sources"
    if selection.is_empty:
        raise memory_not_found()
    counts = describe(measure_selection(connection, user_id, selection))
    stored = store_selection(connection, user_id, selection, context.now)
    return {arguments.given: Identity(stored.id, f"{what}: {counts}")}


def _preview(_: WriteContext, arguments: ForgetMemory, identities: Identities) -> str:
    return f"Delete for good {identities[arguments.given].name}. {STAYS}"


def _delete_copies(context: ToolContext, arguments: ForgetMemory, identities: Identities) -> PreparedDeletion:
    with context.dependencies.database.session(context.user_id, context.deadline) as connection:
        stored = read_selection(connection, context.user_id, identities[arguments.given].id)
    return prepare_deletion(context.dependencies, context.user_id, PreparedDeletion(stored.selection, stored.id))


@approval_tool(
    EffectKind.COSTLY,
    summary=ForgetMemory.summary,
    preview=_preview,
    resolve=_select,
    prepare=_delete_copies,
)
def forget_memory(
    context: WriteContext, _arguments: ForgetMemory, _identities: Identities, prepared: PreparedDeletion
) -> WriteResult:
    """Delete a fact, a topic or all that PAM remembers, for good."""
    return DELETE_MEMORIES.write(context, prepared)


TOOLS: tuple[Tool[Any], ...] = (remember_fact, list_memories, correct_memory, forget_memory)
