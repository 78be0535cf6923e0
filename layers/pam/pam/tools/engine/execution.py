"""Run one tool to its end, or preview what it would do."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import BaseModel

from pam.tools.engine.definition import Tool, ToolContext, ToolResult, WriteContext
from pam.tools.engine.ledger import perform_write
from pam.users.profile import read_profile

A = TypeVar("A", bound=BaseModel)

PREPARE_TIMEOUT_S = 6.5
"""How long a write may ask sources, which leaves time for its transaction."""


def execute(
    context: ToolContext,
    tool: Tool[A],
    arguments: A,
    *,
    approved_preview: str | None = None,
    before_write: Callable[[], None] = lambda: None,
) -> ToolResult:
    """Run a tool; a write happens once for the context's key, and a repeated call returns the first one's result.

    `approved_preview` is the preview that the user has approved: nothing is written where it would be another one by
    now. `before_write` is called between a write's preparation and its transaction; what it raises prevents the write.
    Raises `PamError`; then nothing is written.
    """
    if tool.read is not None:
        return tool.read(context, arguments)
    prepared: Any = None
    if tool.prepare is not None:
        limited = replace(context, deadline=context.deadline.at_most(PREPARE_TIMEOUT_S))
        prepared = tool.prepare(limited, arguments)
    before_write()
    return perform_write(context, tool, arguments, prepared, approved_preview=approved_preview)


def preview(context: ToolContext, tool: Tool[A], arguments: A) -> str:
    """Return what the user has to approve before the tool may run. Raises `PamError` where it could not be done."""
    assert tool.preview is not None
    services = context.dependencies
    with services.database.session(context.user_id, context.deadline) as connection:
        profile = read_profile(connection, context.user_id).in_zone(context.zone)
        return tool.preview(WriteContext(connection, profile, services.clock()), arguments)
