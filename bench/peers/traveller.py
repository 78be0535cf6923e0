"""PAM's prompt and tools as a framework takes them: texts, and functions that return text."""

import json
import os
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from bench.peers.delivery import Delivery
from bench.peers.environment import USER_VARIABLE
from pam.chat.turn import prompt
from pam.chat.turn.context import default_providers
from pam.chat.turn.conversation import Conversation, read_conversation
from pam.environment import travel_dependencies
from pam.platform.deadline import Deadline
from pam.tools.catalog import TOOLS
from pam.tools.engine.definition import TOOL_TIMEOUT_S, ToolContext
from pam.tools.engine.execution import execute
from pam.tools.engine.parsing import parse_arguments
from pam.tools.engine.results import result_json


def user_id() -> UUID:
    """Return the user whose turns this process runs."""
    return UUID(os.environ[USER_VARIABLE])


@cache
def empty_conversation() -> Conversation:
    """Read a conversation without messages: the user's profile and the facts for the prompt."""
    dependencies = travel_dependencies()
    now, deadline = dependencies.clock(), Deadline(TOOL_TIMEOUT_S)
    question: Future[str] = Future()
    return read_conversation(
        dependencies.database, default_providers(), user_id(), uuid4(), None, now, deadline, question
    )


def system() -> str:
    """Return the system prompt: in ours two blocks, in a framework one text."""
    return f"{prompt.SYSTEM}\n{empty_conversation().profile_block}"


def question(text: str) -> dict[str, Any]:
    """Return the user message, as ours sends it."""
    conversation = empty_conversation()
    now = datetime.now(UTC).astimezone(conversation.profile.zone)
    return prompt.user_message(text, now, None, {"facts": conversation.context["facts"]})


class Tools:
    """All tools for the user, as functions that take their arguments by name and return what ours give to Claude."""

    delivery: Delivery
    """Of the running turn, whose client sees each tool start and end."""

    def function(self, name: str) -> Callable[..., str]:
        """Return a tool as a function that returns JSON. It raises `PamError`."""
        tool = TOOLS[name]

        def run(**arguments: Any) -> str:
            delivery = self.delivery
            call = ToolContext(travel_dependencies(), user_id(), uuid4().hex, Deadline(tool.timeout_s))
            parsed = parse_arguments(tool, json.dumps(arguments))
            delivery.tool_started(call.key, name, tool.summary(parsed))
            result = execute(call, tool, parsed)
            delivery.tool_ended(call.key, name, result.text, result.source)
            return result_json(result)

        return run
