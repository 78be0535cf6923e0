"""Memories that are deleted: selected first, then exactly what was selected, with all copies."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal, Self
from uuid import UUID

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, model_validator

from pam.answers.answer import Answer, Count, Instant, instant
from pam.answers.dependencies import UserDependencies
from pam.answers.json_values import json_dataclass
from pam.answers.memories import SOURCE
from pam.answers.write_once import WriteRequest, write_once
from pam.ledger.operation import WriteContext, WriteOperation, WriteResult
from pam.memory.deletion import delete_selected
from pam.memory.memories_query import MAX_SEARCH_CHARS, SEARCH_SCHEMA
from pam.memory.selection import (
    Selection,
    describe,
    measure_selection,
    select_episode,
    select_fact,
    select_topic,
    select_turn,
)
from pam.memory.stored_selection import read_selection, store_selection
from pam.platform.deadline import Deadline
from pam.platform.dynamodb import DynamoUnavailable
from pam.platform.errors import INVALID_REQUEST, SELECTION_EXPIRED, PamError
from pam.platform.observability import logger
from pam.platform.postgres import Connection
from pam.users.held_data import ARCHIVE_PREFIX
from pam.users.profile import ensure_user, read_profile
from pam.users.text import TextParser

STAYS = "Your money, trips and profile stay."
"""What no deletion of memories concerns."""

parse_topic = TextParser("topic", MAX_SEARCH_CHARS, required=True)

Topic = Annotated[str, BeforeValidator(parse_topic), SEARCH_SCHEMA]


class NewSelection(BaseModel):
    """What is to be deleted: all about a topic, or everything."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    topic: Topic | None = Field(default=None, description="Words that all have to be in it, in any form.")
    everything: StrictBool = Field(default=False, description="All conversations and all that PAM remembers.")

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if (self.topic is not None) == self.everything:
            raise PamError(INVALID_REQUEST, "Give a topic, or say that everything is to be deleted.", field="topic")
        return self


@json_dataclass
class MemorySelection(Answer):
    """What a deletion would delete. Nothing is deleted yet."""

    source: Annotated[str, Field(description="Where it is recorded.", examples=[SOURCE])]
    as_of: Annotated[Instant, Field(description="When it was selected.")]
    id: Annotated[str, Field(description="Deletes exactly this: `DELETE /v1/memories/selections/{id}`.")]
    expires_at: Annotated[Instant, Field(description="Ten minutes later.")]
    everything: bool
    facts: Annotated[Count, Field(description="Facts with their earlier values, and single earlier values.")]
    episodes: Annotated[Count, Field(description="Summaries of conversations.")]
    messages: Annotated[Count, Field(description="Messages, each with its answer.")]
    samples: Annotated[tuple[str, ...], Field(description="Some of these facts and messages.")]


@json_dataclass
class MemoriesDeleted(Answer):
    """Memories that were deleted. It can't be undone."""

    source: Annotated[str, Field(description="Where they were recorded.", examples=[SOURCE])]
    as_of: Annotated[Instant, Field(description="When they were deleted.")]
    deleted: Literal[True] = True
    facts: Count
    episodes: Count
    messages: Count


@dataclass(frozen=True)
class PreparedDeletion:
    """A selection whose copies outside of Postgres are deleted. `id` is that of a stored one."""

    selection: Selection
    id: UUID | None = None


@dataclass(frozen=True)
class DeletionRequest:
    """A request for a deletion, which is done once for its idempotency key."""

    user_id: UUID
    idempotency_key: str | None
    deadline: Deadline
    context: LambdaContext


def select_memories(
    dependencies: UserDependencies, user_id: UUID, new: NewSelection, deadline: Deadline
) -> MemorySelection:
    """Find what is to be deleted, and store the selection for ten minutes. Raises `PamError`."""
    # What waits for Postgres must not come back later, because nobody found it.
    dependencies.message_copies().save_deferred(user_id, deadline)
    now = dependencies.clock()
    with dependencies.database.session(user_id, deadline) as connection:
        ensure_user(connection, user_id)
        profile = read_profile(connection, user_id)
        selection = Selection(is_everything=True) if new.topic is None else select_topic(connection, user_id, new.topic)
        extent = measure_selection(connection, user_id, selection)
        stored = store_selection(connection, user_id, selection, now)
    what = "everything that PAM remembers of you" if selection.is_everything else f"what is about “{new.topic}”"
    return MemorySelection(
        text=f"This deletes {what}: {describe(extent)}. It can't be undone. {STAYS}",
        source=SOURCE,
        simulated=profile.simulated,
        as_of=instant(now.astimezone(profile.zone)),
        id=str(stored.id),
        expires_at=instant(stored.expires_at.astimezone(profile.zone)),
        everything=selection.is_everything,
        facts=extent.facts,
        episodes=extent.episodes,
        messages=extent.turns,
        samples=extent.samples,
    )


def delete_fact(dependencies: UserDependencies, request: DeletionRequest, fact_id: int) -> MemoriesDeleted:
    """Delete a fact with its earlier values and the messages that they come from.

    This and the others delete the copies outside of Postgres first: where that fails, nothing of memory is deleted, and
    a repetition deletes all. They raise `PamError`: `memory_not_found`, `store_unavailable`, `database_unavailable`.
    """
    return _delete_one(
        dependencies, request, f"fact {fact_id}", lambda each: select_fact(each, request.user_id, fact_id)
    )


def delete_episode(dependencies: UserDependencies, request: DeletionRequest, episode_id: int) -> MemoriesDeleted:
    """Delete a summary, the messages that it is of, and the facts that come from these alone."""
    return _delete_one(
        dependencies, request, f"episode {episode_id}", lambda each: select_episode(each, request.user_id, episode_id)
    )


def delete_message(dependencies: UserDependencies, request: DeletionRequest, turn_id: UUID) -> MemoriesDeleted:
    """Delete a message with its answer, and the facts that come from it alone."""
    return _delete_one(
        dependencies, request, f"message {turn_id}", lambda each: select_turn(each, request.user_id, turn_id)
    )


def delete_selection(dependencies: UserDependencies, request: DeletionRequest, selection_id: UUID) -> MemoriesDeleted:
    """Delete exactly what was selected. Raises `PamError` (`selection_expired`), too."""
    with dependencies.database.session(request.user_id, request.deadline) as connection:
        stored = read_selection(connection, request.user_id, selection_id)
    deletion = PreparedDeletion(stored.selection, stored.id)

    def prepare() -> PreparedDeletion:
        if dependencies.clock() >= stored.expires_at:
            raise PamError(SELECTION_EXPIRED, "That waited for more than ten minutes. Look again at what is deleted.")
        return prepare_deletion(dependencies, request.user_id, deletion)

    deleted = _delete_once(dependencies, request, f"selection {selection_id}", prepare)
    if stored.selection.is_everything:
        # What ended between the two stores' deletions.
        prepare_deletion(dependencies, request.user_id, deletion)
    return deleted


def _delete_one(
    dependencies: UserDependencies, request: DeletionRequest, what: str, select: Callable[[Connection], Selection]
) -> MemoriesDeleted:
    def prepare() -> PreparedDeletion:
        with dependencies.database.session(request.user_id, request.deadline) as connection:
            selection = select(connection)
        return prepare_deletion(dependencies, request.user_id, PreparedDeletion(selection))

    return _delete_once(dependencies, request, what, prepare)


def _delete_once(
    dependencies: UserDependencies, request: DeletionRequest, what: str, prepare: Callable[[], PreparedDeletion]
) -> MemoriesDeleted:
    write = WriteRequest(request.user_id, request.idempotency_key, {"deletes": what}, request.deadline, request.context)
    deleted = write_once(dependencies, write, DELETE_MEMORIES, prepare, MemoriesDeleted)
    try:
        # What was recalled by a turn that ended between the stores' deletions.
        dependencies.message_copies().delete(request.user_id, ())
    except DynamoUnavailable:
        logger.warning("recalled lines not deleted before they expire", exc_info=True)
    try:
        # Of rows that were read before the deletion.
        dependencies.files().delete_all(request.user_id, ARCHIVE_PREFIX)
    except PamError:
        logger.warning("archives not deleted before they expire", exc_info=True)
    return deleted


def prepare_deletion(dependencies: UserDependencies, user_id: UUID, deletion: PreparedDeletion) -> PreparedDeletion:
    """Delete the copies outside of Postgres of what is selected, and all archives, which have it, too.

    Raises `PamError` (`store_unavailable`).
    """
    selection = deletion.selection
    dependencies.files().delete_all(user_id, ARCHIVE_PREFIX)
    copies = dependencies.message_copies()
    if selection.is_everything:
        copies.delete_all(user_id, selection.asked_in)
    else:
        copies.delete(user_id, selection.turns)
    return deletion


def _delete(context: WriteContext, deletion: PreparedDeletion) -> WriteResult:
    profile = context.profile
    extent = delete_selected(context.connection, profile.id, deletion.selection, context.now, deletion.id)
    logger.info("memories deleted", facts=extent.facts, episodes=extent.episodes, turns=extent.turns)
    stays = f" {STAYS}" if deletion.selection.is_everything else ""
    return WriteResult(
        # Without any words of what was deleted: this text is stored.
        text=f"Deleted: {describe(extent)}.{stays}",
        data={"facts": extent.facts, "episodes": extent.episodes, "messages": extent.turns},
        source=SOURCE,
        simulated=profile.simulated,
    )


DELETE_MEMORIES = WriteOperation("forget_memory", _delete)
"""Deletes memories for a request or a confirmed tool. It can't be undone."""
