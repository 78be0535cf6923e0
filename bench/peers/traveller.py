"""PAM's prompt and tools as a framework takes them: texts, and functions that return text."""

import json
import os
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from bench.peers.environment import USER_VARIABLE
from pam.bootstrap import travel_dependencies
from pam.chat import prompt
from pam.chat.history import Conversation, read_conversation
from pam.tools.catalog.registry import TOOLS
from pam.tools.engine.definition import ToolContext
from pam.tools.engine.ledger import perform_write
from pam.tools.engine.parsing import parse_arguments


def user_id() -> UUID:
    """Whose turns this process makes."""
    return UUID(os.environ[USER_VARIABLE])


@cache
def beginning() -> Conversation:
    """A conversation with nothing in it yet: the traveller's profile, and the facts at hand."""
    parts = travel_dependencies()
    return read_conversation(parts.database, user_id(), uuid4(), None, parts.clock(), "all")


def system() -> str:
    """Who PAM is and who the traveller is: in ours two blocks, in a framework one text."""
    return f"{prompt.SYSTEM}\n{beginning().about}"


def question(text: str) -> dict[str, Any]:
    """The user message, as ours sends it."""
    began = beginning()
    now = datetime.now(UTC).astimezone(began.profile.zone)
    return prompt.user_message(prompt.Asked(text, now, None, began.facts.lines(began.profile), ()))


def use(name: str, arguments: dict[str, Any]) -> str:
    """Runs a tool for the traveller; returns the same JSON that ours gives to Claude. Raises `PamError`."""
    tool = TOOLS[name]
    call = ToolContext(travel_dependencies(), user_id(), uuid4().hex)
    parsed = parse_arguments(tool, json.dumps(arguments))
    result = tool.read(call, parsed) if tool.read is not None else perform_write(call, tool, parsed)
    data = {**result.data, "text": result.text}
    content: str = prompt.tool_result("", {"source": result.source, "as_of": result.as_of, "data": data})["content"]
    return content
