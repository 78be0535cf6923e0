"""The ledger of what tools wrote: a write happens once for each key, and can be taken back for ten minutes."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel

from pam.answers.dependencies import UserDependencies
from pam.money.expenses import UNDO_WINDOW
from pam.platform.deadline import Deadline
from pam.platform.errors import CONFIRMATION_MISMATCH, EFFECT_NOT_FOUND, UNDO_EXPIRED, PamError
from pam.platform.postgres import MAX_STATEMENT_TIMEOUT_S
from pam.tools.engine.definition import Tool, ToolContext, ToolResult, WriteContext
from pam.users.profile import ensure_user, read_profile

A = TypeVar("A", bound=BaseModel)

# The row is claimed before the write, in its transaction: who calls again meanwhile waits here, and then finds it.
_CLAIM = """
insert into effects (user_id, key, tool, done_at) values (%(user)s, %(key)s, %(tool)s, %(now)s)
on conflict (user_id, key) do nothing returning id
"""
_TOLD = "select id, told, undo is not null as undoable, done_at from effects where user_id = %(user)s and key = %(key)s"
_TELL = "update effects set told = %(told)s, undo = %(undo)s where id = %(id)s and user_id = %(user)s"
_TO_UNDO = """
select tool, undo, done_at, undone_at, told ->> 'source' as source
  from effects
 where id = %(id)s and user_id = %(user)s
   for update
"""
_UNDONE = "update effects set undone_at = %(now)s where id = %(id)s and user_id = %(user)s"


def perform_write(
    context: ToolContext, tool: Tool[A], arguments: A, prepared: Any = None, *, approved_preview: str | None = None
) -> ToolResult:
    """Run the write of a tool once for the context's key; a repeated call returns the first one's result.

    `approved_preview` is the preview that the user has approved: where it would be another one by now (the Dan among
    their friends is somebody else), nothing is written. Raises `PamError`; then nothing is written.
    """
    assert tool.write is not None
    parts = context.dependencies
    now = parts.clock()
    claim = {"user": context.user_id, "key": context.key, "tool": tool.name, "now": now}
    with (
        parts.cache.write_fence(context.user_id),
        parts.database.session(context.user_id, context.deadline) as connection,
    ):
        profile = read_profile(connection, context.user_id).in_zone(context.zone)
        ensure_user(connection, context.user_id)
        claimed = connection.execute(_CLAIM, claim).fetchone()
        if claimed is None:
            row = connection.execute(_TOLD, claim).fetchone()
            assert row is not None
            return _result(row["told"], row["id"], row["undoable"], row["done_at"])
        writing = WriteContext(connection, profile, now)
        if approved_preview is not None and tool.preview and tool.preview(writing, arguments) != approved_preview:
            raise PamError(CONFIRMATION_MISMATCH, "That has changed since PAM asked about it. Nothing was done.")
        written = tool.write(writing, arguments, prepared)
        told = {
            "text": written.text,
            "data": dict(written.data),
            "source": written.source,
            "as_of": now.astimezone(profile.zone).isoformat(timespec="seconds"),
        }
        undo = None if written.undo is None else json.dumps(written.undo)
        connection.execute(_TELL, claim | {"id": claimed["id"], "told": json.dumps(told), "undo": undo})
    return _result(told, claimed["id"], written.undo is not None, now)


def _result(told: Mapping[str, Any], effect_id: UUID, undoable: bool, done_at: datetime) -> ToolResult:
    until = done_at + UNDO_WINDOW if undoable else None
    return ToolResult(told["text"], told["data"], told["source"], told["as_of"], effect_id if undoable else None, until)


def undo_write(
    parts: UserDependencies, user_id: UUID, effect_id: UUID, tool_named: Callable[[str], Tool[Any] | None]
) -> dict[str, Any]:
    """Undoes a write of the last ten minutes; a second time changes nothing and answers the same.

    Returns `{text, undone, source, as_of}`. Raises `PamError`: `effect_not_found`, `undo_expired`, and what the
    tool's own undoing raises.
    """
    now = parts.clock()
    scope = {"id": effect_id, "user": user_id, "now": now}
    with (
        parts.cache.write_fence(user_id),
        parts.database.session(user_id, Deadline(MAX_STATEMENT_TIMEOUT_S)) as connection,
    ):
        profile = read_profile(connection, user_id)
        row = connection.execute(_TO_UNDO, scope).fetchone()
        tool = tool_named(row["tool"]) if row and row["undo"] is not None else None
        if row is None or tool is None or tool.undo is None:
            raise PamError(EFFECT_NOT_FOUND, "PAM knows of nothing like that to undo.")
        if row["undone_at"] is None and row["done_at"] + UNDO_WINDOW < now:
            raise PamError(UNDO_EXPIRED, "That was more than ten minutes ago, so it can't be undone any more.")
        text = tool.undo(WriteContext(connection, profile, row["undone_at"] or now), row["undo"])
        connection.execute(_UNDONE, scope | {"now": row["undone_at"] or now})
    return {
        "text": text,
        "undone": True,
        "source": row["source"],
        "as_of": now.astimezone(profile.zone).isoformat(timespec="seconds"),
    }
