"""Run one tool to its end, or preview what it would do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel

from pam.ledger.effects import Effect, WriteOrigin, perform_write
from pam.ledger.operation import WriteContext
from pam.platform.errors import CONFIRMATION_EXPIRED, CONFIRMATION_MISMATCH, PamError
from pam.tools.engine.definition import EffectKind, Identities, Tool, ToolContext, ToolResult
from pam.users.profile import read_profile

A = TypeVar("A", bound=BaseModel)

PREPARE_TIMEOUT_S = 6.5
"""How long a write may call sources, which leaves time for its transaction."""


@dataclass(frozen=True)
class Preview:
    """What the user has to approve: a text, and the identities that the write concerns."""

    text: str
    identities: Identities

    def identities_body(self) -> dict[str, dict[str, str]]:
        """Return the identities as JSON: id and name, by the argument."""
        return {argument: {"id": str(each.id), "name": each.name} for argument, each in self.identities.items()}


@dataclass(frozen=True)
class ApprovedWrite:
    """What the user has approved: the write with this preview, until `expires_at`."""

    preview: Preview
    expires_at: datetime


def confirmation_expired() -> PamError:
    """Return the error for a confirmation whose time to decide is over."""
    return PamError(CONFIRMATION_EXPIRED, "That waited for more than ten minutes, so nothing was done. Ask again.")


def execute(
    context: ToolContext,
    tool: Tool[A],
    arguments: A,
    *,
    approved: ApprovedWrite | None = None,
    before_write: Callable[[], None] = lambda: None,
) -> ToolResult:
    """Run a tool; a write is done once for the context's key, and a repeated call returns the first one's result.

    `approved` is what the user has approved, of a tool that requires it: where it has expired or would be another write
    by now, nothing is written, but the result of an earlier call is returned. The write concerns the identities that
    were approved, whatever their names mean by now. `before_write` is called between a write's preparation and its
    transaction; what it raises prevents the write. Raises `PamError`; then nothing is written.
    """
    if tool.read is not None:
        return tool.read(context, arguments)
    assert tool.operation is not None
    assert approved is not None or not tool.effect.requires_approval
    operands: tuple[Any, ...] = (
        (arguments,) if approved is None else _operands(tool, arguments, approved.preview.identities)
    )
    shown = operands
    # An action whose time to decide is over isn't prepared: only what it has done before is returned.
    if tool.prepare is not None and (approved is None or context.dependencies.clock() < approved.expires_at):
        limited = replace(context, deadline=context.deadline.at_most(PREPARE_TIMEOUT_S))
        operands = (*operands, tool.prepare(limited, *operands))

    def check(write: WriteContext) -> None:
        # A deletion changes memory, too, but has read nothing that may be deleted meanwhile.
        if tool.writes_memory and tool.effect is EffectKind.OWN:
            context.check_fact_write(write.connection)
        if approved is None:
            return
        if write.now >= approved.expires_at:
            raise confirmation_expired()
        if tool.preview is not None and tool.preview(write, *shown) != approved.preview.text:
            raise PamError(CONFIRMATION_MISMATCH, "That has changed since PAM asked about it. Nothing was done.")

    before_write()
    effect = perform_write(
        context.dependencies,
        context.user_id,
        context.key,
        tool.operation,
        operands,
        context.deadline,
        zone=context.zone,
        origin=None if context.turn_id is None else WriteOrigin(context.turn_id, context.call_id),
        typed_at=context.typed_at,
        check=check,
    )
    return _result(effect)


def preview(context: ToolContext, tool: Tool[A], arguments: A) -> Preview:
    """Return what the user has to approve before the tool may run. Raises `PamError` where it isn't possible."""
    if tool.preview is None:
        return Preview(_preview_text(tool, arguments), {})
    services = context.dependencies
    with services.database.session(context.user_id, context.deadline) as connection:
        profile = read_profile(connection, context.user_id).in_zone(context.zone)
        write = WriteContext(connection, profile, services.clock(), turn_id=context.turn_id)
        identities = {} if tool.resolve is None else tool.resolve(write, arguments)
        return Preview(tool.preview(write, *_operands(tool, arguments, identities)), identities)


def _preview_text(tool: Tool[A], arguments: A) -> str:
    """Return the preview of a tool that doesn't require approval by itself: what it does, and its arguments."""
    values = arguments.model_dump(mode="json", exclude_defaults=True)
    listed = ", ".join(f"{name.replace('_', ' ')} {_shown(value)}" for name, value in values.items())
    return f"{tool.summary(arguments)}: {listed}." if listed else f"{tool.summary(arguments)}."


def _shown(value: Any) -> str:
    """Return an argument's JSON value as text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_shown(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    return str(value)


def _operands(tool: Tool[A], arguments: A, identities: Identities) -> tuple[Any, ...]:
    return (arguments,) if tool.resolve is None else (arguments, identities)


def _result(effect: Effect) -> ToolResult:
    return ToolResult(
        text=effect.text,
        data=effect.data,
        source=effect.source,
        as_of=effect.as_of,
        simulated=effect.simulated,
        effect=effect,
    )
