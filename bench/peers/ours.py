"""The worker's handler, as Lambda calls it, for turns that are put into the table as the dispatcher does."""

import importlib.util
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from bench.peers.contestant import TurnRecord, serve
from bench.peers.delivery import CONNECTION
from bench.peers.environment import CHECKOUT
from bench.peers.traveller import user_id
from pam.chat.lifecycle.queue import ConversationQueue
from pam.environment import chat_dependencies, environment

_NO_CONTEXT: dict[str, None] = {"timezone": None, "location": None}

_LAMBDA_CONTEXT = SimpleNamespace(
    function_name="chat_worker",
    memory_limit_in_mb=1769,
    invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:chat_worker",
    aws_request_id="bench",
    get_remaining_time_in_millis=lambda: 120_000,
)


def _handler() -> Any:
    spec = importlib.util.spec_from_file_location("app", CHECKOUT / "functions" / "chat_worker" / "app.py")
    assert spec is not None and spec.loader is not None
    app = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(app)
    return app.handler


def main() -> None:
    """Answer until the pipe is closed."""
    handler, dependencies = _handler(), chat_dependencies()
    queue = ConversationQueue(environment().chat_table, environment().clock)

    def answer(conversation: str, text: str) -> TurnRecord:
        conversation_id, message_id = UUID(conversation), uuid4()
        request = {"text": text, "context": _NO_CONTEXT}
        opened = dependencies.turns.open(user_id(), message_id, conversation_id, CONNECTION, request)
        assert opened is not None
        queue.enter(user_id(), conversation_id, message_id)
        ids = {"user_id": user_id(), "message_id": message_id, "conversation_id": conversation_id}
        event = {name: str(id) for name, id in ids.items()} | {"timezone": None}
        record = TurnRecord(message_id=str(message_id))
        with record.measured():
            handler(event, _LAMBDA_CONTEXT)
        last = dependencies.turns.frames.after(opened)[-1]
        record.text = str(last.get("text", last))
        return record

    serve(answer)


if __name__ == "__main__":
    main()
