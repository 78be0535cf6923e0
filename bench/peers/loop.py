"""Our loop and tools alone: the conversation is kept in memory, and its text handed to a function."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn
from uuid import uuid4

from bench.peers.contestant import TurnRecord, serve
from bench.peers.traveller import empty_conversation, question, user_id
from pam.bootstrap import worker_dependencies
from pam.chat.answering import Answering
from pam.chat.frames import Delta, Frame
from pam.chat.history import Log
from pam.chat.tool_choice import selection
from pam.chat.worker import LONGEST_TURN_S
from pam.platform.deadline import Deadline
from pam.tools.engine.definition import ToolContext
from pam.tools.engine.executor import ToolExecutor


class _InMemory(Log):
    """A log that is never saved."""

    def save(self) -> None:
        pass

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [{"role": row["role"], "content": json.loads(row["content"])} for row in self.unsaved()]


def _no_approval(*_: str) -> NoReturn:
    raise AssertionError("no tool of these turns requires approval")


def main() -> None:
    """Answer until the pipe is closed."""
    worker = worker_dependencies()
    parts, model = worker.chat, worker.model
    earlier: dict[str, list[dict[str, Any]]] = {}

    def answer(conversation: str, text: str) -> TurnRecord:
        record = TurnRecord()

        def say(*frames: Frame) -> None:
            for frame in frames:
                if isinstance(frame, Delta):
                    record.add_text(frame.text)

        with record.measured():
            began, message_id, deadline = empty_conversation(), uuid4(), Deadline(LONGEST_TURN_S)
            log = _InMemory(parts.travel.database, user_id(), began, message_id)
            asked = question(text)
            log.add(asked)
            context = ToolContext(parts.travel, user_id(), str(message_id), deadline)
            tools = ToolExecutor(worker.tools, worker.tool_threads, context, _no_approval, lambda _event: None)
            with ThreadPoolExecutor(1, "beside") as beside:
                Answering(
                    claude=worker.claude,
                    model=model,
                    selection=selection("all"),
                    about=began.about,
                    messages=[*earlier.get(conversation, []), asked],
                    tools=tools,
                    log=log,
                    saving=beside,
                    limits=parts.limits,
                    say=say,
                    charge=lambda _cost: None,
                    deadline=deadline,
                    stop=threading.Event(),
                ).run()
            earlier[conversation] = [*earlier.get(conversation, []), *log.messages]
        return record

    serve(answer)


if __name__ == "__main__":
    main()
