"""The worker's handler, as Lambda calls it, for turns that are put into the table as the dispatcher does."""

import importlib.util
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from bench.peers.contestant import Took, serve
from bench.peers.environment import CHECKOUT
from bench.peers.traveller import user_id
from local.stand_ins.aws import TOOK_HEADER
from pam.bootstrap import chat_dependencies
from pam.platform import aws

_NOWHERE: dict[str, None] = {"timezone": None, "location": None}

_CONTEXT = SimpleNamespace(
    function_name="chat_worker",
    memory_limit_in_mb=1769,
    invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:chat_worker",
    aws_request_id="bench",
    get_remaining_time_in_millis=lambda: 120_000,
)


class _Moto:
    """How long moto itself took for this process's requests, in seconds."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, response_dict: dict[str, Any], **_: Any) -> None:
        self.seconds += float(response_dict["headers"][TOOK_HEADER]) / 1000


def _handler() -> Any:
    spec = importlib.util.spec_from_file_location("app", CHECKOUT / "functions" / "chat_worker" / "app.py")
    assert spec is not None and spec.loader is not None
    app = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(app)
    return app.handler


def main() -> None:
    """Serves until the pipe is closed."""
    handler, parts, moto = _handler(), chat_dependencies(), _Moto()
    for client in (aws.client("dynamodb"), aws.client("dynamodb", fast_timeout=True)):
        client.meta.events.register("before-parse.dynamodb", moto)

    def turn(conversation: str, text: str) -> Took:
        conversation_id, message_id = UUID(conversation), uuid4()
        request = {"text": text, "context": _NOWHERE}
        opened = parts.turns.open(user_id(), message_id, conversation_id, "sink", request)
        assert opened is not None
        parts.queue.enter(user_id(), conversation_id, message_id)
        ids = {"user_id": user_id(), "message_id": message_id, "conversation_id": conversation_id}
        job = {name: str(id) for name, id in ids.items()} | {"timezone": None}
        moto.seconds = 0.0
        took = Took()
        with took.timed():
            handler(job, _CONTEXT)
        took.more = {"message_id": str(message_id), "moto_s": moto.seconds}
        last = parts.turns.kept(opened, 0)[-1]
        took.text = str(last.get("text", last))
        return took

    serve(turn)


if __name__ == "__main__":
    main()
