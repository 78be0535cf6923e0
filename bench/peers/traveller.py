"""PAM's prompt and tools as a framework takes them: texts, and functions that return text."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from bench.peers.delivery import Delivery
from bench.peers.environment import USER_VARIABLE
from pam.bootstrap import travel_dependencies
from pam.chat import prompt
from pam.chat.history import Conversation, read_conversation
from pam.platform.deadline import Deadline
from pam.tools.catalog.registry import TOOLS
from pam.tools.engine.definition import ToolContext
from pam.tools.engine.execution import execute
from pam.tools.engine.parsing import parse_arguments
from pam.tools.engine.results import result_json


def user_id() -> UUID:
    """Return the user whose turns this process runs."""
    return UUID(os.environ[USER_VARIABLE])


@cache
def empty_conversation() -> Conversation:
    """Read a conversation without messages: the user's profile and the facts for the prompt."""
    parts = travel_dependencies()
    return read_conversation(parts.database, user_id(), uuid4(), None, parts.clock(), "all")


def system() -> str:
    """Return the system prompt: in ours two blocks, in a framework one text."""
    return f"{prompt.SYSTEM}\n{empty_conversation().about}"


def question(text: str) -> dict[str, Any]:
    """Return the user message, as ours sends it."""
    conversation = empty_conversation()
    now = datetime.now(UTC).astimezone(conversation.profile.zone)
    return prompt.user_message(prompt.Asked(text, now, None, conversation.facts.lines(conversation.profile), ()))


class Tools:
    """All tools for the user, as functions that take their arguments by name and return what ours give to Claude."""

    delivery: Delivery
    """Of the running turn, whose client sees each tool start and end."""

    def function(self, name: str) -> Callable[..., str]:
        """Return a tool as a function that returns JSON. It raises `PamError`."""
        tool = TOOLS[name]

        def run(**arguments: Any) -> str:
            delivery = self.delivery
            context = ToolContext(travel_dependencies(), user_id(), uuid4().hex, Deadline(tool.timeout_s))
            parsed = parse_arguments(tool, json.dumps(arguments))
            delivery.tool_started(context.key, name, tool.summary(parsed))
            result = execute(context, tool, parsed)
            delivery.tool_ended(context.key, name, result.text, result.source)
            return result_json(result)

        return run
