"""What a tool executor reports while it works: tools that start and end, and effects that wait for approval."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pam.tools.engine.execution import Preview


@dataclass(frozen=True)
class ToolStarted:
    """A tool is running. `id` is the tool call's own, `summary` says in a few words what the tool is doing."""

    id: str
    name: str
    summary: str


@dataclass(frozen=True)
class ToolFinished:
    """A tool has ended: `summary` is its result in a sentence, or why there is none; `download` is a file's link."""

    id: str
    name: str
    state: Literal["done", "failed"]
    summary: str
    source: str | None = None
    download: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Approval:
    """A stored request for approval: the user confirms exactly what `digest` is the hash of, until `expires_at`."""

    id: UUID
    digest: str
    expires_at: datetime


RequestApproval = Callable[[str, str, Preview], Approval]
"""Stores a request for approval of a tool (its name) with its arguments (JSON text) and the preview of its effect."""


@dataclass(frozen=True)
class ApprovalRequested:
    """A tool waits for the user's approval of `preview`. `arguments` is JSON."""

    id: str
    name: str
    summary: str
    preview: Preview
    arguments: Mapping[str, Any]
    approval: Approval


ToolEvent = ToolStarted | ToolFinished | ApprovalRequested
