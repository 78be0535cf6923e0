"""Our loop and tools alone: the conversation is kept in memory, and its text handed to a function."""

import threading
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from bench.peers.contestant import TurnRecord, serve
from bench.peers.traveller import empty_conversation, question, user_id
from pam.chat.turn.prompt import SYSTEM
from pam.chat.turn.runner import TurnRunner
from pam.chat.turn.transcript import Transcript
from pam.chat.turn.worker import MAX_TURN_S
from pam.environment import worker_dependencies
from pam.platform.deadline import Deadline
from pam.safety.output_scan import Instructions, OutputScan
from pam.tools.engine.definition import ToolContext
from pam.tools.engine.events import Approval
from pam.tools.engine.execution import Preview
from pam.tools.engine.executor import ToolExecutor
from pam.tools.engine.policy import TurnPolicy


class _InMemory(Transcript):
    """A transcript that is never saved."""

    messages: list[dict[str, Any]]

    def add(self, *messages: Mapping[str, Any], tokens: int | None = None) -> None:
        super().add(*messages, tokens=tokens)
        self.messages += map(dict, messages)

    def save(self, deadline: Deadline) -> None:
        pass


def _no_approval(tool: str, _arguments: str, _preview: Preview) -> Approval:
    raise AssertionError(f"{tool} needs no approval in this benchmark")


def main() -> None:
    """Answer until the pipe is closed."""
    worker = worker_dependencies()
    earlier: dict[str, list[dict[str, Any]]] = {}

    def answer(conversation: str, text: str) -> TurnRecord:
        record = TurnRecord()

        with record.measured():
            beginning, message_id, deadline = empty_conversation(), uuid4(), Deadline(MAX_TURN_S)
            answers = worker.chat.answers
            transcript = _InMemory(answers.database, user_id(), beginning, message_id, answers.clock())
            transcript.messages = []
            asked = question(text)
            transcript.add(asked)
            context = ToolContext(worker.chat.answers, user_id(), str(message_id), deadline)
            TurnRunner(
                claude=worker.claude,
                model=worker.model,
                profile_block=beginning.profile_block,
                messages=[*earlier.get(conversation, []), asked],
                tools=ToolExecutor(
                    worker.tools, worker.tool_threads, context, _policy(text), _no_approval, lambda _event: None
                ),
                scan=OutputScan(Instructions(SYSTEM), [text]),
                transcript=transcript,
                saver=worker.executor,
                cost_cap=worker.chat.limits.caps.turn,
                send=lambda delta: record.add_text(delta.text),
                deadline=deadline,
                stop=threading.Event(),
            ).run()
            earlier[conversation] = [*earlier.get(conversation, []), *transcript.messages]
        return record

    serve(answer)


def _policy(text: str) -> TurnPolicy:
    return TurnPolicy(
        [text],
        is_tainted=False,
        has_recalled=False,
        is_restricted=lambda: False,
        check_enabled=lambda _: None,
    )


if __name__ == "__main__":
    main()
