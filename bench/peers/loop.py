"""Our loop and tools alone: the conversation is kept in memory, and its text handed to a function."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

from bench.peers.contestant import Took, serve
from bench.peers.traveller import beginning, question, user_id
from pam.bootstrap import worker_dependencies
from pam.chat.answering import Answering
from pam.chat.frames import Delta, Frame
from pam.chat.history import Log
from pam.chat.tool_choice import selection
from pam.chat.toolbox import Toolbox
from pam.chat.worker import LONGEST_TURN_S
from pam.platform.deadline import Deadline
from pam.tools.catalog.registry import TOOLS


class _InMemory(Log):
    """A log that isn't saved, and hands out what it has got."""

    def save(self) -> None:
        pass

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [{"role": row["role"], "content": json.loads(row["content"])} for row in self.unsaved()]


def main() -> None:
    """Serves until the pipe is closed."""
    worker = worker_dependencies()
    parts, model, claude = worker.chat, worker.model, worker.claude
    earlier: dict[str, list[dict[str, Any]]] = {}

    def turn(conversation: str, text: str) -> Took:
        took = Took()

        def say(*frames: Frame) -> None:
            for frame in frames:
                if isinstance(frame, Delta):
                    took.say(frame.text)

        with took.timed():
            began, message_id, deadline = beginning(), uuid4(), Deadline(LONGEST_TURN_S)
            log = _InMemory(parts.travel.database, user_id(), began, message_id)
            asked = question(text)
            log.add(asked)
            with (
                ThreadPoolExecutor(1, "beside") as beside,
                Toolbox(
                    parts.travel, parts.confirmations, TOOLS, began.profile, message_id, None, None, say, deadline
                ) as toolbox,
            ):
                Answering(
                    claude=claude,
                    model=model,
                    selection=selection("all"),
                    about=began.about,
                    messages=[*earlier.get(conversation, []), asked],
                    toolbox=toolbox,
                    log=log,
                    saving=beside,
                    limits=parts.limits,
                    say=say,
                    charge=lambda _cost: None,
                    deadline=deadline,
                    stop=threading.Event(),
                ).run()
            earlier[conversation] = [*earlier.get(conversation, []), *log.messages]
        return took

    serve(turn)


if __name__ == "__main__":
    main()
