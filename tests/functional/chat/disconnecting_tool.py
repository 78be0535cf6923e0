"""A tool that disconnects Postgres in the middle of a turn."""

from typing import Any

from pam.tools.engine.definition import ToolResult
from tests.functional.chat.chat_user import ChatUser
from tests.functional.chat.claude_scripts import use
from tests.functional.chat.fake_tools import empty_result, fake_reader
from tests.functional.chat.fault_proxies import RequestFilter
from tests.functional.chat.in_process_backend import InProcessBackend
from tests.functional.chat.waiting import wait_until


def add_disconnecting_tool(
    backend: InProcessBackend, user: ChatUser, *, throttled: RequestFilter | None = None
) -> dict[str, Any]:
    """Add a tool that disconnects Postgres, and starts to throttle DynamoDB; return a use of it.

    It does so once the question is saved, which happens beside the model call.
    """

    def disconnect() -> ToolResult:
        wait_until(lambda: bool(user.messages()))
        backend.postgres.disconnect()
        backend.dynamodb.should_throttle = throttled
        return empty_result()

    backend.add_tools(fake_reader("disconnect", disconnect, timeout_s=30))
    return use("disconnect")
